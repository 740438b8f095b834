"""Slices and masks as arrays at the working size, and slices.csv."""

from tumorseg import stage


def main() -> None:
    from pathlib import Path

    from tumorseg.data.prepare import prepare
    from tumorseg.params import load_params

    params = load_params()
    prepare(
        Path("data/raw"),
        Path("data/masks"),
        Path("data/prepared"),
        name=params.data,
        image_size=params.dataset.image_size,
        channels=params.dataset.channels,
        steps=params.preprocess,
        rule=params.split,
        blocks=params.dataset.blocks,
    )


if __name__ == "__main__":
    stage.run(main)
