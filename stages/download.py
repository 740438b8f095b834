"""Fetch the slices and their annotations into data/raw."""

from tumorseg import stage


def main() -> None:
    from pathlib import Path

    from tumorseg.params import load_params
    from tumorseg.sources import fetch

    fetch(load_params().dataset.source, Path("data/raw"))


if __name__ == "__main__":
    stage.run(main)
