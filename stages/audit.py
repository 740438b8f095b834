"""What the data are: leaks, labels, categories, images."""

from pathlib import Path

from tumorseg import stage
from tumorseg.audit import audit
from tumorseg.params import load_params


def main() -> None:
    audit(
        Path("data/raw"),
        Path("data/prepared"),
        load_params().dataset.tumor_categories,
        metrics=Path("metrics/audit.json"),
        plots=Path("plots/audit"),
    )


if __name__ == "__main__":
    stage.run(main)
