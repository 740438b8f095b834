"""Every command in the docs could be typed: it parses, and the params that it sets are valid."""

import shlex
import shutil
from pathlib import Path

import pytest
import typer
from dvc.cli import DvcParserError
from dvc.cli.parser import get_main_parser
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps
from support.markdown import commands, pages
from typer.core import TyperGroup

from tumorseg.cli import app
from tumorseg.params import load_params

ROOT = Path(__file__).parents[2]
SHOWN_FOR_THEIR_ERROR = [["evaluate.beta=-1"]]
USED = sorted({line for page in pages(ROOT) for line in commands(page.read_text(encoding="utf-8"))})


def of(name: str) -> list[str]:
    return [line for line in USED if line.split()[0] == name]


def words(line: str) -> list[str]:
    """The arguments of a command line, less a comment at its end."""
    return shlex.split(line, comments=True)[1:]


def application() -> TyperGroup:
    """The command `tumorseg`."""
    return typer.main.get_group(app)


def parse(group: TyperGroup, arguments: list[str]) -> None:
    """Parse as the command line does before it calls anything."""
    with group.make_context("tumorseg", list(arguments)) as context:
        _, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])
        command.make_context(command.name, rest, parent=context)


@pytest.mark.parametrize("line", of("dvc"))
def test_a_dvc_command_parses(line):
    arguments = words(line)
    if len(arguments) > 2:
        get_main_parser().parse_args(arguments)
    elif arguments:  # maybe only named in a sentence, without its arguments: then it must at least exist
        with pytest.raises(SystemExit) as end:
            get_main_parser().parse_args([*arguments, "--help"])
        assert end.value.code == 0


def test_a_dvc_command_that_does_not_exist_does_not_parse():
    for wrong in (["metrics", "compare"], ["reproduce"], ["exp", "run", "--sett", "a=1"]):
        with pytest.raises(DvcParserError):
            get_main_parser().parse_args([*wrong, "--help"] if len(wrong) < 3 else wrong)


@pytest.mark.parametrize("line", [line for line in of("dvc") if " -S " in line and "..." not in line])
def test_the_params_that_a_command_sets_are_valid(line, tmp_path):
    overrides = get_main_parser().parse_args(words(line)).set_param
    if overrides in SHOWN_FOR_THEIR_ERROR or "model=dilated" in overrides:
        return  # dilated is the model that docs/add_a_model.md adds
    for sweep in get_hydra_sweeps({"params.yaml": overrides}):
        shutil.copy(ROOT / "params.yaml", tmp_path)
        apply_overrides(tmp_path / "params.yaml", sweep["params.yaml"])
        load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize("line", of("make"))
def test_a_make_target_exists(line, root):
    targets = [word for word in words(line) if "=" not in word]
    assert all(f"\n{target}:" in (root / "Makefile").read_text() for target in targets)


@pytest.mark.parametrize("line", of("pytest"))
def test_a_path_of_tests_exists(line, root):
    assert all((root / word).exists() for word in words(line) if "/" in word)


@pytest.mark.parametrize("line", of("tumorseg"))
def test_a_command_of_ours_parses(line):
    arguments = words(line)
    if len(arguments) > 1:  # a lone name of a subcommand is only its name
        parse(application(), arguments)
    assert set(arguments[:1]) <= set(application().commands)


def test_every_subcommand_is_documented(root):
    text = "".join(page.read_text(encoding="utf-8") for page in pages(root))
    assert [name for name in application().commands if f"tumorseg {name}" not in text] == []


@pytest.mark.parametrize(
    "wrong",
    [
        ["studdy", "a.yaml"],
        ["study"],
        ["study", "a.yaml", "--job", "2"],
        ["study", "a.yaml", "--jobs", "x"],
        ["table", "a.json", "b.json"],
    ],
)
def test_a_wrong_command_does_not_parse(wrong):
    with pytest.raises(Exception) as error:  # noqa: PT011  # of click as Typer carries it, which is private
        parse(application(), wrong)
    assert error.value.exit_code == 2
