"""What the log service (CLS) makes of a log line of ours."""

from __future__ import annotations

import json


def record(message: str) -> dict[str, str]:
    """The fields that SCF puts beside a line (https://cloud.tencent.com/document/product/583/60336)."""
    return {"SCF_FunctionName": "lightsout", "SCF_RequestId": "r", "SCF_Message": message.strip()}


def fields_of(line: str) -> dict[str, str | int | float]:
    """A line that is a JSON object: its first-level texts and numbers, and nothing else.

    https://cloud.tencent.com/document/product/583/55595
    """
    kept = {k: v for k, v in json.loads(line).items() if type(v) in {str, int, float}}
    return {**record(""), **kept}
