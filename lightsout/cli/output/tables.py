"""Print the output of commands: with rich on a terminal, plain aligned text elsewhere.

On a terminal nothing is wider than it, and no word is cut. Elsewhere rows are never wrapped, so
that grep finds a machine with its whole row.
"""

from __future__ import annotations

import csv
import shutil
import sys
from typing import TYPE_CHECKING, Any

from lightsout.cli.output.layout import lay_out, wrapped
from lightsout.cli.output.streams import below
from lightsout.cli.output.words import harmless, printable, printable_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from lightsout.cli.output.layout import Line

# Styles for cells with exactly these texts, on a terminal.
LOOKS = {
    "would stop": "yellow",
    "would start": "yellow",
    "not due": "cyan",
    "stopped": "green",
    "started": "green",
    "confirmed": "green",
    "kept": "cyan",
    "excluded": "cyan",
    "superseded": "yellow",
    "gone": "yellow",
    "still charged": "bold yellow",
    "pending": "bold red",
    "failed": "bold red",
    "refused": "bold red",
    "conflict": "bold red",
    "under way": "bold red",
    "unknown": "bold red",
    "stopping": "magenta",
    "starting": "magenta",
}


class Output:
    """The output of a command for people: stdout at the time when this is created."""

    def __init__(self) -> None:
        terminal = sys.stdout.isatty()
        self._console = _rich_console() if terminal else None
        self._columns = shutil.get_terminal_size().columns if terminal else None

    def say(self, text: str = "", look: str = "") -> None:
        """Print the text, broken at blanks on a terminal. `look`: a style of rich, used there."""
        for line in wrapped(printable_line(text), self._columns):
            if self._console:
                self._console.print(
                    line, style=look, markup=False, emoji=False, highlight=False, soft_wrap=True
                )
            else:
                print(line, flush=True)

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        at_most: int | None = None,
    ) -> None:
        """Print rows under their headings; as a list if they are too wide.

        `at_most`: the columns that it may take without a terminal.
        """
        rows = [[printable(cell) for cell in row] for row in rows]
        for line in lay_out(columns, rows, self._columns or at_most):
            if self._console:
                _print_rich(self._console, line)
            else:
                print("".join(piece.text for piece in line).rstrip())


def print_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the rows as in RFC 4180, in cells that no spreadsheet takes for a formula.

    A null becomes an empty cell; the items of a list are separated by spaces.
    """
    writer = csv.writer(sys.stdout)  # CRLF, and quotes where they are needed
    writer.writerow(columns)
    for row in rows:
        cells = ("" if row[column] is None else row[column] for column in columns)
        texts = (" ".join(it) if isinstance(it, list) else str(it) for it in cells)
        writer.writerow([harmless(text) for text in texts])


def complain(*lines: str) -> None:
    """Print each text as one line on stderr."""
    for line in lines:
        print(printable_line(line), file=sys.stderr, flush=True)


def _rich_console() -> Console | None:
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(file=below(sys.stdout))


def _print_rich(console: Console, line: Line) -> None:
    from rich.text import Text

    parts = [(it.text, "bold" if it.heading else LOOKS.get(it.text, "")) for it in line]
    console.print(Text.assemble(*parts), soft_wrap=True)
