"""Show the progress of a run from the log lines that it writes."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lightsout.cli.output.tables import complain
from lightsout.cli.output.words import past, plural
from lightsout.model.report import id_of
from lightsout.model.resources.resource import ACTIONS, RESOURCES, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lightsout.base.clock import Clock
    from lightsout.cli.output.tables import Output
    from lightsout.model.resources.resource import Action

Line = dict[str, Any]

SILENCE = timedelta(seconds=20)


def show_retry(text: str) -> None:
    """Show a repeated call on stderr; ignore every other log line."""
    line = json.loads(text)
    if line["event"] == "retry":
        complain(f"{_place(line)}{_again(line)}")


def _place(line: Line) -> str:
    return f"{place_of(line['account'], line['region'])} " if "region" in line else ""


def _again(line: Line) -> str:
    return f"{line['action']}: {line['code']}, again in {line['wait_s']} s"


class Progress:
    """Takes each log line as the run writes it, and shows those that people follow.

    After SILENCE seconds without a line, `waited` shows what the run waits for.
    """

    def __init__(self, out: Output) -> None:
        self._out = out
        self._began: datetime | None = None
        self._dry = False
        self._actions: dict[str, set[str]] = defaultdict(set)  # names, by policy
        # IDs by place and action
        self._after: dict[tuple[str, str], str] = {}  # the final state, by place and action
        self._accepted: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._confirmed: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._ended: set[str] = set()  # IDs of those that failed, or were skipped
        self._latest: datetime | None = None  # when something was shown
        self._lock = threading.Lock()  # waiting threads call it, too
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
        with self._lock:
            self._began = self._began or now
            tell = self._tell.get(line["event"])
            said = tell(line) if tell else None
            if said:
                bad = {"warning": "yellow", "error": "bold red"}.get(line["level"], "")
                self._say(now, f"{_place(line)}{said}", bad)

    def waited(self, now: datetime) -> None:
        """Called while a run waits; after some silence, show for what."""
        with self._lock:
            if self._latest and now - self._latest >= SILENCE:
                for awaited in self._awaited():
                    self._say(now, awaited, "")

    def _say(self, now: datetime, text: str, look: str) -> None:
        self._latest = now
        began = self._began or now
        self._out.say(f"{(now - began).total_seconds():4.1f}s {text}", look=look)

    def _awaited(self) -> Iterator[str]:
        """The accepted instances at each site that are neither confirmed nor failed."""
        for (place, name), accepted in self._accepted.items():
            left = len(accepted - self._confirmed[place, name] - self._ended)
            if left:
                after = self._after[place, name]
                words = f"waiting for {left} of {len(accepted)} to be {after}"
                yield f"{place}{words}: looked at every few seconds"

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
        after = RESOURCES[line["resource"]].action(action.name).after
        self._after[_place(line), action.name] = after
        return f"{len(line['instance_ids'])} accepted, RequestId {id_of(line)}"

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
        self._ended.update(line["instance_ids"])
        return f"{plural(len(line['instance_ids']), 'instance')}: {line['reason']}"

    def _failed(self, line: Line) -> str:
        self._ended.update(line["instance_ids"])
        names, action = ", ".join(line["policies"]), self._action_of(line)
        if not line["instance_ids"]:
            return f"{names}: {line['reason']}"
        not_done = f"not {past(action)}" if action else "failed"
        return f"{plural(len(line['instance_ids']), 'instance')} {not_done}: {line['reason']}"

    def _action_of(self, line: Line) -> Action | None:
        """The action of a line's policies; None if it is unknown, or they differ."""
        actions = {one for name in line["policies"] for one in self._actions[name]}
        return ACTIONS[actions.pop()] if len(actions) == 1 else None

    def _retry(self, line: Line) -> str:
        return _again(line)

    def _warning(self, line: Line) -> str:
        return f"warning: {line['message']}"

    def _mistake(self, line: Line) -> str:
        return str(line["message"])


class WatchedClock:
    """A clock that reports each sleep of a run."""

    def __init__(self, clock: Clock, waited: Callable[[datetime], object]) -> None:
        self._clock = clock
        self._waited = waited

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)
        with suppress(Exception):  # if it cannot be shown, the run still goes on
            self._waited(self._clock.now())
