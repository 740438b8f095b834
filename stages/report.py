"""The chosen model's scores and plots, at fixed paths."""

from pathlib import Path

from tumorseg import stage
from tumorseg.params import load_params
from tumorseg.report import report_model


def main() -> None:
    name = load_params().model
    report_model(
        name,
        metrics=Path("metrics/models") / f"{name}.json",
        audit=Path("metrics/audit.json"),
        evaluated=Path("plots/evaluate") / name,
        out=Path("metrics/selected.json"),
        plots=Path("plots/selected"),
    )


if __name__ == "__main__":
    stage.run(main)
