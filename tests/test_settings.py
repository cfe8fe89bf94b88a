"""The settings of the environment: a slip in them stops nothing and tells no secret."""

from __future__ import annotations

import ipaddress
import json
import re
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.base.credentials import BadSettings, Credentials, read_credentials
from lightsout.base.endpoint import Endpoint, is_loopback, parse_endpoint
from lightsout.base.environment import Environment
from lightsout.settings import KUBERNETES, VARIABLES, misspelt, read_settings
from tests.support.values import any_text

BESIDE = Path("/var/user")
SCF = {
    "TENCENTCLOUD_SECRETID": "AKIDsimulatedrole",
    "TENCENTCLOUD_SECRETKEY": "simulatedrolekey",
    "TENCENTCLOUD_SESSIONTOKEN": "simulatedtoken",
}
ELSEWHERE = {
    "TENCENTCLOUD_SECRET_ID": "AKIDsimulated",
    "TENCENTCLOUD_SECRET_KEY": "simulatedkey",
}


def settings(**environ):
    return read_settings(environ, BESIDE)


def complaint(**environ) -> str:
    with pytest.raises(BadSettings) as refusal:
        settings(**environ)
    return str(refusal.value)


def test_with_nothing_set_the_defaults_hold():
    found = settings()

    assert found.policies == BESIDE / "policies"
    assert found.dry_run is False
    assert found.paused_until is None
    assert found.endpoint == Endpoint("https", None, None)
    assert found.max_event_age == 3600


def test_every_setting_is_read():
    found = settings(
        LIGHTSOUT_POLICIES="mine.yml",
        LIGHTSOUT_DRY_RUN="1",
        LIGHTSOUT_PAUSED_UNTIL="2026-12-01",
        LIGHTSOUT_ENDPOINT="http://127.0.0.1:9000",
        LIGHTSOUT_MAX_EVENT_AGE="2h",
    )

    assert found.policies == Path("mine.yml")
    assert found.dry_run is True
    assert found.paused_until == datetime(2026, 12, 1, 16, tzinfo=timezone.utc)
    assert found.endpoint == Endpoint("http", None, "127.0.0.1:9000")
    assert found.max_event_age == 7200


@pytest.mark.parametrize("value", ["", "true", "yes", "2", " 1", "1 ", "01", "on", "null", "False"])
def test_a_dry_run_that_is_neither_1_nor_0_is_an_error(value):
    assert "LIGHTSOUT_DRY_RUN: must be 1 or 0" in complaint(LIGHTSOUT_DRY_RUN=value)


@pytest.mark.parametrize(
    "value", ["", " ", "soon", "null", "2026-02-30", "2026-12-01 20:00", "2026-12-01T20:00+20:00"]
)
def test_a_pause_that_cannot_be_read_is_an_error(value):
    assert "LIGHTSOUT_PAUSED_UNTIL" in complaint(LIGHTSOUT_PAUSED_UNTIL=value)


def test_the_last_day_of_all_is_a_pause():
    assert settings(LIGHTSOUT_PAUSED_UNTIL="9999-12-31").paused_until.year == 9999


@pytest.mark.parametrize("value", ["", "1", "1 h", "-1h", "1.5h", "1w", "null"])
def test_an_age_that_is_no_duration_is_an_error(value):
    assert "LIGHTSOUT_MAX_EVENT_AGE" in complaint(LIGHTSOUT_MAX_EVENT_AGE=value)


@pytest.mark.parametrize(
    "name",
    ["LIGHTSOUT_DRY_RUN", "LIGHTSOUT_PAUSED_UNTIL", "LIGHTSOUT_MAX_EVENT_AGE", "LIGHTSOUT_ENDPOINT",
     "LIGHTSOUT_NOTIFY", "LIGHTSOUT_HEARTBEAT_URL"],
)  # fmt: skip
@pytest.mark.parametrize("key", ["AKID" + "z8krbsJ5yKBZQpn74WFkmLPx3" * 2, "x" * 100_000])
def test_a_key_that_stands_in_a_wrong_variable_is_not_quoted(name, key):
    told = complaint(**{name: key})

    assert key[:20] not in told
    assert len(told) < 300


@pytest.mark.parametrize(("length", "quoted"), [(3, True), (25, True), (26, False)])
def test_a_short_value_is_quoted(length, quoted):
    assert ("not 'yyy" in complaint(LIGHTSOUT_DRY_RUN="y" * length)) == quoted


