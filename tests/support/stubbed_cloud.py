"""A cloud for unit tests: the real client, with stubs where the SDK would use the network."""

from __future__ import annotations

import json
import random

import pytest
import requests
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError

from lightsout.base.clock import Deadline
from lightsout.base.credentials import Credentials
from lightsout.base.endpoint import Endpoint
from lightsout.cloud.client import Cloud
from lightsout.cloud.sdk import CallFailed
from lightsout.model.resources.resource import LIGHTHOUSE
from lightsout.simulator import ManualClock

KEY, TOKEN = "simulatedsecretkey", "simulatedtoken"
FIRST = Credentials("AKIDsimulated", KEY, TOKEN)
FRESH = Credentials("AKIDsimulated2", "freshsecretkey", "freshtoken")
GOOD = {"Response": {"RequestId": "req-good", "TotalCount": 0}}


def refusal(code, message="because", request_id="req-refused"):
    return TencentCloudSDKException(code, message, request_id)


class StubScene:
    """A cloud on a manual clock. `answers`: of the service, in order; the last is repeated.

    `respond` answers in their place, by action and parameters.
    """

    def __init__(self, mocker, *answers, seconds=60.0, credentials=None, respond=None):
        self.clock = ManualClock()
        self.logged = []
        self.at = []  # when each call was made, and about what
        self.answers = list(answers)
        self.respond = respond or self._next
        self.credentials = list(credentials or [FIRST])
        mocker.patch.object(CommonClient, "call_json", autospec=True, side_effect=self._answer)
        self.cloud = Cloud(
            credentials=self._read_credentials,
            endpoint=Endpoint(),
            deadline=Deadline(self.clock, seconds),
            clock=self.clock,
            random=random.Random(0),
            log=lambda event, **facts: self.logged.append((event, facts)),
        )

    def _read_credentials(self):
        found = self.credentials.pop(0) if len(self.credentials) > 1 else self.credentials[0]
        if isinstance(found, Exception):
            raise found
        return found

    def _answer(self, client, action, params):
        self.at.append((self.clock.monotonic(), action, client.region, client.credential.secret_id))
        answer = self.respond(action, params)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _next(self, _, __):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer() if callable(answer) else answer

    def call(self, action="DescribeInstances", region="ap-guangzhou", **facts):
        return self.cloud.call(LIGHTHOUSE.api.call(region, action), {}, **facts)

    def stop(self):
        return self.call("StopInstances", repeatable=False)

    def failure(self, **facts) -> CallFailed:
        with pytest.raises(CallFailed) as failed:
            self.call(**facts)
        return failed.value


def new_connection_error():
    reason = NewConnectionError(HTTPConnection("127.0.0.1", 9), "Connection refused")
    return requests.ConnectionError(MaxRetryError(None, "/", reason))


def on_the_wire(mocker, *answers):
    """A cloud whose session answers; the SDK above it is the real one."""
    return mocker.patch("requests.Session.request", side_effect=list(answers)), ManualClock()


def http_answer(body=GOOD, status=200, kind="application/json"):
    answer = requests.Response()
    answer.status_code = status
    answer.headers["Content-Type"] = kind
    answer._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return answer


def wired(clock, endpoint=None, seconds=60.0) -> Cloud:
    return Cloud(
        credentials=lambda: FIRST,
        endpoint=endpoint or Endpoint(),
        deadline=Deadline(clock, seconds),
        clock=clock,
        random=random.Random(0),
        log=lambda *_, **__: None,
    )


def stop(cloud):
    return cloud.call(LIGHTHOUSE.api.call("ap-tokyo", "StopInstances"), {}, repeatable=False)
