"""Print the output of a deploy, without the values of variables that may be secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.cli.deploy.steps.function import SHOWN
from lightsout.cli.output.tables import Output, complain
from lightsout.cli.output.words import command
from lightsout.doctor.diagnosis import FINE, UNKNOWN, WARNING, WRONG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lightsout.cli.deploy.steps.step import DeployStep, Plan

SHORTEST_SECRET = 4  # characters; a shorter text is part of many words
LOOKS = {"+": "green", "~": "yellow", "-": "red"}
OF_FINDINGS = {FINE: "green", WRONG: "bold red", WARNING: "bold yellow", UNKNOWN: "cyan"}
HIDDEN = "…"


class Voice:
    """Prints for the person at the command. No secret is printed, even if a service echoes it."""

    def __init__(self) -> None:
        self._out = Output()
        self._secrets: list[str] = []

    def keep_secret(self, variables: Mapping[str, str]) -> None:
        found = {it for name, it in variables.items() if name not in SHOWN}
        kept = {it for it in found if len(it) >= SHORTEST_SECRET} | set(self._secrets)
        self._secrets = sorted(kept, key=len, reverse=True)  # a longer one before a part of it

    def say(self, text: str = "", look: str = "") -> None:
        self._out.say(self._fit(text), look)

    def complain(self, lines: str) -> None:
        """Print to stderr why nothing is done."""
        complain(*(self._fit(line) for line in f"lightsout: {lines}".split("\n")))

    def _fit(self, text: str) -> str:
        """The text without secrets, and with commands as they are typed here."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for name in ("`python -m lightsout ", "`lightsout "):
            text = text.replace(name, f"`{command()} ")
        return text

    def say_all(self, lines: Iterable[str], look: str = "") -> None:
        for line in lines:
            self.say(line, look)

    def show(self, plan: Plan) -> None:
        """Print the difference, step by step."""
        for step in plan.steps:
            self._show(step)
        if plan.withheld:
            self.say("These would give an existing role more rights (--allow-rights):")
            for step in plan.withheld:
                self._show(step)
        if plan.leftovers:
            self.say("Not in serverless.yml, and left alone (--prune takes such things away):")
            self.say_all(f"  {it}" for it in plan.leftovers)
        self.say_all((f"! {it}" for it in plan.notes), look="yellow")

    def _show(self, step: DeployStep) -> None:
        if step.says:
            self.say(step.says, look=LOOKS.get(step.says[0], ""))
        self.say_all(f"    {it}" for it in step.details)
