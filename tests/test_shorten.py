"""A report has its largest size, and what is cut first is what nobody has to look into."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightsout.model.report import failure_message
from lightsout.shorten import BAD, GOOD, LARGEST, FittingEntries, has_trouble
from tests.support.reports import a_report, an_entry, ids

WHY = "RequestLimitExceeded: Your current request times equals to `11` in a second"


def size(entries):
    return len(json.dumps(entries))


def kept_in(room, entries):
    kept = FittingEntries(room)
    for entry in entries:
        kept.add(entry)
    return kept


def done(policy, count):
    return an_entry(policy, stopped=ids(count))


def failed(policy, count, good=0):
    names = ids(count + good)
    facts = {"failed": dict.fromkeys(names[:count], WHY), "stopped": names[count:]}
    return an_entry(policy, status="failed", **facts)


def test_what_has_room_is_left_as_it_is():
    entries = [done("a", 10), failed("b", 2), an_entry("c")]

    kept = kept_in(size(entries), entries)

    assert kept.entries == entries
    assert kept.shortened is False


def test_lists_without_trouble_are_cut_first_the_longest_before_the_others():
    entries = [done("long", 1000), failed("trouble", 100), done("short", 10)]

    kept = kept_in(size(entries) - 5_000, entries)

    long, trouble, short = kept.entries
    assert len(long["stopped"]) == 500
    assert [trouble, short] == entries[1:]
    assert kept.shortened == 1


def test_entries_without_trouble_go_before_a_word_of_trouble_does():
    entries = [failed("trouble", 100, good=1), *(done(f"p-{number}", 50) for number in range(50))]

    kept = kept_in(size(entries[:1]) + 1500, entries)

    assert kept.entries[0] == entries[0]
    assert 1 < len(kept.entries) < 8
    assert kept.shortened == 50


def test_of_an_entry_in_trouble_the_trouble_stays_longest():
    kept = kept_in(12_000, [failed("trouble", 100, good=1000)])

    (entry,) = kept.entries
    assert len(entry["failed"]) == 100
    assert 0 < len(entry["stopped"]) < 1000


def test_trouble_alone_is_cut_too_where_there_is_more_of_it_than_room():
    kept = kept_in(LARGEST, [failed(f"p-{number}", 20_000) for number in range(10)])

    assert size(kept.entries) <= LARGEST
    assert [entry["policy"] for entry in kept.entries] == [f"p-{number}" for number in range(10)]
    assert all(entry["status"] == "failed" and entry["failed"] for entry in kept.entries)


def test_more_broken_places_than_there_is_room_for_are_named_as_far_as_it_goes():
    error = "AssumeRole: UnauthorizedOperation: you are not authorized"
    entries = [an_entry(f"p-{number}", status="failed", error=error) for number in range(1000)]

    report = a_report(*entries, room=100_000)

    assert len(report["policies"]) + report["shortened"] == 1000
    assert size(report["policies"]) <= 100_000
    assert report["policies"][0] == entries[0]
    assert "at least" in failure_message(report)


def test_counts_are_those_of_all_instances():
    report = a_report(done("a", 50_000), failed("b", 50_000), room=50_000)

    assert report["counts"]["failed"] == 50_000
    assert report["counts"]["matched"] == 50_000
    assert report["shortened"] == 2


entries = st.lists(
    st.builds(
        lambda policy, good, bad: failed(policy, bad, good) if bad else done(policy, good),
        st.sampled_from(["a", "b" * 60, "c"]),
        st.integers(0, 60),
        st.integers(0, 20),
    ),
    max_size=12,
)


@given(entries, st.integers(0, 20_000))
def test_whatever_comes_fits_and_nothing_is_added(entries, room):
    kept = kept_in(room, entries)

    assert size(kept.entries) <= max(room, 2)
    cut = 0
    left = iter(kept.entries)
    entry = next(left, None)
    for whole in entries:
        if entry is not None and is_part(entry, whole):
            cut += entry != whole
            entry = next(left, None)
        else:
            cut += 1
    assert entry is None
    assert kept.shortened == cut


def is_part(entry, whole):
    lists = {name: entry[name] for name in GOOD + BAD}
    inside = all(
        value.items() <= whole[name].items()
        if isinstance(value, dict)
        else is_head(value, whole[name])
        for name, value in lists.items()
    )
    return inside and entry == whole | lists


def is_head(some, whole):
    return whole[: len(some)] == some


@given(entries, st.integers(0, 20_000))
def test_no_trouble_is_cut_while_there_is_something_else_to_cut(entries, room):
    kept = kept_in(room, entries).entries

    whole = [entry for entry in entries if has_trouble(entry)]
    left = [entry for entry in kept if has_trouble(entry)]
    if left != whole:
        assert all(has_trouble(entry) for entry in kept)


@pytest.mark.parametrize("count", [100, 400])
def test_each_cut_is_worth_its_while(mocker, count):
    """Halving is linear: every byte is measured some three times."""
    sizes = []
    json_of = json.dumps
    entries = [done(f"p-{number}", count) for number in range(200)]
    whole = size(entries)

    def measured(entry):
        text = json_of(entry)
        sizes.append(len(text))
        return text

    mocker.patch("lightsout.shorten.json.dumps", side_effect=measured)
    kept_in(50_000, entries)

    assert sum(sizes) < 4 * whole
