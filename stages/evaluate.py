"""Score one model on valid and test: python stages/evaluate.py <name>."""

from tumorseg import stage


def main(name: str) -> None:
    from pathlib import Path

    from tumorseg.evaluation.evaluate import evaluate_model
    from tumorseg.params import load_params

    params = load_params()
    evaluate_model(
        Path("models") / name,
        Path("data/prepared"),
        accelerator=params.compute.accelerator,
        rule=params.evaluate,
        predictions=Path("data/predictions") / name,
        headlines=Path("metrics/models") / f"{name}.json",
        details=Path("metrics/details") / f"{name}.json",
        plots=Path("plots/evaluate") / name,
    )


if __name__ == "__main__":
    stage.run(main)
