"""The rules for tags: https://cloud.tencent.com/document/product/651/13354, as of January 2026.

It is a guess that the page's "letters" are those of English and Chinese only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_KEY, LONGEST_VALUE = 127, 255
MOST_ON_A_RESOURCE = 50
MOST_IN_A_REQUEST = 10
# Reserved beginnings: qcs:, project and 项目 are on the page, the others in the list of codes.
RESERVED = ("qcs:", "qcloud", "tencent", "project", "项目")
LEGAL = re.compile(r"[A-Za-z0-9㐀-䶿一-鿿 +\-=._:/@()\[\],;><【】]*")


def require_key(key: str) -> None:
    """Require a key that users may create. Raises ApiError."""
    if not key:
        raise ApiError("InvalidParameterValue.TagKeyEmpty", "A tag key must not be empty.")
    if len(key) > LONGEST_KEY:
        raise ApiError(
            "InvalidParameterValue.TagKeyLengthExceeded",
            f"The tag key `{key}` has more than {LONGEST_KEY} characters.",
        )
    if not _legal(key):
        raise ApiError(
            "InvalidParameterValue.TagKeyCharacterIllegal",
            f"The tag key `{key}` has an illegal character.",
        )
    if key.startswith(RESERVED):
        raise ApiError("InvalidParameter.ReservedTagKey", f"The tag key `{key}` is reserved.")


def require_value(value: str) -> None:
    """Require a valid value. Raises ApiError."""
    if not value:
        raise ApiError("InvalidParameterValue.TagValueEmpty", "A tag value must not be empty.")
    if len(value) > LONGEST_VALUE:
        raise ApiError(
            "InvalidParameterValue.TagValueLengthExceeded",
            f"The tag value `{value}` has more than {LONGEST_VALUE} characters.",
        )
    if not _legal(value):
        raise ApiError(
            "InvalidParameterValue.TagValueCharacterIllegal",
            f"The tag value `{value}` has an illegal character.",
        )


def require_keys(keys: Sequence[str]) -> None:
    """Require at most ten different keys. Raises ApiError."""
    if len(keys) > MOST_IN_A_REQUEST:
        raise ApiError(
            "LimitExceeded.TagNumPerRequest",
            f"The number of tags is {len(keys)}, the limit is {MOST_IN_A_REQUEST}.",
        )
    if len(set(keys)) < len(keys):
        raise ApiError("InvalidParameterValue.TagKeyDuplicate", "A tag key is there twice.")
    for key in keys:
        require_key(key)


def _legal(text: str) -> bool:
    return text == text.strip() and LEGAL.fullmatch(text) is not None
