"""Studies, searches and cross-validations: many runs of the pipeline as DVC experiments.

Optuna's storage is the queue, `dvc exp run --temp` the run, Git and DVC remotes the transport between
machines. No stage depends on this folder.
"""