def test_an_empty_path_is_an_error():
    assert "LIGHTSOUT_POLICIES: is empty" in complaint(LIGHTSOUT_POLICIES="")


def test_all_mistakes_are_told_at_once():
    told = complaint(LIGHTSOUT_DRY_RUN="yes", LIGHTSOUT_PAUSED_UNTIL="soon", LIGHTSOUT_ENDPOINT="x")

    for name in ("LIGHTSOUT_DRY_RUN", "LIGHTSOUT_PAUSED_UNTIL", "LIGHTSOUT_ENDPOINT"):
        assert name in told


# Variables that nobody reads ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("LIGHTSOUT_DRYRUN", "LIGHTSOUT_DRY_RUN"),
        ("LIGHTSOUT_PAUSE", "LIGHTSOUT_PAUSED_UNTIL"),
        ("LIGHTSOUT_PAUSE_UNTIL", "LIGHTSOUT_PAUSED_UNTIL"),
        ("LIGHTSOUT_POLICY", "LIGHTSOUT_POLICIES"),
        ("lightsout_dry_run", "LIGHTSOUT_DRY_RUN"),
        ("LIGHTOUT_DRY_RUN", "LIGHTSOUT_DRY_RUN"),
        ("LIGHTS_OUT_DRY_RUN", "LIGHTSOUT_DRY_RUN"),
        ("LIGTHSOUT_DRY_RUN", "LIGHTSOUT_DRY_RUN"),
        ("LightsoutDryRun", "LIGHTSOUT_DRY_RUN"),
        ("LIGHTSOUTDRYRUN", "LIGHTSOUT_DRY_RUN"),
        ("LIGHTSOUT-DRY-RUN", "LIGHTSOUT_DRY_RUN"),
        ("_LIGHTSOUT_DRY_RUN", "LIGHTSOUT_DRY_RUN"),
        (" LIGHTSOUT_DRY_RUN", "LIGHTSOUT_DRY_RUN"),
        ("LIGHTSOUT_DRY_RUN ", "LIGHTSOUT_DRY_RUN"),
        ("LIGHTSOUT__DRY_RUN", "LIGHTSOUT_DRY_RUN"),
        ("ＬＩＧＨＴＳＯＵＴ＿ＤＲＹ＿ＲＵＮ", "LIGHTSOUT_DRY_RUN"),
        ("L1GHT50UT_DRY_RUN", "LIGHTSOUT_DRY_RUN"),
        ("LІGНТЅОUТ_DRY_RUN", "LIGHTSOUT_DRY_RUN"),
    ],
)
def test_a_misspelt_variable_is_an_error_that_names_what_was_meant(name, meant):
    assert complaint(**{name: "1"}) == f"{name}: is no setting (did you mean {meant}?)"


# What a keyboard, a font or a hurried eye takes for each letter of the name.
TWINS = {
    "L": "LlＬｌ", "I": "Ii1ІіΙＩ", "G": "GgＧ", "H": "HhНΗＨ", "T": "TtТΤＴ", "S": "Ss5ЅＳ",
    "O": "Oo0ОоΟＯ", "U": "UuＵ",
}  # fmt: skip


@given(st.tuples(*(st.sampled_from(TWINS[letter]) for letter in "LIGHTSOUT")), any_text)
def test_a_name_that_looks_like_ours_is_never_overlooked(letters, rest):
    name = "".join(letters) + "_" + rest

    assert name in VARIABLES or name.startswith(KUBERNETES) or misspelt([name])


@pytest.mark.parametrize(
    "name", ["LIGHTSOUT_NOOP", "LIGHTSOUT_TEAM", "LIGHTSOUT", "LIGHTSOU", "LIGHTSOUT_SERVICES"]
)
def test_one_that_resembles_no_setting_is_an_error_that_names_them_all(name):
    told = complaint(**{name: "1"})

    assert told.startswith(f"{name}: is no setting; known: ")
    assert all(known in told for known in VARIABLES)


@pytest.mark.parametrize(
    "name",
    [
        "LIGHTSOUT_SERVICE_HOST",
        "LIGHTSOUT_SERVICE_PORT_HTTP",
        "LIGHTSOUT_PORT",
        "LIGHTSOUT_PORT_80_TCP_ADDR",
    ],
)
def test_what_kubernetes_sets_for_a_service_of_that_name_is_let_be(name):
    assert settings(**{name: "tcp://10.0.0.1:80"}).dry_run is False


