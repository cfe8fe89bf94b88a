"""The doctor on rights, and on the decisions of each policy at each site."""

from __future__ import annotations

import threading
from typing import NamedTuple

import pytest

from lightsout.base.clock import Deadline
from lightsout.cloud.sdk import CallFailed
from lightsout.doctor.access_checks import SHOWN, SITES_AT_ONCE, AccessContext, examine_rights
from lightsout.doctor.diagnosis import AGAIN, GRANT
from lightsout.doctor.still_charged import FIX, WHY
from lightsout.model.policy import Limits, OnlyIf, When
from lightsout.simulator import ManualClock
from tests.support.values import NOW, a_policy, selector

GUANGZHOU, SHANGHAI, TOKYO = "ap-guangzhou", "ap-shanghai", "ap-tokyo"
DENIED = "DescribeInstancesDeniedActions"
TRAFFIC = "DescribeInstancesTrafficPackages"
OF_GROUPS = {f"DescribeAutoScaling{what}" for what in ("Instances", "Groups", "Activities")}
NOT_GRANTED = "DescribeInstances: UnauthorizedOperation.NoPermission: (it is not granted)"
NOT_NOW = When(days="everyday", start=180, end=240, enforce=False, holidays={})


class Asked(NamedTuple):
    action: str
    region: str
    params: dict


def item(number, state="RUNNING", *, env="dev", charging=None):
    """An instance as the service describes it."""
    told = {"InstanceId": f"ins-{number:08x}", "InstanceState": state}
    tags = {"Tags": [{"Key": "env", "Value": env}]}
    return told | tags | ({"StopChargingMode": charging} if charging else {})


class FakeCloud:
    """An account: its machines by region, and what it answers in place of a call, by action."""

    home = GUANGZHOU

    def __init__(self, machines=None, regions=(GUANGZHOU,), role=None, **answers):
        self.machines = machines or {}
        self.regions = regions
        self.role = role
        self.answers = answers
        self.asked: list[Asked] = []

    def open(self):
        if self.role:
            raise self.role

    def monotonic(self):
        return 0.0

    def call(self, call, params, **_):
        given = params() if callable(params) else params
        self.asked.append(Asked(call.action, call.region, dict(given)))
        answer = self.answers.get(call.action, lambda *_: None)(call.region, given)
        if isinstance(answer, Exception):
            raise answer
        return answer or getattr(self, call.action)(call.region, given)

    def DescribeRegions(self, *_):  # noqa: N802  the names of the API
        return {"RegionSet": [{"Region": name} for name in self.regions]}

    def DescribeInstances(self, region, params):  # noqa: N802
        found = self.machines.get(region, [])
        for asked in params.get("Filters", ()):
            if asked["Name"] == "instance-state":
                found = [it for it in found if it["InstanceState"] in asked["Values"]]
        first = params.get("Offset", 0)
        shown = found[first : first + params["Limit"]]
        return {"TotalCount": len(found), "InstanceSet": shown}

    def DescribeInstancesDeniedActions(self, *_):  # noqa: N802
        return {}

    DescribeAutoScalingInstances = DescribeInstancesDeniedActions
    DescribeAutoScalingGroups = DescribeInstancesDeniedActions
    DescribeAutoScalingActivities = DescribeInstancesDeniedActions

    def DescribeInstancesTrafficPackages(self, *_):  # noqa: N802
        return {"InstanceTrafficPackageSet": []}

    def params_of(self, action):
        return [it.params for it in self.asked if it.action == action]


def examined(cloud, *policies, seconds=60.0, **others):
    """Each diagnosis as mark, words and fix, by its check."""
    access = AccessContext({"own": cloud, **others}, Deadline(ManualClock(), seconds), NOW)
    found = examine_rights(access, policies)
    assert len({it.check for it in found}) == len(found)
    return {it.check: (it.mark, it.says, it.fix) for it in found}


def refusal(action, code="UnauthorizedOperation.NoPermission", message="(it is not granted)"):
    return CallFailed(action, code, message)


def only_in(region, failure):
    """The answers of a call that fails in this region only."""
    return lambda where, _: failure if where == region else None


