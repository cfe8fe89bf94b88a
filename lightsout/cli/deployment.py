"""serverless.yml: what the deploying tool would ignore, misread or trip over, said by `check`.

The tool knows neither unknown keys nor wrong types, and its defaults are not ours: a runtime for
Node, 3 seconds. What it does with each key was seen by driving tencent-component-toolkit 2.27.6,
which `make crosscheck` does again.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import yaml

from lightsout import yamltext
from lightsout.credentials import BadSettings
from lightsout.forms import Field, Fields, Form, ListOf, MapOf, Reader, Word
from lightsout.request import BadEvent
from lightsout.schema import FILLED, REGION, TEXT, YES_NO
from lightsout.settings import VARIABLES, misspelt, read_settings
from lightsout.trigger import read_event
from lightsout.yamltext import Complaints, Items, Pairs, Text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from lightsout.forms import Value
    from lightsout.yamltext import Mistake, Node, Place

# What the tool reads besides, and nothing here depends on: not looked at.
BESIDES = frozenset({
    "org", "app", "stage", "aliasName", "aliasDescription", "asyncRunEnable", "cfs", "deadLetter",
    "eip", "enableRoleAuth", "ignoreTriggers", "initTimeout", "instanceConcurrencyConfig", "layers",
    "publicAccess", "publish", "publishDescription", "traceEnable", "traffic", "vpcConfig",
    "cos", "ckafka", "clb", "eb", "mps", "url",
})  # fmt: skip
FROM_OUTSIDE = re.compile(r"\$\{.*\}")  # known only when it is deployed


def _variable(name: str) -> str:
    """The name, unless the function would take it for a slip."""
    if misspelt([name]):
        raise ValueError(name)
    return name


CRON = Form("a cron expression of 7 fields, such as 0 7/15 * * * * *", r"\S+( +\S+){6}")
VARIABLE = Form(
    "the name of a variable, one of lightsout's or none like them, and not beginning with SCF_, "
    "QCLOUD_ or TENCENTCLOUD_",
    r"(?!SCF_|QCLOUD_|TENCENTCLOUD_)[A-Za-z][A-Za-z0-9_]*",
    _variable,
    meant=lambda text: yamltext.nearest(text, VARIABLES),
)
SECONDS = Form("a whole number of seconds from 1 to 900", r"[1-9][0-9]?|[1-8][0-9]{2}|900", int)
MEMORY = Form(
    "64, or a multiple of 128 up to 3072, in MB",
    "|".join(map(str, (64, *range(128, 3073, 128)))),
    int,
)
ID = Form("the ID that the command in docs/deploy.md prints", r"[0-9a-f-]{36}")
TEXTS = MapOf("a mapping of texts", FILLED, FILLED)


def _must(key: str, kind: Any) -> Field:
    return Field(key, kind, "", required=True)


def _may(key: str, kind: Any) -> Field:
    return Field(key, kind, "")


TIMER = Fields(
    "a timer",
    (
        _must("name", FILLED),
        _must(
            "parameters",
            Fields(
                "a timer's parameters",
                (
                    _must("cronExpression", CRON),
                    _must("enable", YES_NO),
                    # Without it the timer is deleted and made anew by each deploy.
                    _must("argument", FILLED),
                    _may("qualifier", FILLED),
                ),
            ),
        ),
    ),
)
INPUTS = Fields(
    "inputs",
    (
        _must("name", FILLED),
        _may("namespace", FILLED),
        _must("region", REGION),
        _must("runtime", Word(("Python3.10",))),
        _may("type", Word(("event",))),
        _must("handler", Word(("handler.main_handler",))),
        _may("memorySize", MEMORY),
        _must("timeout", SECONDS),
        _must("role", FILLED),
        _may("description", TEXT),
        _may("tags", TEXTS),
        _must(
            "src",
            Fields("src", (_must("src", FILLED), _may("exclude", ListOf("a list of texts", TEXT)))),
        ),
        _may(
            "environment",
            Fields(
                "environment",
                (_must("variables", MapOf("a mapping of variables", VARIABLE, TEXT)),),
            ),
        ),
        _may("cls", Fields("cls", (_must("logsetId", ID), _must("topicId", ID)))),
        _must("events", ListOf("a list of triggers", Fields("a trigger", (_may("timer", TIMER),)))),
    ),
)
FORM = Fields(
    "serverless.yml",
    (_must("component", Word(("scf",))), _must("name", FILLED), _must("inputs", INPUTS)),
)


def mistakes_of_the_deployment(file: Path, policies: Collection[str] | None) -> list[Mistake]:
    """What is wrong with a serverless.yml.

    `policies`: the names that a timer's request may use; None where they are not known.
    """
    complaints = Complaints(str(file))
    try:
        data = file.read_bytes()
    except OSError as error:
        complaints.add(yamltext.START, f"cannot be read: {error.strerror}")
        return complaints.listed()
    root = yamltext.read(data, complaints)
    if root is None:
        return complaints.listed()
    unknown = set(_prepared(root))
    found = Reader(complaints).read(FORM, root, "the file")
    if found is not None and "inputs" in found.it:
        inputs = found.it["inputs"].it  # what does not fit the form is not in it, the rest is
        _check_types(data.decode("utf-8-sig"), inputs, complaints)
        _check_variables(inputs, file.parent, complaints)
        for timer in _timers(inputs):
            if "argument" in timer and not FROM_OUTSIDE.search(timer["argument"].it):
                _check_request(timer["argument"], policies, complaints)
    return [it for it in complaints.listed() if (it.line, it.column) not in unknown]


def _prepared(node: Node) -> Iterator[tuple[int, int]]:
    """Takes out of the tree what is the tool's own affair; the places of what nobody knows yet."""
    if isinstance(node, Text) and FROM_OUTSIDE.search(node.value):
        yield node.line, node.column
    if isinstance(node, Items):
        for item in node.items:
            yield from _prepared(item)
    if isinstance(node, Pairs):
        node.pairs = [it for it in node.pairs if getattr(it[0], "value", None) not in BESIDES]
        for _, item in node.pairs:
            yield from _prepared(item)


