"""The triggers of serverless.yml: those that the deploying tool has, and their form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.policies.shapes import Either, Field, Fields, ListOf, Scalar, Word
from lightsout.policies.texts import FILLED, YES_NO
from lightsout.policies.yamltree import Items, Pairs, Refused, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightsout.policies.reader import Value
    from lightsout.policies.yamltree import Complaints, Node

# What the tool has besides, and nothing here depends on: not looked at.
BESIDES = frozenset({"cos", "ckafka", "clb", "mps"})
URL_FORM = (
    "write http: {parameters: {qualifier: $DEFAULT, authType: NONE, "
    "netConfig: {enableExtranet: true}}}"
)
# What other tools call their triggers: this one breaks off, and leaves a function without timers.
NO_TRIGGERS = {
    "url": URL_FORM,
    "eb": "make the rule in the console of EventBridge",
}

CRON = Scalar("a cron expression of 7 fields, such as 0 7/15 * * * * *", r"\S+( +\S+){6}")
TEXT_OR_LIST = Either("a text or a list of texts", FILLED, ListOf("a list of texts", FILLED))


def must(key: str, kind: Any) -> Field:
    return Field(key, kind, "", required=True)


def may(key: str, kind: Any) -> Field:
    return Field(key, kind, "")


CORS = Fields(
    "corsConfig",
    (
        may("enable", YES_NO),
        may("credentials", YES_NO),
        may("maxAge", FILLED),
        *(may(key, TEXT_OR_LIST) for key in ("origins", "methods", "headers", "exposeHeaders")),
    ),
)
TIMER = Fields(
    "a timer",
    (
        must("name", FILLED),
        must(
            "parameters",
            Fields(
                "a timer's parameters",
                (
                    must("cronExpression", CRON),
                    must("enable", YES_NO),
                    # Without it the timer is deleted and made anew by each deploy.
                    must("argument", FILLED),
                    may("qualifier", FILLED),
                ),
            ),
        ),
    ),
)
URL = Fields(
    "a function URL",
    (
        may("name", FILLED),
        must(
            "parameters",
            Fields(
                "a function URL's parameters",
                (
                    may("name", FILLED),
                    may("qualifier", FILLED),
                    may("authType", Word(("NONE", "CAM"))),
                    may(
                        "netConfig",
                        Fields(
                            "netConfig",
                            (may("enableExtranet", YES_NO), may("enableIntranet", YES_NO)),
                        ),
                    ),
                    may("enable", YES_NO),
                    may("corsConfig", CORS),
                ),
            ),
        ),
    ),
)
TRIGGERS = ListOf(
    "a list of triggers",
    Fields("a trigger", (may("timer", TIMER), may("http", URL)), empty="timer or http"),
)


def let_be(events: Node, complaints: Complaints) -> None:
    """Takes out of the tree the triggers that are the tool's own affair, or that it has not."""
    if not isinstance(events, Items):
        return
    for number, trigger in enumerate(events.items):
        pairs = trigger.pairs if isinstance(trigger, Pairs) else []
        if len(pairs) > 1:
            what = "a trigger is one key: the deploying tool reads the first and no other"
            complaints.add(pairs[1][0], what)
        for name in [key for key, _ in pairs if isinstance(key, Text)]:
            if why := NO_TRIGGERS.get(name.value):
                what = f"the deploying tool has no trigger {name.value}, and breaks off: {why}"
                complaints.add(name, what)
        if pairs and getattr(pairs[0][0], "value", None) in BESIDES | NO_TRIGGERS.keys():
            events.items[number] = Refused(trigger.line, trigger.column)


def parameters_of(inputs: dict[str, Value], kind: str) -> Iterator[dict[str, Value]]:
    """Those of each trigger of a kind."""
    for trigger in each_of(inputs, kind):
        if "parameters" in trigger.it:
            yield trigger.it["parameters"].it


def each_of(inputs: dict[str, Value], kind: str) -> Iterator[Value]:
    """The triggers of a kind."""
    for event in inputs["events"].it if "events" in inputs else ():
        if kind in event.it:
            yield event.it[kind]
