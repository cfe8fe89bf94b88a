"""`check`: mistakes as compilers and linters print them."""

from __future__ import annotations

GOOD = """
    version: 1
    policies:
      - name: dev-nights
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        when: {between: [20:00, 23:30]}
"""


def test_good_policies_are_counted(stage, type_in):
    stage.policies(GOOD)

    said = type_in("check")

    assert (said.status, said.out, said.err) == (0, "1 policy in 1 file: no mistakes\n", "")


def test_every_mistake_has_its_place_on_stdout(stage, type_in):
    stage.policies("version: 1\npolicies:\n  - name: A\n    colour: red\n")

    said = type_in("check")

    file = stage.folder / "policy.yml"
    lines = said.out.splitlines()
    assert said.status == 1
    assert len(lines) > 3
    assert all(line.startswith(f"{file}:") for line in lines)
    assert any(line.startswith(f"{file}:4:5: ") and "colour" in line for line in lines)
    assert said.err == f"lightsout: {len(lines)} mistakes\n"


def test_a_region_that_may_be_misspelt_is_a_marked_warning(stage, type_in):
    stage.policies(GOOD.replace("ap-guangzhou", "ap-guangzhuo"))

    said = type_in("check")

    assert said.status == 0
    warning, last = said.out.splitlines()
    assert warning.startswith(f"{stage.folder / 'policy.yml'}:6:15: warning: ")
    assert "ap-guangzhou" in warning
    assert last == "1 policy in 1 file: no mistakes, 1 warning"


def test_policies_may_stand_elsewhere(stage, type_in, tmp_path):
    said = type_in("check", "--policies", tmp_path / "nowhere.yml")

    assert said.status == 1
    assert said.out.startswith(f"{tmp_path / 'nowhere.yml'}:1:1: ")


def test_nothing_is_called(stage, type_in):
    type_in("check")

    assert len(stage.sim.journal) == 0


def test_it_says_until_when_the_calendar_reaches_where_a_policy_goes_by_it(stage, type_in):
    stage.policies(GOOD.replace("when: {", "when: {days: workdays, "))
    assert type_in("check").out.splitlines()[-1] == (
        "1 policy in 1 file: no mistakes, 1 warning; the calendar of workdays reaches to 2026-12-31"
    )

    days = "".join(f"2027-02-{day:02}: off, " for day in range(6, 18))
    text = GOOD.replace("version: 1", f"version: 1\n    holidays: {{{days}}}")
    stage.policies(
        text.replace("when: {", "when: {days: holidays, ").replace("dev-nights", "off-days"),
        "other.yml",
    )
    assert (
        type_in("check")
        .out.splitlines()[-1]
        .endswith("reaches to 2026-12-31 for dev-nights, 2027-12-31 for off-days")
    )
