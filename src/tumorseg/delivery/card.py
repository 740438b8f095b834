"""The card of a delivered net, README.md: every figure from its contract or the statement."""

from pathlib import Path
from typing import Any

from tumorseg.delivery.contract import Contract
from tumorseg.files import write_text


def write_card(folder: Path, contract: Contract, stated: dict[str, Any]) -> None:
    """Write README.md from the contract, and from what `report` says the score is worth."""
    sentences = "\n".join(f"- {sentence}" for sentence in stated["statement"])
    write_text(folder / "README.md", f"# {contract.model.name}\n\n{contract.input.expects}\n\n{sentences}\n")
