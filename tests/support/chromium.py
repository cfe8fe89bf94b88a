"""A real browser without a window, driven from its command line."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
NARROWEST = 500  # pixels of a window without a screen
CONSOLE = re.compile(r"CONSOLE.*?\] (.*)")


class Seen(NamedTuple):
    out: str
    console: list[str]  # what the page wrote there, errors and refusals of its policy included


class Chromium:
    """Opens pages, each time with nothing that it knew before."""

    def __init__(self, folder: Path) -> None:
        self._program = find_chromium()
        self._folder = folder
        self._runs = 0

    def open(self, page: Path, *options: str, fragment: str = "") -> Seen:
        self._runs += 1
        profile = self._folder / f"profile-{self._runs}"
        command = [str(self._program), *QUIET, f"--user-data-dir={profile}", *options]
        done = subprocess.run(
            [*command, f"{page.as_uri()}{fragment}"],
            capture_output=True, text=True, check=True, timeout=120, cwd=self._folder,
        )  # fmt: skip
        return Seen(done.stdout, CONSOLE.findall(done.stderr))

    def dom(self, page: Path, *options: str, fragment: str = "") -> Seen:
        """The document after its script ran."""
        return self.open(page, "--dump-dom", *options, fragment=fragment)

    def picture(self, page: Path, to: Path, size: tuple[int, int], *options: str) -> Seen:
        """A PNG of that many pixels; narrower than 500 the page stands in a frame."""
        wide, high = size
        if wide < NARROWEST:
            page = self.framed(page, wide, high)
        return self.open(page, f"--window-size={wide},{high}", f"--screenshot={to}", *options)

    def framed(self, page: Path, wide: int, high: int) -> Path:
        """A page that holds this one as a phone of that size would show it."""
        frame = f'<iframe src="{page.as_uri()}" width="{wide}" height="{high}"></iframe>'
        style = "<style>body { margin: 0 } iframe { border: 0 }</style>"
        hear = "<script>addEventListener('message', (it) => { document.title = it.data })</script>"
        outer = self._folder / f"framed-{wide}.html"
        outer.write_text(f"<title></title>{style}{hear}{frame}", encoding="utf-8")
        return outer

    def pdf(self, page: Path, to: Path) -> Seen:
        return self.open(page, f"--print-to-pdf={to}", "--no-pdf-header-footer")


DARK: Sequence[str] = ("--blink-settings=preferredColorScheme=0",)


def find_chromium() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)
