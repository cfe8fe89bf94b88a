"""serverless.yml: what the deploying tool would ignore, misread or stop at, told by `check`.

What the tool does with each key was seen by driving tencent-component-toolkit 2.27.6, which
`make crosscheck` does again.
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

# Where a text in quotes is no flag: any text, "false" too, means true to the tool, or false always.
FLAGS = frozenset({
    "asyncRunEnable", "eip", "enable", "enableExtranet", "enableIntranet", "ignoreTriggers",
    "publicAccess", "publish", "traceEnable",
})  # fmt: skip


def mistakes_of_the_deployment(file: Path, loaded: Policies | None) -> list[Mistake]:
    """Every mistake in a serverless.yml.

    `loaded`: the policies that a timer's request may be about; None where they cannot be read.
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
    """The values under `inputs` that fit their form."""
    root = read_tree(file, complaints)
    if root is None:
        return {}
    _prepare(root, complaints)
    found = Reader(complaints).read(FORM, root, "the file")
    check_references(root, complaints)
    return found.it["inputs"].it if found and "inputs" in found.it else {}


def read_tree(file: Path, complaints: Complaints) -> Node | None:
    """The file as it stands there; None where it holds nothing or cannot be read."""
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
    """The nodes that stand at `path` in the mappings below."""
    if not path:
        yield from [node] if node else []
        return
    for key, item in node.pairs if isinstance(node, Pairs) else ():
        if isinstance(key, Text) and key.value == path[0]:
            yield from below(item, *path[1:])


def _prepare(root: Node, complaints: Complaints) -> None:
    """Takes out of the tree what is not checked, and refuses what no form could name."""
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
    """The tool takes tags as a list of {key, value} as well."""
    for number, (name, tags) in enumerate(inputs.pairs if isinstance(inputs, Pairs) else ()):
        if getattr(name, "value", None) == "tags" and isinstance(tags, Items):
            pairs = [_as_pair(item) for item in tags.items]
            if all(pairs):
                as_mapping = Pairs(tags.line, tags.column, [it for it in pairs if it])
                inputs.pairs[number] = (name, as_mapping)  # type: ignore[union-attr]


def _as_pair(item: Node) -> tuple[Node, Node] | None:
    """Key and value of a tag, in small letters or with a capital; None for anything else."""
    facts = item.pairs if isinstance(item, Pairs) else []
    found = {key.value.lower(): node for key, node in facts if isinstance(key, Text)}
    return (found["key"], found["value"]) if found.keys() == {"key", "value"} else None


# What the forms do not tell ----------------------------------------------------------------------


def mapping_of(inputs: dict[str, Value], *path: str) -> dict[str, Value]:
    """The values that stand there by their keys."""
    found: Any = inputs
    for key in path:
        found = found[key].it if key in found else {}
    return dict(found)


def variables_of(inputs: dict[str, Value]) -> dict[str, Value]:
    return mapping_of(inputs, "environment", "variables")


def _check_texts(inputs: dict[str, Value], folder: Path, complaints: Complaints) -> None:
    """Variables and tags that are no texts without quotes."""
    for name, value in (variables_of(inputs) | mapping_of(inputs, "tags")).items():
        if _is_quoted(value.at) or isinstance(plain := yaml.safe_load(value.it), str):
            continue
        if plain is None:
            complaints.add(value.at, f"{name} is null, which arrives as «null»: leave it out")
        else:
            write = f': write "{value.it}"' if not _wrong(name, value.it, folder) else ""
            complaints.add(value.at, f"{name} must be a text{write}")


def _check_flags(inputs: dict[str, Value], complaints: Complaints) -> None:
    """Flags that are texts: the tool asks whether they are true, or whether anything is there."""
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
    """Where the code comes from: a folder, or an object that lies in a bucket."""
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
    """Inputs at which the tool or the service stops unless others stand beside them."""
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
    """A second trigger of one name is refused when the function is already changed.

    So is a second function URL for one qualifier: each has one.
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
    """The name that the tool gives it, and where that stands."""
    named = [mapping_of(trigger.it, "parameters").get("name"), trigger.it.get("name")]
    name = next(filter(None, named), None)
    return (f"named {name.it}", name.at) if name else ("without a name", trigger.at)


def _qualifier_of(url: Value) -> tuple[str, Position]:
    found = mapping_of(url.it, "parameters").get("qualifier")
    return f"for {found.it if found else '$DEFAULT'}", found.at if found else url.at