def _timers(inputs: dict[str, Value]) -> Iterator[dict[str, Value]]:
    for event in inputs["events"].it if "events" in inputs else ():
        timer = event.it.get("timer")
        if timer and "parameters" in timer.it:
            yield timer.it["parameters"].it


def _check_types(text: str, inputs: dict[str, Value], complaints: Complaints) -> None:
    """What must be a text and is none without quotes, and what must be none and has them."""
    lines = text.splitlines()

    def quoted(at: Place) -> bool:
        return lines[at.line - 1][at.column - 1 :].startswith(("'", '"', "|", ">"))

    variables = _mapping(inputs, "environment", "variables")
    for name, value in (variables | _mapping(inputs, "tags")).items():
        written = value.it
        if not quoted(value.at) and not isinstance(yaml.safe_load(written), str):
            complaints.add(value.at, f'{name} must be a text: write "{written}"')
    for timer in _timers(inputs):
        if "enable" in timer and quoted(timer["enable"].at):
            complaints.add(timer["enable"].at, "enable is a text: any text switches the timer on")


def _mapping(inputs: dict[str, Value], *path: str) -> dict[str, Value]:
    found: Any = inputs
    for key in path:
        found = found[key].it if key in found else {}
    return dict(found)


def _check_variables(inputs: dict[str, Value], folder: Path, complaints: Complaints) -> None:
    """Each by itself, as the function will read it; what comes from the shell is not known."""
    for name, value in _mapping(inputs, "environment", "variables").items():
        if name in VARIABLES and not FROM_OUTSIDE.search(value.it):
            try:
                read_settings({name: value.it}, folder)
            except BadSettings as error:
                complaints.add(value.at, str(error))


def _check_request(
    argument: Value, policies: Collection[str] | None, complaints: Complaints
) -> None:
    """A timer's argument is a request; one that cannot be obeyed would fail every run."""
    event = {"Type": "Timer", "Message": argument.it}
    try:
        named = read_event(event, now=datetime.now(timezone.utc), max_age=0).named("policies")
    except BadEvent as error:
        complaints.add(argument.at, str(error))
        return
    if policies is None:
        return
    for name in sorted(named - set(policies)):
        hint = yamltext.near(name, policies)
        complaints.add(argument.at, f"argument: no policy is named {name!r}{hint}")
