"""Memory that is freed and used again is the same memory."""

import platform
import subprocess
import sys

import pytest

# A tensor of 64 MiB, which glibc by itself takes from the kernel each time; the pages that had to be made.
FAULTS = """
import resource
import numpy as np
from tumorseg.memory import keep_freed_memory
if {keep}:
    assert keep_freed_memory() and keep_freed_memory()
np.ones(2**23)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    np.ones(2**23)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(keep: bool) -> int:
    command = [sys.executable, "-c", FAULTS.format(keep=keep)]
    return int(subprocess.run(command, check=True, text=True, capture_output=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to")
def test_freed_memory_is_not_new_memory_again():
    assert faults(keep=True) < 100 < faults(keep=False)


def test_a_system_that_cannot_keep_it_says_so(monkeypatch):
    from tumorseg import memory

    monkeypatch.setattr(memory.sys, "platform", "darwin")
    assert not memory.keep_freed_memory()
    monkeypatch.setattr(memory.sys, "platform", "linux")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())  # as musl, which has no mallopt
    assert not memory.keep_freed_memory()
