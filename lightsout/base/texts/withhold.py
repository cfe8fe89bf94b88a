"""Withhold texts that hold a secret, whoever wrote it there, and in whatever spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightsout.base.texts.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SHORTEST_SECRET = 7  # letters and digits; a shorter one is no key, and stands in any text
PIECE = 12  # letters and digits of a key that are enough to know it by
SHORTEST_CHOSEN = 16  # of one that a person chose; a shorter one lets nobody in
SHORTEST_TEXT = 16  # characters; most IDs of instances are shorter, and there are thousands
WITHHELD = "(not quoted: it holds a secret)"

KEYS = (
    "TENCENTCLOUD_SECRETKEY",
    "TENCENTCLOUD_SECRET_KEY",
    "TENCENTCLOUD_SESSIONTOKEN",
    "TENCENTCLOUD_TOKEN",
)
CHOSEN_BY_PEOPLE = ("LIGHTSOUT_URL_SECRET",)  # a piece of it may be a common word


def cleaner(environ: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that makes a text plain, or withholds it for a secret of `environ`."""
    keys = filter(None, (environ.get(name) for name in KEYS))
    pieces = {piece for key in keys for piece in _pieces(letters(key))}
    sizes = {len(piece) for piece in pieces}
    chosen = [letters(environ.get(name, "")) for name in CHOSEN_BY_PEOPLE]
    whole = [secret for secret in chosen if len(secret) >= SHORTEST_CHOSEN]

    def clean(text: str) -> str:
        if len(text) < SHORTEST_TEXT:
            return plain(text)
        said = letters_said(text)
        held = any(secret in said for secret in whole) or any(
            said[at : at + size] in pieces for size in sizes for at in range(len(said) - size + 1)
        )
        return WITHHELD if held else plain(text)

    return clean


def letters(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return "".join(filter(str.isalnum, text)).lower()


def letters_said(text: str) -> str:
    """The letters and digits of a text: as it stands, and as it is where it is percent-encoded."""
    if "%" not in text:
        return letters(text)
    from urllib.parse import unquote  # noqa: PLC0415  few texts need it

    return f"{letters(text)} {letters(unquote(unquote(text)))}"


def share_a_piece(said: str, secret: str) -> bool:
    """True if `said` holds a part of the secret that is long enough to know it by."""
    return any(piece in said for piece in _pieces(secret))


def _pieces(secret: str) -> Iterator[str]:
    """Each part of the secret that is just long enough; none where the secret is too short."""
    size = min(PIECE, len(secret))
    if size >= SHORTEST_SECRET:
        yield from (secret[at : at + size] for at in range(len(secret) - size + 1))
