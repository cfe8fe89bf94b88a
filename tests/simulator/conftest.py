"""A simulator that runs, and the real SDK pointed at it."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

import pytest
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from lightsout.simulator import CloudAccount, ManualClock, Role, Simulator, World
from lightsout.simulator.http.gateway import HttpRequest
from tests.support.function_code import ECHO, TRUSTS_SCF
from tests.support.official_codes import is_official

VERSIONS = {
    "lighthouse": "2020-03-24",
    "cvm": "2017-03-12",
    "scf": "2018-04-16",
    "sts": "2018-08-13",
    "cam": "2019-01-16",
    "cls": "2020-10-16",
    "as": "2018-04-19",
    "hai": "2023-08-12",
    "tag": "2018-08-13",
    "tione": "2021-11-11",
}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def world(clock):
    return World(clock)


@pytest.fixture
def simulate(world):
    """Start a simulator of the world with options; it ends with the test."""
    running = []

    def start(**options):
        running.append(Simulator(world, **options))
        running[-1].start()
        return running[-1]

    yield start
    for simulator in running:
        simulator.close()


@pytest.fixture
def sim(simulate):
    return simulate()


class ApiCaller:
    """The SDK's client, and its exception as plain (code, message)."""

    def __init__(self, client, service="lighthouse"):
        self._client = client
        self._service = service

    def __call__(self, action, **params):
        return self._client.call_json(action, params)["Response"]

    def refused(self, action, **params):
        with pytest.raises(TencentCloudSDKException) as refusal:
            self(action, **params)
        code = refusal.value.code
        assert is_official(self._service, action, code), f"{code} is on no list of {action}"
        return code, refusal.value.message

    def close(self):
        self._client.request.conn._session.close()


@pytest.fixture
def caller(sim):
    """Make a caller: of an account, in a region, of a service, with profile options."""
    made = []

    def make(
        account=None,
        region="ap-guangzhou",
        *,
        service="lighthouse",
        version=None,
        timeout=10,
        endpoint=None,
        **profile,
    ):
        account = account or CloudAccount()
        version = version or VERSIONS[service]
        http = HttpProfile(protocol="http", endpoint=(endpoint or sim).url.removeprefix("http://"))
        http.reqTimeout = timeout
        http.keepAlive = True
        settings = ClientProfile(httpProfile=http, language="en-US")
        for name, value in profile.items():
            setattr(settings, name, value)
        key = Credential(account.secret_id, account.secret_key, account.token)
        made.append(ApiCaller(CommonClient(service, version, key, region, settings), service))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def call(caller):
    return caller()


@pytest.fixture
def cvm(caller):
    return caller(service="cvm")


@pytest.fixture
def hai(caller):
    return caller(service="hai")


@pytest.fixture
def tione(caller):
    return caller(service="tione")


@pytest.fixture
def scaling(caller):
    return caller(service="as")


@pytest.fixture
def tag(caller):
    return caller(service="tag")


@pytest.fixture
def group_of(world):
    """A group of so many members, which stop and start in two seconds."""

    def group_of(running, stopped=0, **facts):
        members = [world.add(service="cvm") for _ in range(running)]
        members += [world.add(service="cvm", state="STOPPED") for _ in range(stopped)]
        return world.add_group(members=members, **facts)

    return group_of


@pytest.fixture
def ask():
    """List once, signed by hand and without a socket; the error code, or None."""

    def ask(simulator, *also_signed, date=None, **changed):
        headers = {
            "content-type": "application/json",
            "host": "Local.Example",
            "x-tc-action": "DescribeInstances",
            "x-tc-version": "2020-03-24",
            "x-tc-region": "ap-guangzhou",
            "x-tc-timestamp": str(int(time.time())),
        }
        headers["authorization"] = tc3(headers, ["content-type", "host", *also_signed], date)
        headers.update({name.replace("_", "-"): value for name, value in changed.items()})
        reply = simulator.handle(HttpRequest(headers, b"{}"))
        error = json.loads(reply.body)["Response"].get("Error")
        return error and error["Code"]

    return ask


def tc3(headers, signed, date):
    """The Authorization header for an empty request, as the documentation computes it."""
    stamp = headers["x-tc-timestamp"]
    date = date or time.strftime("%Y-%m-%d", time.gmtime(int(stamp)))
    lines = "".join(f"{name}:{headers[name].lower()}\n" for name in signed)
    names = ";".join(signed)
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(b'{}').hexdigest()}"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    scope = f"{date}/lighthouse/tc3_request"
    key = b"TC3simulated-key"
    for part in (*scope.split("/"), f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"):
        key = hmac.digest(key, part.encode(), "sha256")
    return (
        f"TC3-HMAC-SHA256 Credential=AKIDsimulated/{scope}, SignedHeaders={names}, "
        f"Signature={key.hex()}"
    )


@pytest.fixture
def role(world):
    """A role that SCF may assume, there for long, which may do everything."""
    world.roles.append(Role(CloudAccount().uin, "runs", json.loads(TRUSTS_SCF)))
    return "runs"


@pytest.fixture
def scf(caller):
    return caller(service="scf", timeout=60)


@pytest.fixture
def create(scf, role, clock):
    """Make a function `it` by the API, and wait until it is Active, unless told otherwise."""

    def create(*, wait=10.0, **params):
        usual = {
            "FunctionName": "it",
            "Code": {"ZipFile": ECHO},
            "Runtime": "Python3.10",
            "Role": role,
        }
        scf("CreateFunction", **usual | params)
        clock.advance(wait)

    return create
