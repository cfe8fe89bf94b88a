"""Read the function's log lines from the log service (CLS), without an export.

The topic may be shared by all functions of the region, and its index cuts names into words: the
names of function and namespace are compared again in each line.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lightsout.base.environment import home_region
from lightsout.base.texts.pages import page
from lightsout.cli import WrongUse
from lightsout.cli.calls.clouds import open_clouds
from lightsout.cli.commands.doctor import read_function
from lightsout.cli.explain.progress import show_retry
from lightsout.cli.logs.instants import instant_of
from lightsout.cli.logs.logfiles import LogLines, lines_in
from lightsout.cli.logs.search import DAY, Search
from lightsout.cli.output.tables import complain
from lightsout.cli.output.waiting import status_line
from lightsout.cli.output.words import moment, plural
from lightsout.cloud.error_codes import Meaning
from lightsout.cloud.sdk import CallFailed
from lightsout.doctor.function_check import SCF, ExaminedFunction
from lightsout.model.resources.resource import OWN
from lightsout.policies.load import DEFAULT_TIMEZONE
from lightsout.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from lightsout.base.environment import Environment
    from lightsout.cloud.client import Cloud

    Fields = Mapping[str, Any]

DEFAULT_DAYS = 30
MOST_DAYS = 3600  # that a topic keeps, unless it keeps lines forever
READ_LIMIT = 1800.0  # seconds for all of it: a month of a large fleet is hundreds of answers
# Advice for the person.
ADVICE = {
    "FailedOperation.TopicIsolated": "the account is in arrears",
    "OperationDenied.AccountIsolate": "the account is in arrears",
    "OperationDenied.OperationNotSupportInSearchLow": "the topic is of the cold storage class, "
    "which cannot be searched: export the log, and name the file",
    "ResourceNotFound.TopicNotExist": "no such topic in this region: was it deleted, or is "
    "TENCENTCLOUD_REGION another one?",
}
RIGHTS = "your credentials need scf:GetFunction and cls:SearchLog (QcloudCLSReadOnlyAccess has it)"


def log_of(options: argparse.Namespace, outside: Environment) -> LogLines:
    """The lines that a command reads: of its files, or of the function's log.

    Raises WrongUse if the command line names both or neither, or if the log cannot be found.
    """
    if bool(options.files) == options.from_cls:
        raise WrongUse("give the files of a log, or --from-cls to ask the log service for it")
    if options.files and (options.days is not None or options.topic is not None):
        raise WrongUse("--days and --topic belong to --from-cls")
    return _function_log(options, outside) if options.from_cls else LogLines(options.files)


def _function_log(options: argparse.Namespace, outside: Environment) -> FunctionLog:
    days = _days(options.days)
    function = _function(outside)
    settings = read_settings(outside.environ, outside.beside)
    cloud = open_clouds(settings, outside, show_retry, limit=READ_LIMIT)[OWN]
    topic = options.topic or _topic_of(cloud, function)
    return FunctionLog(Search(cloud, topic, function), function, outside.clock.now(), days)


def _days(text: str | None) -> int:
    if text is None:
        return DEFAULT_DAYS
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_DAYS):
        raise WrongUse(f"--days wants a number from 1 to {MOST_DAYS}, not {text!r}")
    return int(text)


def _function(outside: Environment) -> ExaminedFunction:
    """The function in serverless.yml; without that file, the default names."""
    file = outside.beside / "serverless.yml"
    function = read_function(file)
    region = home_region(None, outside.environ)
    if function:
        return function
    if region is None:
        raise WrongUse(f"--from-cls: set TENCENTCLOUD_REGION, for {file} does not name the region")
    return ExaminedFunction("lightsout", "default", region)


def _topic_of(cloud: Cloud, function: ExaminedFunction) -> str:
    """The ID of the topic with the function's lines; raises WrongUse."""
    named = f"{function.name} in {function.region}"
    params = {"FunctionName": function.name, "Namespace": function.namespace, "ShowCode": "FALSE"}
    try:
        answer = cloud.call(SCF.call(function.region, "GetFunction"), params)
    except CallFailed as failure:
        if failure.meaning is Meaning.GONE:
            hint = "its name is that in serverless.yml, its region too, or TENCENTCLOUD_REGION"
            raise WrongUse(f"--from-cls: there is no function {named}; {hint}") from None
        raise _cannot(failure, named) from None
    topic = answer.get("ClsTopicId")
    if not isinstance(topic, str) or not topic:
        hint = f"how to give it one: {page('deploy.md#a-log-that-keeps-longer')}"
        raise WrongUse(f"--from-cls: {named} has no log topic, so no line is kept; {hint}")
    return topic


