"""`plan --diff`: what the policies here would do that those of a revision or a path would not."""

from __future__ import annotations

import json
import subprocess
import textwrap

import pytest

from lightsout.simulator import GB, Fault

# The stage's clock stands at 20:00 in Shanghai, on Monday, 23 November 2026.
BEFORE = """
    version: 1
    policies:
      - name: nights
        resource: lighthouse
        regions: [ap-guangzhou]
        match: {tags: {env: dev}}
        when: {between: ["21:00", "23:00"]}
"""
AFTER = BEFORE.replace("{env: dev}", "{env: [dev, test]}").replace(
    "when:", "exclude: {tags: {role: bastion}}\n        when:"
)


@pytest.fixture
def there(tmp_path):
    """Writes the policies to compare with; the path to them."""

    def there(text):
        folder = tmp_path / "there"
        folder.mkdir(exist_ok=True)
        (folder / "policy.yml").write_text(textwrap.dedent(text), "utf-8")
        return folder

    return there


@pytest.fixture
def fleet(stage):
    add = stage.world.add
    add("lhins-0000000a", name="web", tags={"env": "dev"})
    add("lhins-0000000b", name="t1", tags={"env": "test"})
    add("lhins-0000000c", name="gate", tags={"env": "dev", "role": "bastion"})
    add("lhins-0000000d", name="db", tags={"env": "test", "keep-running": "yes"})
    add("lhins-0000000e", name="shop", tags={"env": "prod"})
    stage.policies(AFTER)
    return stage


def changes(said):
    return {it["instance"]: it["change"] for it in said.json()["machines"]}


def test_what_is_newly_stopped_what_no_longer_and_what_is_kept_for_other_reasons(
    fleet, type_in, there
):
    said = type_in("plan", "--json", "--diff", there(BEFORE))

    assert said.status == 1
    assert changes(said) == {
        "lhins-0000000b": "newly stopped",
        "lhins-0000000c": "no longer stopped",
        "lhins-0000000d": "other reasons",
    }
    found = said.json()
    (newly, no_longer, _) = found["machines"]
    assert newly["before"] == []
    assert newly["after"] == [
        {
            "policy": "nights",
            "decision": "would_stop",
            "reason": "tag env=test",
            "at": "2026-11-23T21:00:00+08:00",
        }
    ]
    assert no_longer["after"][0]["decision"] == "excluded"
    assert found["changed"] is True
    assert found["policies"] == [
        {
            "policy": "nights",
            "change": "changed",
            "keys": ["match", "exclude"],
            "before": {"opens": "2026-11-23T21:00:00+08:00", "closes": "2026-11-23T23:00:00+08:00"},
            "after": {"opens": "2026-11-23T21:00:00+08:00", "closes": "2026-11-23T23:00:00+08:00"},
        }
    ]


# ruff: noqa: E501  a row is one line
def test_in_words_the_sentence_stands_first_then_a_line_a_policy_and_region(fleet, type_in, there):
    where = there(BEFORE)

    said = type_in("plan", "--diff", where)

    counts = "1 newly stopped, 1 no longer stopped, 1 for other reasons, 1 policy changed"
    assert [line.rstrip() for line in said.out.splitlines()] == [
        f"Compared with {where}: {counts}.",
        "",
        "policy  change                   next window",
        "nights  changed: match, exclude  2026-11-23 21:00 Asia/Shanghai",
        "",
        "change             policy  region        machines",
        "newly stopped      nights  ap-guangzhou  1",
        "no longer stopped  nights  ap-guangzhou  1",
        "other reasons      nights  ap-guangzhou  1",
        "",
        "change             region        instance        name  before and now",
        "newly stopped      ap-guangzhou  lhins-0000000b  t1    no policy matches it → would stop: tag env=test",
        "no longer stopped  ap-guangzhou  lhins-0000000c  gate  would stop: tag env=dev → excluded by tag role=bastion",
        "other reasons      ap-guangzhou  lhins-0000000d  db    no policy matches it → kept: keep-running yes",
    ]


