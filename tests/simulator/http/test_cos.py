"""COS: what a deploy uploads. The deploy library's own client is held to it in crosscheck."""

from __future__ import annotations

import hashlib
import hmac
import time

import pytest
import requests

from lightsout.simulator import CloudAccount

BUCKET = "code-1250000001"


@pytest.fixture
def send(sim):
    """A signed request; the status and the text of the answer."""

    def send(
        method,
        bucket=BUCKET,
        key="",
        *,
        body=b"",
        secret="simulated-key",
        age=0,
        region="ap-guangzhou",
    ):
        begin = int(time.time()) - age
        period = f"{begin};{begin + 900}"
        sign_key = hmac.new(secret.encode(), period.encode(), "sha1").hexdigest()
        asked = hashlib.sha1(f"{method.lower()}\n/{key}\n\n\n".encode()).hexdigest()
        text = f"sha1\n{period}\n{asked}\n"
        signature = hmac.new(sign_key.encode(), text.encode(), "sha1").hexdigest()
        said = (
            f"q-sign-algorithm=sha1&q-ak=AKIDsimulated&q-sign-time={period}&q-key-time={period}"
            f"&q-header-list=&q-url-param-list=&q-signature={signature}"
        )
        url = f"{sim.url}/_cos/{region}/{bucket}/{key}"
        answer = requests.request(
            method, url, data=body, headers={"Authorization": said}, timeout=5
        )
        return answer.status_code, answer.text

    return send


def test_what_is_put_can_be_read_again(send, world):
    assert send("PUT")[0] == 200
    assert send("PUT", key="a/b.zip", body=b"content")[0] == 200

    assert send("GET", key="a/b.zip") == (200, "content")
    assert send("HEAD") == (200, "")
    assert world.objects == {(BUCKET, "ap-guangzhou"): {"a/b.zip": b"content"}}


def test_a_body_may_come_in_pieces(send, world):
    send("PUT")

    send("PUT", key="x", body=iter([b"one ", b"two"]))

    assert world.objects[BUCKET, "ap-guangzhou"] == {"x": b"one two"}


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"bucket": "code"}, 400, "InvalidBucketName"),
        ({"bucket": "other-1250000001", "key": "x"}, 404, "NoSuchBucket"),
        ({"secret": "guessed"}, 403, "SignatureDoesNotMatch"),
        ({"age": 1000}, 403, "SignatureDoesNotMatch"),
        ({"method": "GET"}, 405, "MethodNotAllowed"),
        ({"method": "GET", "key": "missing"}, 404, "NoSuchKey"),
        ({}, 409, "BucketAlreadyOwnedByYou"),
    ],
)
def test_what_cannot_be_is_refused(send, sim, asked, status, code):
    send("PUT")

    told = send(asked.pop("method", "PUT"), **asked)

    assert told[0] == status
    assert f"<Code>{code}</Code>" in told[1]
    assert (sim.journal[-1].code, sim.journal[-1].applied) == (code, False)


def test_rights_hold_there_too(send, sim):
    resource = "qcs::cos:ap-guangzhou::code-*"
    statement = {"effect": "allow", "action": ["name/cos:PutBucket"], "resource": [resource]}
    sim.credentials[:] = [CloudAccount(policy={"version": "2.0", "statement": [statement]})]

    assert send("PUT")[0] == 200
    assert "AccessDenied" in send("PUT", key="x")[1]
    assert "AccessDenied" in send("PUT", region="ap-shanghai")[1]


def test_an_unknown_key_is_not_let_in(sim):
    answer = requests.put(f"{sim.url}/_cos/ap-guangzhou/{BUCKET}/", timeout=5)

    assert (answer.status_code, "InvalidAccessKeyId" in answer.text) == (403, True)
    assert requests.put(f"{sim.url}/elsewhere", timeout=5).status_code == 404
