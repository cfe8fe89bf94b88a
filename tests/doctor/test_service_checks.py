"""Who the doctor says that the credentials are of, and of which site."""

from __future__ import annotations

import pytest

from lightsout.base.endpoint import Endpoint
from lightsout.cloud.sdk import CallFailed
from lightsout.doctor.service_checks import INTERNATIONAL, ROOT_DOMAIN, ask_identity

IDENTITY = {"Arn": "qcs::cam::uin/200000000001:uin/200000000001", "AccountId": "200000000001"}
UNKNOWN_KEY = CallFailed("GetCallerIdentity", "AuthFailure.SecretIdNotFound", "no such key")
HOST = Endpoint("http", host="127.0.0.1:9000")


@pytest.fixture
def asked(mocker):
    """The diagnosis of credentials that some root domains know; and the domains that were asked."""

    def asked(endpoint, *known):
        at = []

        def door(domain):
            at.append(domain)
            answer = [IDENTITY] if domain in known else [UNKNOWN_KEY]
            return mocker.Mock(home="ap-singapore", call=mocker.Mock(side_effect=answer))

        own = door(endpoint.host or endpoint.root_domain or ROOT_DOMAIN)
        (found,) = ask_identity(own, "the environment", endpoint, door, [])
        return found, at

    return asked


def test_an_international_account_at_its_own_api_is_called_so(asked):
    found, at = asked(Endpoint(root_domain=INTERNATIONAL), INTERNATIONAL)
    assert (found.mark, at) == ("✓", [INTERNATIONAL])
    assert found.says.endswith("of 200000000001, of the international site")


@pytest.mark.parametrize(
    ("endpoint", "there", "of"),
    [
        (Endpoint(), INTERNATIONAL, "an account of the international site"),
        (
            Endpoint(root_domain=INTERNATIONAL),
            ROOT_DOMAIN,
            "an account that is not of the international site",
        ),
    ],
)
def test_a_key_that_only_the_other_site_knows_is_told_with_what_to_set(asked, endpoint, there, of):
    found, at = asked(endpoint, there)
    assert found.mark == "✗"
    assert found.says.endswith(f"; {there} knows them: {of}")
    assert found.fix == f"set LIGHTSOUT_ENDPOINT={there}"
    assert at[1:] == [there]


def test_a_key_that_nobody_knows_is_just_unknown(asked):
    found, at = asked(Endpoint())
    assert found.mark == "✗"
    assert "international" not in found.says + found.fix
    assert len(at) == 2


@pytest.mark.parametrize("endpoint", [HOST, Endpoint(root_domain="internal.tencentcloudapi.com")])
def test_where_somebody_chose_another_place_nobody_else_is_asked(asked, endpoint):
    found, at = asked(endpoint, INTERNATIONAL)
    assert found.mark == "✗"
    assert len(at) == 1


def test_of_an_account_at_the_usual_api_no_site_is_claimed(asked):
    found, _ = asked(Endpoint(), ROOT_DOMAIN)
    assert found.mark == "✓"
    assert "site" not in found.says
