"""What decoders print: who gets to see it, and what of it is damage."""

import io
import os
import sys

import numpy as np
from PIL import Image
from support.jpegs import broken_scan, surplus_bytes

from tumorseg.data.read import decode
from tumorseg.data.remarks import captured_remarks, damage


def test_damage_is_found_behind_any_number_of_harmless_remarks():
    Image.fromarray(np.arange(0, 256, 4, np.uint8).reshape(8, 8)).save(file := io.BytesIO(), "JPEG")
    sound = file.getvalue()
    with captured_remarks() as remarks:
        for _ in range(20_000):
            decode(surplus_bytes(sound), "harmless")
        assert sum(map(len, remarks())) > 2**20
        assert damage(remarks()) is None
        decode(broken_scan(sound), "broken")
        assert len(remarks()) == 20_001
        assert "premature end of data segment" in str(damage(remarks()))


def test_what_python_says_meanwhile_is_still_seen(capfd):
    with captured_remarks() as remarks:
        print("from Python", file=sys.stderr, flush=True)
        os.write(2, b"from a library\nanother line\n")
        assert remarks() == ["from a library", "another line"]
    os.write(2, b"after it\n")
    assert capfd.readouterr().err.splitlines() == ["from Python", "after it"]
