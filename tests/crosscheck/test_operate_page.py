"""docs/operate.md run as it stands, with the official client, against a local endpoint.

What its searches find in the lines of real runs, tests/test_operate.py shows.
"""

from __future__ import annotations

import json

import pytest

from tests.crosscheck.page_reader import follow, hold_to_the_description, hold_to_what_was_typed

pytestmark = pytest.mark.crosscheck

LINES = [{"LogJson": json.dumps({"event": f"{number}"})} for number in (2, 1)]
ANSWERS = {
    "DescribeTopics": {"Topics": [{"TopicId": "topic-1"}]},
    "SearchLog": {"Results": LINES},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("reader")


@pytest.fixture(scope="module")
def reading(folder):
    return follow("operate.md", folder, lambda it: ANSWERS.get(it.action, {}))


def test_every_request_is_as_the_official_description_has_it(reading):
    hold_to_the_description(reading)


def test_the_client_sends_what_is_typed_and_drops_nothing(reading):
    hold_to_what_was_typed(reading)


def test_the_searches_are_in_the_topic_of_that_name_and_over_whole_days(reading):
    assert reading.only("DescribeTopics")["Filters"] == [
        {"Key": "topicName", "Values": ["lightsout"]}
    ]
    searches = reading.all("SearchLog")
    assert len(searches) > 6
    assert {search["TopicId"] for search in searches} == {"topic-1"}
    assert {(search["To"] - search["From"]) / 86_400_000 for search in searches} == {1, 7, 30}


def test_what_is_found_is_kept_as_lines_the_earliest_first(reading, folder):
    assert (folder / "found.jsonl").read_text("utf-8") == '{"event": "1"}\n{"event": "2"}\n'
