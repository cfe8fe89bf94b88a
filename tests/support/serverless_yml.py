"""serverless.yml as the tests read it: as shipped, and with its examples switched on."""

from __future__ import annotations

import re

import yaml

from tests.support.paths import ROOT

TEXT = (ROOT / "serverless.yml").read_text(encoding="utf-8")


def shipped() -> dict:
    """serverless.yml as shipped."""
    return yaml.safe_load(TEXT)["inputs"]


def with_examples() -> dict:
    """The same without each # that is not followed by a single space."""
    return yaml.safe_load(re.sub(r"^( *)#(?! \S|$)", r"\1", TEXT, flags=re.MULTILINE))["inputs"]


def timers(inputs: dict) -> list[dict]:
    return [event["timer"] for event in inputs["events"]]
