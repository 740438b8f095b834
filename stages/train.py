"""Train one model: python stages/train.py <name>."""

from tumorseg import stage


def main(name: str) -> None:
    import os
    from pathlib import Path

    from tumorseg.params import load_params
    from tumorseg.training import train_model
    from tumorseg.training.recipe import make_recipe, read_pos_weight, training_code

    params = load_params()
    weight = params.loss.pos_weight
    if weight == "auto":
        weight = read_pos_weight(Path("metrics/class_balance.json"))
    recipe = make_recipe(
        name,
        params.model_named(name),
        seed=params.seed,
        epochs=params.dataset.epochs,
        pos_weight=weight,
        augment=params.augment,
        train=params.train,
        compute=params.compute,
    )
    train_model(
        recipe,
        prepared=Path("data/prepared"),
        code=training_code(Path("dvc.yaml"), recipe.model.architecture),
        out=Path("models") / name,
        curves=Path("plots/train") / f"{name}.csv",
        work=Path(os.environ.get("TUMORSEG_WORK", ".work")),  # studies keep checkpoints outside their copies
    )


if __name__ == "__main__":
    stage.run(main)
