"""Make one HTML file of the page's values. It loads nothing from elsewhere.

Every value is text: it is escaped, and control characters are replaced, also those that change the
direction of writing. The page's policy (CSP) allows only its own script and style.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightsout.cli import WrongUse
from lightsout.cli.output.words import printable_line
from lightsout.cli.page import fortnight, money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightsout.cli.page.failures import Failures
    from lightsout.cli.page.fortnight import PolicyCalendar
    from lightsout.cli.page.machines import MachineRow
    from lightsout.cli.page.money import Savings
    from lightsout.cli.page.status import Status
    from lightsout.cli.page.texts import Texts

HERE = Path(__file__).parent
SHOWN_AT_FIRST = 200  # rows; a search finds all
NEEDED = "`report` needs Jinja2: python -m pip install -r requirements/cli.txt"


@dataclass(frozen=True, slots=True)
class PageValues:
    """All values of the page."""

    made: str
    span: str
    zone: str
    missing: Sequence[str]
    status: Status
    calendars: Sequence[PolicyCalendar]
    machines: Sequence[MachineRow]
    savings: Savings
    currency: str
    failures: Failures


def render(page: PageValues, t: Texts) -> str:
    try:
        import jinja2
        from markupsafe import Markup
    except ImportError:
        raise WrongUse(NEEDED) from None
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    style, script = (_source(name) for name in ("page.css", "page.js"))
    return environment.get_template("page.html").render(
        page=page,
        t=t,
        style=Markup(style),  # noqa: S704  ours, as the script is: the only texts not escaped
        script=Markup(script),  # noqa: S704
        style_hash=_hash(style),
        script_hash=_hash(script),
        fortnight=fortnight,
        money=money,
        shown_at_first=SHOWN_AT_FIRST,
    )


def _finalize(value: Any) -> Any:
    """The text without control characters; its spaces stay."""
    return printable_line(value) if type(value) is str else value  # Markup is another type


def _source(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