def searches_fail(_, params):
    """A page of one instance is answered, a listing is not."""
    return (
        CallFailed("DescribeInstances", "InternalError", "later") if "Filters" in params else None
    )


# Accounts and regions ----------------------------------------------------------------------------


def test_a_list_of_regions_is_told_with_their_number():
    found = examined(FakeCloud(regions=[GUANGZHOU, TOKYO]), a_policy(regions=("all",)))

    assert found["right lighthouse:DescribeRegions"] == ("✓", "granted: 2 regions", "")


def test_regions_outside_of_mainland_china_tell_of_the_international_site():
    found = examined(FakeCloud(regions=[TOKYO]), a_policy(regions=("all",)))

    says = "granted: 1 regions, none in mainland China: an account of the international site"
    assert found["right lighthouse:DescribeRegions"][1] == says


def test_only_policies_that_say_all_need_the_list_of_regions():
    cloud = FakeCloud()

    found = examined(cloud, a_policy(regions=(GUANGZHOU, TOKYO)))

    assert "right lighthouse:DescribeRegions" not in found
    assert cloud.params_of("DescribeRegions") == []


def test_without_the_list_a_policy_has_no_site_and_the_others_keep_theirs():
    cloud = FakeCloud(DescribeRegions=lambda *_: refusal("DescribeRegions"))
    policies = a_policy("everywhere", regions=("all",)), a_policy("here")

    found = examined(cloud, *policies)

    mark, says, fix = found["right lighthouse:DescribeRegions"]
    assert (mark, fix) == ("✗", GRANT)
    assert says == "DescribeRegions: UnauthorizedOperation.NoPermission: (it is not granted)"
    assert found["here, lighthouse in ap-guangzhou"][1] == "would stop 0, keep 0"
    assert not any(check.startswith("everywhere") for check in found)


def test_an_account_that_lends_no_role_is_not_asked_for_anything():
    policy = a_policy(accounts=("own", "research", "archive"))
    research = FakeCloud(role=CallFailed("AssumeRole", "UnauthorizedOperation", "no trust"))

    found = examined(FakeCloud(), policy, research=research, archive=FakeCloud())

    mark, says, fix = found["account research"]
    assert (mark, says) == ("✗", "AssumeRole: UnauthorizedOperation: no trust")
    assert "permissions --account research" in fix
    assert research.asked == []
    assert found["account archive"] == ("✓", "its role can be assumed", "")
    for where in ("dev-nights, ", "archive, dev-nights, "):
        assert f"{where}lighthouse in ap-guangzhou" in found


def test_where_no_account_is_left_nothing_but_that_is_told():
    research = FakeCloud(role=CallFailed("AssumeRole", "UnauthorizedOperation", "no trust"))

    found = examined(FakeCloud(), a_policy(accounts=("research",)), research=research)

    assert list(found) == ["account research", "right lighthouse:StopInstances"]


def test_a_right_that_is_missing_in_another_account_is_granted_there():
    policy = a_policy(regions=("all",), accounts=("own", "research"))
    clouds = [FakeCloud(DescribeRegions=lambda *_: refusal("DescribeRegions")) for _ in range(2)]

    found = examined(clouds[0], policy, research=clouds[1])

    assert found["right lighthouse:DescribeRegions"][2] == GRANT
    there = found["right research lighthouse:DescribeRegions"][2]
    assert there == GRANT.replace("permissions role", "permissions role --account research")


# One site ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 instances"), (1, "1 instance"), (2, "2 instances")]
)
def test_a_site_that_may_be_looked_at_is_told_with_the_number_of_its_machines(count, said):
    found = examined(FakeCloud({GUANGZHOU: [item(n) for n in range(count)]}), a_policy())

    assert found["lighthouse in ap-guangzhou"] == ("✓", f"may be looked at: {said}", "")
    assert found["dev-nights, lighthouse in ap-guangzhou"][1] == f"would stop {count}, keep 0"


