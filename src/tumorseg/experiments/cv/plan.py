"""A cross-validation's runs: each arm on each fold, an experiment of its own."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from tumorseg.errors import UserError
from tumorseg.experiments.experiment import Experiment, experiment
from tumorseg.experiments.listed import ListedPlan
from tumorseg.experiments.spec import Arm, CrossValidation, merged, read_spec

# What the slices of a dataset and their masks depend on.
SET = ("source", "tumor_categories", "boxes", "blocks")


class CrossValidationPlan(ListedPlan):
    """Every fold of every arm, its params checked before any is run.

    Raises:
        UserError: The file is no cross-validation, an arm's values are none that params.yaml takes, or the
            arms would not have the same slices in the same folds.
    """

    def __init__(self, path: Path) -> None:
        self.spec = read_spec(path, CrossValidation)
        self.arms: dict[str, list[Experiment]] = {}  # by arm: its folds, in order
        for name, arm in self.spec.arms.items():
            try:
                self.arms[name] = [self._fold(path.stem, name, arm, fold) for fold in range(self.spec.folds)]
            except UserError as error:
                raise UserError(f"{path}: arms.{name}: {error}") from None
        self._check_folds(path)
        folds = [fold for each in self.arms.values() for fold in each]
        super().__init__(path, self.spec.model_dump(mode="json"), folds)

    def leave_out(self, known: Collection[str]) -> None:
        """Do not run the folds of these names."""
        self.named = {name: each for name, each in self.named.items() if name not in known}
        self.runs = list(self.named)

    def _fold(self, stem: str, name: str, arm: Arm, fold: int) -> Experiment:
        spec = self.spec
        split = {"split.strategy": spec.strategy, "split.folds": spec.folds, "split.fold": fold}
        return experiment(f"{stem}-{name}-fold{fold}", arm.model, merged(spec.set, arm.set, split))

    def _check_folds(self, path: Path) -> None:
        """Raise a `UserError` where an arm's slices, or what they are dealt into folds by, are others."""
        first, *others = self.arms
        dealt = self._dealt_by(first)
        for name in others:
            for key, value in self._dealt_by(name).items():
                if dealt.get(key) != value:
                    raise UserError(
                        f"{path}: arms.{name}: its {key} is not that of {first}, so its slices, "
                        "labels or folds would be others; give all arms the same, in the file's own `set`"
                    )

    def _dealt_by(self, name: str) -> dict[str, Any]:
        """The params that say which slices there are, and in which folds."""
        values = self.arms[name][0].values
        data = values["data"]
        dataset = values["datasets"][data]
        dealt = {"data": data, **{f"datasets.{data}.{key}": dataset.get(key) for key in SET}}
        if self.spec.strategy == "similar":  # likeness is measured on the slices as nets get them
            dealt |= {f"datasets.{data}.{key}": dataset.get(key) for key in ("image_size", "channels")}
            dealt["preprocess"] = values["preprocess"]
        return dealt
