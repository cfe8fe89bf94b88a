"""Writes docs/reliability.md from the hazards that tests declare; --check: is it stale?

A test says `@pytest.mark.hazard("what goes wrong", "what happens then")`. The codes and their
meanings come from lightsout/cloud/error_codes.py.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from lightsout.cloud.error_codes import FAMILIES, MEANINGS, Meaning

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"
CHAPTERS = {
    "test_codes.py": "Refused calls",
    "test_rights.py": "Rights, limits, and parts that fail",
    "test_transport.py": "Answers that never come, and credentials",
    "test_listing.py": "Listings",
    "test_deadline.py": "Time, retries, and what earlier runs left",
    "test_accounts.py": "Several accounts",
    "test_parts.py": "Several invocations",
    "test_triggers.py": "Events, and requests from outside",
    "test_notify.py": "Telling people: robots, reminders, the heartbeat",
}
HEAD = """# What can go wrong, what happens then, and the test that shows it

Made from the tests and from `lightsout/cloud/error_codes.py` by `python -m tools.reliability_docs`;
`make check` fails when it is stale. Each row is a test through real HTTP to the simulator:
`.venv/bin/python -m pytest -k NAME` runs one. Beside them, `tests/support/laws.py` states what must
hold whatever happens, and `make soak` throws random troubles at it for as long as one likes.
"""


README = ROOT / "README.md"
# The 15 codes of StopInstances of Lighthouse, and the rate limit.
LIGHTHOUSE = [*list(MEANINGS)[:15], "RequestLimitExceeded"]
BEGIN, END = "<!-- codes: begin -->\n", "<!-- codes: end -->"


def main() -> int:
    page = "\n".join([HEAD, *map(chapter, CHAPTERS), codes()])
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    readme = before + BEGIN + meanings() + END + rest.partition(END)[2]
    wanted = {PAGE: page, README: readme}
    if "--check" in sys.argv:
        stale = [path.name for path, text in wanted.items() if _read(path) != text]
        print(f"stale, make docs: {', '.join(stale)}" if stale else "the tables are up to date")
        return 1 if stale else 0
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def meanings() -> str:
    """The short form for the README: what a code can be about, with Lighthouse's own codes."""
    rows = []
    for meaning in Meaning:
        own = [code for code, what in MEANINGS.items() if what is meaning and code in LIGHTHOUSE]
        if own:
            rows.append(f"| {', '.join(f'`{code}`' for code in own)} | {meaning.value} |")
    return "\n".join(["| code | it is about |", "|---|---|", *rows]) + "\n"


def chapter(file: str) -> str:
    tree = ast.parse((ROOT / "tests" / "runs" / file).read_text(encoding="utf-8"))
    rows = [
        f"| {title} | {what} | `{test.name}` |"
        for test in tree.body
        if isinstance(test, ast.FunctionDef)
        for title, what in hazards(test)
    ]
    head = f"\n## {CHAPTERS[file]} (`tests/runs/{file}`)\n"
    return "\n".join([head, "| what goes wrong | what happens | test |", "|---|---|---|", *rows])


def hazards(test: ast.FunctionDef) -> list[tuple[str, str]]:
    """The two texts of each hazard mark on a test."""
    marks = [mark for mark in test.decorator_list if isinstance(mark, ast.Call)]
    named = [mark for mark in marks if ast.unparse(mark.func) == "pytest.mark.hazard"]
    return [(ast.literal_eval(mark.args[0]), ast.literal_eval(mark.args[1])) for mark in named]


def codes() -> str:
    head = "\n## What each error code means\n\n| code | it is about |\n|---|---|"
    rows = [f"| `{code}` | {meaning.value} |" for code, meaning in MEANINGS.items()]
    rows += [
        f"| any other `{family}.…` | {meaning.value} |" for family, meaning in FAMILIES.items()
    ]
    return "\n".join([head, *rows, f"| any other | {FAMILIES['OperationDenied'].value} |"]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