@pytest.mark.parametrize(
    "name",
    [
        "LIGHT_THEME",
        "LIGHTS_DRY_RUN",
        "LIGHTHOUSE_REGION",
        "LIGHTNING_OUTPUT",
        "BLACKOUT_DRY_RUN",
        "MY_LIGHTSOUT_DRY_RUN",
        "LIGHTS",
        "OUT",
        "",
    ],
)
def test_a_variable_of_somebody_else_is_let_be(name):
    assert misspelt([name]) == {}


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@st.composite
def slips(draw):
    """LIGHTSOUT with at most one edit, in any case, with underscores anywhere; then anything."""
    word, at, letter = "LIGHTSOUT", draw(st.integers(0, 8)), draw(st.sampled_from(LETTERS))
    word = draw(
        st.sampled_from(
            [
                word,
                word[:at] + letter + word[at:],
                word[:at] + word[at + 1 :],
                word[:at] + letter + word[at + 1 :],
                word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :],
            ]
        )
    )
    spelt = [draw(st.sampled_from([one, one.lower(), f"{one}_", f"_{one}"])) for one in word]
    return "".join(spelt) + draw(st.sampled_from(["", "_DRY_RUN", "_X", "DryRun", "7"]))


@given(slips())
def test_no_name_within_one_letter_of_ours_is_overlooked(name):
    kubernetes = name.startswith(("LIGHTSOUT_SERVICE_", "LIGHTSOUT_PORT"))

    assert name in VARIABLES or kubernetes or misspelt([name])


def edits(one, other):
    """How many edits make one text of the other: the textbook's table."""
    rows = [[max(i, j) if 0 in (i, j) else 0 for j in range(len(other) + 1)]
            for i in range(len(one) + 1)]  # fmt: skip
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            rows[i][j] = min(
                rows[i - 1][j] + 1,
                rows[i][j - 1] + 1,
                rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]),
            )
            if i > 1 and j > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(st.text("lightsouxy", max_size=14))
def test_a_name_is_ours_if_its_begin_is_one_edit_away_and_not_else(name):
    near = min(edits(name[:length], "lightsout") for length in range(len(name) + 1)) <= 1

    assert bool(misspelt([name])) == near


# The endpoint ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "domain", ["tencentcloudapi.com", "internal.tencentcloudapi.com", "intl.tencentcloudapi.com"]
)
def test_a_root_domain_is_reached_by_https(domain):
    assert parse_endpoint(domain) == Endpoint("https", domain, None)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://127.0.0.1:9000", Endpoint("http", None, "127.0.0.1:9000")),
        ("http://127.0.0.1:9000/", Endpoint("http", None, "127.0.0.1:9000")),
        ("http://127.8.8.8", Endpoint("http", None, "127.8.8.8")),
        ("http://localhost:9000", Endpoint("http", None, "localhost:9000")),
        ("http://[::1]:9000", Endpoint("http", None, "[::1]:9000")),
        ("HTTP://LOCALHOST:9000", Endpoint("http", None, "LOCALHOST:9000")),
        ("https://gateway.example.com", Endpoint("https", None, "gateway.example.com")),
        ("https://10.0.0.8:8443", Endpoint("https", None, "10.0.0.8:8443")),
        ("https://[fd00::8]:8443", Endpoint("https", None, "[fd00::8]:8443")),
    ],
)
def test_a_url_serves_every_service(url, endpoint):
    assert parse_endpoint(url) == endpoint


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "HTTP://example.com",
        "hTTp://example.com:80/",
        " http://example.com",
        "ht\ntp://example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1\\.example.com",
        "http://127.0.0.1\n.example.com",
        "http://127.0.0.1@example.com",
        "http://127.0.0.1:9000@example.com",
        "http://:@example.com",
        "http://localhost@example.com",
        "http://localhost.example.com",
        "http://localhost.",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://169.254.0.23",
        "http://0177.0.0.1",
        "http://2130706433",
        "http://0x7f.0.0.1",
        "http://127.1",
        "http://１２７.0.0.1",
        "http://[::]",
        "http://[::2]:9000",
        "http://[fe80::1%25lo]",
        "http://[::1%25eth0]",
        "http:///127.0.0.1",
        "http:127.0.0.1",
        "http:\\\\127.0.0.1",
    ],
)
def test_plain_http_beyond_the_loopback_is_refused_whatever_its_spelling(url):
    with pytest.raises(ValueError, match=r"."):
        parse_endpoint(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "null",
        "localhost",
        "127.0.0.1",
        "127.0.0.1:9000",
        "localhost:9000",
        "internal.tencentcloudapi.com/",
        "internal.tencentcloudapi.com.",
        "-x.example.com",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://example.com/path",
        "https://example.com?x=1",
        "https://example.com#x",
        "https://exa mple.com",
        " https://example.com",
        "https://example.com\n",
        "https://exa\tmple.com",
        "https://exa\nmple.com",
        "https://example.com:99999",
        "https://example.com:http",
        "https://[::1",
        "https://:@example.com",
        "https://例子.com",
        "https://a..example.com",
        "https://.example.com",
        "https://" + "a" * 64 + ".example.com",
        "a" * 64 + ".example.com",
    ],
)
def test_what_is_neither_a_root_domain_nor_a_url_of_a_host_is_refused(url):
    with pytest.raises(ValueError, match=r"."):
        parse_endpoint(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://me:hunter2@example.com",
        "http://me:hunter2@127.0.0.1",
        "me:hunter2@example.com",
        "ftp://me:hunter2@example.com",
        "https://me:hunter2@ｅxample.com\u2100",
    ],
)
def test_a_refusal_never_quotes_a_password(url):
    assert "hunter2" not in complaint(LIGHTSOUT_ENDPOINT=url)


