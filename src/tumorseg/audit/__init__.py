"""What the data are, before any model is trained: leaks, labels, categories, images.

`survey` looks at every slice and annotation, `facts` counts, `findings` puts into words
what somebody who trains on these data should know.
"""

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.audit.facts import measure
from tumorseg.audit.finding import CHANGES, SEVERITIES, Finding
from tumorseg.audit.findings import find
from tumorseg.audit.labels import FAULTS
from tumorseg.audit.leak import BINS
from tumorseg.audit.survey import Survey, survey_data
from tumorseg.data.classes import Categories, indices
from tumorseg.data.coco import chosen_categories
from tumorseg.errors import UserError
from tumorseg.files import atomic_folder, write_csv, write_json, write_text
from tumorseg.identity import read_identity
from tumorseg.types import FindingId

PAIRS = 9  # pictures of a slice beside its most similar training slice


def audit(
    raw: Path,
    prepared: Path,
    tumor_categories: Categories | None,
    *,
    fail_on: Collection[FindingId],
    metrics: Path,
    plots: Path,
    passed: Path,
    changes: str = CHANGES,
) -> None:
    """Say what is wrong with the data, or odd about them, in numbers, words and pictures.

    Args:
        raw: The split folders, images beside `_annotations.coco.json`.
        prepared: Folder made from them by `prepare.prepare`.
        tumor_categories: Names of the categories that count as tumour, or those of each class; None: all.
        fail_on: Findings that must not be.
        metrics: JSON file: `findings` by name, each with severity, message, count and the param that deals
            with it (null: none does), their number by severity, the data that they are of (`prepared`), and
            every figure that they rest on.
        plots: Folder for findings.json, facts.png, closest_pairs.png, similarity.csv; label_agreement.png and
            .csv, pairs of nearly the same picture; faults.csv, faulty annotations and images one by one.
        passed: File that is written, always alike, if nothing of `fail_on` is found: training waits for it.
        changes: What to call the file that lists what the download has changed.

    Raises:
        UserError: An annotation file is bad, or something of `fail_on` is found; all else is written then.
    """
    from tumorseg.audit.figures import closest_pairs, label_agreement, panels

    survey, identity = survey_data(raw, prepared), read_identity(prepared)
    chosen = chosen_categories(survey.categories, tumor_categories)
    facts = measure(survey, indices(chosen), identity.split)
    findings = find(facts, changes)
    with atomic_folder(plots) as folder:
        write_json(folder / "findings.json", identity.rows(listed(findings)))
        panels(folder / "facts.png", survey, facts["labels"]["shapes"])
        closest_pairs(folder / "closest_pairs.png", survey, closest(survey.slices))
        label_agreement(folder / "label_agreement.png", survey.agreements, facts["agreement"])
        write_csv(folder / "label_agreement.csv", survey.agreements)
        write_csv(folder / "similarity.csv", histogram(survey.slices))
        write_csv(folder / "faults.csv", faults(survey))
    named = {row.pop("finding"): row for row in listed(findings) if findings}
    summary = {severity: sum(f.severity == severity for f in findings) for severity in SEVERITIES}
    write_json(metrics, {"prepared": identity.model_dump(), "summary": summary, "findings": named, **facts})
    for finding in findings:
        print(f"{finding.severity}: {finding.message}")
    refuse([finding for finding in findings if finding.id in fail_on], metrics)
    write_text(passed, "nothing of audit.fail_on was found\n")


def listed(findings: list[Finding]) -> list[dict[str, Any]]:
    """A row a finding, or one that says that there is none."""
    none = Finding("", "info", "nothing found", 0)
    rows = [asdict(finding) for finding in findings or [none]]
    return [{"finding": row.pop("id"), **row} for row in rows]


def refuse(findings: list[Finding], metrics: Path) -> None:
    """Raise a UserError that names these findings and the params that deal with them, if there are any."""
    if not findings:
        return
    params = dict.fromkeys(finding.param for finding in findings if finding.param)
    ways = [f"change {', '.join(params)}"] if params else []
    ways += ["mend the data"] if any(finding.param is None for finding in findings) else []
    raise UserError(
        f"params.yaml: audit.fail_on: found {', '.join(finding.id for finding in findings)} (see {metrics}); "
        f"{', '.join(ways)}, or take what you accept off the list"
    )


def closest(slices: pd.DataFrame) -> list[int]:
    """Rows of the valid and test slices closest to a training slice, one at most of any lookalikes."""
    ranked = slices[slices["split"] != "train"].sort_values("similarity", ascending=False, kind="stable")
    return ranked.drop_duplicates("lookalikes").head(PAIRS).index.to_list()


def histogram(slices: pd.DataFrame) -> pd.DataFrame:
    """Valid and test slices by split and similarity to their most similar training slice."""
    edges = np.linspace(0, 1, BINS + 1).round(3)
    rows = []
    for split in SPLITS[1:]:
        counts, _ = np.histogram(slices.similarity[slices["split"] == split].clip(0, 1), edges)
        bins = {"similarity_from": edges[:-1], "similarity_to": edges[1:], "images": counts}
        rows.append(pd.DataFrame({"split": split, **bins}))
    return pd.concat(rows)


def faults(survey: Survey) -> pd.DataFrame:
    """What to look at by hand: as_shipped (the split it came in), file, annotation, fault.

    The annotation is its id, empty for the whole image.
    """
    columns = ["as_shipped", "file", "annotation", "fault"]
    labels = survey.annotations.rename(columns={"id": "annotation"})
    every = survey.all_slices.assign(annotation=None)
    slices = survey.slices.assign(annotation=None)
    parts = [
        *(labels[labels[fault]].assign(fault=fault) for fault in FAULTS),
        every[every.annotations == 0].assign(fault="unannotated"),
        *(slices[slices[fault]].assign(fault=fault) for fault in ("blank", "outlier", "lost")),
    ]
    return pd.concat([part[columns].astype({"annotation": "Int64"}) for part in parts])
