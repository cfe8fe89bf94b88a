"""`python -m lightsout`."""

from __future__ import annotations

import sys

from lightsout.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
