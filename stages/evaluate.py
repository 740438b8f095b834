"""Score one model on valid and test: python stages/evaluate.py <name>."""

from tumorseg import stage


def main(name: str) -> None:
    from tumorseg.evaluation.evaluate import evaluate_model
    from tumorseg.evaluation.places import places_of
    from tumorseg.params import load_params

    params = load_params()
    evaluate_model(**places_of(name), accelerator=params.compute.accelerator, rule=params.evaluate)


if __name__ == "__main__":
    stage.run(main)