def test_the_first_question_at_a_site_asks_for_one_machine_only():
    cloud = FakeCloud({GUANGZHOU: [item(1), item(2)]})

    examined(cloud, a_policy(only_if=OnlyIf(traffic_used_at_least=0.95)))

    assert cloud.params_of("DescribeInstances")[0] == {"Offset": 0, "Limit": 1}
    assert cloud.params_of(TRAFFIC)[-1] == {"Limit": 1}


def test_sites_that_are_alike_are_told_together_and_others_apart():
    cloud = FakeCloud({TOKYO: [item(1)]})

    found = examined(cloud, a_policy(regions=(GUANGZHOU, SHANGHAI, TOKYO)))

    alike = found["lighthouse in each of ap-guangzhou, ap-shanghai"]
    assert alike[1] == "may be looked at: 0 instances"
    assert found["lighthouse in ap-tokyo"][1] == "may be looked at: 1 instance"
    assert found["dev-nights, lighthouse in ap-tokyo"][1] == "would stop 1, keep 0"


def test_a_site_that_may_not_be_looked_at_hides_no_other():
    cloud = FakeCloud(DescribeInstances=only_in(TOKYO, refusal("DescribeInstances")))

    found = examined(cloud, a_policy(regions=(GUANGZHOU, TOKYO)))

    mark, says, fix = found["lighthouse in ap-tokyo"]
    assert (mark, fix) == ("✗", GRANT)
    assert says.startswith("DescribeInstances: UnauthorizedOperation")
    assert "dev-nights, lighthouse in ap-tokyo" not in found
    assert found["lighthouse in ap-guangzhou"][0] == "✓"


def test_a_site_whose_examination_breaks_down_hides_no_other():
    cloud = FakeCloud(DescribeInstances=only_in(TOKYO, RuntimeError("nobody thought of this")))

    found = examined(cloud, a_policy(regions=(GUANGZHOU, TOKYO)))

    mark, says, fix = found["lighthouse in ap-tokyo"]
    assert (mark, fix) == ("✗", AGAIN)
    assert says.startswith("could not be examined: a mistake in lightsout itself: RuntimeError at")
    assert found["lighthouse in ap-guangzhou"][0] == "✓"


def test_a_listing_that_fails_is_the_defect_of_the_policies_that_need_it():
    found = examined(FakeCloud({GUANGZHOU: [item(1)]}, DescribeInstances=searches_fail), a_policy())

    says = "DescribeInstances: InternalError: later"
    assert found["dev-nights, lighthouse in ap-guangzhou"] == ("✗", says, AGAIN)
    assert found["lighthouse in ap-guangzhou"][0] == "✓"


def test_when_time_is_over_no_further_site_is_asked_and_each_is_told_so():
    """A thread that is left behind in a warm process must not go on."""
    go_on, began = threading.Event(), []

    def hang(region, _):
        began.append(region)
        go_on.wait(60)
        return CallFailed("DescribeInstances", "OutOfTime", "late")

    regions = tuple(f"ap-place{number}" for number in range(SITES_AT_ONCE + 5))
    cloud = FakeCloud(DescribeInstances=hang)

    before = set(threading.enumerate())
    found = examined(cloud, a_policy(regions=regions), seconds=0.0)
    hung = set(threading.enumerate()) - before
    go_on.set()
    for thread in hung:
        thread.join(5)

    assert len(hung) == SITES_AT_ONCE  # nobody waited for their end
    assert found[f"lighthouse in each of {', '.join(regions)}"] == ("✗", "no answer in time", AGAIN)
    assert len(began) <= SITES_AT_ONCE
    assert not set(began) & set(regions[SITES_AT_ONCE:])


# What each policy would do -----------------------------------------------------------------------


def would(*policies, machines):
    """The diagnoses of each policy, in turn."""
    found = examined(FakeCloud({GUANGZHOU: machines}), *policies)
    return [found[f"{it.name}, {it.resource} in ap-guangzhou"] for it in policies]


def test_machines_that_are_acted_on_and_kept_are_counted():
    keep_prod = a_policy(match=selector({"env": ("*",)}), exclude=selector({"env": ("prod",)}))

    (told,) = would(keep_prod, machines=[item(1), item(2), item(3, env="prod")])

    assert told == ("✓", "would stop 2, keep 1", "")


