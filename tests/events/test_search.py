"""Fields of a request and IDs of instances are found wherever an event has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.model.request import Occasion, Request
from tests.support.events import (
    CLOUDS,
    ENVELOPES,
    KAFKA,
    MINE,
    OWN,
    Hidden,
    complaint,
    misspelt,
    read,
    request_of,
    spellings,
)


@pytest.mark.parametrize(
    "text",
    ["dry_run=true", "a=1&dryRun=1", "dry-run: yes", r'{\"dry_run\": true}', '{"dry_run": true',
     "x {'DRY_RUN': 1}", "dry%5Frun=1", "ｄｒｙ＿ｒｕｎ=1", r'{"dry\u005frun": 1'],
)  # fmt: skip
@pytest.mark.parametrize("place", ["TriggerName", "subject", "note"])
def test_a_text_that_sets_a_dry_run_is_refused(text, place):
    for event, _ in ENVELOPES.values():
        assert "dry_run in" in complaint(event | {place: text})
    assert "dry_run in" in complaint(OWN | {"data": {"a": [text]}})


@pytest.mark.parametrize("text", ["laundry running", "a dry run", "dry_run_notes", "the run: dry"])
def test_a_text_that_speaks_of_one_is_let_be(text):
    assert read(OWN | {"data": {"note": text}}) == read(OWN)


@given(st.sampled_from([CLOUDS, KAFKA, OWN]), spellings("dry_run"), Hidden.in_any_way)
def test_a_dry_run_is_found_at_any_depth_of_any_data(event, spelt, hide):
    said = complaint(event | {"data": {"msgBody": hide({spelt: True})}})

    assert "dry_run" in said


@given(st.sampled_from([KAFKA, OWN]), misspelt, Hidden.in_any_way)
def test_a_request_is_found_at_any_depth_of_data_that_people_write(event, field, hide):
    name, spelt = field

    assert name in complaint(event | {"data": {"msgBody": hide({spelt: ["x"]})}})


# IDs of instances --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        None, "", "cdb-0a1b2c3d", "disk-0a1b2c3d", "lb-0a1b2c3d", "plugins-core",
        "begins-with-2026", "logs-shanghai-1250000000", "ap-shanghai-2",
        "qcs::cvm:ap-guangzhou:uin/1:instance/*", "qcs::cvm:ap-guangzhou:uin/1:", "lighthouse", 7,
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["subject", "resource", "instanceId", "dimensions"])
def test_what_is_no_instance_of_ours_names_none(subject, place):
    occasion = alarm_with(subject, place)

    assert (occasion.request, occasion.no_target, occasion.maybe_named) == (Request(), True, None)


@pytest.mark.parametrize(
    "subject",
    [
        "my-ins-0a1b2c3d", "xins-0a1b2c3d", "disk_ins-0a1b2c3d", "ins-0a1b2c3d-disk",
        "ins-0a1b2c3d_1", "ins-0a1b2c3d.example.com", "host.ins-0a1b2c3d", "éins-0a1b2c3d",
        "ins-0a1b2c3dé", "ins-", "ins-*", "lhins_0a1b2c3d", "lhins 0a1b2c3d", "LHINS: 0A1B2C3D",
        "lhins\u20110a1b2c3d", "ｌｈｉｎｓ－0a1b2c3d", "lh\u200bins-0a1b2c3d",
        "instance%2Flhins%2D0a1b2c3d", r"lhins\u002d0a1b2c3d", r"text\nins-abcdefgh",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["subject", "resource", "instanceId", "dimensions"])
def test_what_looks_like_an_instance_and_cannot_be_recognised_is_unclear(subject, place):
    occasion = alarm_with(subject, place)

    assert occasion.request == Request()
    assert place in occasion.maybe_named
    assert occasion.unclear


def alarm_with(subject, place) -> Occasion:
    facts = {place: {"id": subject} if place == "dimensions" else subject}
    event = CLOUDS | (facts if place in {"subject", "resource"} else {"data": facts})
    (occasion,) = read(event).occasions
    return occasion


DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"


@pytest.mark.parametrize("dash", DASHES, ids=ascii)
def test_an_id_with_another_dash_may_name_an_instance_so_nothing_is_done(dash):
    (occasion,) = read(CLOUDS | {"subject": MINE.replace("-", dash)}).occasions

    assert occasion.unclear


@given(st.sampled_from([OWN, KAFKA, CLOUDS]), Hidden.in_any_way)
def test_an_instance_that_is_a_key_is_not_overlooked(event, hide):
    data = event | {"data": {"seen": hide({MINE: 1})}}

    (occasion,) = read(data).occasions

    assert occasion.maybe_named.startswith("data.seen")


@pytest.mark.parametrize("named", ["hai-0a1b2c3d", "nb-0000000000000000001"])
def test_machines_of_the_other_services_are_named_likewise(named):
    event = CLOUDS | {"subject": f"qcs::hai:ap-shanghai:uin/1:instance/{named}"}

    assert request_of(read(event)).instances == {named}
