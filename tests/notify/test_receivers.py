"""Addresses of receivers: what they choose, and mistakes that never quote them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lightsout.base.credentials import BadSettings
from lightsout.notify.formats import FORMATS
from lightsout.notify.receivers import Receiver, read_heartbeat, read_receivers
from lightsout.settings import read_settings

TOKEN = "token-0123456789"


def read(text):
    found, mistakes = read_receivers(text)
    assert mistakes == []
    return found


def complaint(address) -> str:
    found, (mistake,) = read_receivers(address)
    assert found == []
    return mistake


@pytest.mark.parametrize(
    ("address", "form", "language"),
    [
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", "wecom", "zh"),
        ("https://oapi.dingtalk.com/robot/send?access_token=t", "dingtalk", "zh"),
        ("https://open.feishu.cn/open-apis/bot/v2/hook/h", "feishu", "zh"),
        ("https://open.larksuite.com/open-apis/bot/v2/hook/h", "feishu", "zh"),
        ("https://HOOKS.slack.com/services/T/B/x", "slack", "en"),
        ("https://example.com/hook", "webhook", "en"),
        ("https://hooks.slack.com.example.com/x", "webhook", "en"),
        ("http://127.0.0.1:8080/hook", "webhook", "en"),
    ],
)
def test_the_host_tells_the_form_and_the_form_the_language(address, form, language):
    (one,) = read(address)

    assert (one.form, one.language) == (form, language)
    assert one.url == address
    assert (one.secret, one.always) == (None, False)


def test_what_stands_behind_the_hash_is_for_us_alone():
    address = "https://chat.example.com:8443/hooks/h?a=b"

    (one,) = read(f"{address}#form=dingtalk&when=always&lang=en&secret=SEC%2B1")

    assert one == Receiver(
        number=1,
        form="dingtalk",
        host="chat.example.com",
        url=address,
        secret="SEC+1",
        always=True,
        language="en",
    )


def test_any_white_space_parts_addresses():
    found = read(" https://a.example\n\thttps://b.example\r\nhttps://c.example#when=failure ")

    assert [(one.number, one.host) for one in found] == [
        (1, "a.example"),
        (2, "b.example"),
        (3, "c.example"),
    ]


def test_without_an_address_nobody_is_told():
    assert read("") == read(" \n") == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (TOKEN, "address 1 must be a URL that begins with https://"),
        (f"ftp://example.com/{TOKEN}", "address 1 must be a URL that begins with https://"),
        (f"https:///{TOKEN}", "address 1 must be a URL that begins with https://"),
        (f"https://example.com/{TOKEN}密", "address 1 must be a URL that begins with https://"),
        (f"https://[{TOKEN}/", "address 1 is no URL"),
        (f"https://example.com:99999/{TOKEN}", "address 1 is no URL"),
        (f"https://me:{TOKEN}@example.com/",
         "address 1 needs a host name before its path; a port may follow it, nothing else"),
        (f"http://example.com/{TOKEN}",
         "address 1 must begin with https://: plain http is for loopback addresses only"),
        (f"https://example.com/{TOKEN}#{TOKEN}",
         "address 1 (example.com) has something after its # that is not name=value&name=value"),
        (f"https://example.com/#{TOKEN}=1",
         ("address 1 (example.com) has an unknown choice after its #; "
          "known: form, lang, secret, when")),
        (f"https://example.com/{TOKEN}#when=often",
         "address 1 (example.com) has a when that is none of failure, always"),
        (f"https://example.com/#lang={TOKEN}",
         "address 1 (example.com) has a lang that is none of zh, en"),
        (f"https://example.com/{TOKEN}#form=teams",
         ("address 1 (example.com) has a form that is none of wecom, dingtalk, feishu, slack, "
          "webhook")),
        (f"https://example.com/{TOKEN}#lang=zh&lang=en",
         "address 1 (example.com) has a choice after its # twice"),
        (f"https://qyapi.weixin.qq.com/x#secret={TOKEN}",
         "address 1 (qyapi.weixin.qq.com) has a secret, which only dingtalk and feishu take"),
        (f"https://oapi.dingtalk.com/x#secret={TOKEN}+",
         ("address 1 (oapi.dingtalk.com) has a secret that is empty or holds a space "
          "(a + is written %2B)")),
        ("https://oapi.dingtalk.com/x#secret=",
         ("address 1 (oapi.dingtalk.com) has a secret that is empty or holds a space "
          "(a + is written %2B)")),
    ],
)  # fmt: skip
def test_a_mistake_names_the_address_without_quoting_it(address, said):
    assert complaint(address) == said
    assert TOKEN not in complaint(address)


JOINS = [*",;|，；｜、+&/#", "", ", ", "\\n", "%0A", "\u200b"]


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("second", ["https", "http", "HTTPS"])
def test_two_addresses_without_a_blank_between_them_are_never_one(join, second):
    """One address would carry the key of the second to the host of the first."""
    text = f"https://a.example/{TOKEN}{join}{second}://b.example/{TOKEN}"

    found, mistakes = read_receivers(text)

    assert [one for one in found if one.host != "b.example"] == []
    assert mistakes
    assert TOKEN not in "".join(mistakes)
    with pytest.raises(ValueError, match=r"looks like two|takes one") as mistake:
        read_heartbeat(text)
    assert TOKEN not in str(mistake.value)


@given(st.text("https:/,;|#?&= .ab", max_size=30), st.text(max_size=5))
def test_no_address_that_is_read_holds_a_second_one(middle, any_join):
    for join in (middle, any_join):
        found, _ = read_receivers(f"https://a.example/x{join}https://b.example/{TOKEN}")

        assert all(TOKEN not in one.url or one.host == "b.example" for one in found)


@pytest.mark.parametrize(
    "address", ["https://a.example/x?tags=a%2Cb%3Bc%7Cd", "https://a.example/x?to=https%3A%2F%2Fb"]
)
def test_what_is_encoded_parts_nothing(address):
    assert [one.url for one in read(address)] == [address]


def test_an_address_that_looks_like_two_is_told_how_to_write_it():
    assert complaint(f"https://a.example/{TOKEN},{TOKEN}") == (
        "address 1 looks like two: put a blank or a line end between addresses; inside of one "
        "write , as %2C, ; as %3B, | as %7C and a further :// as %3A%2F%2F"
    )


def test_each_mistake_is_told_and_the_good_ones_are_kept():
    found, mistakes = read_receivers("x https://good.example y#z")

    assert [one.host for one in found] == ["good.example"]
    assert [mistake.split(" must")[0] for mistake in mistakes] == ["address 1", "address 3"]


def test_no_repr_shows_an_address():
    (one,) = read(f"https://oapi.dingtalk.com/{TOKEN}?t={TOKEN}#secret={TOKEN}")

    assert repr([one]) == "[Receiver(1, dingtalk, oapi.dingtalk.com)]"


def test_every_form_is_at_home_somewhere_but_the_plain_one():
    assert [name for name, form in FORMATS.items() if not form.hosts] == ["webhook"]


@given(st.text(st.characters(), max_size=40).map(lambda text: text.replace(TOKEN, "")))
@example("https://a.example/#secret=")
@example("https://[::1]")
def test_no_text_whatever_breaks_the_reading(text):
    for address in (text, f"https://{text}", f"https://example.com/{TOKEN}#{text}"):
        _, mistakes = read_receivers(address)
        assert TOKEN not in "".join(mistakes)


# The heartbeat's ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["https://hc-ping.com/uuid", "https://hc.example/ping/key/slug?create=1"]
)
def test_a_heartbeat_is_kept_as_it_stands(address):
    assert read_heartbeat(address) == address


def test_white_space_around_a_heartbeat_is_no_part_of_it():
    assert read_heartbeat("\n https://hc-ping.com/uuid\n") == "https://hc-ping.com/uuid"


def test_no_heartbeat_is_none():
    assert read_heartbeat("") is read_heartbeat(" \n") is None


@pytest.mark.parametrize("address", [TOKEN, f"http://example.com/{TOKEN}", f"https://a.b/#{TOKEN}"])
def test_a_heartbeat_that_cannot_be_read_is_not_quoted(address):
    with pytest.raises(ValueError, match=r"must|takes") as mistake:
        read_heartbeat(address)
    assert TOKEN not in str(mistake.value)


# As settings -------------------------------------------------------------------------------------


def test_settings_hold_the_receivers_and_the_heartbeat():
    settings = read_settings(
        {"LIGHTSOUT_NOTIFY": "https://a.example", "LIGHTSOUT_HEARTBEAT_URL": "https://b.example"},
        Path("/var/user"),
    )

    assert [one.host for one in settings.notify] == ["a.example"]
    assert settings.heartbeat == "https://b.example"


def test_a_mistake_names_its_variable():
    environ = {
        "LIGHTSOUT_NOTIFY": f"https://x.example/{TOKEN}#when=x {TOKEN}",
        "LIGHTSOUT_HEARTBEAT_URL": TOKEN,
    }

    with pytest.raises(BadSettings) as wrong:
        read_settings(environ, Path("/var/user"))

    assert str(wrong.value) == (
        "LIGHTSOUT_NOTIFY: address 1 (x.example) has a when that is none of failure, always; "
        "address 2 must be a URL that begins with https://; "
        "LIGHTSOUT_HEARTBEAT_URL: must be a URL that begins with https://"
    )
