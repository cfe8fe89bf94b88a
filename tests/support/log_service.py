"""The fields that the log service (CLS) makes of a log line of ours, and searches in them."""

from __future__ import annotations

import json
import re


def record(message: str) -> dict[str, str]:
    """The fields that SCF puts beside a line (https://cloud.tencent.com/document/product/583/60336)."""
    return {"SCF_FunctionName": "lightsout", "SCF_RequestId": "r", "SCF_Message": message.strip()}


def fields_of(line: str) -> dict[str, str | int | float]:
    """A line that is a JSON object: its first-level texts and numbers, and nothing else.

    https://cloud.tencent.com/document/product/583/55595
    """
    kept = {k: v for k, v in json.loads(line).items() if type(v) in {str, int, float}}
    return {**record(""), **kept}


# Searching, by as much of CQL as docs/operate.md uses: https://cloud.tencent.com/document/product/614/47044

BETWEEN_WORDS = re.compile(r"""[@&?|#()='",;:<>\[\]{}/ \n\t\r]+""")
CONDITION = re.compile(r'(?:(\w+):)?(?:"([^"]*)"|>(\d+))')
DECIDED = re.compile(r"(?:True|False|and|or|[() ])+")


def finds(query: str, fields: dict[str, str | int | float]) -> bool:
    """True if the query finds a record of these fields."""

    def holds(condition: re.Match) -> str:
        name, phrase, least = condition.groups()
        values = [fields[name]] if name in fields else [] if name else list(fields.values())
        if phrase is None:
            return str(any(value > int(least) for value in values))
        return str(any(says(str(value), phrase) for value in values))

    decided = CONDITION.sub(holds, query).replace("AND", "and").replace("OR", "or")
    assert DECIDED.fullmatch(decided), f"not understood: {query}"
    return eval(decided)


def says(text: str, phrase: str) -> bool:
    """True if the words of the phrase stand in the text, one behind the other, in any case."""
    words, wanted = ([*filter(None, BETWEEN_WORDS.split(it.lower()))] for it in (text, phrase))
    places = range(len(words) - len(wanted) + 1)
    return any(words[at : at + len(wanted)] == wanted for at in places)
