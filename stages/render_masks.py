"""Draw the annotations of data/raw as masks into data/masks."""

from tumorseg import stage


def main() -> None:
    from pathlib import Path

    from tumorseg.data.masks import render_masks
    from tumorseg.params import load_params

    params = load_params()
    render_masks(
        Path("data/raw"),
        Path("data/masks"),
        params.dataset.tumor_categories,
        params.dataset.boxes,
    )


if __name__ == "__main__":
    stage.run(main)
