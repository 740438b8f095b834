"""`tumorseg info`: a delivered net on one screen."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from tumorseg.delivery.contract import Contract, Headline, read_contract
from tumorseg.models.artifact import ModelInfo
from tumorseg.text import interval_text

if TYPE_CHECKING:
    from tumorseg.delivery.predictor import RuntimeName

FILES: dict["RuntimeName", str] = {"torch": "weights.safetensors", "onnx": "model.onnx"}  # what each runs
WIDTH = 12  # characters of the names of what is said


def describe(folder: Path) -> str:
    """What a net is, what it expects, how it decides and what it is worth.

    Raises:
        UserError: The folder is no delivered net.
    """
    contract = read_contract(folder)
    model, wanted = contract.model, contract.input
    steps = " then ".join([*wanted.preprocess, f"to {wanted.image_size}×{wanted.image_size} pixels by area"])
    facts = {
        "net": f"{model.name}: {net_text(model)}",
        "finds": ", ".join(model.classes) or "tumour",
        "expects": wanted.expects,
        "input": steps,
        "threshold": threshold_text(contract),
        "valid": score_text(contract.scores["valid"]),
        "test": score_text(contract.scores["test"]),
        "data": str(contract.prepared),
        "leak": f"{contract.share_of_siblings:.0%} of the test slices have a very similar one in train",
        "runs by": ", ".join(runtimes(folder)) or "nothing: weights are missing",
        "licence": f"weights {contract.licence_of_weights}; data {contract.licence_of_data}",
        "use": "not a medical device; not validated for clinical use",
    }
    return "\n".join(f"{name:<{WIDTH}}{fact}" for name, fact in facts.items() if fact)


def net_text(model: ModelInfo) -> str:
    """Architecture and size of a net; of an ensemble, its parts likewise."""
    if model.parts:
        first, second = (f"{part.name} ({net_text(part)})" for part in model.parts)
        return f"mean of {first} and {second}"
    members = f", mean of {model.members} nets" if model.members > 1 else ""
    return f"{model.architecture}, {model.parameters:,} parameters{members}"


def threshold_text(contract: Contract) -> str:
    decision = contract.decision
    flip = "" if decision.flip == "none" else f"; mean with the {decision.flip} mirror image"
    if decision.per_slice:
        return f"each slice is cut where its own expected score is best{flip}"
    return f"{decision.threshold:.3f}, best F{decision.beta:g} on valid{flip}"


def score_text(headline: Headline) -> str:
    native = "" if math.isnan(headline.native_dice) else f"; masks at native size {headline.native_dice:.3f}"
    return (
        f"Dice {headline.dice:.3f} (95 % interval {interval_text(headline.low, headline.high)}), "
        f"precision {headline.precision:.3f}, recall {headline.recall:.3f}{native}"
    )


def runtimes(folder: Path) -> list[str]:
    return [runtime for runtime, file in FILES.items() if (folder / file).exists()]
