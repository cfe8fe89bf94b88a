"""The noun of the doctor: one thing that was examined, what it looks like, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lightsout.base.log import where
from lightsout.base.plain import plain
from lightsout.cloud.error_codes import Meaning

if TYPE_CHECKING:
    from lightsout.cloud.sdk import CallFailed

FINE = "✓"
WRONG = "✗"  # a defect: something will not work, or does not already
MIND = "!"  # as somebody set it, and yet nobody is protected by it, or nobody would hear
UNKNOWN = "?"  # cannot be told from here
WORDS = {WRONG: "wrong", MIND: "to mind", UNKNOWN: "not to be known", FINE: "fine"}
MARKS = tuple(WORDS)

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
AGAIN = "ask again in a while; if it stays, docs/operate.md says what the code means"
MENDS = {  # of codes that are about one thing
    "AuthFailure.SignatureExpire": CLOCK,
    "OutOfTime": LONGER,
    "UnsupportedRegion": "correct the region in the policy, where the account does not have it; "
    "set TENCENTCLOUD_REGION, where it is none of the policy's",
}


class Diagnosis(NamedTuple):
    """What one examination came to; `mend` is empty where there is nothing to do."""

    check: str
    mark: str
    says: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        """`ok` is true, false, or null where neither can be said."""
        ok = {FINE: True, WRONG: False}.get(self.mark)
        return {
            "check": plain(self.check),
            "mark": self.mark,
            "ok": ok,
            "says": plain(self.says),
            "mend": plain(self.mend) or None,
        }


def fine(check: str, says: str) -> Diagnosis:
    return Diagnosis(check, FINE, says)


def wrong(check: str, says: str, mend: str) -> Diagnosis:
    return Diagnosis(check, WRONG, says, mend)


def mind(check: str, says: str, mend: str) -> Diagnosis:
    return Diagnosis(check, MIND, says, mend)


def unknown(check: str, says: str, mend: str = "") -> Diagnosis:
    return Diagnosis(check, UNKNOWN, says, mend)


def refused(check: str, failure: CallFailed) -> Diagnosis:
    """A call that should have been answered, and what is to be done about it."""
    return wrong(check, f"{failure.action}: {failure}", _mend(failure))


def broken(check: str, error: Exception) -> Diagnosis:
    """A defect of the doctor itself, which hides nothing but its own finding."""
    return wrong(check, f"could not be examined: {where(error)}", AGAIN)


def _mend(failure: CallFailed) -> str:
    if failure.code in MENDS:
        return MENDS[failure.code]
    if failure.meaning is Meaning.RIGHTS:
        return GRANT
    if failure.code.startswith("AuthFailure"):
        return KEYS
    return AGAIN if failure.delivered else NETWORK
