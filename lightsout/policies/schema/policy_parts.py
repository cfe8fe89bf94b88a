"""The parts of a policy, each as a table: selectors, windows, conditions, options, limits."""

from __future__ import annotations

from lightsout.model.resources.resource import RESOURCES
from lightsout.policies.schema.shapes import (
    Apart,
    Either,
    Field,
    Fields,
    ListOf,
    MapOf,
    TimePair,
    Word,
)
from lightsout.policies.schema.texts import (
    CLOSES,
    COUNT,
    DAYS,
    DURATION,
    EVENT_TEXT,
    INSTANCE,
    INSTANCE_NAME,
    OPENS,
    PERCENT,
    SHARE,
    SIZE,
    TAG_KEY,
    TAG_VALUE,
    YES_NO,
    day_meant,
    days_meant,
)

RESOURCE = Word(tuple(RESOURCES))
LIGHTHOUSE = ("resource", ("lighthouse",))
CVM = ("resource", ("cvm",))
BY_TYPE = ("resource", tuple(it.name for it in RESOURCES.values() if it.stop_types))
STOP = ("action", ("stop",))
START = ("action", ("start",))


def selector(called: str, least: int, empty: str) -> Fields:
    values = Either(
        "a text or a list of texts", TAG_VALUE, ListOf("a list of texts", TAG_VALUE)
    )  # `env: dev` is the same as `env: [dev]`
    every = "every key must match" if least else "any key that matches is enough"
    return Fields(
        called,
        (
            Field(
                "tags",
                MapOf("a mapping of tag keys to values", TAG_KEY, values, least),
                f"Tag keys, and for each the values of which any one will do; {every}. In a value "
                "`*` and `?` are wildcards; `*` also matches the empty value.",
            ),
            Field(
                "instances",
                ListOf("a list of instance IDs", INSTANCE, least),
                "Instances by their IDs, beside the tags or instead of them.",
            ),
            Field(
                "names",
                ListOf("a list of names", INSTANCE_NAME, least),
                "Instances by their names, of which any one will do; `*` and `?` are wildcards."
                + ("" if least else " A machine whose name the service does not show is kept."),
            ),
        ),
        empty,
    )


DAYS_OF_THE_WEEK = Either(
    "everyday, workdays, holidays or a list of mon..sun",
    Word(("everyday", "workdays", "holidays"), meant=days_meant),
    ListOf("a list of mon..sun", Word(DAYS, meant=day_meant)),
)
BETWEEN = TimePair('two times such as ["20:00", "23:00"]', OPENS, CLOSES)

WHEN = Fields(
    "when",
    (
        Field(
            "days",
            DAYS_OF_THE_WEEK,
            "Days on which the window opens; `holidays` is every day that is not a workday.",
            default="everyday",
        ),
        Field(
            "between",
            BETWEEN,
            "Local wall clock, end exclusive. Across midnight it belongs to the day it opens on.",
            default="the whole local day",
        ),
        Field(
            "enforce",
            YES_NO,
            "`false` leaves a machine alone that somebody started (for action start: stopped) "
            "after the window opened; a CVM does not show that, and is acted on.",
            default="false",
        ),
    ),
)

UPTIME = Fields(
    "uptime",
    (
        Field(
            "days",
            DAYS_OF_THE_WEEK,
            "Days on which the machines are on.",
            default="everyday",
        ),
        Field(
            "between",
            BETWEEN,
            "The times between which they are on: local wall clock, end exclusive. Across midnight "
            "it belongs to the day it opens on.",
            default="the whole local day",
        ),
        Field(
            "from_tag",
            TAG_KEY,
            "Instead of days and between: the tag in which each machine says when it is on. A "
            "machine without it is not matched.",
        ),
        Field(
            "act_within",
            DURATION,
            "So long after each edge it acts: it starts after the opening one, and stops after the "
            "closing one.",
            default="2h",
        ),
        Field(
            "enforce",
            YES_NO,
            "`true` acts at every tick until the next edge. `false` leaves a machine alone that "
            "somebody started or stopped after the edge; a CVM does not show that, and is acted "
            "on.",
            default="false",
        ),
    ),
    one_of=("days", "between", "from_tag"),
    apart=(Apart("from_tag", ("days", "between"), "each machine's own tag says when it is on"),),
)

ONLY_IF = Fields(
    "only_if",
    (
        Field(
            "traffic_used_at_least",
            SHARE,
            "Share of its traffic packages, added up, that is used: so much or more.",
            only=(LIGHTHOUSE, STOP),
            narrows=True,
        ),
        Field(
            "traffic_used_below",
            SHARE,
            "Share of its traffic packages, added up, that is used: less than that.",
            only=(LIGHTHOUSE, START),
            narrows=True,
        ),
        Field(
            "traffic_left_below",
            SIZE,
            "What is left of its traffic packages: less than that. 1 GB is 1024 MB.",
            only=(LIGHTHOUSE, STOP),
            narrows=True,
        ),
        Field(
            "running_at_least",
            DURATION,
            "Time since its latest start: so much or more.",
            only=(LIGHTHOUSE, STOP),
            narrows=True,
        ),
    ),
)

OPTIONS = Fields(
    "options",
    (
        Field(
            "stop_type",
            Word(("SOFT", "HARD", "SOFT_FIRST")),
            "How a machine is shut down.",
            default="the API's own: lighthouse SOFT_FIRST, cvm SOFT",
            only=(BY_TYPE, STOP),
        ),
        Field(
            "stopped_mode",
            Word(("KEEP_CHARGING", "STOP_CHARGING")),
            "Whether a stopped machine is charged for. `STOP_CHARGING` gives up its ordinary "
            "public IP and the certainty that it starts again.",
            default="KEEP_CHARGING",
            only=(CVM, STOP),
        ),
    ),
)

LIMITS = Fields(
    "limits",
    (
        Field("max_instances", COUNT, "At most so many instances."),
        Field("max_percent", PERCENT, "At most so many percent of all instances there."),
    ),
)

SOURCE = Fields(
    "an EventBridge trigger",
    (
        Field("source", EVENT_TEXT, "Source of the event; wildcards allowed.", required=True),
        Field("type", EVENT_TEXT, "Type of the event; wildcards allowed.", required=True),
        Field(
            "scope",
            Word(("policy",)),
            "`policy`: an event that has no request and names no instance lets the policy act on "
            "all that it matches. Without it such an event does nothing.",
        ),
    ),
)