hosts = st.one_of(
    any_text,
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map("[{}]".format),
    st.sampled_from(["localhost", "127.0.0.1", "127.0.0.1:80", "[::1]", "example.com"]),
)
spellings = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["http://", "HTTP://", "http:/", "http:", "https://", "", " http://", "//"]),
    hosts,
    st.sampled_from(["", "@", ".", ":80", "\\", "%00", "\t"]),
    hosts | st.just(""),
)


@given(any_text | spellings)
def test_any_text_gives_an_endpoint_that_is_safe_or_a_value_error(text):
    try:
        endpoint = parse_endpoint(text)
    except ValueError:
        return

    assert re.fullmatch("[!-~]+", text), "urlsplit leaves some characters out"
    assert (endpoint.root_domain is None) != (endpoint.host is None)
    assert "@" not in (endpoint.host or endpoint.root_domain)
    if endpoint.scheme == "http":
        host = endpoint.host.rpartition(":")[0] or endpoint.host
        host = endpoint.host if endpoint.host.endswith("]") else host
        host = host.strip("[]").lower()
        assert host == "localhost" or ipaddress.ip_address(host).is_loopback


@given(
    st.ip_addresses() | st.ip_addresses(network="127.0.0.0/8") | st.ip_addresses(network="::/126"),
    st.sampled_from(["", ":80", ":65535"]),
    st.sampled_from(["", "/"]),
)
def test_plain_http_is_for_loopback_addresses_alone_and_https_for_any(address, port, end):
    host = f"[{address}]{port}" if address.version == 6 else f"{address}{port}"

    assert parse_endpoint(f"https://{host}{end}") == Endpoint(scheme="https", host=host)
    if address.is_loopback:
        assert parse_endpoint(f"http://{host}{end}") == Endpoint(scheme="http", host=host)
    else:
        with pytest.raises(ValueError, match="plain http is for loopback addresses only"):
            parse_endpoint(f"http://{host}{end}")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.255.0.9", "::1"])
def test_a_loopback_host_is_known(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "::", "10.0.0.1", "127.0.0.1.nip.io", "localhost.localdomain"]
)
def test_any_other_host_is_no_loopback(host):
    assert not is_loopback(host)


# Credentials -------------------------------------------------------------------------------------


def profile(home: Path, content: str, name: str = "default") -> Path:
    (home / ".tccli").mkdir(exist_ok=True)
    (home / ".tccli" / f"{name}.credential").write_text(content, encoding="utf-8")
    return home


def test_in_the_function_the_roles_credentials_come_first(tmp_path):
    found = read_credentials(SCF | ELSEWHERE, tmp_path)

    assert found == Credentials("AKIDsimulatedrole", "simulatedrolekey", "simulatedtoken")


