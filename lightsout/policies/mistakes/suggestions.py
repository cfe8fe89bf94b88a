"""Propose texts for one that cannot be read. Imported only if there is a mistake.

A proposal is a guess: the reader only shows one with which the file is valid.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING

from lightsout.base.texts.scalars import zones
from lightsout.base.texts.suggest import bare_of, typo_of
from lightsout.policies.mistakes.characters import clean
from lightsout.policies.schema.shapes import Either, ListOf, Scalar, TimePair, Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lightsout.policies.schema.shapes import Field, Shape

LONGEST = 60  # characters of what is suggested

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEK = "[mon, tue, wed, thu, fri]"  # not workdays: those differ on holidays
_WEEKEND = "[sat, sun]"
_DAYS_MEANT = {
    "weekday": _WEEK, "weekdays": _WEEK, "weekend": _WEEKEND, "weekends": _WEEKEND,
    "周末": _WEEKEND, "daily": "everyday", "all": "everyday", "*": "everyday", "每天": "everyday",
    "工作日": "workdays",
}  # fmt: skip

# By an offset from UTC in minutes: a zone that has it all year.
_BY_OFFSET = {
    -600: "Pacific/Honolulu", -420: "America/Phoenix", -300: "America/Bogota",
    -180: "America/Sao_Paulo", 0: "UTC", 180: "Asia/Riyadh", 240: "Asia/Dubai",
    330: "Asia/Kolkata", 420: "Asia/Bangkok", 480: "Asia/Shanghai", 540: "Asia/Tokyo",
    600: "Australia/Brisbane",
}  # fmt: skip
_CHINA = (
    "cst", "beijing", "beijingtime", "bjt", "北京", "北京时间", "中国", "中国标准时间", "china",
    "chinastandardtime", "chinatime", "guangzhou", "shenzhen", "hangzhou", "nanjing", "chengdu",
    "wuhan", "上海", "广州", "深圳",
)  # fmt: skip
_ZONES_MEANT = dict.fromkeys(_CHINA, "Asia/Shanghai") | {
    "hkt": "Asia/Hong_Kong", "香港": "Asia/Hong_Kong", "sgt": "Asia/Singapore",
    "jst": "Asia/Tokyo", "kst": "Asia/Seoul", "msk": "Europe/Moscow",
}  # fmt: skip


def instead(shape: Shape, text: str) -> Iterator[str]:
    """Yield texts to replace `text`, which does not fit `shape`; the most likely first."""
    if len(text) > LONGEST:
        return
    one = shape.text if isinstance(shape, Either) else shape
    if isinstance(one, Scalar | Word):
        yield from _texts(one, text)
    if isinstance(one, TimePair):
        yield from _pairs(one, text)
    many = shape.other if isinstance(shape, Either) else shape
    if isinstance(many, ListOf):
        item = many.item.text if isinstance(many.item, Either) else many.item
        yield from _lists(item, text) if isinstance(item, Scalar | Word) else ()


def _texts(shape: Scalar | Word, text: str) -> Iterator[str]:
    bare = clean(text)
    yield from filter(None, (_meant(shape, said) for said in (text, bare)))
    # The same text in ASCII. In a tag it might be another text.
    typed = bare if isinstance(shape, Scalar) and shape.forbidden else narrow(bare)
    if typed and typed != text:
        yield written(typed)


def narrow(text: str) -> str:
    """Return the text with ordinary digits, letters and signs instead of full-width ones."""
    return unicodedata.normalize("NFKC", text)


def _lists(item: Scalar | Word, text: str) -> Iterator[str]:
    """Yield lists of the text, or of the parts between its commas."""
    parts = [clean(part) for part in re.split("[,，、]", text)]
    if all(parts):
        yield f"[{', '.join(map(written, parts))}]"
        yield f"[{', '.join(_meant(item, part) or written(part) for part in parts)}]"


def _pairs(pair: TimePair, text: str) -> Iterator[str]:
    """Yield `["20:00", "23:00"]` for `20:00-23:00`."""
    parts = [clean(part) for part in re.split("[-–—~～,，、至]|(?<=[0-9mM ])to(?= )", text)]
    if len(parts) == 2:
        ends = zip((pair.opens, pair.closes), parts, strict=True)
        yield json.dumps([shape.meant(part) or narrow(part) for shape, part in ends])


def _meant(shape: Scalar | Word, text: str) -> str | None:
    if isinstance(shape, Scalar):
        return shape.meant(text)
    return shape.meant(text) or typo_of(text, shape.words)


def key_meant(text: str, free: Sequence[Field]) -> Field | None:
    """Return the field that the key misspells."""
    key = typo_of(clean(text), [field.key for field in free])
    return next((field for field in free if field.key == key), None)


def written(text: str) -> str:
    """Return `text` as YAML that may also stand between brackets."""
    plain = re.fullmatch(r"\w[\w./:+=@-]*", text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def days_meant(text: str) -> str | None:
    """Return the same days as the file spells them, for `mon-fri`, `weekend`, `Monday`."""
    word = text.strip().lower()
    if word in _DAYS_MEANT:
        return _DAYS_MEANT[word]
    span = re.fullmatch(r"([a-z.]+) *(?:-|–|\.\.|to|至) *([a-z.]+)", word)
    ends = [_day(end) for end in span.groups()] if span else [None]
    if None in ends:
        return None
    first, last = (DAYS.index(str(day)) for day in ends)
    count = (last - first) % 7 + 1
    return f"[{', '.join(DAYS[(first + number) % 7] for number in range(count))}]"


def day_meant(text: str) -> str | None:
    """Return `mon` for `Monday`."""
    word = text.strip().lower()
    full = typo_of(word, _FULL_DAYS)
    return _day(word) or (full and full[:3])


def _day(word: str) -> str | None:
    """Return the day that the word names, also as an abbreviation or in the plural."""
    word = word.removesuffix(".")
    fitting = (day for day in _FULL_DAYS if len(word) > 2 and f"{day}s".startswith(word))
    return next((day[:3] for day in fitting), None)


def time_meant(text: str) -> str | None:
    """Return `08:00` for `8:00`, and `20:00` for `8:00 PM`; None where two times may be meant.

    `12:00 AM` has two meanings, and `8` may be either of two hours.
    """
    word = re.sub(r"\s", "", narrow(text).lower())
    form = re.fullmatch(r"([0-9]{1,2})(?::([0-5][0-9]))?(?:([ap])\.?m\.?)?", word)
    if form is None or not (form[2] or form[3]):
        return None
    hour, minute = int(form[1]), form[2] or "00"
    if form[3]:
        if not 1 <= hour <= 12 or (hour, minute) == (12, "00"):
            return None
        hour = hour % 12 + 12 * (form[3] == "p")
    return f"{hour:02}:{minute}" if hour < 24 else None


def zone_meant(text: str) -> str | None:
    """Return a zone with the offset that `text` gives, or the zone that `text` misspells.

    Abbreviations are not guessed: HST is ten hours behind UTC, and HKT eight ahead.
    """
    word = unicodedata.normalize("NFKC", text).strip()
    bare = re.sub("[ _]", "", word.lower())
    if known := _ZONES_MEANT.get(bare.removeprefix("asia/")):
        return known
    if (minutes := _offset(bare)) is not None:
        return _BY_OFFSET.get(minutes)
    names = [name for name in zones() if not name.startswith("Etc/")]
    if same := [name for name in names if bare_of(name) == bare_of(word)]:
        return same[0]
    if "/" in word:
        return typo_of_zone(word, names)
    cities = [name for name in names if bare_of(name.rpartition("/")[2]) == bare_of(word)]
    return cities[0] if len(cities) == 1 else None


def _offset(word: str) -> int | None:
    """Return the minutes that `utc+8`, `gmt+08:00` or `+0800` is ahead of UTC."""
    form = re.fullmatch(r"(?:utc|gmt)?([+-])([0-9]{1,2})(?::?([0-5][0-9]))?", word)
    if form is None:
        return 0 if word == "z" else None
    minutes = int(form[2]) * 60 + int(form[3] or 0)
    return -minutes if form[1] == "-" else minutes


def typo_of_zone(word: str, names: Sequence[str]) -> str | None:
    """Return the zone whose parts, between the slashes, are each right or one slip away."""
    parts = word.split("/")
    fitting = names
    for at, part in enumerate(parts):
        there = [name.split("/") for name in fitting if name.count("/") == len(parts) - 1]
        meant = typo_of(part, {name[at] for name in there})
        fitting = ["/".join(name) for name in there if name[at] == meant]
    return fitting[0] if len(fitting) == 1 else None
