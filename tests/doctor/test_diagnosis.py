"""Diagnoses: as JSON they have an end, however much the service says and however many there are."""

from __future__ import annotations

import json

from lightsout.doctor.diagnosis import LONGEST, Diagnosis, fine, unknown, warn, wrong
from lightsout.doctor.visit import LARGEST, result_of

SCF_LIMIT = 6_000_000  # bytes of an answer


def test_a_few_diagnoses_are_all_there_in_their_order():
    found = [fine("a", "x"), wrong("b", "x", "y"), unknown("c", "x"), warn("d", "x", "y")]

    result = result_of(found, "run-1")

    assert [one["check"] for one in result["findings"]] == ["a", "b", "c", "d"]
    assert [one["ok"] for one in result["findings"]] == [True, False, None, None]
    assert set(result) == {"status", "run_id", "version", "findings"}


def test_more_than_an_answer_can_hold_are_cut_and_the_worst_stay():
    places = ", ".join(f"ap-region-{number}" for number in range(20))
    names = [f"policy-{number:05} in {places}" for number in range(20_000)]
    found = [fine(name, "would stop 3, keep 4") for name in names]
    found.insert(10_000, wrong("the one", "is wrong", "see there"))
    found.append(warn("the last", "is a warning", "see there"))

    result = result_of(found, "run-1")

    size = len(json.dumps(result))
    assert LARGEST * 0.9 < size < SCF_LIMIT
    assert result["status"] == "failed"
    checks = [one["check"] for one in result["findings"]]
    assert {"the one", "the last"} < set(checks)
    assert result["shortened"] == len(found) - len(checks) > 0
    assert [it for it in checks if it.startswith("policy")] == names[: len(checks) - 2]


def test_defects_that_no_answer_can_hold_fail_all_the_same():
    found = [wrong("x" * LONGEST, "y" * LONGEST, "z" * LONGEST) for _ in range(2_000)]

    result = result_of(found, "run-1")

    assert result["status"] == "failed"
    assert len(json.dumps(result)) < SCF_LIMIT


def test_no_text_of_a_diagnosis_is_endless_or_can_move_a_cursor():
    shown = Diagnosis("\x1b[2J" * 10_000, "✗", "\x07" * 10_000, "\u202e" * 10_000).as_json()

    assert len(json.dumps(shown, ensure_ascii=False)) < 4 * LONGEST
    assert all(shown[name].isprintable() for name in ("check", "says", "fix"))
