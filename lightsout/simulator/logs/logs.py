"""The data of the log service: logsets, topics, their indexes, lines. Knows no requests."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.policies import china_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from lightsout.simulator.functions.functions import Function
    from lightsout.simulator.world import World

FOREVER = 3640  # days of a period
DEFAULT_PERIOD = 7  # of the topic that SCF makes by itself
CURSOR_SECONDS = 3600
TEXTS = (
    "SCF_FunctionName", "SCF_Namespace", "SCF_RequestId", "SCF_Alias", "SCF_Qualifier",
    "SCF_Level", "SCF_Message", "SCF_Type",
)  # fmt: skip
LONGS = ("SCF_StartTime", "SCF_LogTime", "SCF_Duration", "SCF_StatusCode", "SCF_RetryNum")
TOKENIZER = "@&?|#()='\",;:<>[]{}/ \n\t\r\\"


@dataclass(slots=True, eq=False)
class Line:
    """A log line: its time, and its fields as texts. `index`: the one that it was indexed by."""

    at: datetime
    nanos: int
    fields: dict[str, str]
    package: str
    number: int
    index: Index | None = None


@dataclass(slots=True)
class Index:
    """The rule as CreateIndex takes it."""

    rule: dict[str, Any]
    status: bool = True
    modified: str = ""
    internal: bool = False
    metadata: int = 0
    coverage: str = ""

    def has(self, key: str) -> bool:
        """True if a field can be searched by its name."""
        dynamic = (self.rule.get("DynamicIndex") or {}).get("Status", False)
        values = (self.rule.get("KeyValue") or {}).get("KeyValues") or []
        return dynamic or any(each["Key"] == key for each in values)

    @property
    def full_text(self) -> bool:
        return bool(self.rule.get("FullText"))

    def words(self, field: str | None, text: str) -> tuple[str, ...]:
        """The words of the text, cut as the index cuts that field; None: as the full text."""
        part = (self.rule.get("FullText" if field is None else "KeyValue")) or {}
        separators = part.get("Tokenizer", TOKENIZER)
        for each in part.get("KeyValues") or ():
            if each["Key"] == field:
                separators = each["Value"]["Tokenizer"]
        return _cut(text if part.get("CaseSensitive") else text.lower(), separators)


@dataclass(slots=True)
class Logset:
    id: str
    name: str
    account: str
    region: str
    created: str
    tags: tuple[tuple[str, str], ...] = ()
    made_by: str = ""  # the product that made it by itself


@dataclass(slots=True)
class Topic:
    """A topic. `settings`: those given to CreateTopic, as DescribeTopics shows them."""

    id: str
    name: str
    logset: Logset
    created: str
    period: int = 30  # days
    tags: tuple[tuple[str, str], ...] = ()
    made_by: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    index: Index | None = None
    lines: list[Line] = field(default_factory=list)
    ready_at: float = 0.0  # by the monotonic clock; until then it is being created
    index_busy_until: float = 0.0
    searches: int = 0  # that are under way


@dataclass(slots=True)
class Cursor:
    """The position of a reader in a topic. `asked`: the parameters, which must stay the same."""

    asked: dict[str, Any]
    left: list[Line]
    sent: int
    expires: float


class Logs:
    """All accounts' logs.

    `json_lines`: the form of a line that is a JSON object: "fields", "message" or "both".
    `visible_after`: seconds until a line can be found. `topic_seconds`, `index_seconds`: how long a
    new topic, and a change of an index, take. `late_list_over`: ListOver is true only on a page
    without results. `blank_packages`: PkgId and PkgLogId are empty. `while_searching` is called in
    the middle of each search, without the world's lock.
    """

    def __init__(self, world: World) -> None:
        self.json_lines = "fields"
        self.visible_after = 0.0
        self.topic_seconds = 1.0
        self.index_seconds = 1.0
        self.late_list_over = False
        self.blank_packages = False
        self.while_searching: Callable[[], object] = lambda: None
        self.logsets: dict[str, Logset] = {}
        self.topics: dict[str, Topic] = {}
        self.cursors: dict[str, Cursor] = {}
        self._world = world
        self._numbers = itertools.count(1)

    def add_logset(self, account: str, region: str, name: str, **facts: Any) -> Logset:
        logset = Logset(self._id(), name, account, region, china_time(self._world), **facts)
        self.logsets[logset.id] = logset
        return logset

    def add_topic(self, logset: Logset, name: str, **facts: Any) -> Topic:
        """A topic without an index; it is ready at once."""
        topic = Topic(self._id(), name, logset, china_time(self._world), **facts)
        self.topics[topic.id] = topic
        return topic

    def default_topic(self, account: str, region: str) -> Topic:
        """The topic that functions of the region share by default; made when needed."""
        for topic in self.topics.values():
            of = topic.logset.account, topic.logset.region, topic.made_by
            if of == (account, region, "SCF"):
                return topic
        logset = self.add_logset(account, region, "SCF_logset_00000001", made_by="SCF")
        topic = self.add_topic(
            logset, "SCF_logtopic_00000001", made_by="SCF", period=DEFAULT_PERIOD
        )
        topic.index = platform_index(china_time(self._world))
        return topic

    def topic_of(self, function: Function) -> Topic:
        """The topic of the function's lines; made for a function that no call created."""
        topic = self.topics.get(function.topic)
        if topic is None:
            logset = Logset(
                function.logset, "logset", function.account, function.region, function.added
            )
            logset = self.logsets.setdefault(logset.id, logset)
            topic = Topic(function.topic, "topic", logset, function.added)
            topic.index = platform_index(function.added, dynamic=True)
            self.topics[topic.id] = topic
        return topic

    def write(self, topic: Topic, at: datetime, fields: Mapping[str, str]) -> Line:
        """Add a line, indexed by the present index of the topic."""
        number = next(self._numbers)
        nanos = int(at.timestamp() * 1000) * 1_000_000 + number % 1_000_000
        line = Line(at, nanos, dict(fields), f"{number:016X}-1", number, topic.index)
        topic.lines.append(line)
        return line

    def kept(self, topic: Topic) -> list[Line]:
        """The lines that can be found now: not too new, not older than the period, indexed."""
        now = self._world.clock.now()
        newest = now - timedelta(seconds=self.visible_after)
        days = 36_500 if topic.period == FOREVER else topic.period
        oldest = now - timedelta(days=days)
        return [it for it in topic.lines if oldest <= it.at <= newest and it.index is not None]

    def keep_place(self, asked: dict[str, Any], left: list[Line], sent: int) -> str:
        """A cursor for the lines that are left."""
        expires = self._world.clock.monotonic() + CURSOR_SECONDS
        name = f"Y29udGV4dC{next(self._numbers):08d}"
        self.cursors[name] = Cursor(asked, left, sent, expires)
        return name

    def place(self, name: str) -> Cursor | None:
        """The cursor of that name, unless it has expired."""
        cursor = self.cursors.get(name)
        gone = cursor is None or cursor.expires <= self._world.clock.monotonic()
        return None if gone else cursor

    def _id(self) -> str:
        return f"{next(self._numbers):08x}-0000-4000-8000-{next(self._numbers):012x}"


@lru_cache(maxsize=200_000)
def _cut(text: str, separators: str) -> tuple[str, ...]:
    for each in separators:
        text = text.replace(each, "\0")
    return tuple(word for word in text.split("\0") if word)


def platform_index(modified: str, *, dynamic: bool = False) -> Index:
    """The index that SCF makes: its own fields, and the full text."""
    text = {"Type": "text", "Tokenizer": TOKENIZER, "SqlFlag": True, "ContainZH": False}
    number = {"Type": "long", "Tokenizer": "", "SqlFlag": True, "ContainZH": False}
    values = [{"Key": key, "Value": text | {"Alias": ""}} for key in TEXTS]
    values += [{"Key": key, "Value": number | {"Alias": ""}} for key in LONGS]
    memory = number | {"Type": "double", "Alias": ""}
    values.append({"Key": "SCF_MemUsage", "Value": memory})
    full = {"CaseSensitive": False, "Tokenizer": TOKENIZER, "ContainZH": False}
    rule = {
        "FullText": full,
        "KeyValue": {"CaseSensitive": False, "KeyValues": values},
        "Tag": {"CaseSensitive": False, "KeyValues": []},
        "DynamicIndex": {"Status": dynamic},
    }
    return Index(rule, modified=modified, internal=True)
