"""Find what the deploying tool would ignore, misread or refuse in serverless.yml, for `check`.

The tool's treatment of each key was observed in tencent-component-toolkit 2.27.6; `make crosscheck`
repeats that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from lightsout.base.credentials import BadSettings
from lightsout.cli.deployment.inputs import FILE_NOT_CHECKED, FORM, NOT_CHECKED, REFUSED
from lightsout.cli.deployment.references import FROM_OUTSIDE, check_references
from lightsout.cli.deployment.requests import check_request
from lightsout.cli.deployment.triggers import check_triggers, each_of, parameters_of
from lightsout.events.function_url import SECRET, secret_weakness
from lightsout.policies.reading import yamltree as yamltext
from lightsout.policies.reading.reader import Reader
from lightsout.policies.reading.yamltree import Complaints, Items, Pairs, Text
from lightsout.settings import VARIABLES, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from lightsout.policies.load import Policies
    from lightsout.policies.reading.reader import Value
    from lightsout.policies.reading.yamltree import Mistake, Node, Position

# Flags that must not be texts in quotes: the tool takes any text, even "false", for true, or every
# text for false.
FLAGS = frozenset({
    "asyncRunEnable", "eip", "enable", "enableExtranet", "enableIntranet", "ignoreTriggers",
    "publicAccess", "publish", "traceEnable",
})  # fmt: skip


def mistakes_of_the_deployment(file: Path, loaded: Policies | None) -> list[Mistake]:
    """Every mistake in a serverless.yml.

    `loaded`: the policies for timers' requests; None if they cannot be read.
    """
    complaints = Complaints(str(file))
    inputs = read_inputs(file, complaints)
    _check_texts(inputs, file.parent, complaints)
    _check_flags(inputs, complaints)
    _check_variables(inputs, file.parent, complaints)
    _check_source(inputs, file.parent, complaints)
    _check_what_belongs_together(inputs, complaints)
    _check_names(inputs, complaints)
    for timer in parameters_of(inputs, "timer"):
        if "argument" in timer and not FROM_OUTSIDE.search(timer["argument"].it):
            check_request(timer["argument"], loaded, complaints)
    return complaints.listed()


def read_inputs(file: Path, complaints: Complaints) -> dict[str, Value]:
    """The values under `inputs` that have the right form."""
    root = read_tree(file, complaints)
    if root is None:
        return {}
    _prepare(root, complaints)
    found = Reader(complaints).read(FORM, root, "the file")
    check_references(root, complaints)
    return found.it["inputs"].it if found and "inputs" in found.it else {}


def read_tree(file: Path, complaints: Complaints) -> Node | None:
    """The tree of the file; None if it is empty or cannot be read."""
    try:
        data = file.read_bytes()
    except OSError as error:
        complaints.add(yamltext.START, f"cannot be read: {error.strerror}")
        return None
    root = yamltext.read(data, complaints)
    if root is None and not complaints:
        complaints.add(yamltext.START, "the file is empty: component, name and inputs are missing")
    return root


def below(node: Node | None, *path: str) -> Iterator[Node]:
    """The nodes at `path` in nested mappings."""
    if not path:
        yield from [node] if node else []
        return
    for key, item in node.pairs if isinstance(node, Pairs) else ():
        if isinstance(key, Text) and key.value == path[0]:
            yield from below(item, *path[1:])


def _prepare(root: Node, complaints: Complaints) -> None:
    """Remove from the tree what is not checked, and refuse what the forms cannot describe."""
    _drop(root, FILE_NOT_CHECKED)
    for inputs in below(root, "inputs"):
        for key, _ in inputs.pairs if isinstance(inputs, Pairs) else ():
            if isinstance(key, Text) and (why := REFUSED.get(key.value)):
                complaints.add(key, f"{key.value}: {why}: leave it out")
        _drop(inputs, NOT_CHECKED | REFUSED.keys())
        _tags_as_mapping(inputs)
    for events in below(root, "inputs", "events"):
        check_triggers(events, complaints)


def _drop(node: Node, names: Collection[str]) -> None:
    if isinstance(node, Pairs):
        node.pairs = [it for it in node.pairs if getattr(it[0], "value", None) not in names]


def _tags_as_mapping(inputs: Node) -> None:
    """Turn tags into a mapping: the tool also takes a list of {key, value}."""
    for number, (name, tags) in enumerate(inputs.pairs if isinstance(inputs, Pairs) else ()):
        if getattr(name, "value", None) == "tags" and isinstance(tags, Items):
            pairs = [_as_pair(item) for item in tags.items]
            if all(pairs):
                as_mapping = Pairs(tags.line, tags.column, [it for it in pairs if it])
                inputs.pairs[number] = (name, as_mapping)  # type: ignore[union-attr]


def _as_pair(item: Node) -> tuple[Node, Node] | None:
    """Key and value of a tag, from lower-case or capitalised keys; None for anything else."""
    facts = item.pairs if isinstance(item, Pairs) else []
    found = {key.value.lower(): node for key, node in facts if isinstance(key, Text)}
    return (found["key"], found["value"]) if found.keys() == {"key", "value"} else None


# Checks that the forms do not make ----------------------------------------------------------------


def mapping_of(inputs: dict[str, Value], *path: str) -> dict[str, Value]:
    """The values of a mapping, by their keys."""
    found: Any = inputs
    for key in path:
        found = found[key].it if key in found else {}
    return dict(found)


def variables_of(inputs: dict[str, Value]) -> dict[str, Value]:
    return mapping_of(inputs, "environment", "variables")


def _check_texts(inputs: dict[str, Value], folder: Path, complaints: Complaints) -> None:
    """Complain of variables and tags that are no texts without quotes."""
    for name, value in (variables_of(inputs) | mapping_of(inputs, "tags")).items():
        if _is_quoted(value.at) or isinstance(plain := yaml.safe_load(value.it), str):
            continue
        if plain is None:
            complaints.add(value.at, f"{name} is null, which arrives as «null»: leave it out")
        else:
            write = f': write "{value.it}"' if not _wrong(name, value.it, folder) else ""
            complaints.add(value.at, f"{name} must be a text{write}")


def _check_flags(inputs: dict[str, Value], complaints: Complaints) -> None:
    """Complain of flags that are texts: the tool tests for `true`, or for any value."""
    found = [(name, value) for name, value in inputs.items() if name in FLAGS]
    for kind in ("timer", "http"):
        for parameters in parameters_of(inputs, kind):
            net = mapping_of(parameters, "netConfig")
            found += [it for it in (parameters | net).items() if it[0] in FLAGS]
    for name, value in found:
        if _is_quoted(value.at):
            what = "a text, whose meaning the tool does not look at: write true or false"
            complaints.add(value.at, f"{name} is {what} without quotes")


def _check_source(inputs: dict[str, Value], folder: Path, complaints: Complaints) -> None:
    """Check the source of the code: a folder, or an object in a bucket."""
    if "src" not in inputs:
        return
    src = inputs["src"]
    parts = src.it if isinstance(src.it, dict) else {"src": src}
    if "object" in parts and "src" in parts:
        complaints.add(parts["src"].at, "src beside object: the tool deploys object, and not src")
    elif "object" not in parts and "src" not in parts:
        complaints.add(src.at, "src is missing in src: the tool would deploy a sample of its own")
    elif "src" in parts and _is_a_file(parts["src"].it, folder):
        complaints.add(parts["src"].at, "src must be a folder, such as ./dist/bundle, and no file")


def _is_a_file(text: str, folder: Path) -> bool:
    if FROM_OUTSIDE.search(text):
        return False
    return text.lower().endswith(".zip") or (folder / text).is_file()


def _check_what_belongs_together(inputs: dict[str, Value], complaints: Complaints) -> None:
    """Complain of inputs that the tool or the service refuses without certain others."""
    if _is_on(inputs, "asyncRunEnable"):
        for name in ("cls", "namespace"):
            if name not in inputs:
                what = f"asyncRunEnable: the first deploy stops half-way without {name}"
                complaints.add(inputs["asyncRunEnable"].at, what)
    elif _is_on(inputs, "traceEnable"):
        complaints.add(inputs["traceEnable"].at, "traceEnable: wants asyncRunEnable: true")
    if "traffic" in inputs and _is_quoted(inputs["traffic"].at):
        complaints.add(inputs["traffic"].at, "traffic is a text: write the number without quotes")
    if "aliasName" in inputs:
        alias = inputs["aliasName"].at
        if "additionalVersionWeights" not in inputs:
            complaints.add(alias, "aliasName: the tool stops without additionalVersionWeights")
        if not _is_on(inputs, "publish") and "aliasFunctionVersion" not in inputs:
            complaints.add(alias, "aliasName: the tool stops without publish: true or a version")


def _is_on(inputs: dict[str, Value], name: str) -> bool:
    return name in inputs and inputs[name].it is True


def _is_quoted(at: Position) -> bool:
    return isinstance(at, Text) and at.first != at.column


def _check_variables(inputs: dict[str, Value], folder: Path, complaints: Complaints) -> None:
    for name, value in variables_of(inputs).items():
        if why := _wrong(name, value.it, folder):
            complaints.add(value.at, why)


def _wrong(name: str, text: str, folder: Path) -> str | None:
    """The reason why the function could not use the variable. Values from the shell are unknown."""
    if "${env" in text:
        return None
    if name == SECRET:
        weakness = secret_weakness(text)
        return f"{SECRET} {weakness}: it refuses every request" if weakness else None
    if name in VARIABLES and not FROM_OUTSIDE.search(text):
        try:
            read_settings({name: text}, folder)
        except BadSettings as error:
            return str(error)
    return None


def _check_names(inputs: dict[str, Value], complaints: Complaints) -> None:
    """Complain of a second trigger of one name: it is refused after the function is changed.

    So is a second function URL for one qualifier.
    """
    _check_distinct(each_of(inputs, "timer"), "timer", _name_of, complaints)
    _check_distinct(each_of(inputs, "http"), "function URL", _name_of, complaints)
    _check_distinct(each_of(inputs, "http"), "function URL", _qualifier_of, complaints)


def _check_distinct(
    triggers: Iterator[Value],
    called: str,
    distinguish: Callable[[Value], tuple[str, Position]],
    complaints: Complaints,
) -> None:
    first: dict[str, Position] = {}
    for trigger in triggers:
        what, at = distinguish(trigger)
        if what in first:
            where = f"the first is at {first[what].line}:{first[what].column}"
            complaints.add(at, f"a second {called} {what}, {where}")
        first.setdefault(what, at)


def _name_of(trigger: Value) -> tuple[str, Position]:
    """The name that the tool gives it, and its place."""
    named = [mapping_of(trigger.it, "parameters").get("name"), trigger.it.get("name")]
    name = next(filter(None, named), None)
    return (f"named {name.it}", name.at) if name else ("without a name", trigger.at)


def _qualifier_of(url: Value) -> tuple[str, Position]:
    found = mapping_of(url.it, "parameters").get("qualifier")
    return f"for {found.it if found else '$DEFAULT'}", found.at if found else url.at
