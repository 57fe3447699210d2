"""The reference page of the command line, made from the commands themselves.

`python -m daybreak.cli.reference` writes it to standard output, or to the file it is given; a test
says when `docs/reference/cli.md` is not what comes out.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from .help import EXIT_STATUSES, DaybreakCommand, DaybreakGroup, own_options
from .program import daybreak
from .run import RunCommand
from .typed import PROGRAM

HEAD = """\
<!-- Made by `python -m daybreak.cli.reference docs/reference/cli.md`; do not edit. -->

# The command line
"""
JOB_OPTIONS = """\
Every parameter of the job is an option too: `max_bad: int` is `--max-bad INT` (`--max_bad` is
understood), a `bool` is `--name / --no-name`, a list is an option that may be repeated. Their
types, descriptions and defaults are in `daybreak run FILE --help`.
"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join([HEAD, *_group(daybreak), *_exit_statuses()])


def _group(group: click.Group) -> Iterator[str]:
    ctx = click.Context(group, info_name=PROGRAM)
    yield (group.help or "").strip() + "\n"
    yield from _options(ctx, group)
    assert isinstance(group, DaybreakGroup)
    yield from _examples(group.examples)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert isinstance(command, DaybreakCommand)
        yield from _command(click.Context(command, info_name=name, parent=ctx), command)


def _command(ctx: click.Context, command: DaybreakCommand) -> Iterator[str]:
    yield f"## {ctx.command_path}\n"
    pieces = [click.unstyle(piece) for piece in command.collect_usage_pieces(ctx)]
    yield f"```\n{ctx.command_path} {' '.join(pieces)}\n```\n"
    yield inspect.cleandoc(command.help or "") + "\n"
    if isinstance(command, RunCommand):
        yield JOB_OPTIONS
    yield from _options(ctx, command)
    yield from _examples(command.examples)


def _options(ctx: click.Context, command: click.Command) -> Iterator[str]:
    yield "| option | meaning |\n| --- | --- |"
    for option in own_options(command.get_params(ctx)):
        record = option.get_help_record(ctx)
        if record is not None:
            yield f"| `{_cell(record[0])}` | {_cell(record[1])} |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(click.unstyle(text).split()).replace("|", "\\|")


def _examples(examples: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "```sh"
    for command, text in examples:
        yield f"{command}  # {text}"
    yield "```\n"


def _exit_statuses() -> Iterator[str]:
    yield "## Exit status\n"
    yield "| status | meaning |\n| --- | --- |"
    yield from (f"| {number} | {text} |" for number, text in EXIT_STATUSES)
    yield ""


def main(words: Sequence[str]) -> None:
    """Write the page to the file that is named, else to standard output."""
    if words:
        Path(words[0]).write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())


if __name__ == "__main__":
    main(sys.argv[1:])
