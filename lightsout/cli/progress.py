"""What a run is doing, told line by line from the log lines that it writes."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lightsout.cli.tables import complain
from lightsout.cli.words import plural
from lightsout.instance import STOP, place_of

if TYPE_CHECKING:
    from lightsout.cli.tables import Output

Line = dict[str, Any]


def tell_retry(text: str) -> None:
    """Says on stderr why a command that only looks takes its time; every other line is silent."""
    line = json.loads(text)
    if line["event"] == "retry":
        complain(f"{_place(line)}{_again(line)}")


def _place(line: Line) -> str:
    return f"{place_of(line['account'], line['region'])} " if "region" in line else ""


def _again(line: Line) -> str:
    return f"{line['action']}: {line['code']}, again in {line['wait_s']} s"


class Progress:
    """Takes each line as the run writes it, one at a time, and tells what a person follows."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._began: datetime | None = None
        self._accepted: dict[str, set[str]] = defaultdict(set)  # IDs by place
        self._confirmed: dict[str, set[str]] = defaultdict(set)
        self._tell = {
            "plan": self._plan,
            "stop.accepted": self._stop_accepted,
            "stop.rejected": self._stop_rejected,
            "verify.confirmed": self._verify_confirmed,
            "verify.failed": self._failed,
            "instance.failed": self._failed,
            "retry": self._retry,
            "warning": self._warning,
            "policy.mistake": self._mistake,
        }

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

    def _plan(self, line: Line) -> str | None:
        if "act" not in line:  # the lines with each reason: the table has them
            return None
        refused = f": {line['refused']}" if line["refused"] else ""
        return f"{line['policies'][0]}: {line['act']} to stop, {line['keep']} kept{refused}"

    def _stop_accepted(self, line: Line) -> str:
        self._accepted[_place(line)].update(line["instance_ids"])
        return f"{len(line['instance_ids'])} accepted, RequestId {line['request_id']}"

    def _stop_rejected(self, line: Line) -> str:
        asked = plural(len(line["instance_ids"]), "instance")
        return f"a batch of {asked} refused: {line['code']}: {line['message']}"

    def _verify_confirmed(self, line: Line) -> str:
        place = _place(line)
        self._confirmed[place].update(line["instance_ids"])
        known = self._accepted[place] | self._confirmed[place]
        return f"{len(self._confirmed[place])} of {len(known)} confirmed {STOP.after}"

    def _failed(self, line: Line) -> str:
        return f"{plural(len(line['instance_ids']), 'instance')} not stopped: {line['reason']}"

    def _retry(self, line: Line) -> str:
        return _again(line)

    def _warning(self, line: Line) -> str:
        return f"warning: {line['message']}"

    def _mistake(self, line: Line) -> str:
        return str(line["message"])
