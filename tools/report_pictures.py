"""Pictures of the page that `lightsout demo --report` ends with: `python -m tools.report_pictures`.

Needs chromium (Debian: apt-get install chromium), and writes docs/pictures/.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.chromium import Chromium

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
SIZES = {"report.png": (1180, 1120), "report-phone.png": (390, 1000)}


def main() -> None:
    """Runs the demo, opens its page in each size, and keeps what is seen."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        demo = [sys.executable, "-m", "lightsout", "demo", "--report", str(page)]
        subprocess.run(demo, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        browser = Chromium(Path(folder))
        for name, size in SIZES.items():
            browser.picture(page, PICTURES / name, size)
            print(f"drawn: {PICTURES / name}")


if __name__ == "__main__":
    main()