@pytest.mark.parametrize("form", ["table", "json", "markdown"])
def test_where_nothing_changes_the_exit_status_tells(fleet, type_in, there, form):
    where = there(AFTER.replace("name: nights", "name: nights\n        description: the same"))

    said = type_in("plan", "--diff", where, "--format", form)

    assert said.status == 0
    if form == "json":
        assert said.json()["changed"] is False
    else:
        assert "nothing changes: 2 machines acted on as before" in said.out


def test_both_sets_are_judged_by_one_look(fleet, type_in, there):
    type_in("plan", "--diff", there(BEFORE))

    assert [call.action for call in fleet.sim.journal] == ["DescribeInstances"]
    assert "Filters" not in fleet.sim.journal[0].params


def test_a_window_that_moves_is_told_of_the_policy_and_not_of_each_machine(fleet, type_in, there):
    where = there(AFTER.replace("21:00", "22:00"))

    said = type_in("plan", "--diff", where, "--json")

    assert said.status == 1
    assert changes(said) == {}
    (policy,) = said.json()["policies"]
    assert (policy["keys"], policy["before"]["opens"], policy["after"]["opens"]) == (
        ["when"],
        "2026-11-23T22:00:00+08:00",
        "2026-11-23T21:00:00+08:00",
    )


def test_a_policy_that_only_a_timer_triggers_is_compared_as_well(fleet, type_in, there):
    timer = "triggered_by: [timer]\n        when:"
    fleet.policies(AFTER.replace("when:", timer))

    said = type_in("plan", "--json", "--diff", there(BEFORE.replace("when:", timer)))

    assert len(changes(said)) == 3


def test_a_limit_that_is_passed_now_stops_nothing_any_longer(fleet, type_in, there):
    fleet.policies(AFTER.replace("when:", "limits: {max_instances: 1}\n        when:"))

    said = type_in("plan", "--json", "--diff", there(AFTER))

    assert changes(said) == dict.fromkeys(("lhins-0000000a", "lhins-0000000b"), "no longer stopped")
    reasons = {it["after"][0]["reason"] for it in said.json()["machines"]}
    assert reasons == {"over limit: 2 instances, max_instances is 1"}


def test_options_of_the_call_are_a_reason_of_their_own(fleet, type_in, there):
    fleet.policies(AFTER.replace("when:", "options: {stop_type: HARD}\n        when:"))

    said = type_in("plan", "--json", "--diff", there(AFTER))

    assert changes(said) == dict.fromkeys(("lhins-0000000a", "lhins-0000000b"), "other reasons")


def test_a_policy_by_another_name_and_one_that_is_gone_are_told(fleet, type_in, there):
    fleet.policies(AFTER.replace("name: nights", "name: evenings"))

    said = type_in("plan", "--json", "--diff", there(AFTER))

    kinds = {it["policy"]: it["change"] for it in said.json()["policies"]}
    assert kinds == {"evenings": "added", "nights": "removed"}
    assert set(changes(said).values()) == {"other reasons"}


def test_traffic_is_asked_for_once_for_both(stage, type_in, there):
    limit = "only_if: {traffic_used_at_least: 95%}\n        when:"
    used, total = 480 * GB, 500 * GB
    packages = [stage.world.package(used=used, total=total)]
    stage.world.add("lhins-0000000a", tags={"env": "dev"}, packages=packages)
    stage.policies(AFTER.replace("when:", limit.replace("95", "97")))

    said = type_in("plan", "--json", "--diff", there(BEFORE.replace("when:", limit)))

    assert changes(said) == {"lhins-0000000a": "no longer stopped"}
    assert len(stage.calls("DescribeInstancesTrafficPackages")) == 1


def test_what_cannot_be_looked_at_is_an_error_and_no_difference(fleet, type_in, there):
    both = AFTER.replace("[ap-guangzhou]", "[ap-guangzhou, ap-shanghai]")
    fleet.world.add("lhins-000000aa", region="ap-shanghai", tags={"env": "test"})
    fleet.policies(both)
    denied = {"code": "UnauthorizedOperation", "message": "no"}
    fleet.sim.faults.add(Fault("error", region="ap-shanghai", times=None, **denied))

    same = type_in("plan", "--json", "--diff", there(both))
    other = type_in("plan", "--json", "--diff", there(BEFORE))

    assert (same.status, same.json()["changed"]) == (1, False)
    (error,) = same.json()["errors"]
    assert error == "lighthouse in ap-shanghai: DescribeInstances: UnauthorizedOperation: no"
    assert "lhins-000000aa" not in changes(other)
    assert "not all could be looked at." in type_in("plan", "--diff", there(both)).out


