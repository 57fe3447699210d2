"""`daybreak check FILE... --schema S`: all faults of files at once, with no job at all.

What happens then is `checking`, and with `--infer` it is `inferring`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from .help import DaybreakCommand
from .options import HELP, JSON, TRACEBACK

FORMATS: Final = ("csv", "jsonl", "json", "xml", "fixed", "parquet", "excel")
SAMPLES: Final = 3
INFER_RECORDS: Final = 10_000
"""As `check.infer.sample.RECORDS`, which is too heavy for `--help`; a test compares them."""
_EXAMPLE: Final = "daybreak check orders.csv --schema orders_schema.py:Order"


class _File(click.Path):
    """A file that is there; standard input is none, for a file is read more than once."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "-":
            self.fail("standard input cannot be checked: write it to a file first", param, ctx)
        return super().convert(value, param, ctx)


@click.command(
    "check",
    cls=DaybreakCommand,
    short_help="Find all faults of files at once, without a job; or propose their schema.",
    examples=[
        (_EXAMPLE, "every fault, by cause"),
        ("daybreak check *.csv --schema shop.models:Order --max-bad 0.1%", "several, with a gate"),
        (f"{_EXAMPLE} --html report.html --export faulty.csv", "for the partner who sent it"),
        ("daybreak check orders.csv --infer > orders_schema.py", "propose a schema"),
    ],
)
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=_File(path_type=Path, exists=True, dir_okay=False),
)
@click.option(
    "--schema",
    metavar="WHERE:MODEL",
    help="What a record must be: a pydantic model or dataclass, as file.py:Model or module:Model.",
)
@click.option(
    "--infer",
    is_flag=True,
    help="Propose a schema instead: a pydantic model, written to standard output.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="How the files are written.  [default: by their suffix]",
)
@click.option("--delimiter", metavar="CHARACTER", help="What stands between two fields of a CSV.")
@click.option("--encoding", metavar="NAME", help="How the text is encoded.  [default: utf-8]")
@click.option("--null", metavar="TEXT", help="The text that means NULL.  [default: an empty field]")
@click.option(
    "--key", metavar="A,B", help="The columns of which no two records may have the same values."
)
@click.option(
    "--option",
    "options",
    metavar="NAME=VALUE",
    multiple=True,
    help="Whatever else the format can be told, as files.FORMAT(…, name=value) is; JSON in"
    " brackets for what has parts.",
)
@click.option(
    "--max-bad",
    metavar="N|N%",
    default="0",
    help="How many faulty records each file may have: a count, or a share.  [default: 0]",
)
@click.option(
    "--samples",
    type=click.IntRange(min=0),
    metavar="N",
    default=None,
    help=f"How many places to show of each cause.  [default: {SAMPLES}; in the report 10]",
)
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a report for whoever sent the files: one page, with how to repair each cause.",
)
@click.option(
    "--export",
    "export_to",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the faulty records, byte by byte as they stand, and beside them FILE.reasons.csv;"
    " of several files into a folder.",
)
@click.option(
    "--no-values",
    is_flag=True,
    help="Leave values out of everything but --export: they may be personal data.",
)
@click.option(
    "--quick",
    is_flag=True,
    help="With --infer: look at a sample only, and do not prove the proposal on the whole file.",
)
@click.option(
    "--records",
    type=click.IntRange(min=1),
    metavar="N",
    default=INFER_RECORDS,
    help="With --infer: how many of the first records to look at, before blocks from all over the"
    f" file.  [default: {INFER_RECORDS:,}]",
)
@JSON
@TRACEBACK
@HELP
def check(files: tuple[Path, ...], **options: Any) -> int:
    """Look at every record of every FILE, and show all that is wrong, by cause.

    No job, no ledger: nothing is left behind but what is asked for. The exit status is 0 if every
    file is clean or within --max-bad, and 3 if one is refused.
    """
    if options["infer"]:
        from .inferring import infer_schema  # noqa: PLC0415 - not for `--help`

        return int(infer_schema(files, options))
    from .checking import check_and_show  # noqa: PLC0415 - not for `--help`

    return int(check_and_show(files, options))
