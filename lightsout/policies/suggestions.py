"""What a text that cannot be read was meant to be. Only imported where there is a mistake.

Nothing here is believed: the reader suggests only what it would take itself.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from typing import TYPE_CHECKING

from lightsout.base.scalars import zones
from lightsout.base.suggest import bare_of, slips_between, typo_of
from lightsout.policies.letters import clean
from lightsout.policies.reader import Either, Form, ListOf, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lightsout.policies.reader import Field, Kind

LONGEST = 60  # characters of what is suggested

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = r"(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?"
_WEEK = "[mon, tue, wed, thu, fri]"  # not workdays: those differ on holidays
_WEEKEND = "[sat, sun]"
_DAYS_MEANT = {
    "weekday": _WEEK, "weekdays": _WEEK, "weekend": _WEEKEND, "weekends": _WEEKEND,
    "周末": _WEEKEND, "daily": "everyday", "all": "everyday", "*": "everyday", "每天": "everyday",
    "工作日": "workdays",
}  # fmt: skip

# Of UTC, in minutes, where some zone has it all the year.
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


def instead(kind: Kind, text: str) -> Iterator[str]:
    """What may stand in the file where `text` is no `kind`, the surest first."""
    if len(text) > LONGEST:
        return
    one = kind.text if isinstance(kind, Either) else kind
    if isinstance(one, Form | Word):
        yield from _texts(one, text)
    many = kind.other if isinstance(kind, Either) else kind
    if isinstance(many, ListOf):
        item = many.item.text if isinstance(many.item, Either) else many.item
        yield from _lists(item, text) if isinstance(item, Form | Word) else ()


def _texts(kind: Form | Word, text: str) -> Iterator[str]:
    bare = clean(text)
    yield from filter(None, (_meant(kind, told) for told in (text, bare)))
    if bare and bare != text:
        yield written(bare)


def _lists(item: Form | Word, text: str) -> Iterator[str]:
    """Lists of the text, or of the parts between its commas."""
    parts = [clean(part) for part in re.split("[,，、]", text)]
    if all(parts):
        yield f"[{', '.join(map(written, parts))}]"
        yield f"[{', '.join(_meant(item, part) or written(part) for part in parts)}]"


def _meant(kind: Form | Word, text: str) -> str | None:
    if isinstance(kind, Form):
        return kind.meant(text)
    return kind.meant(text) or typo_of(text, kind.words)


def key_meant(text: str, free: Sequence[Field]) -> Field | None:
    """The field that the key was meant to be."""
    key = typo_of(clean(text), [field.key for field in free])
    return next((field for field in free if field.key == key), None)


def written(text: str) -> str:
    """`text` as YAML that may stand between brackets, too."""
    plain = re.fullmatch(r"\w[\w./:+=@-]*", text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def days_meant(text: str) -> str | None:
    """`mon-fri`, `weekend`, `Monday`: the same days as the file spells them."""
    word = text.strip().lower()
    if word in _DAYS_MEANT:
        return _DAYS_MEANT[word]
    span = re.fullmatch(rf"{_DAY} *(?:-|–|\.\.|to|至) *{_DAY}", word)
    if span is None:
        return None
    first, last = (DAYS.index(day) for day in span.groups())
    count = (last - first) % 7 + 1
    return f"[{', '.join(DAYS[(first + number) % 7] for number in range(count))}]"


def day_meant(text: str) -> str | None:
    """`Monday` as `mon`."""
    found = re.fullmatch(_DAY, text.strip().lower())
    return found[1] if found else typo_of(text, DAYS)


def zone_meant(text: str) -> str | None:
    """A zone that has the offset which `text` tells; or the one of which it is a misspelling.

    Never a guess from abbreviations: HST is ten hours behind UTC, and HKT eight ahead.
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
        return _misspelt_zone(word, names)
    cities = [name for name in names if bare_of(name.rpartition("/")[2]) == bare_of(word)]
    return cities[0] if len(cities) == 1 else None


def _offset(word: str) -> int | None:
    """Minutes that `utc+8`, `gmt+08:00` or `+0800` is ahead of UTC."""
    form = re.fullmatch(r"(?:utc|gmt)?([+-])([0-9]{1,2})(?::?([0-5][0-9]))?", word)
    if form is None:
        return 0 if word == "z" else None
    minutes = int(form[2]) * 60 + int(form[3] or 0)
    return -minutes if form[1] == "-" else minutes


def _misspelt_zone(word: str, names: Iterable[str]) -> str | None:
    area = word.lower().partition("/")[0]
    there = {name.lower(): name for name in names if name.lower().startswith(f"{area}/")}
    near = difflib.get_close_matches(word[:100].lower(), there, n=3, cutoff=0.8)
    slips = [
        name for name in near if slips_between(word.lower(), name) <= (1 if len(word) < 13 else 2)
    ]
    return there[slips[0]] if slips else None
