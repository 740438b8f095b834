"""How rare tumour pixels are."""

from tumorseg import stage


def main() -> None:
    from pathlib import Path

    from tumorseg.data.class_balance import class_balance

    class_balance(Path("data/prepared"), Path("metrics/class_balance.json"), Path("plots/class_balance"))


if __name__ == "__main__":
    stage.run(main)
