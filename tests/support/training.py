"""Small trainings: a recipe for the slices of `support.prepared`, run in seconds."""

from dataclasses import replace
from pathlib import Path

from tumorseg.params import load_params
from tumorseg.training import train_model
from tumorseg.training.recipe import Recipe, training_code

ROOT = Path(__file__).parents[2]
CODE = training_code(ROOT / "dvc.yaml", "simple_cnn")


def recipe(name: str, epochs: int = 3, **changes) -> Recipe:
    params = load_params()
    made = Recipe(
        name=name,
        model=changes.get("model") or params.models[name],
        seed=0,
        epochs=epochs,
        pos_weight=5.0,
        augment=params.augment,
        train=params.train.model_copy(update={"batch_size": 4, "lr": 0.01}),
        compute=params.compute.model_copy(update={"accelerator": "cpu"}),
    )
    return replace(made, **changes)


def run(made: Recipe, prepared: Path, folder: Path) -> tuple[bytes, bytes, bytes]:
    out, curves = folder / "model", folder / "curves.csv"
    train_model(made, prepared, CODE, out, curves, folder / "work")
    return tuple(path.read_bytes() for path in (out / "weights.safetensors", out / "model.json", curves))


def with_mean(made: Recipe, decay: float) -> Recipe:
    """The recipe with a running mean of the weights."""
    return replace(made, train=made.train.model_copy(update={"ema": decay}))
