"""The work of a run grows with the fleet, not with its square: it must end before its limit.

Measured in CPU time of this process, eight times as much against once: something linear costs eight
times as much, something quadratic 64 times. So a busy machine does not matter.
"""

from __future__ import annotations

import gc
import random
import textwrap
import time

import pytest
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from lightsout import RunFailed
from lightsout.base.credentials import Credentials
from lightsout.base.endpoint import Endpoint
from lightsout.base.environment import Environment
from lightsout.base.log import Log
from lightsout.cloud.sdk import CallFailed, SdkClients, one_line
from lightsout.model.job import Accepted, Kind, Outcome
from lightsout.model.report import failure_message
from lightsout.model.request import Chosen, Request
from lightsout.notify.message import write
from lightsout.run import run
from lightsout.simulator import ManualClock
from lightsout.site_entries import Calls, fill
from tests.support.deterministic_threads import DeterministicClock
from tests.support.reports import a_report, an_entry, ids
from tests.support.simulated_run import DEV_NIGHTS
from tests.support.values import NOW, a_finding, a_policy

TIMES = 8
MOST = 3 * TIMES  # of the cost of once; a square would be TIMES * TIMES


def cpu(do):
    """CPU seconds."""
    gc.collect()
    began = time.process_time()
    do()
    return time.process_time() - began


def grows_linearly(make, size):
    """True if `make(size)()` costs no more than in proportion, in one of three tries."""
    small, large = make(size), make(TIMES * size)
    gc.disable()
    try:
        return any(cpu(large) < MOST * max(cpu(small), 0.0005) for _ in range(3))
    finally:
        gc.enable()


# Reports and messages ---------------------------------------------------------------------------

WHY = "RequestLimitExceeded: slow down"


def _throttled(count):
    return a_report(an_entry(status="failed", failed=dict.fromkeys(ids(count), WHY)))


def _reasons(count):
    whys = {id_: f"Code: {id_}" for id_ in ids(count)}
    return a_report(an_entry(status="failed", failed=whys))


def _broken(count):
    facts = {"status": "failed", "error": WHY}
    return a_report(*(an_entry(f"p-{number}", **facts) for number in range(count)))


@pytest.mark.parametrize("report", [_throttled, _reasons, _broken])
@pytest.mark.parametrize("size", [2000])
def test_the_message_of_a_failure_is_written_in_linear_time(report, size):
    def make(count):
        made = report(count)
        return lambda: (failure_message(made), write("failure", made, "why", "en"))

    assert grows_linearly(make, size)


