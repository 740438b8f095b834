"""Train one model: python stages/train.py <name>."""

from tumorseg import stage


def main(name: str) -> None:
    import os
    import sys
    from pathlib import Path

    from tumorseg.params import load_params
    from tumorseg.training import train_model
    from tumorseg.training.launch import launch, started_as_rank
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
    if recipe.ranks > 1 and not started_as_rank():
        return launch(recipe.ranks, sys.argv)
    code = training_code(Path("dvc.yaml"), recipe.model.architecture)
    work = Path(os.environ.get("TUMORSEG_WORK", ".work"))  # studies keep checkpoints outside their copies
    out, curves = Path("models", name), Path("plots/train", f"{name}.csv")
    train_model(recipe, Path("data/prepared"), code, out, curves, work)


if __name__ == "__main__":
    stage.run(main)
