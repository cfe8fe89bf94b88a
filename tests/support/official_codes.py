"""The official error codes, by service and action; see tools/extract_codes.py."""

from __future__ import annotations

import json
from pathlib import Path

OFFICIAL_CODES = json.loads(Path(__file__).with_name("official_codes.json").read_text("utf-8"))
# Of every API: https://cloud.tencent.com/document/api/1207/47577, as far as they come here.
COMMON_CODES = {
    "RequestSizeLimitExceeded",
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
# A list that cannot be whole: it has no code for a function that there is not, nor for a right.
BEYOND = {("scf", "ListTriggers"): {"ResourceNotFound.FunctionName", "UnauthorizedOperation.CAM"}}


def is_official(service, action, code):
    """True if the action, or every API, has such a code; a service without lists: yes.

    ClientNetworkError is a word of the SDK's own.
    """
    lists = OFFICIAL_CODES.get(service)
    known = {*lists[action]} if lists else {code}
    known |= BEYOND.get((service, action), set())
    return code in known | COMMON_CODES | {"ClientNetworkError"}
