"""Check params.yaml, before any stage deletes or makes anything."""

from tumorseg import stage


def main() -> None:
    from pathlib import Path

    from tumorseg.files import write_text
    from tumorseg.params import load_params

    load_params()
    write_text(Path("data/params.ok"), "params.yaml is valid\n")


if __name__ == "__main__":
    stage.run(main)
