"""Read the wanted state from serverless.yml, the policies and the bundle; refuse the impossible.

If a key were ignored silently, something else would be deployed than the file says. So each key
that the official tool reads and this one does not is a mistake that names it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout import __version__
from lightsout.base.texts.pages import page
from lightsout.cli.deploy.values import (
    DIGITS,
    MARK,
    Configuration,
    Release,
    Timer,
    Url,
    Wanted,
)
from lightsout.cli.deployment import cam
from lightsout.cli.deployment.references import FROM_OUTSIDE
from lightsout.cli.deployment.serverless_yml import (
    below,
    mapping_of,
    mistakes_of_the_deployment,
    read_inputs,
    read_tree,
    variables_of,
)
from lightsout.cli.deployment.triggers import each_of, not_ours
from lightsout.policies.reading.yamltree import Complaints, Pairs, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from lightsout.policies.load import Policies
    from lightsout.policies.reading.reader import Value
    from lightsout.policies.reading.yamltree import Mistake

OURS = frozenset({
    "name", "namespace", "region", "runtime", "type", "deployMode", "handler", "memorySize",
    "timeout", "initTimeout", "role", "description", "tags", "src", "environment", "cls",
    "publicAccess", "eip", "events",
})  # fmt: skip
OURS_OF_A_TRIGGER = {
    "timer": {"name", "cronExpression", "enable", "argument", "qualifier"},
    "http": {"name", "qualifier", "authType", "netConfig"},
}
ALREADY = {
    "retryNum": "it sets 2 retries by itself",
    "msgTTL": "it lets events wait for an hour by itself",
}
OTHERWISE = f"take it out, or deploy in another way: {page('deploy.md')}"
NAMELESS = "url-trigger"  # the official tool's name for a function URL without one
_ONE_VARIABLE = re.compile(r"\$\{env:(\w+)\}")


class Place(NamedTuple):
    """The names of all parts in the account."""

    function: str
    namespace: str
    region: str
    role: str


def mistakes_in(file: Path, loaded: Policies, bundle: Path) -> list[Mistake]:
    """The mistakes that `check` finds in the file, and the keys that this tool cannot deploy."""
    if found := mistakes_of_the_deployment(file, loaded):
        return found
    complaints = Complaints(str(file))
    inputs = read_inputs(file, complaints)
    _refuse_keys(file, complaints)
    _refuse_of_triggers(inputs, complaints)
    _refuse_other_code(inputs, file.parent, bundle, complaints)
    _refuse_references(inputs, complaints)
    key, value = MARK
    mark = mapping_of(inputs, "tags").get(key)
    if mark and mark.it != value:
        what = f"{key} must be {value}: by this tag `deploy` knows its function again"
        complaints.add(mark.at, what)
    return complaints.listed()


def _refuse_keys(file: Path, complaints: Complaints) -> None:
    for inputs in below(read_tree(file, complaints), "inputs"):
        for key, _ in inputs.pairs if isinstance(inputs, Pairs) else ():
            if isinstance(key, Text) and key.value not in OURS:
                what = ALREADY.get(key.value, "it does not set this")
                complaints.add(key, f"{key.value}: `lightsout deploy`: {what}: {OTHERWISE}")
        for events in below(inputs, "events"):
            for name in not_ours(events):
                what = "`lightsout deploy` makes timers and function URLs only"
                complaints.add(name, f"{name.value}: {what}: {OTHERWISE}")


def _refuse_of_triggers(inputs: dict[str, Value], complaints: Complaints) -> None:
    for kind, known in OURS_OF_A_TRIGGER.items():
        for trigger in each_of(inputs, kind):
            parameters = mapping_of(trigger.it, "parameters")
            for name, value in parameters.items():
                if name not in known:
                    what = "`lightsout deploy` does not set this"
                    complaints.add(value.key or value.at, f"{name}: {what}: {OTHERWISE}")
            if kind == "timer" and not _name_of(trigger):
                complaints.add(trigger.at, "a timer without a name: give it one, `name: …`")


def _refuse_other_code(
    inputs: dict[str, Value], folder: Path, bundle: Path, complaints: Complaints
) -> None:
    """Refuse another source of code: this tool deploys the bundle that it makes."""
    src = inputs.get("src")
    if src is None:
        return
    parts = src.it if isinstance(src.it, dict) else {"src": src}
    for name in ("object", "bucket", "hook", "include", "dist"):
        if name in parts:
            what = "`lightsout deploy` deploys the bundle that it makes"
            complaints.add(parts[name].at, f"{name}: {what}: {OTHERWISE}")
    if "src" in parts and (folder / parts["src"].it).resolve() != bundle.resolve():
        what = f"`lightsout deploy` deploys {bundle}, which it makes: write src: ./dist/bundle"
        complaints.add(parts["src"].at, what)


def _refuse_references(inputs: dict[str, Value], complaints: Complaints) -> None:
    """Refuse `${env:NAME}` outside of the variables, the only place where it is resolved."""
    known = variables_of(inputs).values()
    for value in _texts(inputs):
        one = any(value is each for each in known) and _ONE_VARIABLE.fullmatch(value.it)
        if FROM_OUTSIDE.search(value.it) and not one:
            what = "`lightsout deploy` resolves ${env:NAME} as the whole value of a variable only"
            complaints.add(value.at, f"{value.it}: {what}: write the value out")


def _texts(value: Any) -> Iterator[Value]:
    """Every text of the inputs."""
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each.it, str):
            yield each
        elif isinstance(each.it, dict | list):
            yield from _texts(each.it)


# Reading -----------------------------------------------------------------------------------------


def read_place(file: Path) -> Place:
    """Only the names, from a file without mistakes by mistakes_in."""
    inputs = _inputs(file)
    return Place(
        inputs["name"].it, _it(inputs, "namespace", "default"), inputs["region"].it,
        inputs["role"].it,
    )  # fmt: skip


def read_wanted(
    file: Path, loaded: Policies, content_hash: str, environ: Mapping[str, str]
) -> Wanted:
    """The wanted state, from a file without mistakes by mistakes_in."""
    inputs, place = _inputs(file), read_place(file)
    log = mapping_of(inputs, "cls")
    return Wanted(
        function=place.function,
        namespace=place.namespace,
        region=place.region,
        runtime=inputs["runtime"].it,
        handler=inputs["handler"].it,
        configuration=_configuration(inputs, place.role),
        variables=_variables(inputs, environ),
        tags={**{key: it.it for key, it in mapping_of(inputs, "tags").items()}, **dict([MARK])},
        triggers=tuple(_triggers(inputs)),
        log=(log["logsetId"].it, log["topicId"].it) if log and log["topicId"].it else None,
        trust=cam.trust(),
        rights=cam.role(loaded.policies, None, loaded.accounts),
        release=Release(__version__, loaded.digest, content_hash[:DIGITS]),
    )


def _inputs(file: Path) -> dict[str, Value]:
    return read_inputs(file, Complaints(str(file)))


def _it(inputs: dict[str, Value], name: str, default: Any) -> Any:
    return inputs[name].it if name in inputs else default


def _configuration(inputs: dict[str, Value], role: str) -> Configuration:
    return Configuration(
        role=role,
        memory=_it(inputs, "memorySize", 128),
        timeout=inputs["timeout"].it,
        init_timeout=_it(inputs, "initTimeout", None),
        internet=_it(inputs, "publicAccess", True),  # noqa: FBT003  the default, as the tool has it
        fixed_ip=_it(inputs, "eip", False),  # noqa: FBT003  as above
        description=_it(inputs, "description", ""),
    )


def _variables(inputs: dict[str, Value], environ: Mapping[str, str]) -> dict[str, str]:
    """The variables, without those of the shell that are not set, as in the official tool."""
    found = {}
    for name, value in variables_of(inputs).items():
        outside = _ONE_VARIABLE.fullmatch(value.it)
        text = environ.get(outside[1]) if outside else value.it
        if text is not None:
            found[name] = text
    return found


def _triggers(inputs: dict[str, Value]) -> Iterator[Timer | Url]:
    for timer in each_of(inputs, "timer"):
        of = mapping_of(timer.it, "parameters")
        qualifier = _it(of, "qualifier", "$DEFAULT")
        cron, enabled = of["cronExpression"].it, of["enable"].it
        yield Timer(_name_of(timer), qualifier, cron, enabled, of["argument"].it)
    for url in each_of(inputs, "http"):
        of = mapping_of(url.it, "parameters")
        net = {key: value.it for key, value in mapping_of(of, "netConfig").items()}
        yield Url(
            _name_of(url) or NAMELESS,
            _it(of, "qualifier", "$DEFAULT"),
            _it(of, "authType", "NONE"),
            net.get("enableIntranet", False),
            net.get("enableExtranet", False),
        )


def _name_of(trigger: Value) -> str:
    """The name that the official tool gives it; empty if the file has none."""
    for where in (mapping_of(trigger.it, "parameters"), trigger.it):
        if "name" in where:
            return str(where["name"].it)
    return ""
