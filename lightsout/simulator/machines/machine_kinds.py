"""The machines of each service: the form of their IDs, their states, their operations.

The words of Lighthouse and CVM, RUNNING, STOPPING, STOPPED and STARTING, stand for those of every
service: World.add and SimInstance.state take them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightsout.simulator.base.ids import LETTERS, new_id
from lightsout.simulator.machines.instance import Move

if TYPE_CHECKING:
    from collections.abc import Container
    from random import Random


@dataclass(frozen=True, slots=True)
class MachineKind:
    """The machines of one service. `letters` and `length`: of the part of an ID after `prefix`."""

    service: str
    prefix: str
    stop: Move
    start: Move
    create: str  # the operation that made it
    letters: str = LETTERS
    length: int = 8
    has_tags: bool = True

    def free_id(self, wanted: str | None, taken: Container[str], random: Random) -> str:
        """The wanted ID, or a new one.

        Raises ValueError for an ID that is taken, or of another form.
        """
        if wanted is None:
            return new_id(random, self.prefix, taken, self.letters, self.length)
        if not wanted.startswith(self.prefix):
            raise ValueError(f"{wanted} is no ID of {self.service}")
        if wanted in taken:
            raise ValueError(f"{wanted} is there already")
        return wanted

    def own_word(self, state: str) -> str:
        """The service's own word for a state."""
        words = {
            "RUNNING": self.stop.before,
            "STOPPING": self.stop.during,
            "STOPPED": self.stop.after,
            "STARTING": self.start.during,
        }
        return words.get(state, state)

    def usual_operation(self, state: str) -> tuple[str, str]:
        """The latest operation, and its state, of a new machine in this state."""
        stop, start = self.stop.action, self.start.action
        usual = {
            self.stop.during: (stop, "OPERATING"),
            self.start.during: (start, "OPERATING"),
            self.stop.before: (start, "SUCCESS"),
            self.stop.after: (stop, "SUCCESS"),
            "STOPPED": (stop, "SUCCESS"),
            "STOPPING": (stop, "OPERATING"),
            "STARTING": (start, "OPERATING"),
            "REBOOTING": ("RebootInstances", "OPERATING"),
            "PENDING": (self.create, "OPERATING"),
            "LAUNCH_FAILED": (self.create, "FAILED"),
        }
        return usual.get(state, (start, "SUCCESS"))


STOP = Move("StopInstances", "RUNNING", "STOPPING", "STOPPED")
START = Move("StartInstances", "STOPPED", "STARTING", "RUNNING")

_ALL = (
    MachineKind("lighthouse", "lhins-", STOP, START, "CreateInstances"),
    MachineKind("cvm", "ins-", STOP, START, "RunInstances"),
    # There is no word for a machine that stops or starts: only its latest operation shows that. It
    # is a guess that the state stays as before meanwhile.
    MachineKind(
        "hai",
        "hai-",
        Move("StopInstance", "RUNNING", "RUNNING", "STOPPED_NO_CHARGE"),
        Move("StartInstance", "STOPPED_NO_CHARGE", "STOPPED_NO_CHARGE", "RUNNING"),
        "RunInstances",
        has_tags=False,
    ),
    # Notebooks. It is a guess: Failed after a failed start, Running after a failed stop.
    MachineKind(
        "tione",
        "nb-",
        Move("StopNotebook", "Running", "Stopping", "Stopped"),
        Move("StartNotebook", "Stopped", "Starting", "Running", failed="Failed"),
        "CreateNotebook",
        letters="0123456789",
        length=19,
    ),
)
KINDS = {each.service: each for each in _ALL}
