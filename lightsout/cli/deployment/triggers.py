"""Check the triggers of serverless.yml: their types and their form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.policies.reading.yamltree import Items, Pairs, Refused, Text
from lightsout.policies.schema.shapes import Either, Field, Fields, ListOf, Scalar, Word
from lightsout.policies.schema.texts import FILLED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightsout.policies.reading.reader import Value
    from lightsout.policies.reading.yamltree import Complaints, Node

# Triggers of the tool whose events the function does not understand: their form is not checked.
NOT_OURS = frozenset({"apigw", "ckafka", "clb", "cls", "cmq", "cos", "mps"})
URL_FORM = (
    "write http: {parameters: {qualifier: $DEFAULT, authType: NONE, "
    "netConfig: {enableExtranet: true}}}"
)
# Names of triggers in other tools: this tool stops at them, and leaves a function without timers.
NO_TRIGGERS = {
    "url": URL_FORM,
    "eb": "make the rule in the console of EventBridge",
}

# As in YAML 1.2, which the tool reads.
FLAG = Scalar(
    "true or false",
    "true|True|TRUE|false|False|FALSE",
    lambda text: text.lower() == "true",
    meant={"yes": "true", "on": "true", "no": "false", "off": "false"}.get,
)
CRON = Scalar("a cron expression of 7 fields, such as 0 7/15 * * * * *", r"\S+( +\S+){6}")
TEXT_OR_LIST = Either("a text or a list of texts", FILLED, ListOf("a list of texts", FILLED))


def must(key: str, kind: Any) -> Field:
    return Field(key, kind, "", required=True)


def may(key: str, kind: Any) -> Field:
    return Field(key, kind, "")


CORS = Fields(
    "corsConfig",
    (
        may("enable", FLAG),
        may("credentials", FLAG),
        may("maxAge", FILLED),
        *(may(key, TEXT_OR_LIST) for key in ("origins", "methods", "headers", "exposeHeaders")),
    ),
)
TIMER = Fields(
    "a timer",
    (
        may("name", FILLED),
        must(
            "parameters",
            Fields(
                "a timer's parameters",
                (
                    may("name", FILLED),
                    must("cronExpression", CRON),
                    must("enable", FLAG),
                    # Without it, each deploy deletes the timer and makes a new one.
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
                            (may("enableExtranet", FLAG), may("enableIntranet", FLAG)),
                        ),
                    ),
                    may("enable", FLAG),
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


def check_triggers(events: Node, complaints: Complaints) -> None:
    """Refuse triggers that the tool does not have; remove those that are not ours from the tree."""
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
        if _first_key(trigger) in NOT_OURS | NO_TRIGGERS.keys():
            events.items[number] = Refused(trigger.line, trigger.column)


def not_ours(events: Node) -> list[Text]:
    """The names of triggers whose events the function does not understand, with their places."""
    items = events.items if isinstance(events, Items) else []
    firsts = [it.pairs[0][0] for it in items if isinstance(it, Pairs) and it.pairs]
    return [it for it in firsts if isinstance(it, Text) and it.value in NOT_OURS]


def _first_key(trigger: Node) -> str | None:
    pairs = trigger.pairs if isinstance(trigger, Pairs) else []
    return pairs[0][0].value if pairs and isinstance(pairs[0][0], Text) else None


def parameters_of(inputs: dict[str, Value], kind: str) -> Iterator[dict[str, Value]]:
    """The parameters of each trigger of a kind."""
    for trigger in each_of(inputs, kind):
        if "parameters" in trigger.it:
            yield trigger.it["parameters"].it


def each_of(inputs: dict[str, Value], kind: str) -> Iterator[Value]:
    """The triggers of a kind."""
    for event in inputs["events"].it if "events" in inputs else ():
        if kind in event.it:
            yield event.it[kind]
