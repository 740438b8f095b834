"""Train one model: python stages/train.py <name>."""

import json
from pathlib import Path

from tumorseg import stage
from tumorseg.params import load_params
from tumorseg.training import train_model
from tumorseg.training.recipe import Recipe


def main(name: str) -> None:
    params = load_params()
    weight = params.loss.pos_weight
    if weight == "auto":
        weight = json.loads(Path("metrics/class_balance.json").read_text(encoding="utf-8"))["pos_weight"]
    model = params.model_named(name)
    recipe = Recipe(
        name=name,
        model=model,
        seed=params.seed,
        epochs=model.epochs or params.dataset.epochs,
        pos_weight=weight,
        augment=params.augment.changed(model.augment),
        train=params.train.changed(model.train),
        compute=params.compute,
    )
    train_model(
        recipe,
        prepared=Path("data/prepared"),
        out=Path("models") / name,
        curves=Path("plots/train") / f"{name}.csv",
        work=Path(".work"),
    )


if __name__ == "__main__":
    stage.run(main)
