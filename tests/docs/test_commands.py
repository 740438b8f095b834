"""Every command in the docs could be typed: it parses, and the params that it sets are valid."""

import inspect
import shlex
import shutil
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from dvc.cli.parser import get_main_parser
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps, to_hydra_overrides
from support.markdown import commands, pages

from tumorseg.params import load_params

ROOT = Path(__file__).parents[2]
USED = sorted({line for page in pages(ROOT) for line in commands(page.read_text(encoding="utf-8"))})


def of(name: str) -> list[str]:
    return [line for line in USED if line.split()[0] == name]


def words(line: str) -> list[str]:
    """The arguments of a command line, less a comment at its end."""
    return shlex.split(line, comments=True)[1:]


def application() -> click.Group:
    """The command `tumorseg`."""
    return typer.main.get_group(pytest.importorskip("tumorseg.cli").app)


def subcommands(group: click.Group, *parents: str) -> list[str]:
    found = []
    for name, command in group.commands.items():
        deeper = isinstance(command, click.Group)
        found += subcommands(command, *parents, name) if deeper else [" ".join([*parents, name])]
    return found


def parse(command: click.Command, name: str, arguments: list[str], parent: Any = None) -> None:
    """Parse as click does before it calls anything."""
    with command.make_context(name, list(arguments), parent=parent) as context:
        if isinstance(command, click.Group) and not context.invoked_subcommand:
            rest = [*context._protected_args, *context.args]
            child, found, rest = command.resolve_command(context, rest)
            parse(found, child, rest, context)


@pytest.mark.parametrize("line", of("dvc"))
def test_a_dvc_command_parses(line):
    arguments = words(line)
    if arguments:
        get_main_parser().parse_args(arguments)


@pytest.mark.parametrize("line", [line for line in of("dvc") if " -S " in line and "..." not in line])
def test_the_params_that_a_command_sets_are_valid(line, tmp_path):
    overrides = get_main_parser().parse_args(words(line)).params
    if any(override.startswith(("model=dilated", "model=yours")) for override in overrides):
        pytest.skip("the model of docs/add_a_model.md, which is not in params.yaml")
    for sweep in get_hydra_sweeps({"params.yaml": to_hydra_overrides(overrides)}):
        shutil.copy(ROOT / "params.yaml", tmp_path)
        apply_overrides(tmp_path / "params.yaml", sweep["params.yaml"])
        load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize("line", of("make"))
def test_a_make_target_exists(line, root):
    targets = [word for word in words(line) if "=" not in word]
    assert all(f"\n{target}:" in (root / "Makefile").read_text() for target in targets)


@pytest.mark.parametrize("line", of("pytest"))
def test_a_path_of_tests_exists(line, root):
    assert all((root / word).exists() for word in words(line) if not word.startswith("-"))


@pytest.mark.parametrize("line", of("tumorseg"))
def test_a_command_of_ours_parses(line):
    if arguments := words(line):
        parse(application(), "tumorseg", arguments)


def test_every_subcommand_is_documented(root):
    text = "".join(page.read_text(encoding="utf-8") for page in pages(root))
    assert [name for name in subcommands(application()) if f"tumorseg {name}" not in text] == []


def test_a_wrong_command_does_not_parse():
    app = typer.Typer()

    @app.command()
    def study(file: Path, jobs: int = 1) -> None:
        """Never called."""
        raise AssertionError(inspect.currentframe())

    @app.command()
    def page(out: Path) -> None:
        """Never called."""
        raise AssertionError(inspect.currentframe())

    group = typer.main.get_group(app)
    parse(group, "tumorseg", ["study", "studies/a.yaml", "--jobs", "2"])
    for wrong in (
        ["studdy", "a.yaml"],
        ["study"],
        ["study", "a.yaml", "--job", "2"],
        ["study", "a", "--jobs", "x"],
    ):
        with pytest.raises(click.UsageError):
            parse(group, "tumorseg", wrong)
    assert subcommands(group) == ["study", "page"]
