"""Plain values for unit tests."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from lightsout.model.finding import Decision, Finding, Task, Verdict
from lightsout.model.policy import Limits, Policy, Selector
from lightsout.model.resources.instance import Instance
from lightsout.model.resources.resource import LIGHTHOUSE, Site

NOW = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
SHANGHAI = ZoneInfo("Asia/Shanghai")
GUANGZHOU = Site("own", LIGHTHOUSE, "ap-guangzhou")
NO_LIMITS = Limits(None, None)

# Any text that JSON can hold, halves of surrogate pairs and control characters included.
any_text = st.text(st.characters(), max_size=60)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=8,
)


def selector(tags=None, instances=()) -> Selector:
    return Selector(tags or {}, frozenset(instances))


def a_policy(name="dev-nights", **facts) -> Policy:
    usual = {
        "description": "",
        "resource": "lighthouse",
        "regions": ("ap-guangzhou",),
        "action": "stop",
        "match": selector({"env": ("dev",)}),
        "exclude": selector(),
        "include": frozenset(),
        "timezone": SHANGHAI,
        "stop_type": None,
        "limits": NO_LIMITS,
        "triggered_by": frozenset({"timer", "invoke"}),
        "verify_timeout": 300.0,
        "place": "policies/dev.yml:3:5",
    }
    return Policy(name=name, **(usual | facts))


def an_instance(id_="lhins-00000001", **facts) -> Instance:
    usual = {
        "name": "",
        "state": "RUNNING",
        "tags": {"env": "dev"},
        "operation": "",
        "operation_state": "",
        "operation_request_id": "",
        "operation_started": "",
    }
    told = usual | facts
    told["tags"] = {
        key: (value,) if isinstance(value, str) else value for key, value in told["tags"].items()
    }
    return Instance(id=id_, **told)


def fleet(count: int, first: int = 0) -> list[str]:
    return [f"lhins-{number:08x}" for number in range(first, first + count)]


def a_finding(policy=None, *, act=(), keep=(), excluded=(), stuck=(), refused=None) -> Finding:
    """A finding about instances, given by ID; each is kept for a reason of its own."""
    decisions = (
        {id_: Decision(Verdict.ACT, "tag env=dev") for id_ in act}
        | {id_: Decision(Verdict.KEEP, f"keep-running {id_}") for id_ in keep}
        | {id_: Decision(Verdict.EXCLUDED, "excluded by tag role=bastion") for id_ in excluded}
    )
    finding = Finding(Task(policy or a_policy()))
    finding.decisions = decisions
    finding.instances = {id_: an_instance(id_) for id_ in decisions}
    finding.stuck = {instance.id: instance for instance in stuck}
    finding.refused = refused
    return finding


def a_ledger(accepted=(), outcomes=None) -> SimpleNamespace:
    """The part of a ledger that the log reads."""
    told = {"accepted": list(accepted), "outcomes": dict(outcomes or {})}
    return SimpleNamespace(**told, wanted_by=lambda _: ["dev-nights"])
