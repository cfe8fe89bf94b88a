"""Draw shapes in SVG, without links to other files."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from lightsout.cli.output.words import printable, width

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_CHARACTERS = 1000  # of a text: no picture has room for more
INK, FAINT, LINE = "#1f2430", "#6b7280", "#d9dde5"
FONT = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'PingFang SC', 'Microsoft YaHei', "
    "'Noto Sans CJK SC', 'WenQuanYi Micro Hei', sans-serif"
)


def page(title: str, wide: float, high: float, parts: Iterable[str]) -> str:
    """A picture of that many pixels on white. `title`: for screen readers."""
    size = f'width="{wide}" height="{high}"'
    box = f'viewBox="0 0 {wide} {high}" font-family="{FONT}" role="img"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>',
            f"<title>{_safe(title)}</title>",
            f'<rect {size} fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def text(
    x: float,
    y: float,
    words: str,
    size: int,
    colour: str = INK,
    anchor: str = "start",
    *,
    bold: bool = False,
    halo: bool = False,
) -> str:
    """`halo`: with a white border, to be readable over lines."""
    weight = ' font-weight="600"' if bold else ""
    weight += ' stroke="#ffffff" stroke-width="4" paint-order="stroke"' if halo else ""
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {place} fill="{colour}"{weight}>{_safe(words)}</text>'


def line(x: float, y: float, to_x: float, to_y: float, colour: str, *, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="3 2"' if dashed else ""
    ends = f'x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"'
    return f'<line {ends} stroke="{colour}"{dashes}/>'


def cut(words: str, room: float, size: int) -> str:
    """Cut the text to fit: Chinese characters are as wide as they are high."""
    columns = room / (size * 0.54)
    if len(words) <= MOST_CHARACTERS and width(words) <= columns:
        return words
    wide = accumulate((width(c) for c in words[:MOST_CHARACTERS]), initial=1)  # with the ellipsis
    fit = sum(1 for it in wide if it <= columns) - 1
    return words[: max(0, fit)] + "…"


def _safe(words: str) -> str:
    return escape(printable(words))