def test_machines_of_which_only_the_state_hides_a_difference_are_counted(fleet, type_in, there):
    for id_ in ("lhins-0000000a", "lhins-0000000b"):
        fleet.world.instance(id_).state = "STOPPED"
    where = there(BEFORE)

    assert type_in("plan", "--json", "--diff", where).json()["idle"] == ["lhins-0000000b"]
    note = "1 more machine would be selected otherwise, in a state in which nothing is done now"
    assert note in type_in("plan", "--diff", where).out
    assert note in type_in("plan", "--diff", where, "--format", "markdown").out


def test_many_machines_are_counted_and_listed_where_asked(fleet, type_in, there):
    ids = fleet.fleet(30, first=100, tags={"env": "test"})

    short, long = (type_in("plan", *words, "--diff", there(BEFORE)) for words in ([], ["--next"]))

    assert "newly stopped      nights  ap-guangzhou  31" in short.out
    assert "33 machines not listed: --next lists all" in short.out
    assert [id_ for id_ in ids if id_ in short.out] == []
    assert [id_ for id_ in ids if id_ not in long.out] == []


def test_options_narrow_it(fleet, type_in, there):
    where = there(BEFORE)

    assert changes(type_in("plan", "--json", "--diff", where, "--region", "ap-shanghai")) == {}
    assert len(changes(type_in("plan", "--json", "--diff", where, "--policy", "nights"))) == 3
    assert type_in("plan", "--diff", where, "--policy", "nigths").status == 2
    assert type_in("plan", "--diff", where, "--account", "nobody").status == 2


@pytest.mark.parametrize("words", [["--instance", "lhins-1"], ["--csv"]])
def test_what_makes_no_sense_beside_it_is_wrong_use(fleet, type_in, there, words):
    assert type_in("plan", "--diff", there(BEFORE), *words).status == 2


def test_markdown_without_a_comparison_is_wrong_use(type_in):
    assert type_in("plan", "--format", "markdown").status == 2


def test_mistakes_on_either_side_are_told_and_nothing_is_called(fleet, type_in, there):
    said = type_in("plan", "--diff", there("version: 2\n"))

    assert said.status == 1
    assert "version wants 1, not '2'" in said.err
    assert len(fleet.sim.journal) == 0


# Markdown ----------------------------------------------------------------------------------------


def test_names_have_no_meaning_in_markdown(fleet, type_in, there):
    evil = "a|b `c` @team <b> [x](http://e) `"
    fleet.world.add("lhins-000000ff", name=evil, tags={"env": "test"})

    said = type_in("plan", "--diff", there(BEFORE), "--format", "markdown").out

    row = next(line for line in said.splitlines() if "lhins-000000ff" in line)
    assert r"| `` a\|b `c` @team <b> [x](http://e) ` `` |" in row


def test_a_comment_is_never_longer_than_github_takes(fleet, type_in, there):
    fleet.fleet(600, first=1000, tags={"env": "test"}, name="n" * 60)

    said = type_in("plan", "--diff", there(BEFORE), "--format", "markdown").out

    assert len(said) < 65_536
    assert "<details><summary>Newly stopped: 601 machines</summary>" in said
    assert " more machines." in said


# A revision --------------------------------------------------------------------------------------


@pytest.fixture
def repository(fleet):
    """The folder of policies in a git repository, with BEFORE on main and AFTER in the folder."""
    top = fleet.folder.parent / "clone"
    top.mkdir()
    fleet.folder = top / "policies"
    fleet.folder.mkdir()
    fleet.environ["LIGHTSOUT_POLICIES"] = str(fleet.folder)
    fleet.policies(BEFORE)
    git(top, "init", "--quiet", "--initial-branch=main")
    git(top, "add", "policies")
    commit = ("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet")
    git(top, *commit, "-m", "before")
    fleet.policies(AFTER)
    return fleet


