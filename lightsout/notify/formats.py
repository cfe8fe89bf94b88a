"""The message formats of group robots and webhooks, as one table."""

from __future__ import annotations

import base64
import hmac
import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lightsout.model.report import Report
    from lightsout.notify.message import Message
    from lightsout.notify.words import Language

Body = dict[str, Any]

HIGHEST_CODE = 10**9  # of an error; a longer number may be a part of an address


class Format(NamedTuple):
    """The message format of one kind of receiver.

    `refusal` reads an answer of HTTP status 2xx; it returns the reason for a refusal, or None. It
    quotes no text of the answer, which may repeat the address. `sign`, if messages can be signed,
    takes the secret and the Unix time; it returns additions to the URL's query and to the body.
    `longest`: bytes of the whole body in UTF-8. If the documentation limits only the text, this is
    a little stricter.
    """

    body: Callable[[Message, Language, Report | None], Body]
    refusal: Callable[[str], str | None]
    hosts: tuple[str, ...] = ()
    language: Language = "en"
    sign: Callable[[str, float], tuple[str, Body]] | None = None
    longest: int | None = None


# Bodies ----------------------------------------------------------------------------------------

# Two robots read Markdown and document no way to escape it. So characters that could mean bold,
# code, a link, a tag or a mention (`<@all>`) become full-width ones.
_PLAIN = str.maketrans("<>*`[]", "＜＞＊｀［］")
_ENTITIES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}


def _wecom(message: Message, _language: Language, _report: Report | None) -> Body:
    title, *rest = (line.translate(_PLAIN) for line in message.text_lines())
    return {"msgtype": "markdown", "markdown": {"content": "\n".join([f"**{title}**", *rest])}}


def _dingtalk(message: Message, _language: Language, _report: Report | None) -> Body:
    title, *rest = (line.translate(_PLAIN) for line in message.text_lines())
    text = "\n\n".join([f"**{title}**", *rest])  # its Markdown ignores a single line end
    return {"msgtype": "markdown", "markdown": {"title": title, "text": text}}


def _feishu(message: Message, language: Language, _report: Report | None) -> Body:
    title, *rest = message.text_lines()
    content = [[{"tag": "text", "text": line}] for line in rest]
    post = {{"zh": "zh_cn", "en": "en_us"}[language]: {"title": title, "content": content}}
    return {"msg_type": "post", "content": {"post": post}}


def _slack(message: Message, _language: Language, _report: Report | None) -> Body:
    title, *rest = (line.translate(_ENTITIES) for line in message.text_lines())
    return {"text": "\n".join([f"*{title}*", *rest])}


def _webhook(message: Message, _language: Language, report: Report | None) -> Body:
    title, *rest = message.text_lines()
    return {"title": title, "text": "\n".join(rest), "report": report}


# Signatures ------------------------------------------------------------------------------------


def _hmac(key: str, text: str) -> str:
    digest = hmac.digest(key.encode(), text.encode(), "sha256")
    return base64.b64encode(digest).decode()


def _sign_dingtalk(secret: str, now: float) -> tuple[str, Body]:
    stamp = str(round(now * 1000))
    return urlencode({"timestamp": stamp, "sign": _hmac(secret, f"{stamp}\n{secret}")}), {}


def _sign_feishu(secret: str, now: float) -> tuple[str, Body]:
    stamp = str(round(now))
    return "", {"timestamp": stamp, "sign": _hmac(f"{stamp}\n{secret}", "")}


# Answers ---------------------------------------------------------------------------------------


def _by_code(code: str) -> Callable[[str], str | None]:
    """Make a `refusal`: the answer must be a JSON object in which `code` is 0."""

    def refusal(answer: str) -> str | None:
        try:
            number = json.loads(answer)[code]
        except (ValueError, TypeError, LookupError, RecursionError):
            return f"its answer has no {code}"
        known = type(number) is int and abs(number) < HIGHEST_CODE  # false == 0 in Python
        if known and number == 0:
            return None
        return f"{code} {number:d}" if known else f"its {code} is not 0"

    return refusal


def _unless_ok(answer: str) -> str | None:
    return None if answer.strip() == "ok" else "its answer is not ok"


def _never(_answer: str) -> str | None:
    return None


# The table -------------------------------------------------------------------------------------

FORMATS: Mapping[str, Format] = {
    # https://developer.work.weixin.qq.com/document/path/91770
    "wecom": Format(
        body=_wecom,
        refusal=_by_code("errcode"),
        hosts=("qyapi.weixin.qq.com",),
        language="zh",
        longest=4096,  # of markdown; a text may have 2,048
    ),
    # https://open.dingtalk.com/document/robots/custom-robot-access
    # https://open.dingtalk.com/document/robots/customize-robot-security-settings
    "dingtalk": Format(
        body=_dingtalk,
        refusal=_by_code("errcode"),
        hosts=("oapi.dingtalk.com",),
        language="zh",
        sign=_sign_dingtalk,
        longest=20_000,
    ),
    # https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
    # https://open.larksuite.com/document/client-docs/bot-v3/use-custom-bots-in-a-group
    "feishu": Format(
        body=_feishu,
        refusal=_by_code("code"),
        hosts=("open.feishu.cn", "open.larksuite.com"),
        language="zh",
        sign=_sign_feishu,
        longest=20_000,  # "20 KB": 20,000 or 20,480
    ),
    # https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    # https://docs.slack.dev/messaging/formatting-message-text
    # https://docs.slack.dev/changelog/2018-truncating-really-long-messages
    "slack": Format(
        body=_slack,
        refusal=_unless_ok,
        hosts=("hooks.slack.com",),
        longest=4_000,  # as advised; Slack cuts at 40,000, and splits much earlier
    ),
    "webhook": Format(body=_webhook, refusal=_never),
}


def encode(body: Body) -> bytes:
    """The body as JSON in UTF-8. Half a surrogate pair, which a text may hold, is escaped."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")


def compose(
    form: Format, message: Message, language: Language, report: Report | None, more: Body
) -> bytes:
    """The body, with `more`, and with as many lines of the message as fit into the format."""
    for count in range(len(message.lines), -1, -1):
        body = form.body(message.shortened(count), language, report) | more
        text = encode(body)
        if form.longest is None or len(text) <= form.longest:
            break
    return text
