"""The look of `--help`: commands whose help has sections, colours on a terminal, and examples."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Final

import click

HELP_WIDTH_MAX: Final = 100
EXIT_STATUSES: Final = (
    ("0", "done; a last line says how many records were quarantined"),
    ("1", "failed; mend the cause, then type the same command again"),
    ("2", "the command or the job's file is wrong; nothing was started"),
    ("3", "the check found faults in the data; nothing was loaded"),
    ("4", "stopped between two chunks; the same command resumes"),
    ("5", "another process owns the run"),
)


def heading(text: str) -> str:
    """Return a section's head as it is shown."""
    return click.style(text, bold=True)


def term(text: str) -> str:
    """Return what is typed, as it is shown."""
    return click.style(text, fg="cyan")


def placeholder(text: str) -> str:
    """Return what stands for a value, as it is shown."""
    return click.style(text, fg="yellow")


def color_of_environment() -> bool | None:
    """Return what to tell click: no colours if `NO_COLOR` is set, else let it see for itself."""
    return False if os.environ.get("NO_COLOR") else None


class _Sections(click.HelpFormatter):
    def write_heading(self, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{click.style(heading, bold=True)}\n")


class DaybreakContext(click.Context):
    """A context whose help is laid out here."""

    formatter_class = _Sections


class DaybreakCommand(click.Command):
    """A command with examples.

    Args:
        examples: What to type, each with what it does.
        options: As of `click.Command`.
    """

    context_class = DaybreakContext

    def __init__(
        self, *arguments: Any, examples: Sequence[tuple[str, str]] = (), **options: Any
    ) -> None:
        options.setdefault("context_settings", {"max_content_width": HELP_WIDTH_MAX})
        super().__init__(*arguments, **options)
        self.examples = examples

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write usage, text, arguments, options and examples."""
        super().format_help(ctx, formatter)
        write_examples(self.examples, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, in sections."""
        write_options(ctx, self.sections(ctx), formatter)

    def sections(self, ctx: click.Context) -> Iterator[tuple[str, Sequence[click.Parameter]]]:
        """Yield the command's options by section."""
        yield "Options", own_options(self.get_params(ctx))


class DaybreakGroup(click.Group):
    """The group of all commands."""

    context_class = DaybreakContext
    command_class = DaybreakCommand

    def __init__(
        self, *arguments: Any, examples: Sequence[tuple[str, str]] = (), **options: Any
    ) -> None:
        options.setdefault("context_settings", {"max_content_width": HELP_WIDTH_MAX})
        super().__init__(*arguments, **options)
        self.examples = examples

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they are used."""
        del ctx
        return list(self.commands)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write usage, text, commands, options, examples and exit statuses."""
        super().format_help(ctx, formatter)
        write_examples(self.examples, formatter)
        with formatter.section("Exit status"):
            formatter.write_dl([(placeholder(number), text) for number, text in EXIT_STATUSES])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands first, then the options."""
        rows = [
            (term(name), command.get_short_help_str(HELP_WIDTH_MAX))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
        write_options(ctx, [("Options", self.get_params(ctx))], formatter)


def own_options(parameters: Sequence[click.Parameter]) -> list[click.Parameter]:
    """Return the options among parameters; arguments are in the usage line."""
    return [one for one in parameters if isinstance(one, click.Option)]


def write_options(
    ctx: click.Context,
    sections: Any,
    formatter: click.HelpFormatter,
) -> None:
    """Write options by section; a section without any is left out."""
    for name, parameters in sections:
        records = [one.get_help_record(ctx) for one in parameters]
        rows = [(styled(record[0]), record[1]) for record in records if record is not None]
        if rows:
            with formatter.section(name):
                formatter.write_dl(rows, col_max=34)


def styled(declaration: str) -> str:
    """Colour an option's names and the placeholder behind them."""
    words = declaration.split(" ")
    return " ".join(
        term(word) if word.startswith("-") or word == "/" else placeholder(word) for word in words
    )


def write_examples(examples: Sequence[tuple[str, str]], formatter: click.HelpFormatter) -> None:
    """Write what to type, each with what it does above it."""
    if not examples:
        return
    with formatter.section("Examples"):
        for number, (command, text) in enumerate(examples):
            if number:
                formatter.write("\n")
            indent = " " * formatter.current_indent
            formatter.write(f"{indent}{click.style('# ' + text, dim=True)}\n")
            formatter.write(f"{indent}{term(command)}\n")
