"""serverless.yml: what the deploying tool would ignore, misread or trip over, said by `check`.

The tool knows neither unknown keys nor wrong types, and its defaults are not ours: a runtime for
Node, 3 seconds. What it does with each key was seen by driving tencent-component-toolkit 2.27.6,
which `make crosscheck` does again.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import yaml

from lightsout.base.credentials import BadSettings
from lightsout.base.suggest import near, nearest
from lightsout.cli.deployment.references import FROM_OUTSIDE, check_references
from lightsout.cli.deployment.triggers import (
    TRIGGERS,
    each_of,
    let_be,
    may,
    must,
    parameters_of,
)
from lightsout.events.function_url import SECRET, secret_weakness
from lightsout.events.parse import read_event
from lightsout.model.request import BadEvent
from lightsout.policies import yamltree as yamltext
from lightsout.policies.reader import Reader
from lightsout.policies.shapes import Fields, ListOf, MapOf, Scalar, Word
from lightsout.policies.texts import FILLED, REGION, TEXT
from lightsout.policies.yamltree import Complaints, Pairs, Text
from lightsout.settings import VARIABLES, misspelt, read_settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from lightsout.policies.reader import Value
    from lightsout.policies.yamltree import Mistake, Node, Position

# What the tool reads besides, and nothing here depends on: not looked at. Of the file,
# and of inputs.
BESIDES = frozenset({"org", "app", "stage"})
INPUTS_BESIDES = frozenset({
    "aliasName", "aliasDescription", "asyncRunEnable", "cfs", "deadLetter", "eip",
    "enableRoleAuth", "ignoreTriggers", "initTimeout", "instanceConcurrencyConfig", "layers",
    "publicAccess", "publish", "publishDescription", "traceEnable", "traffic", "vpcConfig",
})  # fmt: skip


def _variable(name: str) -> str:
    """The name, unless the function would take it for a slip."""
    if misspelt([name]):
        raise ValueError(name)
    return name


VARIABLE = Scalar(
    "the name of a variable, one of lightsout's or none like them, and not beginning with SCF_, "
    "QCLOUD_ or TENCENTCLOUD_",
    r"(?!SCF_|QCLOUD_|TENCENTCLOUD_)[A-Za-z][A-Za-z0-9_]*",
    _variable,
    meant=lambda text: nearest(text, VARIABLES),
)
SECONDS = Scalar("a whole number of seconds from 1 to 900", r"[1-9][0-9]?|[1-8][0-9]{2}|900", int)
MEMORY = Scalar(
    "64, or a multiple of 128 up to 3072, in MB",
    "|".join(map(str, (64, *range(128, 3073, 128)))),
    int,
)
ID = Scalar("the ID that the command in docs/deploy.md prints", r"[0-9a-f-]{36}")
TEXTS = MapOf("a mapping of texts", FILLED, FILLED)


INPUTS = Fields(
    "inputs",
    (
        must("name", FILLED),
        may("namespace", FILLED),
        must("region", REGION),
        must("runtime", Word(("Python3.10",))),
        may("type", Word(("event",))),
        must("handler", Word(("handler.main_handler",))),
        may("memorySize", MEMORY),
        must("timeout", SECONDS),
        must("role", FILLED),
        may("description", TEXT),
        may("tags", TEXTS),
        must(
            "src",
            Fields("src", (must("src", FILLED), may("exclude", ListOf("a list of texts", TEXT)))),
        ),
        may(
            "environment",
            Fields(
                "environment",
                (must("variables", MapOf("a mapping of variables", VARIABLE, TEXT)),),
            ),
        ),
        may("cls", Fields("cls", (must("logsetId", ID), must("topicId", ID)))),
        must("events", TRIGGERS),
    ),
)
FORM = Fields(
    "serverless.yml",
    (must("component", Word(("scf",))), must("name", FILLED), must("inputs", INPUTS)),
)


def mistakes_of_the_deployment(file: Path, policies: Collection[str] | None) -> list[Mistake]:
    """What is wrong with a serverless.yml.

    `policies`: the names that a timer's request may use; None where they are not known.
    """
    complaints = Complaints(str(file))
    inputs = read_inputs(file, complaints)
    _check_types(inputs, file.parent, complaints)
    _check_variables(inputs, file.parent, complaints)
    _check_names(inputs, complaints)
    for timer in parameters_of(inputs, "timer"):
        if "argument" in timer and not FROM_OUTSIDE.search(timer["argument"].it):
            _check_request(timer["argument"], policies, complaints)
    return complaints.listed()


def read_inputs(file: Path, complaints: Complaints) -> dict[str, Value]:
    """What stands under `inputs` and fits its form."""
    try:
        data = file.read_bytes()
    except OSError as error:
        complaints.add(yamltext.START, f"cannot be read: {error.strerror}")
        return {}
    root = yamltext.read(data, complaints)
    if root is None:
        return {}
    _let_be(root, complaints)
    found = Reader(complaints).read(FORM, root, "the file")
    check_references(root, complaints)
    return found.it["inputs"].it if found and "inputs" in found.it else {}


def _let_be(root: Node, complaints: Complaints) -> None:
    """Takes out of the tree what is the tool's own affair."""
    _drop(root, BESIDES)
    for inputs in _below(root, "inputs"):
        _drop(inputs, INPUTS_BESIDES)
        for events in _below(inputs, "events"):
            let_be(events, complaints)


