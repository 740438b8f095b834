"""JPEGs with faults that libjpeg only remarks on."""


def broken_scan(jpeg: bytes) -> bytes:
    """Half of the coded pixels is lost, and the end is there: libjpeg warns and fills with grey."""
    start = jpeg.rfind(b"\xff\xda")
    return jpeg[: start + (len(jpeg) - start) // 2] + b"\xff\xd9"


def surplus_bytes(jpeg: bytes) -> bytes:
    """A few bytes too many stand before the end, as some cameras write them: no pixel is lost."""
    return jpeg[:-2] + bytes(range(1, 13)) + b"\xff\xd9"
