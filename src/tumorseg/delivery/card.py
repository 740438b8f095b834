"""The card of a delivered net, README.md: every figure from its contract or from what `report` states.

Its head is what Hugging Face reads of a model.
"""

import math
from pathlib import Path

from tumorseg.delivery.contract import Contract, Headline
from tumorseg.delivery.expectation import Expectation
from tumorseg.files import write_text
from tumorseg.models.artifact import ModelInfo
from tumorseg.text import interval_text, markdown_table

NOT_A_DEVICE = (
    "**Not a medical device.** Nothing here has been validated for clinical use, and a mask is no diagnosis."
)
FILES = {
    "weights.safetensors": "the weights; no pickle",
    "model.onnx": "the same net for any ONNX runtime: greys in, probabilities out",
    "model.json": "the contract: what the net is, what it expects, how it decides",
    "sample/": "generated slices, of no patient, and the levels that the net gives them: the self-test",
    "SHA256SUMS": "digests of all files",
}


def write_card(
    folder: Path, contract: Contract, sentences: list[str], without_onnx: str | None = None
) -> None:
    """Write README.md into a delivered folder.

    Args:
        folder: Has all other files already.
        contract: Of the net.
        sentences: What its score is worth, as `report` says it.
        without_onnx: Why there is no model.onnx, where there is none.
    """
    sections = [
        _head(contract),
        f"# {contract.model.name}: brain tumours in MRI slices, pixel by pixel",
        NOT_A_DEVICE,
        _use(contract),
        _input(contract),
        _decision(contract),
        _scores(contract, sentences),
        _data(contract),
        _files(folder, without_onnx),
    ]
    write_text(folder / "README.md", "\n\n".join(sections) + "\n")


def _head(contract: Contract) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    test, data = contract.scores["test"], contract.prepared
    results = [
        EvalResult(
            task_type="image-segmentation",
            dataset_type=data.data,
            dataset_name=f"{data.data}, split {data.split}",
            dataset_split="test",
            metric_type="dice",
            metric_name="Dice, pooled over all pixels",
            metric_value=round(test.dice, 4),
        )
    ]
    head = ModelCardData(
        model_name=contract.model.name,
        license=contract.licence_of_weights.lower(),
        library_name="tumorseg",
        pipeline_tag="image-segmentation",
        tags=["medical", "mri", "brain-tumor", "semantic-segmentation"],
        metrics=["dice"],
        eval_results=None if math.isnan(test.dice) else results,
    )
    return f"---\n{head.to_yaml()}\n---"


def _use(contract: Contract) -> str:
    return f"""## Use it

```
tumorseg check .                      # whether this folder is whole, and the net the same here
tumorseg predict scans/ -o out --model .
```

In Python:

```python
from pathlib import Path
from tumorseg.delivery.predictor import Predictor

for prediction in Predictor(Path(".")).predict(slices):  # grey, uint8 (H, W), of any size
    prediction.mask  # uint8 (H, W): 0, or {"the class" if contract.model.classes else "1 for tumour"}
```"""


def _input(contract: Contract) -> str:
    data, steps = contract.input, ", ".join(contract.input.preprocess) or "none"
    return f"""## What it expects

{data.expects}

- Preprocessing, which `predict` does: {steps}; then to {data.image_size}×{data.image_size} pixels by area,
  whatever the aspect.
- A slice that is not like the training slices gets a warning, and a mask all the same: do not trust it.

{_power(data.expectation)}"""


def _power(expectation: Expectation) -> str:
    rows = [[name, f"{100 * share:.0f} %"] for name, share in expectation.power.items()]
    alarms = expectation.false_alarms
    clean = "not measured" if alarms is None else f"{100 * alarms:.1f} %"
    table = markdown_table(["change", "warned"], rows, right={"warned"})
    return f"""Share of the validation slices that get a warning: as they are, {clean}; once changed:

{table}

A change that preprocessing mends needs no warning: the mask is the same."""


def _decision(contract: Contract) -> str:
    rule, model = contract.decision, contract.model
    cut = f"A pixel is tumour from probability {rule.threshold:.3f} on."
    if rule.per_slice:
        cut = "Each slice is cut where its own expected score is best."
    mirror = "" if rule.flip == "none" else f" The mirror image ({rule.flip}) is asked too."
    classes = f" Classes: {', '.join(model.classes)}." if model.classes else ""
    return f"""## How it decides

{cut}{mirror} This was chosen on the validation split. {_net("It", model)}{classes}"""


def _net(subject: str, model: ModelInfo) -> str:
    """What a net is, in a sentence; of an ensemble, in one more on each part."""
    if model.parts:
        names = [f"`{part.name}`" for part in model.parts]
        parts = [_net(name, part) for name, part in zip(names, model.parts, strict=True)]
        return "\n".join([f"{subject} is the mean of the probabilities of {' and '.join(names)}.", *parts])
    nets = "one net" if model.members == 1 else f"{model.members} nets, whose probabilities are averaged"
    return (
        f"{subject} is {nets} of architecture\n`{model.architecture}` with {model.parameters:,} parameters."
    )


def _scores(contract: Contract, sentences: list[str]) -> str:
    header = [
        "split",
        "slices",
        "Dice",
        "95 % interval",
        "mean of slices",
        "precision",
        "recall",
        "at native size",
    ]
    slices = {"valid": contract.prepared.valid, "test": contract.prepared.test}
    rows = [_row(split, slices[split], scores) for split, scores in contract.scores.items()]
    listed = "\n".join(f"- {sentence}" for sentence in sentences)
    return f"""## What its score is worth

{markdown_table(header, rows, right=set(header[1:]) - {"95 % interval"})}

Dice is pooled over all pixels, at the working size; the last column is of the masks that `predict` writes.

{listed}"""


def _row(split: str, slices: int, scores: Headline) -> list[str]:
    interval = "none" if math.isnan(scores.low) else interval_text(scores.low, scores.high)
    values = (scores.mean_dice, scores.precision, scores.recall, scores.native_dice)
    return [split, str(slices), _figure(scores.dice), interval, *map(_figure, values)]


def _figure(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.3f}"


def _data(contract: Contract) -> str:
    data = contract.prepared
    origin = "".join(_origin(model, contract.model) for model in contract.model.made_of)
    return f"""## Data and licences

Trained on `{data.data}`: {data.train} slices, split `{data.split}`, prepared data `{data.digest}`.
The data: {contract.source_of_data}. Licence of the data: {contract.licence_of_data}. Licence of the weights:
{contract.licence_of_weights}.{origin}"""


def _origin(model: ModelInfo, whole: ModelInfo) -> str:
    """What a model that the delivered net is made of started from; nothing where it started at random."""
    if not (start := model.pretrained):
        return ""
    encoder = "Its encoder" if model is whole else f"The encoder of `{model.name}`"
    return (
        f"\n\n{encoder} started from weights that others trained: `{start.file}` of the Python package\n"
        f"`{start.package}`, SHA-256 `{start.sha256}`, licence {start.licence}."
    )


def _files(folder: Path, without_onnx: str | None) -> str:
    rows = []
    for name, meaning in FILES.items():
        there = name == "SHA256SUMS" or (folder / name).exists()
        rows.append([f"`{name}`", meaning if there else f"not there: {without_onnx or 'not made'}"])
    return f"## Files\n\n{markdown_table(['file', 'what it is'], rows)}"
