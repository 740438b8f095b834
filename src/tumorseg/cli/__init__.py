"""The command `tumorseg`, for what is no stage of the pipeline: one file a subcommand, which only parses.

What a subcommand does is imported when it is called, so that --help is there at once.
"""

import typer

from tumorseg.cli.audit import audit
from tumorseg.cli.check import check
from tumorseg.cli.cv import cv
from tumorseg.cli.get import get
from tumorseg.cli.info import info
from tumorseg.cli.measure import measure
from tumorseg.cli.misses import misses
from tumorseg.cli.page import page
from tumorseg.cli.predict import predict
from tumorseg.cli.score import score
from tumorseg.cli.search import search
from tumorseg.cli.statement import statement
from tumorseg.cli.study import study
from tumorseg.cli.table import table
from tumorseg.cli.view import view
from tumorseg.cli.watch import watch
from tumorseg.cli.work import work
from tumorseg.stage import finish, heed_stops

HELP = """Predictions of a delivered net, many runs compared, and what else is no stage of the pipeline.

The pipeline itself is run by DVC: dvc repro, dvc exp run -S model=deep_cnn.

\b
Examples:
  tumorseg audit /path/to/export.zip
  tumorseg predict scans/ -o results
  tumorseg study studies/phantom_augment.yaml --jobs 2
  tumorseg table docs/results/phantom_augment.json
  tumorseg search studies/search_unet.yaml --trials 30
  tumorseg cv studies/cv_phantom.yaml
"""

app = typer.Typer(
    help=HELP,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
NET = (predict, info, check, get, measure, score)  # what is done with a delivered net
for command in (*NET, audit, study, cv, misses, search, work, table, statement, watch, page, view):
    app.command()(command)


def main() -> None:
    """Run the command line; what the user or the system did wrong is one line on stderr and status 1."""
    heed_stops()
    finish(lambda: app(prog_name="tumorseg"))