def _cannot(failure: CallFailed, what: str) -> WrongUse:
    advice = RIGHTS if failure.meaning is Meaning.RIGHTS else ADVICE.get(failure.code, "")
    more = f"; {advice}" if advice else ""
    return WrongUse(f"--from-cls: {what}: {failure.with_action}{more}")


class FunctionLog(LogLines):
    """The lines that the function wrote in the last days, read during iteration.

    `others` counts lines of the platform, and of functions with similar names.
    """

    def __init__(
        self, search: Search, function: ExaminedFunction, now: datetime, days: int
    ) -> None:
        super().__init__(())
        self._search = search
        self._function = function
        self._begin, self._end = now - days * DAY, now
        self._first: datetime | None = None  # the time of the oldest line
        self._cut = 0

    def __iter__(self) -> Iterator[Fields]:
        place = f"topic {self._search.topic} in {self._function.region}"
        try:
            with status_line(f"asking for the lines in {place}") as tell:
                for row in self._search.between(_millis(self._begin), _millis(self._end)):
                    for line in self._read(row):
                        yield line
                        tell(f"{plural(self.ours, 'line')} read from {place}, to {line['time']}")
        except CallFailed as failure:
            raise _cannot(failure, place) from None
        self._tell(place)

    def _read(self, row: Fields) -> Iterator[Fields]:
        fields = _fields_of(row)
        lines = lines_in(fields) if self._is_ours(fields) else []
        self.ours += len(lines)
        self.others += not lines
        self._cut += not lines and self._is_ours(fields) and _is_cut(fields)
        for line in lines:
            time = instant_of(line["time"])
            self._first = min(filter(None, (self._first, time)), default=None)
        yield from lines

    def _is_ours(self, fields: Fields) -> bool:
        named = fields.get("SCF_FunctionName"), fields.get("SCF_Namespace")
        return named == (self._function.name, self._function.namespace)

    def _tell(self, place: str) -> None:
        """Report on stderr what was read, and keep what could not be read in `unusable`."""
        zone = ZoneInfo(DEFAULT_TIMEZONE)
        since = moment(self._begin, zone)
        named = f"{self._function.name} ({self._function.namespace})"
        if self._cut:
            what = "that the platform cut at 8 KB, not read"
            self.unusable.append(f"{place}: {plural(self._cut, 'line')} {what}")
        if not self.ours:
            why = f"no line of {named} since {since}: a new one takes some seconds to show"
            self.unusable.append(f"{place}: {why}")
            return
        oldest = f", the oldest of {moment(self._first, zone)}" if self._first else ""
        if self._first and self._first > self._begin + DAY:
            oldest += "; the topic may keep no more (7 days, unless you made it)"
        complain(f"lightsout: {plural(self.ours, 'line')} of {named} since {since}{oldest}")


def _millis(time: datetime) -> int:
    return int(time.timestamp() * 1000)


def _fields_of(row: Fields) -> Fields:
    """The fields of a log. If indexing failed, it has RawLog instead of LogJson."""
    for name in ("LogJson", "RawLog"):
        try:
            fields = json.loads(row.get(name) or "")
        except (TypeError, ValueError, RecursionError):
            continue
        if isinstance(fields, dict):
            return fields
    return {}


def _is_cut(fields: Fields) -> bool:
    """True for the beginning of a line of ours, which is no JSON any more."""
    text = fields.get("SCF_Message")
    return isinstance(text, str) and text.startswith('{"time"') and '"run_id"' in text
