"""Find characters that are invisible, or look like another one, and name them.

A selector with a blank at its end, or with a curly quote, matches nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Parts of character classes, with the same meaning in Python and ECMAScript. A test compares them
# with Unicode's own lists. BLANK: all blanks but U+0020. SHAPELESS: invisible and without width.
BLANK = (
    r"\t-\r\x1c-\x1f\x85\xa0\u115f\u1160\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000"
    r"\u3164\uffa0"
)
SHAPELESS = (
    r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
QUOTES = (
    r"\xab\xb4\xbb\u02b9-\u02bd\u02ca\u02cb\u02ee\u05f3\u05f4\u2018-\u201f\u2032-\u2037\u2039"
    r"\u203a\u275b-\u2760\u2e42\u300c-\u300f\u301d-\u301f\ufe41-\ufe44\uff02\uff07\uff40"
    r"\uff62\uff63"
    "\U0001f676-\U0001f678"
)
PLAIN_QUOTES = "\"'`"
COMMAS = r"\uff0c\ufe10\ufe50"
# Characters that a Chinese keyboard or a text processor writes for ASCII ones.
LOOKALIKES = r"\u2010-\u2015\u2212\u3001\u3002\u3010\u3011\uff01-\uff5e\uff61\uff64"
ODD = BLANK + SHAPELESS + QUOTES + COMMAS
# Of tags, from product 651, document 13354. The service forbids these by name, and the wildcards.
FORBIDDEN = PLAIN_QUOTES + "&|#!%~"
# It allows these, and Chinese.
_DOCUMENTED = r"[A-Za-z0-9 +=._:/@()\[\],;><*?\u3010\u3011-]"
_CHINESE = (
    (0x3005, 0x3007),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


class Odd(NamedTuple):
    """A wrong character, and its place in the text."""

    offset: int
    says: str  # such as "ends with U+00A0 no-break space"
    advice: str  # such as ": delete it"


def without(bad: str) -> str:
    """Return a pattern for texts with none of the characters `bad`, and no blank at an end."""
    return rf"(?! )(?![\s\S]*[{bad}])(?![\s\S]* $)[\s\S]*"


def find_odd(text: str, more: str = "") -> Odd | None:
    """Return the first odd character or one in the class `more`, else a blank at an end."""
    found = re.search(f"[{ODD}{more}]", text)
    if found is None and text == text.strip(" "):
        return None
    index = found.start() if found else 0 if text[0] == " " else len(text) - 1
    sign, within = text[index], bool(clean(text[index:]))
    inside = "has" if within else "ends with"
    what = advice(sign)
    if re.match(f"[ {BLANK}]", sign) and not within:
        what = ": delete it"
    elif index and within and re.match(f"[{QUOTES}]", sign):
        what = ""
    return Odd(index, f"{inside if index else 'begins with'} {name(sign)}", what)


def advice(sign: str) -> str:
    """Return advice about the character, such as `: type ,`; an empty text for one of ASCII."""
    if re.match(f"[ {SHAPELESS}]", sign):
        return ": delete it"
    plain = plain_sign(sign)
    return f": type {'a space' if plain == ' ' else plain}" if plain != sign else ""


def plain_sign(sign: str) -> str:
    """Return the character of ASCII that was meant; the same one where there is none."""
    if sign.isascii():
        return sign
    if known := _PLAIN.get(sign):
        return known
    for class_, plain in ((SHAPELESS, ""), (BLANK, " "), (r"\u2010-\u2015\u2212", "-")):
        if re.match(f"[{class_}]", sign):
            return plain
    if re.match(f"[{QUOTES}]", sign):
        return "'" if sign in _SINGLE else '"'
    import unicodedata  # noqa: PLC0415  only a mistake pays for it

    plain = unicodedata.normalize("NFKC", sign)
    return plain if len(plain) == 1 and plain.isascii() else sign


_PLAIN = {"、": ",", "､": ",", "。": ".", "｡": ".", "【": "[", "】": "]", "︐": ",", "﹐": ","}
_SINGLE = "\u2018\u2019\u201a\u201b\u2032\u2035\uff07\u2039\u203a"


def find_undocumented(text: str) -> str | None:
    """Return the first character that the service does not list for tags."""
    return next((sign for sign in text if not _is_documented(sign)), None)


def _is_documented(sign: str) -> bool:
    if re.match(_DOCUMENTED, sign):
        return True
    return any(first <= ord(sign) <= last for first, last in _CHINESE)


def name(sign: str) -> str:
    """Return the character's number and name: `U+00A0 no-break space`."""
    import unicodedata  # noqa: PLC0415  only a mistake pays for it

    return f"U+{ord(sign):04X} {unicodedata.name(sign, '').lower()}".rstrip()


def clean(text: str) -> str:
    """Return `text` without invisible characters, and without blanks and quotes at its ends."""
    seen = re.sub(f"[{BLANK}]", " ", re.sub(f"[{SHAPELESS}]", "", text))
    quotes = f"[ {QUOTES}{PLAIN_QUOTES}]+"
    return re.sub(f"^{quotes}|{quotes}$", "", seen)