def _below(node: Node, name: str) -> Iterator[Node]:
    for key, item in node.pairs if isinstance(node, Pairs) else ():
        if isinstance(key, Text) and key.value == name:
            yield item


def _drop(node: Node, names: Collection[str]) -> None:
    if isinstance(node, Pairs):
        node.pairs = [it for it in node.pairs if getattr(it[0], "value", None) not in names]


# What the form does not tell ---------------------------------------------------------------------


def mapping_of(inputs: dict[str, Value], *path: str) -> dict[str, Value]:
    """The values that stand there by their keys."""
    found: Any = inputs
    for key in path:
        found = found[key].it if key in found else {}
    return dict(found)


def variables_of(inputs: dict[str, Value]) -> dict[str, Value]:
    return mapping_of(inputs, "environment", "variables")


def _check_types(inputs: dict[str, Value], folder: Path, complaints: Complaints) -> None:
    """What must be a text and is none without quotes, and what must be none and has them."""
    for name, value in (variables_of(inputs) | mapping_of(inputs, "tags")).items():
        if _is_quoted(value.at) or isinstance(plain := yaml.safe_load(value.it), str):
            continue
        if plain is None:
            complaints.add(value.at, f"{name} is null, which arrives as «null»: leave it out")
        else:
            write = f': write "{value.it}"' if not _wrong(name, value.it, folder) else ""
            complaints.add(value.at, f"{name} must be a text{write}")
    for kind, called in (("timer", "timer"), ("http", "URL")):
        for parameters in parameters_of(inputs, kind):
            enable = parameters.get("enable")
            if enable and _is_quoted(enable.at):
                what = f"enable is a text: any text switches the {called} on"
                complaints.add(enable.at, what)


def _is_quoted(at: Position) -> bool:
    return isinstance(at, Text) and at.first != at.column


def _check_variables(inputs: dict[str, Value], folder: Path, complaints: Complaints) -> None:
    for name, value in variables_of(inputs).items():
        if why := _wrong(name, value.it, folder):
            complaints.add(value.at, why)


def _wrong(name: str, text: str, folder: Path) -> str | None:
    """Why the function could not use the variable; what comes from the shell is not known."""
    if "${env" in text:
        return None
    if name == SECRET:
        weakness = secret_weakness(text)
        return f"{SECRET} {weakness}: it lets nobody in" if weakness else None
    if name in VARIABLES and not FROM_OUTSIDE.search(text):
        try:
            read_settings({name: text}, folder)
        except BadSettings as error:
            return str(error)
    return None


def _check_names(inputs: dict[str, Value], complaints: Complaints) -> None:
    """A second trigger of one name is refused when the function is already changed."""
    first: dict[str, Position] = {}
    for timer in each_of(inputs, "timer"):
        if name := timer.it.get("name"):
            if name.it in first:
                where = f"{first[name.it].line}:{first[name.it].column}"
                complaints.add(name.at, f"a second timer named {name.it}, the first is at {where}")
            first.setdefault(name.it, name.at)


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
        hint = near(name, policies)
        complaints.add(argument.at, f"argument: no policy is named {name!r}{hint}")
