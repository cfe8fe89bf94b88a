"""Writes docs/reliability.md from the hazards that tests declare; --check: is it stale?

A test says `@pytest.mark.hazard("what goes wrong", "what happens then")`. The codes and their
meanings come from lightsout/cloud/error_codes.py.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from lightsout.cloud.error_codes import FAMILIES, MEANINGS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"
RUNS = ROOT / "tests" / "runs"
CHAPTERS = {
    "test_codes.py": "Refused calls",
    "test_rights.py": "Rights, limits, and parts that fail",
    "test_transport.py": "Answers that never come, and credentials",
    "test_listing.py": "Listings",
    "test_newest_look.py": "What changes between two calls",
    "test_claims.py": "What is claimed, and what is not",
    "test_deadline.py": "Time, retries, and what earlier runs left",
    "test_when.py": "Windows",
    "test_uptime.py": "Uptime, names, and hours in tags",
    "test_calendar.py": "The calendar of workdays",
    "test_only_if.py": "Conditions",
    "test_conflicts.py": "Due for stop and for start at once",
    "test_charging.py": "Stopped without charge",
    "test_marks.py": "Marks on the machines",
    "test_hai.py": "GPU machines of HAI",
    "test_notebooks.py": "Notebooks of TI-ONE",
    "test_scaling_groups.py": "Members of auto-scaling groups",
    "test_misspelt_settings.py": "Settings",
    "test_identity.py": "Whose account is acted in",
    "test_accounts.py": "Several accounts",
    "test_parts.py": "Several invocations",
    "test_triggers.py": "Events, and requests from outside",
    "test_notify.py": "Telling people: robots, reminders, the heartbeat",
    "test_strangers.py": "Strangers, and secrets",
    "test_secrets.py": "Secrets in tags, events and policies",
    "test_large_reports.py": "Large reports",
    "test_linear_time.py": "Large fleets",
    "test_warm.py": "What a run leaves in a warm process",
    "test_bundle.py": "What is deployed",
}
HEAD = """# What can go wrong, what happens then, and the test that shows it

Made from the tests and from `lightsout/cloud/error_codes.py` by `python -m tools.reliability_docs`;
`make check` fails when it is stale. Each row is a test through real HTTP to the simulator:
`.venv/bin/python -m pytest -k NAME` runs one. Beside them, `tests/support/laws.py` states what must
hold whatever happens, and `make soak` throws random troubles at it for as long as one likes.
"""


def main() -> int:
    marked = {it.name for it in RUNS.glob("test_*.py") if "mark.hazard(" in it.read_text("utf-8")}
    if marked != CHAPTERS.keys():
        raise SystemExit(f"no chapter, or no hazard, for {', '.join(marked ^ CHAPTERS.keys())}")
    page = "\n".join([HEAD, *map(chapter, CHAPTERS), codes()])
    if "--check" in sys.argv:
        stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page
        print(f"stale, make docs: {PAGE.name}" if stale else f"{PAGE.name} is up to date")
        return 1 if stale else 0
    PAGE.write_text(page, encoding="utf-8")
    return 0


def chapter(file: str) -> str:
    tree = ast.parse((RUNS / file).read_text(encoding="utf-8"))
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