@pytest.mark.parametrize(
    ("when", "mark", "says"),
    [
        (None, "✗", "would stop 2, keep 0: "),
        (NOT_NOW, "!", "would stop 2, keep 0, if it were due: "),
    ],
)
def test_past_a_limit_the_next_run_fails_or_would_if_it_were_due(when, mark, says):
    (told,) = would(a_policy(limits=Limits(1, None), when=when), machines=[item(1), item(2)])

    over = "over limit: 2 instances, max_instances is 1"
    assert told == (mark, f"{says}{over}", "look at `plan`, then at its `limits`")


def test_machines_that_are_due_for_stop_and_start_at_once_are_a_defect_of_both_policies():
    off, on = a_policy("off"), a_policy("on", action="start")

    told_off, told_on = would(off, on, machines=[item(1), item(2), item(3, "STOPPED")])

    fix = "keep the windows of those policies apart, or their tags"
    neither = "3 are due for stop and start at once, so neither is done"
    assert told_off == ("✗", f"would stop 0, keep 0; {neither}", fix)
    assert told_on == ("✗", f"would start 0, keep 0; {neither}", fix)


def test_policies_that_are_not_due_at_once_do_not_conflict():
    off, on = a_policy("off"), a_policy("on", action="start", when=NOT_NOW)

    told_off, told_on = would(off, on, machines=[item(1), item(3, "STOPPED")])

    assert told_off == ("✓", "would stop 1, keep 0", "")
    assert told_on == ("✓", "would start 1, keep 0, if it were due", "")


# Stopped and still paid for ----------------------------------------------------------------------

UNCHARGED = {"resource": "cvm", "stopped_mode": "STOP_CHARGING"}


def paid_for(count, *policies):
    machines = [item(number, "STOPPED", charging="KEEP_CHARGING") for number in range(count)]
    return [
        told
        for told in all_told(FakeCloud({GUANGZHOU: machines}), *policies)
        if told.mark in "!?" and not told.check.startswith("right ")
    ]


def all_told(cloud, *policies):
    return examine_rights(
        AccessContext({"own": cloud}, Deadline(ManualClock(), 60.0), NOW), policies
    )


@pytest.mark.parametrize(
    ("count", "more"),
    [(1, ""), (SHOWN, ""), (SHOWN + 1, " and 1 more"), (SHOWN + 7, " and 7 more")],
)
def test_machines_that_are_stopped_and_still_charged_are_warned_of_by_name(count, more):
    (told,) = paid_for(count, a_policy(**UNCHARGED))

    named = ", ".join(f"ins-{number:08x}" for number in range(min(count, SHOWN)))
    assert told.check == "dev-nights, cvm in ap-guangzhou"
    assert (told.says, told.fix) == (f"{count} {WHY}: {named}{more}", FIX)


def test_where_an_earlier_policy_keeps_them_charged_nothing_is_wrong():
    earlier = a_policy("charged", resource="cvm")
    uncharged = a_policy("uncharged", **UNCHARGED)

    assert paid_for(2, earlier, uncharged) == []
    assert [it.check.partition(",")[0] for it in paid_for(2, uncharged, earlier)] == ["uncharged"]


def test_where_they_cannot_be_listed_that_is_unknown():
    def stopped_are_refused(_, params):
        states = [
            it["Values"] for it in params.get("Filters", ()) if it["Name"] == "instance-state"
        ]
        return refusal("DescribeInstances") if ["STOPPED", "STARTING"] in states else None

    cloud = FakeCloud({GUANGZHOU: [item(1)]}, DescribeInstances=stopped_are_refused)

    told = {(it.mark, it.says) for it in all_told(cloud, a_policy(**UNCHARGED))}

    says = f"whether stopped instances are still charged: {NOT_GRANTED}"
    assert {("✓", "would stop 1, keep 0"), ("?", says)} <= told


# Rights beside DescribeInstances -----------------------------------------------------------------


