"""One thing to know about the data, and what findings share."""

from dataclasses import dataclass

SEVERITIES = ("high", "medium", "low", "info")  # high: scores or labels do not mean what they seem to
LISTED = "; listed in faults.csv"
CHANGES = "data/raw/faults.csv"  # which lists what the download has changed


@dataclass(frozen=True)
class Finding:
    """One thing to know about the data."""

    id: str  # a FindingId
    severity: str  # one of SEVERITIES
    message: str
    count: int  # of what the message tells about
    param: str | None = None  # the one in params.yaml that deals with it
