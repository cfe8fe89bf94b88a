"""Keep the instances that wait for another try: how many they had, and when the next may come."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lightsout.cloud.error_codes import Meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lightsout.base.clock import Clock
    from lightsout.cloud.sdk import CallFailed

TRIES = 3  # for an instance that is refused although a look shows nothing wrong
TRIES_ALONE = 2  # for one that is known to be the cause of a refusal

_PASSING = {Meaning.SERVICE, Meaning.THROTTLE, Meaning.UNSURE, Meaning.GROUP_BUSY}


class Waiting:
    """An instance that was refused for now, or for which no answer came."""

    __slots__ = ("alone", "behind", "not_before", "refusal", "since", "tries")

    def __init__(self, refusal: CallFailed, since: float) -> None:
        self.refusal = refusal
        self.since = since  # seconds of the monotonic clock
        self.tries = 1
        self.alone = False  # it caused the refusal of its batch: its next call is for it alone
        self.not_before = 0.0
        self.behind = False  # a call for other members of its group was accepted while it waited

    @property
    def has_no_try_left(self) -> bool:
        """True if it has no try left. A fault of the service uses up none, but alone."""
        meaning = self.refusal.meaning
        patient = meaning is Meaning.GROUP_BUSY or (meaning in _PASSING and not self.alone)
        return not patient and self.tries >= (TRIES_ALONE if self.alone else TRIES)


class WaitingList:
    """The instances of a job that wait for another try, by ID. Times are monotonic seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, Waiting] = {}
        self._refused: dict[str, int] = defaultdict(int)  # calls that were refused

    def __contains__(self, id_: str) -> bool:
        return id_ in self._waiting

    def __iter__(self) -> Iterator[str]:
        return iter(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)

    def __getitem__(self, id_: str) -> Waiting:
        return self._waiting[id_]

    def add(
        self, ids: Iterable[str], refusal: CallFailed, *, alone: bool = False, pause: float = 0.0
    ) -> None:
        """Let `ids` wait for another try, `pause` seconds at least.

        `alone`: each of them was found to be the cause of a refusal.
        """
        now = self._clock.monotonic()
        for id_ in ids:
            waiting = self._waiting.setdefault(id_, Waiting(refusal, now))
            if waiting.refusal.meaning in _PASSING and refusal.meaning not in _PASSING:
                waiting.tries = 1  # earlier tries said nothing about the instance
            waiting.refusal = refusal
            if alone and not waiting.alone:
                waiting.alone, waiting.not_before, waiting.tries = True, now + pause, 1

    def begin_again(self, ids: Iterable[str]) -> None:
        """Give those of `ids` that wait their full time and all their tries again, from now on.

        A try may have ended without a call, because their group took a call for other members.
        """
        now = self._clock.monotonic()
        for id_ in ids:
            if id_ in self._waiting:
                waiting = self._waiting[id_]
                waiting.since, waiting.tries, waiting.behind = now, 1, True

    def has_any(self, ids: Iterable[str]) -> bool:
        return any(id_ in self._waiting for id_ in ids)

    def remove(self, id_: str) -> None:
        self._waiting.pop(id_, None)

    def count_refusal(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            self._refused[id_] += 1

    def is_alone(self, id_: str) -> bool:
        return id_ in self._waiting and self._waiting[id_].alone

    def never_came_up(self, id_: str) -> bool:
        """True if no call for it was sent, because other members of its group came first."""
        return self._waiting[id_].behind and not self._refused.get(id_)

    def why_it_failed(self, id_: str) -> str:
        """The reason in the report for an instance that fails after all its tries."""
        refusal, times = self._waiting[id_].refusal, self._refused.get(id_, 0)
        if not times:
            return f"never asked: {refusal}"
        return f"{refusal} (asked {times} time{'s' * (times > 1)})"
