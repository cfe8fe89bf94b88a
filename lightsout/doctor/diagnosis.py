"""A diagnosis: the object of a check, its result, and how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.base.log import where
from lightsout.base.texts.pages import page
from lightsout.base.texts.plain import plain
from lightsout.cloud.error_codes import Meaning

if TYPE_CHECKING:
    from lightsout.cloud.sdk import CallFailed

FINE = "✓"
WRONG = "✗"  # a defect: something does not work, or will not
WARNING = "!"  # valid, but no machine is stopped, or nobody learns of a failure
UNKNOWN = "?"  # not visible from here
WORDS = {WRONG: "wrong", WARNING: "warning", UNKNOWN: "unknown", FINE: "fine"}
MARKS = tuple(WORDS)  # the worst first
LONGEST = 2000  # characters of a text; some come from the service

GRANT = "grant it: `python -m lightsout permissions role` has the document that the policies need"
KEYS = (
    "give the function its execution role (`role` in serverless.yml); elsewhere set "
    "TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or run `tccli configure`"
)
CLOCK = "set the clock of this machine by the network's time (NTP)"
NETWORK = (
    "let it reach the API; from a private network without internet, by "
    "LIGHTSOUT_ENDPOINT=internal.tencentcloudapi.com"
)
LONGER = "give the function more time: `timeout: 900` in serverless.yml"
AGAIN = f"ask again in a while; if it stays, what the code means: {page('operate.md')}"
FIXES = {  # by error code, where one fix fits
    "AuthFailure.SignatureExpire": CLOCK,
    "OutOfTime": LONGER,
    "UnsupportedRegion": "correct the region in the policy, where the account does not have it; "
    "set TENCENTCLOUD_REGION, where it is none of the policy's",
}


class Diagnosis(NamedTuple):
    """The result of one examination; `fix` is empty if there is nothing to do."""

    check: str
    mark: str
    says: str
    fix: str = ""

    def as_json(self) -> dict[str, Any]:
        """The diagnosis for JSON. `ok`: true, false, or null for a warning or unknown."""
        ok = {FINE: True, WRONG: False}.get(self.mark)
        return {
            "check": plain(self.check[:LONGEST]),
            "mark": self.mark,
            "ok": ok,
            "says": plain(self.says[:LONGEST]),
            "fix": plain(self.fix[:LONGEST]) or None,
        }


def fine(check: str, says: str) -> Diagnosis:
    return Diagnosis(check, FINE, says)


def wrong(check: str, says: str, fix: str) -> Diagnosis:
    return Diagnosis(check, WRONG, says, fix)


def warn(check: str, says: str, fix: str) -> Diagnosis:
    return Diagnosis(check, WARNING, says, fix)


def unknown(check: str, says: str, fix: str = "") -> Diagnosis:
    return Diagnosis(check, UNKNOWN, says, fix)


def refused(check: str, failure: CallFailed) -> Diagnosis:
    """The diagnosis of a call that failed."""
    return wrong(check, failure.with_action, _fix_of(failure))


def broken(check: str, error: Exception) -> Diagnosis:
    """The diagnosis of an examination that raised an error. The others still run."""
    return wrong(check, f"could not be examined: {where(error)}", AGAIN)


def _fix_of(failure: CallFailed) -> str:
    if failure.code in FIXES:
        return FIXES[failure.code]
    if failure.meaning is Meaning.RIGHTS:
        return GRANT
    if failure.code.startswith("AuthFailure"):
        return KEYS
    return AGAIN if failure.delivered else NETWORK
