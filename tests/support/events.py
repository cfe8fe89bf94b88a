"""Events of every kind, whole and broken, for the tests of how they are read."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import strategies as st

from lightsout.events.parse import read_event
from lightsout.model.policy import Source
from lightsout.model.request import BadEvent, Occasion, Request, Trigger
from lightsout.model.resources.resource import RESOURCES
from tests.support.values import NOW, a_policy, any_text

HOUR = 3600.0
TIMER = {"Type": "Timer", "TriggerName": "evening", "Time": "2026-11-23T12:00:00Z", "Message": ""}
URL = {"httpMethod": "POST", "path": "/", "queryString": {}, "headers": {}, "body": ""}
OWN = {"specversion": "1.0", "id": "1", "source": "budget.example", "type": "spent"}
CLOUDS = OWN | {"source": "cvm.cloud.tencent", "type": "cvm:ErrorEvent:ping_unreachable"}
KAFKA = OWN | {"source": "ckafka.cloud.tencent", "type": "connector:ckafka"}
ENVELOPES = {
    "timer": (TIMER, "Message"),
    "function URL": (URL, "body"),
    "own event": (OWN, "data"),
    "event of the cloud": (CLOUDS, "data"),
    "batch": ({"EventList": [OWN]}, "EventList"),
}
MARKS = [{"Type": "Timer"}, {"httpMethod": "GET"}, {"specversion": "1.0"}, {"EventList": [OWN]}]
MINE, OTHER = "lhins-0a1b2c3d", "ins-0a1b2c3d"
LISTS = ("policies", "instances", "regions", "accounts")
FIELDS = ("policies", "instances", "regions", "accounts", "dry_run")
ANY = Source("*", "*")
ANY_SCOPED = Source("*", "*", "policy")
POLICIES = (
    a_policy("dev-nights"),
    a_policy("test-nights", triggered_by=frozenset({"timer"})),
    a_policy("by-hand", triggered_by=frozenset({"invoke"})),
)


def read(event) -> Trigger:
    return read_event(event, now=NOW, max_age=HOUR)


def complaint(event) -> str:
    with pytest.raises(BadEvent) as refusal:
        read(event)
    return str(refusal.value)


def understood(event) -> Trigger | None:
    try:
        return read(event)
    except BadEvent:
        return None


def asked_by(kind, request=Request()) -> Trigger:  # noqa: B008  a value
    return Trigger(kind, (Occasion(kind, request),))


def request_of(trigger) -> Request:
    (occasion,) = trigger.occasions
    return occasion.request


def timer(message="", **facts):
    return TIMER | {"Message": message} | facts


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def in_any_case(word: str):
    return st.tuples(*(st.sampled_from([it.lower(), it.upper()]) for it in word)).map("".join)


def spellings(field: str):
    """The field in any case, with the separators of any language."""
    separated = st.sampled_from(["_", "-", "", " "]).map(lambda sign: field.replace("_", sign))
    return separated.flatmap(in_any_case)


# For laws ----------------------------------------------------------------------------------------

envelopes = st.sampled_from(list(ENVELOPES.values()))
misspelt = st.sampled_from(FIELDS).flatmap(
    lambda field: st.tuples(st.just(field), spellings(field))
)


class Hidden:
    """Ways in which people hide a value: below keys, in lists, in JSON inside text."""

    in_any_way = st.recursive(
        st.just(lambda value: value),
        lambda inner: inner.flatmap(
            lambda hide: st.sampled_from([
                lambda value: [0, hide(value)],
                lambda value: {"a": "x", "inner": hide(value)},
                lambda value: json.dumps(hide(value)),
                lambda value: json.dumps({"text": hide(value)}, indent=1),
            ])
        ),
        max_leaves=6,
    )  # fmt: skip


known_keys = {"type", "triggername", "time", "message", "httpmethod", "headers", "body", "path"}
known_keys |= {"data", "data_base64", "isbase64encoded", "doctor", "status", "resource"}
known_keys |= {"specversion", "eventlist", "source", "subject", "subjuect"}
foreign = st.text(min_size=1, max_size=12).filter(
    lambda name: (
        name.lower() not in known_keys
        and "query" not in name.lower()
        and "".join(filter(str.isalnum, name)).lower() not in {*FIELDS, "dryrun", "doctor"}
        and not any(it.id_prefix in name.lower() for it in RESOURCES.values())  # may name one
    )
)
fields = {
    "policies": st.lists(st.sampled_from([it.name for it in POLICIES]), min_size=1, max_size=3),
    "instances": st.lists(any_text, min_size=1, max_size=3),
    "regions": st.lists(st.sampled_from(["ap-guangzhou", "ap-tokyo"]), min_size=1),
    "accounts": st.just(["own"]),
    "dry_run": st.booleans(),
}
requests = st.fixed_dictionaries({}, optional=fields)


def timers(messages):
    return st.fixed_dictionaries(
        {"Type": st.sampled_from(["Timer", "timer"])},
        optional={
            "Time": st.sampled_from(["2026-11-23T12:00:00Z", "2026-11-23T11:00:01+00:00"]),
            "Message": messages,
        },
    )


right_events = requests | timers(requests.map(json.dumps))
