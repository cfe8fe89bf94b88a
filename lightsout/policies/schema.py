"""The shape of a policy file, as one table.

The reader, the JSON Schema for editors and the reference page all come from this table, so that
they agree.
"""

from __future__ import annotations

from lightsout.model.instance import RESOURCES
from lightsout.model.policy import DEFAULT_TIMEZONE
from lightsout.policies.shapes import Apart, Either, Field, Fields, ListOf, MapOf, TimePair, Word
from lightsout.policies.texts import (
    CLOSES,
    COUNT,
    DATE,
    DAYS,
    DURATION,
    EVENT_TEXT,
    EXTERNAL_ID,
    INSTANCE,
    INSTANCE_NAME,
    NAME,
    OPENS,
    PERCENT,
    REGION,
    ROLE,
    SHARE,
    SIZE,
    TAG_KEY,
    TAG_VALUE,
    TEXT,
    YES_NO,
    ZONE,
    day_meant,
    days_meant,
)

RESOURCE = Word(tuple(RESOURCES))
LIGHTHOUSE = ("resource", ("lighthouse",))
CVM = ("resource", ("cvm",))
BY_TYPE = ("resource", tuple(it.name for it in RESOURCES.values() if it.stop_types))
STOP = ("action", ("stop",))
START = ("action", ("start",))


def _selector(called: str, least: int, empty: str) -> Fields:
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
                "Instances by their names, of which any one will do; `*` and `?` are wildcards. "
                + ("" if least else "A machine whose name the service does not tell is kept."),
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
            "after the window opened; only Lighthouse can tell, others are acted on.",
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
            "somebody started or stopped after the edge; only Lighthouse can tell, others are "
            "acted on.",
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

POLICY = Fields(
    "a policy",
    (
        Field("name", NAME, "Unique over all files.", required=True),
        Field("description", TEXT, "For people."),
        Field(
            "resource",
            Either(
                RESOURCE.noun,
                RESOURCE,
                ListOf(f"a list of {', '.join(RESOURCES)}", RESOURCE),
            ),
            "What it acts on; or a list of several, which is the same as a policy for each.",
            required=True,
            decides=True,
        ),
        Field(
            "regions",
            Either(
                "a list of regions or the word all",
                Word(("all",), meant={"*": "all"}.get),
                ListOf("a list of regions", REGION),
            ),
            "Regions by name, or the word `all`.",
            required=True,
        ),
        Field(
            "accounts",
            ListOf("a list of accounts", NAME),
            "Accounts that it acts in, by the names that a file gives them; `own` is the "
            "function's.",
            default="[own]",
        ),
        Field(
            "action",
            Word(("stop", "start")),
            "What it does.",
            default="stop",
            decides=True,
        ),
        Field(
            "match",
            _selector("match", 1, "name tags, instances or names; no policy means everything"),
            "What the policy selects. Tags, instances and names beside each other must all match.",
            required=True,
        ),
        Field(
            "exclude",
            _selector("exclude", 0, ""),
            "What it keeps nevertheless: any hit, of any key, is enough.",
        ),
        Field(
            "include",
            ListOf("a list of protected kinds", Word(("autoscaling",))),
            "Members of auto-scaling groups are kept unless `autoscaling` stands here: a stopped "
            "member is found unhealthy, terminated and replaced.",
        ),
        Field("timezone", ZONE, "Time zone of this policy.", default="the file's"),
        Field("when", WHEN, "Without it: whenever it is triggered."),
        Field(
            "uptime",
            UPTIME,
            "When the machines are on: it starts them then, and stops them at the end. Instead of "
            "action, when and only_if. Limits hold for stop and start each.",
            frees="action",
        ),
        Field("only_if", ONLY_IF, "Conditions that the machine itself must meet, all of them."),
        Field("options", OPTIONS, "Options of the API call."),
        Field(
            "limits",
            LIMITS,
            "For each policy, account and region. Past either one it acts on nothing there, and "
            "the run fails.",
        ),
        Field(
            "triggered_by",
            ListOf(
                "a list of triggers",
                Either("a trigger", Word(("timer", "invoke", "url")), SOURCE),
            ),
            "The kinds of event it runs for.",
            default="[timer, invoke]",
        ),
        Field(
            "verify",
            Fields(
                "verify",
                (
                    Field(
                        "timeout",
                        DURATION,
                        "How long to wait for the final state, from a batch's acceptance.",
                        default="5m",
                    ),
                ),
            ),
            "How stopped machines are verified.",
        ),
    ),
    apart=(
        Apart("uptime", ("action", "when", "only_if"), "it says when to stop and when to start"),
    ),
)

ACCOUNT = Fields(
    "an account",
    (
        Field("name", NAME, "What policies, events and reports call it.", required=True),
        Field("role_arn", ROLE, "The role there that the function assumes.", required=True),
        Field(
            "external_id",
            EXTERNAL_ID,
            "What the role's trust policy wants to be told by whoever assumes it.",
        ),
    ),
)

FILE = Fields(
    "a policy file",
    (
        Field("version", Word(("1",)), "Version of this form.", required=True),
        Field("timezone", ZONE, "Time zone of its policies.", default=DEFAULT_TIMEZONE),
        Field(
            "holidays",
            MapOf("a mapping of dates to work or off", DATE, Word(("work", "off"))),
            "Days to correct or extend the calendar of workdays and holidays with.",
        ),
        Field(
            "accounts",
            ListOf("a list of accounts", ACCOUNT),
            "Other accounts that policies act in, those of every file; each stands in one.",
        ),
        Field("policies", ListOf("a list of policies", POLICY), "The policies.", required=True),
    ),
)
