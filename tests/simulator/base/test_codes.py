"""Every code that the newer services answer is on the official lists; see tools/extract_codes.py.

What an action is seen to answer in a test is held to its own list by `Caller.refused`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lightsout import simulator
from lightsout.simulator.access.cam_service import cam
from lightsout.simulator.access.sts import sts
from lightsout.simulator.compute.hai import STATES, hai
from lightsout.simulator.compute.tione import tione
from lightsout.simulator.functions.scf import scf
from lightsout.simulator.logs.cls import cls
from lightsout.simulator.scaling.scaling import scaling
from lightsout.simulator.tags.tag import tag
from tests.support.official_codes import COMMON_CODES, OFFICIAL_CODES

MODULES = {
    "cam": ["cam_documents", "cam_policies", "cam_roles", "cam_service"],
    "cls": ["cls", "cls_index", "cls_rules", "cls_search", "cql"],
    "scf": ["functions", "scf", "scf_deploy", "scf_rules", "scf_runs", "scf_triggers"],
    "sts": ["sts"],
    "as": ["scaling", "groups"],
    "hai": ["hai"],
    "tag": ["tag", "tag_listing", "tag_pairs", "tag_rules", "tagged"],
    "tione": ["tione"],
}
FAMILIES = (
    "AuthFailure|CallCvmError|FailedOperation|InternalError|InvalidFilter|InvalidParameter|InvalidParameterValue|"
    "LimitExceeded|MissingParameter|OperationDenied|ResourceInUse|ResourceInsufficient|"
    "ResourceNotFound|ResourceUnavailable|UnauthorizedOperation|UnsupportedOperation"
)
CODE = re.compile(rf'"((?:{FAMILIES})(?:\.\w+)*)"')


@pytest.mark.parametrize("service", MODULES)
def test_what_stands_in_the_source_is_official(service):
    files = {path.stem: path for path in Path(simulator.__file__).parent.rglob("*.py")}
    found = {
        code
        for module in MODULES[service]
        for code in CODE.findall(files[module].read_text("utf-8"))
    }
    assert len(found) > 2
    assert found - set(OFFICIAL_CODES[service]["*"]) <= COMMON_CODES


def test_what_is_put_together_is_official():
    built = {f"UnsupportedOperation.InstanceState{each}" for each in STATES.values()}
    assert built <= set(OFFICIAL_CODES["hai"]["*"])


def test_the_lists_are_those_of_the_actions_served():
    for service in (cam(), cls(), scaling(), hai(), scf(), sts([]), tag(), tione()):
        lists = OFFICIAL_CODES[service.dialect.service]
        assert lists.keys() - {"*"} == service.actions.keys()
        assert all(set(codes) <= set(lists["*"]) for codes in lists.values())
