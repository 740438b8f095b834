"""The chosen model's scores and plots, at fixed paths."""

from tumorseg import stage


def main() -> None:
    from pathlib import Path

    from tumorseg.params import load_params
    from tumorseg.report import report_model

    name = load_params().model
    report_model(
        name,
        details=Path("metrics/details") / f"{name}.json",
        audit=Path("metrics/audit.json"),
        evaluated=Path("plots/evaluate") / name,
        selected=Path("metrics/selected.json"),
        stated=Path("metrics/statement.json"),
        plots=Path("plots/selected"),
    )


if __name__ == "__main__":
    stage.run(main)
