"""Join two trained models as one, and score it: python stages/ensemble.py <name>."""

from tumorseg import stage


def main(name: str) -> None:
    from pathlib import Path

    from tumorseg.evaluation.evaluate import evaluate_model
    from tumorseg.evaluation.places import places_of
    from tumorseg.models.ensemble import join_models
    from tumorseg.params import load_params

    params = load_params()
    entry = params.ensemble_named(name)
    join_models(name, Path("models") / entry.first, Path("models") / entry.second, Path("models") / name)
    evaluate_model(**places_of(name), accelerator=params.compute.accelerator, rule=params.evaluate)


if __name__ == "__main__":
    stage.run(main)
