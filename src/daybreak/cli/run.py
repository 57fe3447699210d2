"""`daybreak run FILE`: start the run that the command means, or resume it.

FILE is read first: its job's parameters become options of the command. What happens then is
`running`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .help import HELP_WIDTH_MAX, DaybreakCommand, heading, own_options, placeholder, term
from .options import (
    DATABASES,
    FORCE_START,
    KNOBS,
    LEDGER,
    UNDONE,
    bringing_on,
    read_night,
)

if TYPE_CHECKING:
    from ..operations.load import LoadedJob

LOADED: Final = "daybreak.loaded"
"""Where a command's context keeps the job that it read."""

WORDS: Final = "daybreak.words"
"""Where it keeps what was typed behind its name."""


class RunCommand(DaybreakCommand):
    """A command whose options are partly the job's; `--max_bad` is `--max-bad` to it."""

    def __init__(self, name: str | None, **options: Any) -> None:
        options.setdefault("options_metavar", f"{placeholder('[--parameter value …]')} [OPTIONS]")
        options.setdefault(
            "context_settings",
            {
                "max_content_width": HELP_WIDTH_MAX,
                "token_normalize_func": lambda token: token.replace("_", "-"),
            },
        )
        super().__init__(name, **options)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Load the job first, then read the options."""
        file = self._file_in(args)
        ctx.meta[WORDS] = tuple(args)
        if file is not None:
            ctx.meta[LOADED] = self._load(ctx, file)
            ctx.params["file"] = file  # so that wrong usage can name it
        return super().parse_args(ctx, args)

    def _load(self, ctx: click.Context, file: str) -> LoadedJob:
        from ..operations.load import load_job  # noqa: PLC0415 - not for `--help`
        from .job_options import refuse_taken_names  # noqa: PLC0415 - not for `--help`

        loaded = load_job(Path(file))
        command = self.name or ""
        refuse_taken_names(loaded.parameters.values(), super().get_params(ctx), command)
        return loaded

    def _file_in(self, args: Sequence[str]) -> str | None:
        """Find FILE among words that may be options of a job which is not known yet."""
        switches = {n for p in self.params if getattr(p, "is_flag", False) for n in p.opts}
        valued = {n for p in self.params if isinstance(p, click.Option) for n in p.opts} - switches
        words = iter(args)
        for word in words:
            if word == "--":
                return next(words, None)
            if not word.startswith("-"):
                return word
            name = word.replace("_", "-")
            if "=" in word or name in switches or name in ("-h", "--help"):
                continue
            value = next(words, None)
            if name not in valued and value is not None and value.endswith(".py"):
                return value
        return None

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, then those of the job."""
        return [*super().get_params(ctx), *self._job_options(ctx)]

    def _job_options(self, ctx: click.Context) -> list[click.Parameter]:
        loaded: LoadedJob | None = ctx.meta.get(LOADED)
        if loaded is None:
            return []
        from .job_options import option_of  # noqa: PLC0415 - not for `--help`

        return [option_of(parameter) for parameter in loaded.parameters.values()]

    def sections(self, ctx: click.Context) -> Iterator[tuple[str, Sequence[click.Parameter]]]:
        """Yield the job's options first."""
        loaded: LoadedJob | None = ctx.meta.get(LOADED)
        if loaded is not None:
            yield f"Parameters of job {loaded.job.name}", self._job_options(ctx)
        yield "Options", own_options(super().get_params(ctx))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does; of a job that is known, its steps and their impact too."""
        super().format_help_text(ctx, formatter)
        loaded: LoadedJob | None = ctx.meta.get(LOADED)
        if loaded is not None:
            _write_job(loaded, formatter)


def _write_job(loaded: LoadedJob, formatter: click.HelpFormatter) -> None:
    import ast  # noqa: PLC0415 - with a job only

    text = ast.get_docstring(ast.parse(loaded.path.read_bytes()))
    window = f", window {loaded.job.window}" if loaded.job.window else ""
    formatter.write_paragraph()
    formatter.write(f"{heading('Job')} {term(loaded.job.name)}{window}\n")
    if text:
        with formatter.indentation():
            formatter.write_text(text)
    rows = [
        (term(step.name), f"{_after(step.after)}{step.impact or '(no impact is written down)'}")
        for step in loaded.job.steps
    ]
    with formatter.section("Steps, and what breaks if they do not finish"):
        formatter.write_dl(rows)


def _after(steps: Sequence[Any]) -> str:
    return f"after {', '.join(step.name for step in steps)}: " if steps else ""


@click.command(
    "run",
    cls=RunCommand,
    short_help="Start a job, or resume it.",
    examples=[
        ("daybreak run examples/flights.py", "start it, or go on where it was left"),
        ("daybreak run examples/flights.py --help", "its steps and its parameters"),
        ("daybreak run month_end.py --month 2026-01-01", "with a parameter of the job"),
        (
            "daybreak run examples/flights.py --set flights.parallel=4 --set flights.chunk=5000",
            "turn a step's knobs; a resumed run takes the new ones",
        ),
        ("daybreak run examples/flights.py --only flights", "one step alone, again if it is done"),
        (
            "daybreak run examples/flights.py --database postgresql://me@localhost/flights",
            "into another database",
        ),
    ],
)
@click.argument("file", metavar="FILE")
@KNOBS
@DATABASES
@LEDGER
@click.option(
    "--night",
    callback=read_night,
    metavar="DATE",
    help="The business date, for jobs with a window.  [default: that of the unfinished run,"
    " else the present one]",
)
@click.option("--again", is_flag=True, help="Begin a new run, although there is one already.")
@click.option(
    "--only",
    metavar="STEP",
    help="Do this step and no other: resume it, or, if it is done, begin it again.",
)
@click.option(
    "--from",
    "from_step",
    metavar="STEP",
    help="Begin this step and all steps behind it again, then do all that is missing.",
)
@UNDONE
@click.option(
    "--accept-changes",
    is_flag=True,
    help="Go on although a source or the graph of a step changed, where that is safe; what is"
    " committed stays as it is.",
)
@FORCE_START
@bringing_on
@click.pass_context
def run(ctx: click.Context, /, file: str, **options: Any) -> int:
    """Start the run of the job in FILE that the command means, or resume it.

    The same command, typed again, goes on where the last one ended: nothing is lost, nothing is
    done twice. Ctrl-C stops between two chunks; a second one ends at once.

    The work is done in a child process. If a record kills it, it is started again, and the
    record is found and quarantined.
    """
    from .running import run_job  # noqa: PLC0415 - not for `--help`

    return int(run_job(ctx.meta[LOADED], file, options, ctx.meta[WORDS], ctx.obj))