def git(top, *words):
    subprocess.run(["git", "-C", str(top), *words], check=True, capture_output=True)


def test_a_revision_is_that_of_the_folder_at_hand(repository, type_in):
    said = type_in("plan", "--json", "--diff", "main")

    assert len(changes(said)) == 3
    assert said.json()["compared_with"] == "main"
    assert type_in("plan", "--json", "--diff", "HEAD").json()["changed"]


def test_in_a_hook_of_git_too(repository, type_in, monkeypatch):
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")

    assert len(changes(type_in("plan", "--json", "--diff", "main"))) == 3


def test_of_a_single_file_only_that_file_is_compared(repository, type_in):
    repository.policies(BEFORE.replace("name: nights", "name: other"), "other.yml")
    file = repository.folder / "policy.yml"

    said = type_in("plan", "--json", "--policies", file, "--diff", "main")

    assert [it["policy"] for it in said.json()["policies"]] == ["nights"]


def test_where_there_were_no_policies_all_are_new(repository, type_in):
    repository.folder = repository.folder.parent / "more"
    repository.folder.mkdir()
    repository.policies(AFTER)

    said = type_in("plan", "--json", "--policies", repository.folder, "--diff", "main")

    assert [it["change"] for it in said.json()["policies"]] == ["added"]


def test_mistakes_of_a_revision_have_their_place_there(repository, type_in):
    top = repository.folder.parent
    repository.policies("version: 2\n")
    commit = ("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-a")
    git(top, *commit, "-m", "broken")
    repository.policies(AFTER)

    said = type_in("plan", "--diff", "main")

    assert said.status == 1
    assert said.err.startswith("main:policies/policy.yml:")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("mian", "neither a path nor a revision that git knows"),
        ("--help", "neither a path nor a revision that git knows"),
        ("", "neither a path nor a revision that git knows"),
    ],
)
def test_what_is_neither_path_nor_revision_is_wrong_use(repository, type_in, given, why):
    said = type_in("plan", f"--diff={given}")

    assert (said.status, said.err) == (2, f"lightsout: --diff {given}: {why}\n")
    assert len(repository.sim.journal) == 0


def test_outside_of_a_repository_it_says_so(fleet, type_in):
    said = type_in("plan", "--diff", "main")

    assert said.status == 2
    assert "not a git repository" in said.err


def test_a_name_that_is_a_path_and_a_revision_is_wrong_use(repository, type_in, monkeypatch):
    monkeypatch.chdir(repository.folder.parent)
    repository.folder.with_name("main").mkdir()

    said = type_in("plan", "--diff", "main")

    assert said.status == 2
    assert "that is a path and a revision of git: write ./main for the path" in said.err


def test_a_link_among_the_policies_of_a_revision_is_not_followed(repository, type_in):
    top = repository.folder.parent
    (repository.folder / "link.yml").symlink_to("/etc/passwd")
    git(top, "add", "policies")
    commit = ("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet")
    git(top, *commit, "-m", "link")
    (repository.folder / "link.yml").unlink()

    said = type_in("plan", "--diff", "main")

    assert said.status == 2
    assert "policies/link.yml is a link at that revision" in said.err


# Accounts ----------------------------------------------------------------------------------------


def test_another_role_for_an_account_is_told(fleet, type_in, there):
    account = (
        "accounts:\n"
        "      - {{name: lab, role_arn: 'qcs::cam::uin/100000000002:roleName/{role}'}}\n"
        "    policies:"
    )
    fleet.policies(AFTER.replace("policies:", account.format(role="one")))

    said = type_in(
        "plan", "--json", "--diff", there(AFTER.replace("policies:", account.format(role="two")))
    )

    assert said.status == 1
    assert json.loads(said.out)["accounts"] == ["lab"]


def test_a_new_policy_of_another_zone_does_not_change_the_others(stage, type_in, there):
    where = there(BEFORE)
    berlin = BEFORE.replace("nights", "berlin").rstrip() + "\n        timezone: Europe/Berlin\n"
    stage.policies(BEFORE)
    stage.policies(berlin, "z.yml")

    said = type_in("plan", "--json", "--diff", where)

    assert [(it["policy"], it["change"]) for it in said.json()["policies"]] == [("berlin", "added")]
