"""The card of a delivered net, README.md: every figure from its contract or the statement."""

from pathlib import Path
from typing import Any

from tumorseg.delivery.contract import Contract
from tumorseg.files import write_text


def write_card(
    folder: Path, contract: Contract, stated: dict[str, Any], without_onnx: str | None = None
) -> None:
    """Write README.md.

    Args:
        folder: Of the delivered net.
        contract: Its contract.
        stated: What its score is worth, as `report` says.
        without_onnx: Why there is no model.onnx; none where there is one.
    """
    sentences = "\n".join(f"- {sentence}" for sentence in stated["statement"])
    parts = [f"# {contract.model.name}", contract.input.expects, sentences]
    write_text(folder / "README.md", "\n\n".join([*parts, *filter(None, [without_onnx])]) + "\n")
