"""Message forms: what fits, what is harmless, what is signed, and what counts as a refusal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.notify.formats import FORMATS, compose, encode
from lightsout.notify.message import Message, write
from tests.support.reports import a_report, an_entry
from tests.support.values import any_text

LIMITED = [name for name, form in FORMATS.items() if form.longest]
# What the documentation limits: the text of a message, or the whole request.
DOCUMENTED = {
    "wecom": lambda body: len(body["markdown"]["content"].encode()) <= 4096,
    "dingtalk": lambda body: len(body["markdown"]["text"].encode()) <= 20_000,
    "feishu": lambda body: len(encode(body)) <= 20 * 1000,
    "slack": lambda body: len(body["text"]) <= 4000,
}


def composed(form, message, language="en"):
    return json.loads(compose(FORMATS[form], message, language, None, {}))


def texts(value):
    """All texts in a body, joined."""
    if isinstance(value, str):
        return value + "\n"
    parts = value.values() if isinstance(value, dict) else value
    return "".join(map(texts, parts))


@pytest.mark.parametrize("form", LIMITED)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_five_thousand_failed_machines_stay_under_every_limit(form, language):
    entries = [
        an_entry(
            region=f"ap-{number}",
            status="failed",
            error="哪里出了错" * 100,
            failed={f"lhins-{number:03}{n:05x}": f"{'故障' * 200} {n % 40}" for n in range(100)},
            requests=[
                {"action": "StopInstances", "request_id": f"{number:036}", "instance_ids": []}
            ],
        )
        for number in range(50)
    ]
    report = a_report(*entries)

    body = composed(form, write("failure", report, "出错 " * 500, language), language)

    assert DOCUMENTED[form](body)
    told = texts(body)
    assert ("5,000 of 5,000" if language == "en" else "5,000 台机器中有 5,000 台") in told
    assert "4f1c2a7e" in told  # the run's ID is never what is left out


@pytest.mark.parametrize("form", LIMITED)
def test_what_does_not_fit_is_left_out_from_the_end_with_a_word(form):
    lines = tuple(f"{number} {'x' * 190}" for number in range(200))

    told = texts(composed(form, Message("title", lines, "footer", "(shortened)")))

    assert "title" in told
    assert "\n0 x" in told
    assert "199 x" not in told
    assert "(shortened)\n" in told
    assert "footer" in told


def test_a_webhook_gets_all_of_it():
    report = a_report(an_entry(failed={f"lhins-{number}": "why" for number in range(5000)}))

    body = json.loads(
        compose(FORMATS["webhook"], write("failure", report, None, "en"), "en", report, {})
    )

    assert body["report"] == report


@pytest.mark.parametrize("form", ["wecom", "dingtalk"])
def test_no_text_can_become_a_mention_or_markup(form):
    message = Message("`t` <@all>", ("**b** [l](https://example.com) <@all> <font color='red'>",))

    told = texts(composed(form, message))

    assert not set("<>`[]") & set(told)
    assert told.replace("**｀t｀ ＜@all＞**\n", "", 1).count("*") == 0  # but round the title
    assert "＜@all＞" in told


def test_slack_gets_its_three_entities_escaped():
    body = composed("slack", Message("a & b", ("<!channel> > 1",)))

    assert body == {"text": "*a &amp; b*\n&lt;!channel&gt; &gt; 1"}


def test_feishu_gets_text_that_is_never_markup():
    body = composed("feishu", Message("t", ('<at user_id="all">',)), "zh")

    assert body["content"]["post"]["zh_cn"]["content"] == [
        [{"tag": "text", "text": '<at user_id="all">'}]
    ]


# Signatures --------------------------------------------------------------------------------------


def test_feishu_signs_as_its_documentation_does():
    # The example's secret and time: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
    query, fields = FORMATS["feishu"].sign("demo", 1599360473.2)

    assert query == ""
    assert fields == {
        "timestamp": "1599360473",
        "sign": "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=",
    }


def test_dingtalk_signs_in_milliseconds_and_escapes_the_signature():
    # The example's secret, with SEC before it as on the robot's page:
    # https://open.dingtalk.com/document/robots/customize-robot-security-settings
    query, fields = FORMATS["dingtalk"].sign("SECthis is secret", 1599360473)

    assert query == (
        "timestamp=1599360473000&sign=34ZfaID44JFjYdnsx63%2F8kcge%2B4CqWG8VYyrEnLGCpc%3D"
    )
    assert fields == {}


# Answers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("wecom", '{"errcode":0,"errmsg":"ok"}'),
        ("dingtalk", '{"errcode":0,"errmsg":"ok"}'),
        ("feishu", '{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}'),
        ("slack", "ok"),
        ("slack", "ok\n"),
        ("webhook", ""),
        ("webhook", "<html>"),
    ],
)
def test_a_good_answer_is_good(form, answer):
    assert FORMATS[form].refusal(answer) is None


@pytest.mark.parametrize("value", ["false", "true", "0.0", "-0.0", '"0"', "null", "[]", "1e-400"])
@pytest.mark.parametrize(("form", "code"), [("wecom", "errcode"), ("feishu", "code")])
def test_a_code_that_only_looks_like_zero_is_a_refusal(form, code, value):
    assert FORMATS[form].refusal(f'{{"{code}": {value}}}') == f"its {code} is not 0"


@given(form=st.sampled_from(["wecom", "dingtalk", "feishu", "slack"]), answer=any_text)
def test_any_other_answer_is_a_refusal_in_words(form, answer):
    assert answer.strip() == "ok" or FORMATS[form].refusal(answer)


@given(form=st.sampled_from(sorted(FORMATS)), lines=st.lists(any_text, min_size=1, max_size=5))
def test_any_text_makes_a_body_that_can_be_read(form, lines):
    assert composed(form, Message(lines[0] or "t", tuple(lines)))
