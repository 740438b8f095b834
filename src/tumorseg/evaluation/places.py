"""Where what `evaluate.evaluate_model` reads and writes of a model lies, as dvc.yaml has it."""

from pathlib import Path


def places_of(name: str) -> dict[str, Path]:
    """The paths of a model or an ensemble, by argument of `evaluate_model`."""
    return {
        "folder": Path("models") / name,
        "prepared": Path("data/prepared"),
        "predictions": Path("data/predictions") / name,
        "headlines": Path("metrics/models") / f"{name}.json",
        "details": Path("metrics/details") / f"{name}.json",
        "plots": Path("plots/evaluate") / name,
    }