def _same_policy(count):
    return [(f"p-{number}", "ap-guangzhou", ids(50)) for number in range(count // 50)]


def _one_policy(count):
    return [("p", "ap-guangzhou", ids(count))]


def _many_places(count):
    return [("p", f"ap-{number}", ids(50)) for number in range(count // 50)]


@pytest.mark.parametrize("parts", [_same_policy, _one_policy, _many_places])
@pytest.mark.parametrize("room", [1e9, 50_000])
def test_a_report_is_built_in_linear_time(parts, room):
    def make(count):
        entries = [an_entry(name, region, stopped=there) for name, region, there in parts(count)]
        return lambda: a_report(*entries, room=room)

    assert grows_linearly(make, 4000)


def test_the_requests_of_many_policies_at_one_site_are_found_in_linear_time():
    """Each policy has a few of the machines; none reads the calls of all."""

    def make(count):
        names = ids(count)
        calls = [Accepted(f"r-{at}", tuple(names[at : at + 100])) for at in range(0, count, 100)]
        findings = [a_finding(a_policy(), act=names[at : at + 10]) for at in range(0, count, 10)]
        outcomes = dict.fromkeys(names, Outcome(Kind.DONE))

        def entries():
            found = Calls(calls)
            for finding in findings:
                fill(an_entry(), finding, outcomes, found, {}, NOW)

        return entries

    assert grows_linearly(make, 4000)


def test_lines_of_the_log_are_written_in_linear_time():
    def make(count):
        log, names = Log(lambda _: None, ManualClock()), ids(count)
        return lambda: log("warning", instance_ids=names, message="x" * count)

    assert grows_linearly(make, 4000)


def test_instances_that_an_event_names_are_found_at_many_sites_in_linear_time():
    def make(count):
        request = Request(instances=frozenset(ids(count)))
        chosen = Chosen(a_policy(), (request,) * 5)
        return lambda: [chosen.instances_in("own", f"ap-{number}") for number in range(count)]

    assert grows_linearly(make, 1000)


# Texts of services and gateways ------------------------------------------------------------------

TEXTS = [
    "<",
    "<a ",
    "a",
    "a-",
    "//a",
    "//",
    "lhins-",
    "TC3-HMAC-SHA256 ",
    "TC3-HMAC-SHA256 Signature=",
    " ",
    "%25",
    "\n",
    "\\u003c",
    "<a>",
    "0" * 64,
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_long_text_is_cut_before_it_is_looked_at(text):
    names = ids(100)
    clients = SdkClients(Credentials("AKIDsimulated", "s" * 32, "t" * 400), Endpoint())

    def make(count):
        whole = text * (count // len(text))

        def look():
            error = TencentCloudSDKException(whole, whole, whole)
            clients._failure("StopInstances", error).named(names)
            CallFailed("StopInstances", "Code", one_line(whole)).named(names)

        return look

    assert grows_linearly(make, 100_000)
    assert min(cpu(make(400_000)) for _ in range(3)) < 0.2


# Whole runs --------------------------------------------------------------------------------------


class StubbedFleet:
    """Machines behind a stub of the SDK's client, and what it answers to StopInstances."""

    def __init__(self, count, refuse):
        self.states = dict.fromkeys(ids(count), "RUNNING")
        self.operations = {}
        self._refuse = refuse
        self.stops = 0

    def call_json(self, _client, action, params):
        answer = {"RequestId": "r-0"}
        if action == "DescribeInstances":
            shown, total = self._page(params)
            answer |= {"TotalCount": total, "InstanceSet": [self._item(id_) for id_ in shown]}
        elif action == "StopInstances":
            self.stops += 1
            answer["RequestId"] = f"r-{self.stops}"
            self._refuse(self, params["InstanceIds"], answer["RequestId"])
        return {"Response": answer}

    def _page(self, params):
        if "InstanceIds" in params:
            shown = [id_ for id_ in params["InstanceIds"] if id_ in self.states]
            return shown, len(shown)
        every = list(self.states)
        return every[params["Offset"] : params["Offset"] + params["Limit"]], len(every)

    def _item(self, id_):
        call, state, request_id = self.operations.get(id_, ("StartInstances", "SUCCESS", "r-0"))
        return {
            "InstanceId": id_,
            "InstanceState": self.states[id_],
            "Tags": [{"Key": "env", "Value": "dev"}],
            "LatestOperation": call,
            "LatestOperationState": state,
            "LatestOperationRequestId": request_id,
            "LatestOperationStartedTime": "2026-11-23T12:30:00Z",
        }

    def stop(self, names, request_id, state="STOPPED"):
        ended = "SUCCESS" if state == "STOPPED" else "OPERATING"
        self.states |= dict.fromkeys(names, state)
        self.operations |= dict.fromkeys(names, ("StopInstances", ended, request_id))


def _error(code, message="because"):
    raise TencentCloudSDKException(code, message, "r-0")


def _stuck(cloud, names, request_id):
    cloud.stop(names, request_id, "STOPPING")


def _lost(cloud, names, request_id):
    _stuck(cloud, names, request_id)
    _error("InternalError")


def _gone(cloud, names, _):
    for id_ in names:
        cloud.states.pop(id_, None)
    _error("ResourceNotFound.InstanceIdNotFound")


def _rights(cloud, names, request_id):
    """None for all; for single ones no clear answer; and some are gone."""
    if len(names) == 1:
        _error("InternalError")
    if int(names[0][6:], 16) // 100 % 2:
        _gone(cloud, names, request_id)
    _error("UnauthorizedOperation.NoPermission")


STORIES = {
    "all stop": StubbedFleet.stop,
    "none ends stopping": _stuck,
    "throttled for ever": lambda *_: _error("RequestLimitExceeded"),
    "refused for good": lambda *_: _error("InvalidParameter"),
    "an error page": lambda *_: _error("ServerNetworkError", "<" * 400_000),
    "a service that is broken": lambda *_: _error("InternalError"),
    "answers that are lost": _lost,
    "all gone": _gone,
    "busy": lambda *_: _error("OperationDenied.InstanceCreating"),
    "no rights": lambda *_: _error("UnauthorizedOperation.NoPermission"),
    "rights that nobody understands": _rights,
}


@pytest.mark.hazard(
    "Tens of thousands of machines are throttled, refused or lost; an error page is 400 KB long",
    "What a run does grows with the fleet and not with its square, and every text is cut before it "
    "is looked at: the run is back before its limit.",
)
@pytest.mark.parametrize("story", STORIES)
def test_a_run_grows_with_the_fleet_and_not_with_its_square(tmp_path, mocker, story):
    (tmp_path / "policy.yml").write_text(textwrap.dedent(DEV_NIGHTS))
    environ = {
        "LIGHTSOUT_POLICIES": str(tmp_path),
        "TENCENTCLOUD_SECRETID": "AKIDsimulated",
        "TENCENTCLOUD_SECRETKEY": "simulated-key",
    }

    clouds = []

    def answer(client, action, params):
        return clouds[-1].call_json(client, action, params)

    mocker.patch.object(CommonClient, "call_json", answer)

    def make(count):
        def whole_run():
            cloud = StubbedFleet(count, STORIES[story])
            clock = DeterministicClock()
            outside = Environment(
                environ=environ,
                home=tmp_path,
                clock=clock,
                random=random.Random(0),
                write=lambda _: None,
                scratch=tmp_path,
            )
            clouds.append(cloud)
            try:
                with clock.used_by_runs():
                    counts = run({}, {"time_limit_in_ms": 60_000}, outside)["counts"]
            except RunFailed as failure:
                counts = failure.report["counts"]
            assert counts["matched"] == count

        return whole_run

    assert grows_linearly(make, 1500)
