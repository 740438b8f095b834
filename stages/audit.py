"""What the data are: leaks, labels, categories, images."""

from tumorseg import stage


def main() -> None:
    from pathlib import Path

    from tumorseg.audit import audit
    from tumorseg.params import load_params

    params = load_params()
    audit(
        Path("data/raw"),
        Path("data/prepared"),
        params.dataset.tumor_categories,
        fail_on=params.audit.fail_on,
        metrics=Path("metrics/audit.json"),
        plots=Path("plots/audit"),
        passed=Path("data/audit.ok"),
    )


if __name__ == "__main__":
    stage.run(main)
