"""Every model side by side."""

from pathlib import Path

from tumorseg import stage
from tumorseg.compare import compare_models
from tumorseg.params import load_params


def main() -> None:
    params = load_params()
    compare_models(
        list(params.models),
        metrics=Path("metrics/models"),
        curves=Path("plots/train"),
        evaluated=Path("plots/evaluate"),
        out=Path("metrics/compare.json"),
        plots=Path("plots/compare"),
    )


if __name__ == "__main__":
    stage.run(main)
