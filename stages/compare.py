"""Every model side by side."""

from tumorseg import stage


def main() -> None:
    from pathlib import Path

    from tumorseg.compare import compare_models
    from tumorseg.models.registry import describe
    from tumorseg.params import load_params

    params = load_params()
    models = params.models
    compare_models(
        {name: describe(model.architecture).learns for name, model in models.items()},
        {name: params.made_of(name) for name in params.ensembles},
        prepared=Path("data/prepared"),
        predictions=Path("data/predictions"),
        headlines=Path("metrics/models"),
        details=Path("metrics/details"),
        curves=Path("plots/train"),
        evaluated=Path("plots/evaluate"),
        audit=Path("metrics/audit.json"),
        whole=not {"crop", "pad"} & set(params.preprocess),
        out=Path("metrics/compare.json"),
        plots=Path("plots/compare"),
    )


if __name__ == "__main__":
    stage.run(main)