def test_elsewhere_the_usual_variables_with_or_without_a_token(tmp_path):
    assert read_credentials(ELSEWHERE, tmp_path).token is None
    temporary = ELSEWHERE | {"TENCENTCLOUD_TOKEN": "simulatedtoken"}
    assert read_credentials(temporary, tmp_path).token == "simulatedtoken"


@pytest.mark.parametrize("kept", SCF)
def test_a_part_of_the_functions_credentials_is_refused_whatever_else_is_there(tmp_path, kept):
    profile(tmp_path, '{"secretId": "AKIDdefault", "secretKey": "defaultkey"}')
    part = dict.fromkeys(SCF, "") | {kept: SCF[kept]}

    with pytest.raises(BadSettings, match="no credentials: of TENCENTCLOUD_SECRETID and") as told:
        read_credentials(part | ELSEWHERE, tmp_path)

    assert SCF[kept] not in str(told.value)


def test_empty_variables_are_no_credentials_of_the_function(tmp_path):
    none = dict.fromkeys(SCF, "")

    assert read_credentials(none | ELSEWHERE, tmp_path).secret_id == "AKIDsimulated"


@pytest.mark.parametrize("name", ["TENCENTCLOUD_ROLE_ARN", "TENCENTCLOUD_ROLE_SESSION_NAME"])
def test_a_role_beside_the_functions_credentials_is_refused_and_not_dropped(tmp_path, name):
    with pytest.raises(BadSettings, match="not used beside TENCENTCLOUD_SECRETID"):
        read_credentials(SCF | {name: "qcs::cam::uin/1:roleName/x"}, tmp_path)


def test_then_the_official_command_lines_profile(tmp_path):
    profile(tmp_path, '{"secretId": "AKIDdefault", "secretKey": "defaultkey"}')
    profile(tmp_path, '{"secretId": "AKIDwork", "secretKey": "k", "token": "t"}', "work")

    assert read_credentials({}, tmp_path) == Credentials("AKIDdefault", "defaultkey", None)
    named = read_credentials({"TCCLI_PROFILE": "work"}, tmp_path)
    assert named == Credentials("AKIDwork", "k", "t")


def test_without_any_the_message_tells_all_three_ways(tmp_path):
    with pytest.raises(BadSettings) as refusal:
        read_credentials({}, tmp_path)

    for way in ("execution role", "TENCENTCLOUD_SECRET_ID", "tccli configure"):
        assert way in str(refusal.value)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        '{"secretId": "AKIDdefault"}',
        '{"secretId": "AKIDdefault", "secretKey": null}',
        '{"secretId": "AKIDdefault", "secretKey": ""}',
        '{"secretId": "AKIDdefault", "secretKey": 5}',
        '{"secretId": "AKIDdefault", "secretKey": "hunter2\\n"}',
        '{"secretId": "AKIDdefault", "secretKey": "hunter2", "token": ["t"]}',
    ],
)
def test_a_profile_without_a_key_pair_is_named_and_not_quoted(tmp_path, content):
    profile(tmp_path, content)

    with pytest.raises(BadSettings) as refusal:
        read_credentials({}, tmp_path)

    assert "default.credential" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("slip", [" {}", "{}\n", "{} ", "{}\r\n{}", "{}\u200b", "键{}"])
@pytest.mark.parametrize("name", list(ELSEWHERE))
def test_a_key_that_was_pasted_with_spaces_is_told_before_anything_is_called(tmp_path, slip, name):
    environ = ELSEWHERE | {name: slip.format("hunter2", "hunter2")}

    with pytest.raises(BadSettings) as refusal:
        read_credentials(environ, tmp_path)

    assert "TENCENTCLOUD_SECRET_ID" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


@given(
    st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=20), min_size=3)
)
def test_credentials_never_print_themselves(texts):
    found = Credentials(*texts[:3])

    for shown in (repr(found), str(found), f"{found}", json.dumps([found], default=str)):
        assert not any(text in shown for text in texts)


def test_nothing_that_is_printed_holds_a_setting_or_a_key():
    secret = "https://hc-ping.com/0123456789abcdef"
    environ = {"LIGHTSOUT_HEARTBEAT_URL": secret, "LIGHTSOUT_NOTIFY": secret, **SCF}

    for it in (read_settings(environ, BESIDE), Environment(environ=environ)):
        for shown in (repr(it), str(it), f"{it}", f"{[it]}"):
            assert "0123456789abcdef" not in shown
            assert not any(value in shown for value in SCF.values())
