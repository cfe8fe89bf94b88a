"""Every error code that a service can answer is on its official list, or common to all services."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import simulator
from simulator.description import Description

FOLDER = Path(simulator.__file__).parent
CODE = re.compile(
    r"(AuthFailure|FailedOperation|Internal\w+|Invalid\w+|LimitExceeded|Missing\w+|NoSuch\w+"
    r"|OperationDenied|Request\w*Exceeded|Resource(InUse|Insufficient|NotFound|Unavailable)|Un\w+(Operation|Parameter|Region))"
    r"(\.\w+)*"
)
# https://cloud.tencent.com/document/api/213/30435, as far as the gateway uses them.
COMMON = {
    "AuthFailure.InvalidAuthorization", "AuthFailure.SecretIdNotFound",
    "AuthFailure.SignatureExpire", "AuthFailure.SignatureFailure", "AuthFailure.TokenFailure",
    "FailedOperation", "InternalError", "InvalidAction", "InvalidParameter",
    "InvalidParameterValue", "MissingParameter", "NoSuchProduct", "NoSuchVersion",
    "RequestLimitExceeded", "RequestSizeLimitExceeded", "UnauthorizedOperation",
    "UnknownParameter", "UnsupportedOperation", "UnsupportedRegion",
}  # fmt: skip
SERVICES = {
    "cam": "2019-01-16",
    "cls": "2020-10-16",
    "scf": "2018-04-16",
    "sts": "2018-08-13",
    "tag": "2018-08-13",
}
OF_A_SERVICE = {"cql": "cls", "function_tags": "tag", "functions": "scf"}
# Other tests hold their codes; those of COS are words of its own, on no list of the SDK.
OTHERS = {"cos", "cvm", "lighthouse", "rules"}


def service_of(module: str) -> str:
    return OF_A_SERVICE.get(module, module.partition("_")[0])


def codes_in(path: Path) -> set[str]:
    texts = (it.value for it in ast.walk(ast.parse(path.read_text("utf-8"))) if is_text(it))
    return {text for text in texts if CODE.fullmatch(text)}


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


MODULES = [path for path in sorted(FOLDER.glob("*.py")) if service_of(path.stem) not in OTHERS]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_code_is_an_official_one(path):
    service = service_of(path.stem)
    version = SERVICES.get(service)
    official = Description(service, version).errors if version else frozenset()

    assert codes_in(path) - official - COMMON == set()


def test_the_scan_finds_the_codes():
    assert "InvalidParameter.RoleNameInUse" in codes_in(FOLDER / "cam_roles.py")
    assert "FailedOperation.QcsRoleNotFound" in codes_in(FOLDER / "scf_rules.py")
    assert "InvalidFilter" in codes_in(FOLDER / "cls.py")
    assert len(Description("scf", "2018-04-16").errors) > 300
