"""The shape of a policy file, as one table.

The reader, the JSON Schema for editors and the reference page use this table, so they agree.
"""

from __future__ import annotations

from lightsout.model.mark import MARK_KEY
from lightsout.model.policy import DEFAULT_TIMEZONE
from lightsout.model.resources.resource import RESOURCES
from lightsout.policies.schema.policy_parts import (
    LIMITS,
    ONLY_IF,
    OPTIONS,
    RESOURCE,
    SOURCE,
    UPTIME,
    WHEN,
    selector,
)
from lightsout.policies.schema.shapes import Apart, Either, Field, Fields, ListOf, MapOf, Word
from lightsout.policies.schema.texts import (
    CALENDAR_FILE,
    DATE,
    DURATION,
    EXTERNAL_ID,
    NAME,
    REGION,
    ROLE,
    TEXT,
    YES_NO,
    ZONE,
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
            selector("match", 1, "name tags, instances or names; no policy means everything"),
            "What the policy selects. Tags, instances and names beside each other must all match.",
            required=True,
        ),
        Field(
            "exclude",
            selector("exclude", 0, ""),
            "What it keeps nevertheless: any hit, of any key, is enough.",
        ),
        Field(
            "include",
            ListOf("a list of protected kinds", Word(("autoscaling",))),
            "Members of auto-scaling groups are kept unless `autoscaling` stands here. Then they "
            "are stopped and started through their group, never past its MinSize and MaxSize.",
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
            "For each policy, account, region, resource and action. Past either one it acts on "
            "nothing there, and the run fails.",
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
        Field(
            "mark",
            YES_NO,
            f"`true` writes into the tag `{MARK_KEY}` of each machine what was done, when and by "
            "which policy, once that is confirmed.",
            default="false",
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
            "The external ID that the role's trust policy asks for.",
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
            Either(
                "a mapping of dates to work or off, or the name of a .json file beside it",
                CALENDAR_FILE,
                MapOf("a mapping of dates to work or off", DATE, Word(("work", "off"))),
            ),
            "Days to correct or extend the calendar of workdays and holidays with; or a file in "
            "the form of holiday-cn.",
        ),
        Field(
            "accounts",
            ListOf("a list of accounts", ACCOUNT),
            "Other accounts that policies act in, those of every file; each stands in one.",
        ),
        Field("policies", ListOf("a list of policies", POLICY), "The policies.", required=True),
    ),
)
