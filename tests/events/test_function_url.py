"""Requests to the function URL: query, path, headers, body, and the secret."""

from __future__ import annotations

import pytest

from lightsout.events.function_url import secret_weakness
from lightsout.model.request import Request
from tests.support.events import URL, asked_by, complaint, encoded, read, request_of


@pytest.mark.parametrize(
    "facts",
    [{"path": "/lhins-0a1b2c3d/stop"}, {"headers": {"X-Instance": "ins-0a1b2c3d"}}],
)
def test_an_instance_in_a_path_or_a_header_is_refused(facts):
    assert "an instance is named in" in complaint(URL | facts)


@pytest.mark.parametrize("secret", ["lhins-0a1b2c3d-dry_run=1", '{"policies": ["a"]}'])
def test_the_secret_is_not_searched(secret):
    headers = {"Authorization": f"Bearer {secret}", "accept": "*/*"}

    assert read(URL | {"headers": headers}) == asked_by("url")


@pytest.mark.parametrize(
    "name", ["queryString", "queryStringParameters", "querystring", "rawQueryString"]
)
@pytest.mark.parametrize("value", [{"dry_run": "true"}, {"a": ""}, "dry_run=true", ["a"], "0"])
def test_a_query_string_is_refused(name, value):
    said = complaint(URL | {name: value})

    assert said == "the URL has a query string: put its fields inside the body, as JSON"


def test_a_path_with_a_query_string_is_refused():
    assert "query string" in complaint(URL | {"path": "/?dry_run=true"})


@pytest.mark.parametrize("value", [None, "", {}, []])
def test_an_empty_query_string_does_no_harm(value):
    assert read(URL | {"queryString": value}) == asked_by("url")


@pytest.mark.parametrize("name", ["Dry-Run", "X-Dry-Run", "x-lightsout-dry-run", "dryrun"])
def test_a_header_that_is_a_requests_field_is_refused(name):
    said = complaint(URL | {"headers": {name: "true"}})

    assert said == "dry_run in 'headers', beside the body: put dry_run inside the body"


@pytest.mark.parametrize(
    "path", ["/dry_run", "/dry-run/true", "/run/dryRun=1", "/x;dry%5frun=1", "/policies/dev-nights"]
)
def test_a_path_that_has_a_requests_field_is_refused(path):
    said = complaint(URL | {"path": path})

    assert "path" in said
    assert "inside the body" in said


@pytest.mark.parametrize("path", ["/", "", None, "/release", "/stop/all", "/ap-guangzhou/region"])
def test_any_other_path_does_no_harm(path):
    assert read(URL | {"path": path}) == asked_by("url")


def test_a_body_in_base64_is_decoded():
    event = URL | {"body": encoded('{"dry_run": true}'), "isBase64Encoded": True}

    assert request_of(read(event)) == Request(dry_run=True)


@pytest.mark.parametrize("body", ["", " ", None])
def test_a_body_in_which_nothing_was_sent_narrows_nothing(body):
    assert request_of(read(URL | {"body": body})) == Request()


def test_a_body_that_is_not_in_base64_is_read_as_it_is():
    event = URL | {"body": '{"dry_run": true}', "isBase64Encoded": False}

    assert request_of(read(event)) == Request(dry_run=True)


@pytest.mark.parametrize(
    ("body", "flag", "words"),
    [
        ('{"dry_run": true}', True, "the body is not base64 of UTF-8"),
        ("eyJkcnlfcnVuIjogdHJ1ZX0", True, "the body is not base64 of UTF-8"),  # cut off
        ("/w==", True, "the body is not base64 of UTF-8"),
        (encoded('{"dryrun": true}'), True, "did you mean dry_run?"),
        (encoded('{"dry_run": true}'), False, "the body is not JSON"),
        (encoded('{"dry_run": true}'), "true", "isBase64Encoded must be true or false, not text"),
        (encoded('{"dry_run": true}'), 1, "isBase64Encoded must be true or false, not a number"),
        ({"dry_run": True}, True, "the body must be text, not an object"),
    ],
)
def test_a_body_that_cannot_be_decoded_is_refused(body, flag, words):
    assert words in complaint(URL | {"body": body, "isBase64Encoded": flag})


# The secret --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret",
    [
        "", "0", "null", "undefined", "None", "fifteen-letters", "undefinedundefined",
        "null-null-null-null", "NoneNoneNoneNone", "UNDEFINED-UNDEFINED",
        "${env:LIGHTSOUT_URL_SECRET}", "${env:A}${env:B}",
        "prefix-${env:SECRET}-that-is-long", "${env:NEVER_CLOSED_AGAIN", " " * 20,
        "$LIGHTSOUT_URL_SECRET", "{{ secrets.LIGHTSOUT_URL }}", "$(cat /run/secrets/lightsout)",
        "%LIGHTSOUT_URL_SECRET%",
        "<a long random text>",
        "a-good-secret-and-a-line-end\n", " a-good-secret-and-a-blank",
    ],
)  # fmt: skip
def test_a_weak_secret_is_known(secret):
    assert secret_weakness(secret)


@pytest.mark.parametrize("secret", ["fifteen-letters", "${env:A}-a-literal", "a-literal-and-more "])
def test_a_weak_secret_is_not_quoted(secret):
    weakness = secret_weakness(secret)

    assert weakness
    assert "letters" not in weakness
    assert "literal" not in weakness


@pytest.mark.parametrize(
    "secret",
    [
        "sixteen-letters!",
        "0123456789abcdef",
        "a secret of words",
        "长" * 16,
        "$" * 16,
        "<{%(aB3}0-more$>!",
    ],
)  # fmt: skip
def test_a_good_secret_has_no_weakness(secret):
    assert secret_weakness(secret) is None
