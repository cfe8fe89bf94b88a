"""The progress of a run, shown line by line from the log lines that it writes."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lightsout.cli.output.tables import complain
from lightsout.cli.output.words import past, plural
from lightsout.model.instance import ACTIONS, RESOURCES, place_of

if TYPE_CHECKING:
    from lightsout.cli.output.tables import Output
    from lightsout.model.instance import Action

Line = dict[str, Any]


def tell_retry(text: str) -> None:
    """Shows a repeated call on stderr; every other log line is ignored."""
    line = json.loads(text)
    if line["event"] == "retry":
        complain(f"{_place(line)}{_again(line)}")


def _place(line: Line) -> str:
    return f"{place_of(line['account'], line['region'])} " if "region" in line else ""


def _again(line: Line) -> str:
    return f"{line['action']}: {line['code']}, again in {line['wait_s']} s"


class Progress:
    """Takes each log line as the run writes it, and shows what a person wants to follow."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._began: datetime | None = None
        self._dry = False
        self._actions: dict[str, set[str]] = defaultdict(set)  # names of them, by policy
        # IDs by place and action
        self._accepted: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._confirmed: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._tell = {
            "run.started": self._run_started,
            "plan": self._plan,
            "verify.confirmed": self._verify_confirmed,
            "verify.skipped": self._verify_skipped,
            "verify.failed": self._failed,
            "instance.failed": self._failed,
            "retry": self._retry,
            "warning": self._warning,
            "policy.mistake": self._mistake,
        }
        for action in ACTIONS:
            self._tell[f"{action}.accepted"] = self._call_accepted
            self._tell[f"{action}.rejected"] = self._call_rejected

    def __call__(self, text: str) -> None:
        line = json.loads(text)
        now = datetime.strptime(line["time"], "%Y-%m-%dT%H:%M:%S.%f%z")
        self._began = self._began or now
        tell = self._tell.get(line["event"])
        said = tell(line) if tell else None
        if said:
            bad = {"warning": "yellow", "error": "bold red"}.get(line["level"], "")
            self._out.say(
                f"{(now - self._began).total_seconds():4.1f}s {_place(line)}{said}", look=bad
            )

    def _run_started(self, line: Line) -> None:
        self._dry = bool(line["dry_run"])

    def _plan(self, line: Line) -> str | None:
        if "act" not in line:  # the lines with each reason: the table has them
            return None
        policy, act = line["policies"][0], line["act"]
        action = ACTIONS[line["action"]]
        self._actions[policy].add(action.name)
        to_do = f"{act} would be {past(action)}" if self._dry else f"{act} to {action.name}"
        if line["refused"]:
            return f"{policy}: none {past(action)}, {line['keep']} kept: {line['refused']}"
        return f"{policy}: {to_do}, {line['keep']} kept"

    def _call_accepted(self, line: Line) -> str:
        action = ACTIONS[line["event"].partition(".")[0]]
        self._accepted[_place(line), action.name].update(line["instance_ids"])
        return f"{len(line['instance_ids'])} accepted, RequestId {line['request_id']}"

    def _call_rejected(self, line: Line) -> str:
        action = line["event"].partition(".")[0]
        asked = plural(len(line["instance_ids"]), "instance")
        return f"a batch of {asked} to {action} refused: {line['code']}: {line['message']}"

    def _verify_confirmed(self, line: Line) -> str:
        action = self._action_of(line)
        if action is None:
            return f"{plural(len(line['instance_ids']), 'instance')} confirmed"
        key = (_place(line), action.name)
        self._confirmed[key].update(line["instance_ids"])
        known = self._accepted[key] | self._confirmed[key]
        after = RESOURCES[line["resource"]].action(action.name).after
        return f"{len(self._confirmed[key])} of {len(known)} confirmed {after}"

    def _verify_skipped(self, line: Line) -> str:
        return f"{plural(len(line['instance_ids']), 'instance')}: {line['reason']}"

    def _failed(self, line: Line) -> str:
        names, action = ", ".join(line["policies"]), self._action_of(line)
        if not line["instance_ids"]:
            return f"{names}: {line['reason']}"
        not_done = f"not {past(action)}" if action else "failed"
        return f"{plural(len(line['instance_ids']), 'instance')} {not_done}: {line['reason']}"

    def _action_of(self, line: Line) -> Action | None:
        """The action of a line's policies; None where it is unknown, or they differ."""
        actions = {one for name in line["policies"] for one in self._actions[name]}
        return ACTIONS[actions.pop()] if len(actions) == 1 else None

    def _retry(self, line: Line) -> str:
        return _again(line)

    def _warning(self, line: Line) -> str:
        return f"warning: {line['message']}"

    def _mistake(self, line: Line) -> str:
        return str(line["message"])
