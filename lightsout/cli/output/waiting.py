"""Show a line on stderr that changes while a person waits."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lightsout.cli.output.streams import below
from lightsout.cli.output.words import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def status_line(first: str) -> Iterator[Callable[[str], None]]:
    """While inside, stderr shows `first`, then each text given. Nothing if it is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _text: None
        return
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        yield lambda _text: None
        return
    console = Console(file=below(sys.stderr))
    with console.status(Text(printable(first))) as status:
        yield lambda text: status.update(Text(printable(text)))
