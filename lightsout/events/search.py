"""Search all of an event for fields of a request and for IDs of instances, wherever they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from lightsout.model.request import BadEvent, Request
from lightsout.model.resources.resource import RESOURCES
from lightsout.policies.mistakes.characters import SHAPELESS

LONGEST_SHOWN = 80  # characters of a name that is quoted in a message
NOTHING = frozenset[str]()
DEEPEST = 1000  # levels; what is deeper contains itself, or was made to harm
Item = tuple[str | None, Any, str]


class EventText(NamedTuple):
    """A text somewhere in an event."""

    text: str
    place: str  # the keys that lead to it, joined by dots; "" at the top
    is_key: bool


def texts_in(value: Any, *, without: Collection[str] = NOTHING) -> Iterator[EventText]:
    """Yield each key and each text in a value, at any depth. A text that is JSON is searched too.

    Leaves out values below a key in `without`. Raises BadEvent where it is nested too deep.
    """
    waiting = [_inside([value], "")]  # not recursive: nesting must not exhaust the stack
    while waiting:
        following = next(waiting[-1], None)
        if following is None:
            waiting.pop()
            continue
        key, item, place = following
        if key is not None:
            yield EventText(key, place, is_key=True)
            if without and bare(key) in without:
                continue
            place = _below(place, key)
        if isinstance(item, str):
            yield EventText(item, place, is_key=False)
            item = _json_in(item)
        if isinstance(item, (str, list, Mapping)):
            waiting.append(_inside(item, place))
        if len(waiting) > DEEPEST:
            raise BadEvent(f"the event is nested more than {DEEPEST} levels deep, or in itself")


def _inside(value: str | list[Any] | Mapping[Any, Any], place: str) -> Iterator[Item]:
    """The values inside a value, each with its key or None, and the place of the value."""
    if isinstance(value, Mapping):
        return ((str(key), item, place) for key, item in value.items())
    items = [value] if isinstance(value, str) else value  # JSON inside JSON
    return ((None, item, place) for item in items)


def _json_in(text: str) -> Any:
    """The value in a text of JSON; None where the text is anything else."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _below(place: str, key: Any) -> str:
    name = str(key)[:LONGEST_SHOWN]
    return f"{place}.{name}"[: LONGEST_SHOWN + 1] if place else name


# Fields of a request -----------------------------------------------------------------------------


class Misplaced(NamedTuple):
    """A field of a request, and where it stands in an event."""

    field: str
    place: str


def find_field(
    value: Any, fields: Collection[str] = Request._fields, *, without: Collection[str] = NOTHING
) -> Misplaced | None:
    """The first field of a request in a value: a key, or a text that sets `dry_run`."""
    for text in texts_in(value, without=without):
        field = field_of(text.text) if text.is_key else _field_set_in(text.text)
        if field and field in fields:
            return Misplaced(field, text.place)
    return None


def field_of(name: Any) -> str | None:
    """The field of a request that a name spells, also as `X-Dry-Run` or `isDryRun`."""
    word = re.sub("^x?(lightsout)?", "", bare(name))
    return "dry_run" if "dryrun" in word or word == "dry" else _SPELT.get(word)


def bare(name: Any) -> str:
    """The letters and digits of a name, in lower case: `Dry-Run` and `dry_run` are the same."""
    return re.sub(r"[\W_]", "", readable(str(name)[:LONGEST_SHOWN]))


_SPELT = {name.replace("_", ""): name for name in Request._fields}


def _field_set_in(text: str) -> str | None:
    """`dry_run` if the text sets it: as `dry_run=true`, in YAML, or in JSON inside other text.

    It looks for this field only: the others are common words, and an overlooked dry run stops
    machines.
    """
    plain = readable(text)
    if "run" not in plain:  # most texts; this saves compiling the pattern
        return None
    return "dry_run" if re.search(r"dry([-_]|%5f)?run[\"'\\\s]{0,8}[:=]", plain) else None


# IDs of instances --------------------------------------------------------------------------------

# As documented: an ID by itself, or at the end of a six-segment name. It is never a part of a
# longer word, even if an invisible character divides that word.
_PREFIXES = "|".join(resource.id_prefix for resource in RESOURCES.values())
_ID = rf"(?i)(?<![\w.{SHAPELESS}-])(?:{_PREFIXES})[0-9a-z]+(?!\.?[\w{SHAPELESS}-])"

# As people may write it. After a letter, eight characters with a digit have to follow, so that
# `plugins-core` is no ID.
_WORDS = [resource.id_prefix[:-1] for resource in RESOURCES.values()]
_WORD = "|".join(_WORDS)
_START = r"(?:(?<![a-z])|(?<=\\[bfnrt])|(?<=%[0-9a-f]{2}))"
_END = r"(?=[a-z]{0,7}[0-9])[0-9a-z]{8}"
_LIKE_AN_ID = (
    rf"{_START}(?:{_WORD})-"
    rf"|{_START}(?:{_WORD})[\W_]{{1,3}}{_END}"
    rf"|(?<!shang)(?:{_WORD})(?:[-_]|%2d){_END}"  # `logs-shanghai-1250000000` is a bucket
)


def ids_in(text: str) -> list[str]:
    """The IDs of instances in a text that are written as documented."""
    return re.findall(_ID, text)


def find_id(value: Any, *, known: Collection[str] = NOTHING) -> str | None:
    """The place of the first text that looks like the ID of an instance and is not a known one."""
    for text in texts_in(value):
        if _looks_like_id(_without(known, text.text)):
            return _below(text.place, text.text) if text.is_key else text.place
    return None


def _without(known: Collection[str], text: str) -> str:
    return re.sub(_ID, lambda id_: " " if id_[0] in known else id_[0], text) if known else text


def _looks_like_id(text: str) -> bool:
    plain = readable(text)
    # Few texts have such a word: this saves compiling the pattern, and most of the search.
    some = any(word in plain for word in _WORDS)
    return some and re.search(_LIKE_AN_ID, plain) is not None


# Spelling ----------------------------------------------------------------------------------------

_DASHES = (*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63)
_FULL_WIDTH = range(0xFF01, 0xFF5F)  # letters and signs of Chinese and Japanese keyboards


def readable(text: str) -> str:
    r"""The text in lower case; `\u002d` and full-width letters are replaced by what they mean."""
    if "\\u" in text:
        text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    if text.isascii():
        return text.lower()
    ascii_of = {code: code - 0xFEE0 for code in _FULL_WIDTH} | dict.fromkeys(_DASHES, "-")
    return re.sub(f"[{SHAPELESS}]", "", text.translate(ascii_of)).lower()
