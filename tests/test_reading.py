"""YAML from outside: read as YAML 1.2, or refused in a line before it fills the memory."""

from pathlib import Path

import pytest

from tumorseg.errors import UserError
from tumorseg.reading import MOST_BYTES, parse_yaml, read_yaml


def test_aliases_merges_and_plain_numbers_are_read() -> None:
    content = b"base: &base {lr: 1e-4, on: true}\nnet: {<<: *base, lr: 0.5}\nsame: *base\n"
    base = {"lr": 0.0001, "on": True}
    assert parse_yaml(content, "f") == {"base": base, "net": {"lr": 0.5, "on": True}, "same": base}


@pytest.mark.parametrize("content", [b"", b"# a remark\n", b"null\n"])
def test_a_file_without_values_is_none(content: bytes) -> None:
    assert parse_yaml(content, "f") is None


def doubled(first: str, again: str) -> bytes:
    """Eight lines, each of which names the line before ten times: 10⁸ values."""
    lines = [f"a{at}: &a{at} {again.format(','.join([f'*a{at - 1}'] * 10))}" for at in range(1, 9)]
    return "\n".join([f"a0: &a0 {first}", *lines]).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (doubled("{x: 1}", "{{<<: [{}]}}"), "has over 20000 values, aliases written out"),
        (doubled("[x]", "[{}]"), "has over 20000 values, aliases written out"),
        (b"a: &a {<<: *a}", "nested too deeply, or within itself"),
        (b"[" * 3000, "nested too deeply, or within itself"),
        (b"- " * 20_000, "nested too deeply, or within itself"),
        (b"#" * (MOST_BYTES + 1), "has over 64 kB"),
        (b"!!int ''", "not YAML"),
        (b"!!bool x", "not YAML"),
        (b"a: 2001-99-99", "not YAML"),
        (b"a: \xff", "not YAML"),
    ],
)
def test_what_would_not_end_or_is_no_yaml_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"^f: .*{words}") as caught:
        parse_yaml(content, "f")
    assert "\n" not in str(caught.value)
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(UserError, match=rf"params\.yaml: .*{words}"):
        read_yaml(tmp_path / "params.yaml")
