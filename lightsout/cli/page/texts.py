"""The words of the page in English, and how to write a text in the page's language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lightsout.base.texts.pages import page
from lightsout.cli.page.chinese import CLAIMS_ZH, SCHEDULE_ZH, ZH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightsout.cli.savings.claims import Claim

EN = {
    "title": "lightsout report",
    "made": "made {when}",
    "log from": "from the log lines of {first} to {last}",
    "no lines": "no log line was read",
    "times are": "Times are those of {zone}, unless another zone is given.",
    "not shown": "Unknown on this page",
    "go": "Sections",
    # status
    "status": "Status",
    "status armed": "Armed",
    "status dry": "Dry run",
    "status unknown": "Unknown",
    "no problems": "No problem is known.",
    "fix": "What to do:",
    "last run": "last run",
    "last run good": "The last run, {when}, was good: {stopped} stopped, {started} started, "
    "{failed} failed.",
    "last run failed": "The last run, {when}, failed: {stopped} stopped, {started} started, "
    "{failed} not confirmed.",
    "last run dry": "The last run, {when}, was a dry run: it would have stopped {stop} and "
    "started {start}.",
    "last run open": "The last run began {when}; its end is not in the log.",
    "no run": "No run is in the log.",
    "ended ok": "good",
    "run failed": "The run of {when} failed: {why}",
    "run failed unsaid": "the run failed; the log has no reason",
    "ended paused": "paused",
    "ended open": "no end in the log",
    "ended failed": "failed",
    "trigger timer": "timer",
    "trigger invoke": "invoke",
    "trigger url": "function URL",
    "trigger eventbridge": "EventBridge",
    "version": "version",
    "policies deployed": "policies deployed (hash)",
    "next tick": "next timer (serverless.yml)",
    "its action": "{policy} ({action})",
    "open until": "in its window now, until {when}",
    "opens": "next window opens {when}",
    "own hours": "by each machine's tag {tag}",
    "whenever triggered": "whenever it is triggered",
    "calendar known": "holidays of China known",
    "to the end of": "to the end of {year}",
    "killed": "The run of {when} has no end: it was killed, or ran out of its time limit.",
    "silent": "No run since {when}, longer than is usual.",
    "dry run on": "It is a dry run: no machine is stopped or started.",
    "policies differ": "The policies here ({here}) are not those of the last run ({there}).",
    "machines in trouble": "Machines in trouble: {count}, first in the table below.",
    "missed": "{policy}: no run in its window on {days}.",
    # what to do
    "fix mistakes": "Correct the file at that place, run `check`, package and deploy again.",
    "fix assume": "Let that account grant its role to this function: "
    "`permissions --account NAME --uin UIN`.",
    "fix rights": "Give the role the named right: `permissions role`.",
    "fix keys": "Give the function its execution role (`role` in serverless.yml).",
    "fix network": "Make sure that the API can be reached; the text after the code says how it "
    "failed.",
    "fix limit": "More machines matched than the policy's limits allow: read `plan` before you "
    "raise them.",
    "fix setting": "Correct that environment variable of the function.",
    "fix pending": "Look at the machine; set a longer `verify: {timeout: …}` if it is always slow.",
    "fix other": f"What each line of a failed run means: {page('operate.md')}.",
    "calendar ends": "The calendar of workdays and holidays does not cover {year}: Monday to "
    "Friday count as workdays.",
    "fix calendar": "Add the days under `holidays:` in the policy file, or upgrade.",
    "fix no run": "Check that the function is deployed and its timer is on: `doctor`.",
    "fix killed": "Set a longer `timeout` in serverless.yml; the next run continues.",
    "fix silent": "Check that the timer is on and the account is not in arrears: `doctor`.",
    "fix dry run": "After you have read a plan: `lightsout deploy --arm`. Where something else "
    "deployed it, set LIGHTSOUT_DRY_RUN=0.",
    "fix differ": "Package and deploy again, or make the report with the deployed policies.",
    "fix warning": f"`check` has more, and {page('operate.md')}.",
    "fix machines": "Their rows say what happened; `plan --instance ID` shows each step.",
    "fix doubt": "Make the report again; it shows what could be seen.",
    # the fortnight
    "fortnight": "Two weeks",
    "fortnight of": "Two weeks: {policy}",
    "fortnight about": "The last week and the next one. Bars are the plan, marks are what really "
    "happened.",
    "fortnight none": "No policy could be read.",
    "action stop": "STOP",
    "action start": "START",
    "action on": "ON",
    "y axis": "hour of the day",
    "x axis": "day",
    "legend planned stop": "window to stop",
    "legend planned start": "window to start",
    "legend planned on": "time on",
    "legend past": "past window",
    "legend good": "confirmed stopped or started",
    "legend failed": "failed",
    "legend now": "now",
    "mark stop": "{count} stopped",
    "mark start": "{count} started",
    "mark failed": "{count} failed",
    "no run here": "no run",
    "calendar alt": "{policy}, plan and results: {days}",
    # machines
    "machines": "Machines",
    "search": "Search",
    "search hint": "ID, name, tag, policy, RequestId …",
    "counted": "{shown} of {found} that match, {all} in all",
    "show all": "Show all",
    "machine": "machine",
    "state": "state",
    "tags": "tags",
    "policy": "policy",
    "last": "last action",
    "kept": "reason to keep it",
    "next": "next action",
    "no machines": "No machine is in the log.",
    "as of": "as of {when}",
    "gone": "gone",
    "confirmed": "confirmed",
    "not confirmed": "not confirmed in the log",
    "did stop": "stop {when}",
    "did start": "start {when}",
    "will stop": "stop at the next run",
    "will start": "start at the next run",
    "will stop at": "stop {when}",
    "will start at": "start {when}",
    "may stop": "stop at the next run, if nothing keeps it",
    "may start": "start at the next run, if nothing keeps it",
    "may stop at": "stop {when}, if nothing keeps it",
    "may start at": "start {when}, if nothing keeps it",
    "of policy": "{policy}: {said}",
    "next none": "none: no policy acts on it in this state",
    "next kept": "none while it is kept",
    "next gone": "none: it is gone",
    "next unknown": "unknown, because its state is unknown",
    # savings
    "savings": "Savings",
    "savings about": "Only what the log proves: from a confirmed stop to the next start.",
    "savings none": "No confirmed stop is in the log.",
    "certain": "certainly stopped",
    "over all": "over all of these logs",
    "saved": "saved",
    "by month": "By month",
    "by policy": "By policy",
    "by tag": "By tag",
    "month": "month",
    "policy account resource": "policy · account · resource",
    "tag": "tag",
    "count machines": "machines",
    "count stops": "stops",
    "hours": "certain hours",
    "some hours": "{hours} h",
    "up to": "up to {hours}",
    "about up to": "“Up to” includes hours in which a machine was perhaps still off, because the "
    "time of its next start is unknown. Only certain hours are counted.",
    "and unpriced": "{known} + {hours} h without a price",
    "more tags": "and {count} more: `savings --tag KEY` shows one key",
    "weeks title": "Hours stopped, by week",
    "y hours": "hours",
    "x weeks": "week, by its Monday",
    "legend uncharged": "no longer charged (STOP_CHARGING); above it, money saved ({currency})",
    "legend charged": "stopped, still charged",
    "week title": "week of {week}: {hours} h, {saved}",
    "how counted": "How this is counted, and what is unknown",
    # failures
    "failures": "Failures",
    "stop since": "Since then, stop confirmed {when}. ",
    "start since": "Since then, start confirmed {when}. ",
    "action since": "Since then, confirmed {when}. ",
    "failures none": "No failure is in the log.",
    "when": "when",
    "what": "policy and place",
    "why": "what happened",
    "more": "and {count} more",
    "run": "run",
    # without credentials
    "missing look": "Without credentials no machine was looked at: names and tags are unknown, "
    "states and reasons to keep a machine are the last ones in the log.",
    "missing money": "Prices were not asked for, so money is unknown.",
    "missing policies": "Without policies there is no calendar, and no next action.",
    "missing timers": "Without a readable serverless.yml, the next timer is unknown.",
}


_PLACE = re.compile(r"\{(\w+)\}")
LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": EN, "zh": ZH}
WEEKDAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
_SCHEDULE = re.compile(rf"\b({'|'.join(SCHEDULE_ZH)})\b")
TAGS = {"en": "en", "zh": "zh-CN"}
COMMAS = {"en": ", ", "zh": "、"}


class Texts:
    """The words of one language: `t("open until", when=…)`."""

    def __init__(self, language: str) -> None:
        self.tag = TAGS[language]
        self.weekdays = WEEKDAYS[language]
        self.comma = COMMAS[language]  # between the items of a list
        self._texts = LANGUAGES[language]

    def __call__(self, key: str, **facts: Any) -> str:
        return _PLACE.sub(lambda it: str(facts.get(it[1], it[0])), self._texts[key])

    def schedule(self, said: str) -> str:
        """Translate the English text about a policy's action and schedule into this language."""
        return (
            said if self.tag == TAGS["en"] else _SCHEDULE.sub(lambda it: SCHEDULE_ZH[it[1]], said)
        )

    def claim(self, claim: Claim | str) -> str:
        """A sentence of `savings`; the service's own text in it stays as it is."""
        if isinstance(claim, str) or self.tag == TAGS["en"]:
            return str(claim)
        return _PLACE.sub(lambda it: claim.facts.get(it[1], it[0]), CLAIMS_ZH[claim.key])


def language_of(environ: Mapping[str, str]) -> str:
    """The page's language if the command line does not choose one: that of the locale."""
    locale = next((environ[it] for it in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(it)), "")
    return "zh" if locale.lower().startswith("zh") else "en"
