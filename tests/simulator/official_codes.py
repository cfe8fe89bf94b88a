"""The error codes that there are, by service and action; see tools/extract_codes.py."""

from __future__ import annotations

import json
from pathlib import Path

OFFICIAL_CODES = json.loads(Path(__file__).with_name("official_codes.json").read_text("utf-8"))
# Of every API: https://cloud.tencent.com/document/api/1207/47577, as far as they come here.
COMMON_CODES = {
    "AuthFailure.UnauthorizedOperation",
    "InternalError",
    "InvalidParameter",
    "InvalidParameterValue",
    "MissingParameter",
    "RequestLimitExceeded",
    "UnauthorizedOperation",
    "UnknownParameter",
    "UnsupportedOperation",
    "UnsupportedRegion",
}


def is_official(service, action, code):
    """Whether the action, or every API, has such a code; a service without lists: yes.

    ClientNetworkError is a word of the SDK's own.
    """
    lists = OFFICIAL_CODES.get(service)
    known = {*lists[action]} if lists else {code}
    return code in known | COMMON_CODES | {"ClientNetworkError"}
