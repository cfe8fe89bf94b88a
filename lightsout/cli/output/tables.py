"""Output of the commands: with rich on a terminal, plain aligned text anywhere else.

Plain rows are never wrapped, so that grep finds a machine with all of its row.
"""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, Any

from lightsout.cli.output.streams import below
from lightsout.cli.output.words import harmless, printable, printable_line, width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

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
NEVER_WRAPPED = frozenset({"instance", "what", "RequestId", "region"})


class Output:
    """The output of a command for people: stdout, as it is when this is made."""

    def __init__(self) -> None:
        self._console = _rich_console() if sys.stdout.isatty() else None

    def say(self, text: str = "", look: str = "") -> None:
        """Print the text as one line. `look`: a style of rich, used on a terminal."""
        text = printable_line(text)
        if self._console:
            self._console.print(
                text, style=look, markup=False, emoji=False, highlight=False, soft_wrap=True
            )
        else:
            print(text, flush=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows under their headings. The last column gets the remaining width."""
        rows = [[printable(cell) for cell in row] for row in rows]
        if self._console:
            _print_rich(self._console, columns, rows)
        else:
            _print_plain([columns, *rows])


def print_csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the rows as in RFC 4180, in cells that no spreadsheet takes for a formula.

    A null is an empty cell; the items of a list have a space between them.
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


def _print_plain(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _print_rich(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="bold",
    )
    for column in columns:
        table.add_column(column, no_wrap=column in NEVER_WRAPPED, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=LOOKS.get(cell, "")) for cell in row))
    console.print(table)
