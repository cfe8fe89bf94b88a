"""The table and the picture of docs/performance.md, between its markers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tools.bench.figures import SPREADS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tools.bench.figures import Figures

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, PICTURE = DOCS / "performance.md", DOCS / "performance.svg"

# Columns: the head, and what stands below it.
COLUMNS: dict[str, Callable[[Figures], str]] = {
    "instances": lambda f: f"{f.machines:,}",
    "in": lambda f: f.spread,
    "listings / least": lambda f: f"{f.calls['DescribeInstances']} / {f.pages}",
    "stops / least": lambda f: f"{f.calls['StopInstances']} / {f.batches}",
    "looks / batches": lambda f: f"{f.calls['verification']} / {f.batches}",
    "throttled": lambda f: str(f.throttled),
    "time / bound, s": lambda f: f"{f.seconds:.1f} / {f.bound:.1f} = {f.ratio:.2f}",
    "peak RSS, MB": lambda f: f"{f.megabytes:.1f}",
    "CPU, s": lambda f: f"{f.cpu_s:.2f}",
    "CPU an instance, ms": lambda f: f"{f.cpu_ms_each:.2f}",
}

# All lengths in pixels.
PANEL, TALL, LEFT, TOP, GAP, EDGE = 220, 180, 54, 62, 92, 16
COLOURS = dict(zip(SPREADS, ("#0072b2", "#d55e00", "#009e73"), strict=True))
INK, FAINT, LINE = "#1f2430", "#6b7280", "#d9dde5"
PANELS: dict[str, Callable[[Figures], float]] = {
    "time, s (dashed: the bound)": lambda f: f.seconds,
    "peak RSS, MB": lambda f: f.megabytes,
    "CPU an instance, ms": lambda f: f.cpu_ms_each,
}


def write(measured: Sequence[Figures]) -> None:
    put("figures", table(measured))
    PICTURE.write_text(draw(measured), encoding="utf-8")


def put(name: str, text: str) -> None:
    """The text between the page's markers of that name."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    PAGE.write_text(before + begin + text + end + rest.partition(end)[2], encoding="utf-8")


def table(measured: Sequence[Figures]) -> str:
    rows = [
        list(COLUMNS),
        ["---:"] * len(COLUMNS),
        *([cell(figures) for cell in COLUMNS.values()] for figures in measured),
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def draw(measured: Sequence[Figures]) -> str:
    """A panel for each quantity over the size of the fleet; both axes by powers of ten."""
    wide, high = 2 * EDGE + len(PANELS) * (LEFT + PANEL + EDGE), TOP + TALL + GAP
    parts: list[str] = []
    for number, (title, value) in enumerate(PANELS.items()):
        bounds = number == 0
        parts += panel(measured, title, value, EDGE + number * (LEFT + PANEL + EDGE), bounds=bounds)
    for number, (spread, colour) in enumerate(COLOURS.items()):
        x, y = EDGE + LEFT + number * 120, high - 18
        parts.append(f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{colour}"/>')
        parts.append(label(x + 10, y, spread))
    size = f'width="{wide}" height="{high}"'
    look = 'font-family="system-ui, sans-serif" font-size="12" role="img"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {wide} {high}" {look}>'
    title = "<title>What a run costs, by the size of the fleet</title>"
    title += f"<desc>{'; '.join(PANELS)}, each over the number of instances, on log scales</desc>"
    return "\n".join([head, title, f'<rect {size} fill="#ffffff"/>', *parts, "</svg>\n"])


def panel(
    measured: Sequence[Figures],
    title: str,
    value: Callable[[Figures], float],
    x: int,
    *,
    bounds: bool,
) -> Iterator[str]:
    values = [value(figures) for figures in measured]
    across = Scale([figures.machines for figures in measured], x + LEFT, x + LEFT + PANEL)
    up = Scale(
        [*values, *((f.bound for f in measured) if bounds else ())], TOP + TALL, TOP, margin=1.25
    )
    yield label(x + LEFT, TOP - 22, title, colour=INK, weight=' font-weight="600"')
    for tick in up.ticks():
        y = up.at(tick)
        yield f'<path d="M{x + LEFT} {y:.1f}h{PANEL}" stroke="{LINE}"/>'
        yield label(x + LEFT - 8, y + 4, f"{tick:g}", anchor="end")
    yield label(x + LEFT, TOP - 6, "log scale", size=10)
    yield label(x + LEFT + PANEL / 2, TOP + TALL + 38, "instances (log scale)", anchor="middle")
    for machines in sorted({figures.machines for figures in measured}):
        yield label(across.at(machines), TOP + TALL + 20, f"{machines:,}", anchor="middle")
    for spread, colour in COLOURS.items():
        alike = [figures for figures in measured if figures.spread == spread]
        if bounds:
            limit = [(across.at(f.machines), up.at(f.bound)) for f in alike]
            yield line(limit, colour, ' stroke-dasharray="3 3"')
        points = [(across.at(f.machines), up.at(value(f))) for f in alike]
        yield line(points, colour)
        yield from (f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{colour}"/>' for a, b in points)


class Scale:
    """From a quantity to pixels, by its logarithm."""

    def __init__(
        self, values: Sequence[float], first: float, last: float, margin: float = 1.0
    ) -> None:
        self._low, self._high = min(values) / margin, max(values) * margin
        self._first, self._last = first, last

    def at(self, value: float) -> float:
        share = math.log(value / self._low) / (math.log(self._high / self._low) or 1.0)
        return self._first + share * (self._last - self._first)

    def ticks(self) -> list[float]:
        decades = range(math.floor(math.log10(self._low)), math.ceil(math.log10(self._high)) + 1)
        steps = (1, 1.5, 2, 3, 4, 5, 7) if self._high / self._low < 10 else (1, 2, 5)
        fine = [step * 10.0**decade for decade in decades for step in steps]
        return [tick for tick in fine if self._low <= tick <= self._high]


def line(points: Sequence[tuple[float, float]], colour: str, more: str = "") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{more}/>'


def label(
    x: float,
    y: float,
    text: str,
    *,
    colour: str = FAINT,
    anchor: str = "start",
    weight: str = "",
    size: int = 12,
) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {place} fill="{colour}"{weight}>{escape(text)}</text>'
