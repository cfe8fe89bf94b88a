"""The table of all keys of a policy file, in English and in Chinese."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from lightsout.policies.schema.shapes import Either, Field, Fields, ListOf, Shape, Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CHINESE_TEXTS = Path(__file__).with_name("policy_chinese.yml")


class Language(NamedTuple):
    """How a language says what the schema says in English."""

    head: str
    texts: Mapping[str, str]  # by the English ones; what is not in it stays as it is
    required: str
    default: str
    only: str
    belongs: str  # one of the keys that `only` names, and the words that it must have
    comma: str
    last: str  # before the last of several words


def _texts(path: Path) -> dict[str, str]:
    return {pair["en"]: pair["zh"] for pair in yaml.safe_load(path.read_text("utf-8"))}


ENGLISH = Language(
    head="| key | value | meaning |",
    texts={},
    required="{}, required",
    default=" Default: {}.",
    only=" Only for {}.",
    belongs="{} {}",
    comma=", ",
    last=" or ",
)
CHINESE = Language(
    head="| 字段 | 值 | 含义 |",
    texts=_texts(CHINESE_TEXTS),
    required="{}，必填",
    default="默认：{}。",
    only="仅限 {} 的策略。",
    belongs="{} 为 {}",
    comma="、",
    last=" 或 ",
)


class Row(NamedTuple):
    key: str  # with those that it stands below
    field: Field


def table(file: Fields, language: Language) -> str:
    lines = [language.head, "|---|---|---|", *(_line(row, language) for row in rows(file, ""))]
    return "\n".join(lines) + "\n"


def rows(shape: Shape, path: str) -> Iterator[Row]:
    match shape:
        case Fields():
            for field in shape.fields:
                name = f"{path}{field.key}"
                yield Row(name, field)
                yield from rows(field.shape, f"{name}.")
        case ListOf():
            yield from rows(shape.item, f"{path[:-1]}[].")
        case Either():
            yield from rows(shape.other, path)


def faults(file: Fields, texts: Mapping[str, str]) -> list[str]:
    """English texts of the schema without Chinese, and Chinese ones of texts that are gone."""
    needed = {text: row.key for row in rows(file, "") for text in _english(row.field)}
    missing = [
        f"`{key}`: no Chinese for {text!r}: add it, or see that its Chinese still fits"
        for text, key in needed.items()
        if text not in texts
    ]
    left = [f"no field says {text!r} any more" for text in texts if text not in needed]
    return missing + left


def _english(field: Field) -> Iterator[str]:
    """The texts of a field that another language says differently."""
    if not _words(field.shape):
        yield _noun(field.shape)
    yield field.about
    if _is_prose(field.default):
        yield field.default


def _line(row: Row, language: Language) -> str:
    field, says = row.field, language.texts
    noun = _noun(field.shape)
    value = _either(_words(field.shape), language) or says.get(noun, noun)
    if field.required:
        value = language.required.format(value)
    meaning = says.get(field.about, field.about)
    if field.default:
        meaning += language.default.format(says.get(field.default, field.default))
    if field.only:
        meaning += language.only.format(_only(field, language))
    value = value.replace("*", r"\*")
    return f"| `{row.key}` | {value} | {meaning} |"


def _only(field: Field, language: Language) -> str:
    return language.comma.join(
        language.belongs.format(about, _either(words, language)) for about, words in field.only
    )


def _words(shape: Shape) -> Sequence[str]:
    """The words of which the value is one; none where it is described."""
    if isinstance(shape, Either) and isinstance(shape.text, Word) and shape.noun == shape.text.noun:
        return shape.text.words
    return shape.words if isinstance(shape, Word) else ()


def _noun(shape: Shape) -> str:
    return "a mapping" if isinstance(shape, Fields) else shape.noun


def _either(words: Sequence[str], language: Language) -> str:
    *most, last = words or ("",)
    return f"{language.comma.join(most)}{language.last}{last}" if most else last


def _is_prose(default: str) -> bool:
    """False for a value as a file has it: `5m`, `[timer, invoke]`."""
    return " " in default and not default.startswith("[")