def test_the_reasons_of_a_refusal_are_asked_for_by_one_machine_that_is_there():
    cloud = FakeCloud({GUANGZHOU: [item(7)]})

    found = examined(cloud, a_policy())

    assert found[f"right lighthouse:{DENIED}"] == ("✓", "granted", "")
    assert cloud.params_of(DENIED) == [{"InstanceIds": ["ins-00000007"]}]


def test_without_a_machine_that_right_is_unknown_and_nothing_is_asked():
    """A call without IDs would be about all of them."""
    cloud = FakeCloud()

    found = examined(cloud, a_policy())

    assert found[f"right lighthouse:{DENIED}"] == ("?", "there is no instance to ask about", "")
    assert cloud.params_of(DENIED) == []


@pytest.mark.parametrize(
    ("facts", "needed"),
    [
        ({}, {DENIED}),
        ({"only_if": OnlyIf(running_at_least=60.0)}, {DENIED}),
        ({"only_if": OnlyIf(traffic_used_at_least=0.95)}, {DENIED, TRAFFIC}),
        ({"resource": "cvm"}, set()),
        ({"resource": "cvm", "include": frozenset({"autoscaling"})}, OF_GROUPS),
        ({"include": frozenset({"autoscaling"})}, {DENIED}),
    ],
)
def test_no_right_is_asked_for_that_no_policy_needs(facts, needed):
    cloud = FakeCloud({GUANGZHOU: [item(1)]})

    found = examined(cloud, a_policy(**facts))

    rights = {check.rpartition(":")[2] for check in found if check.startswith("right ")}
    assert rights - {"StopInstances", "StopAutoScalingInstances"} == needed
    assert all(params.get("Limit") == 1 for look in OF_GROUPS for params in cloud.params_of(look))


def test_a_right_to_look_at_groups_that_is_missing_is_told():
    missing = "DescribeAutoScalingInstances"
    cloud = FakeCloud({GUANGZHOU: [item(1)]}, **{missing: lambda *_: refusal(missing)})

    found = examined(cloud, a_policy(resource="cvm", include=frozenset({"autoscaling"})))

    mark, says, fix = found[f"right as:{missing}"]
    assert (mark, fix) == ("✗", GRANT)
    assert says.startswith(f"{missing}: UnauthorizedOperation")
    assert found["right as:DescribeAutoScalingGroups"] == ("✓", "granted", "")


def test_a_right_is_told_once_as_the_worst_of_its_regions():
    machines = {region: [item(1)] for region in (GUANGZHOU, SHANGHAI, TOKYO)}
    cloud = FakeCloud(machines, **{DENIED: only_in(SHANGHAI, refusal(DENIED))})

    found = examined(cloud, a_policy(regions=tuple(machines)))

    mark, says, fix = found[f"right lighthouse:{DENIED}"]
    assert (mark, fix) == ("✗", GRANT)
    assert says.startswith(f"{DENIED}: UnauthorizedOperation")


@pytest.mark.parametrize("there", [GUANGZHOU, TOKYO])
def test_a_region_without_machines_hides_no_right_that_another_one_shows(there):
    found = examined(FakeCloud({there: [item(1)]}), a_policy(regions=(GUANGZHOU, TOKYO)))

    assert found[f"right lighthouse:{DENIED}"] == ("✓", "granted", "")


def test_the_rights_to_act_stay_unknown_each_once_with_a_way_to_be_sure():
    policies = a_policy("off"), a_policy("off-too"), a_policy("on", action="start")

    members = a_policy("members", resource="cvm", include=frozenset({"autoscaling"}))
    found = examined(FakeCloud(), *policies, a_policy("servers", resource="cvm"), members)

    unknown = {check: told for check, told in found.items() if told[1].startswith("unknown until")}
    assert list(unknown) == [
        "right as:StopAutoScalingInstances",
        "right cvm:StopInstances",
        "right lighthouse:StartInstances",
        "right lighthouse:StopInstances",
    ]
    mark, says, fix = unknown["right lighthouse:StartInstances"]
    assert (mark, says) == ("?", "unknown until it is used: the API has no dry run of it")
    assert "permissions role" in fix
    assert "or let on act on one machine" in fix
