"""The selected model as a folder that can be carried elsewhere."""

from tumorseg import stage


def main() -> None:
    from pathlib import Path

    from tumorseg.delivery.deliver import deliver_model
    from tumorseg.params import load_params

    params = load_params()
    name = params.model
    deliver_model(
        Path("models") / name,
        prepared=Path("data/prepared"),
        raw=Path("data/raw"),
        masks=Path("data/masks"),
        predictions=Path("data/predictions") / name,
        details=Path("metrics/details") / f"{name}.json",
        stated=Path("metrics/statement.json"),
        preprocess=params.preprocess,
        source=params.dataset.source,
        out=Path("delivered"),
    )


if __name__ == "__main__":
    stage.run(main)
