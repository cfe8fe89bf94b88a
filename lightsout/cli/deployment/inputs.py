"""The keys of serverless.yml that the deploying tool reads, and the form of each.

The tool accepts unknown keys and wrong types, and its defaults are not ours: a runtime for Node,
3 seconds. Keys and meanings are those of tencent-component-toolkit 2.27.6
(https://github.com/serverless-tencent/tencent-component-toolkit) and of the scf component
(https://github.com/serverless-components/tencent-scf).
"""

from __future__ import annotations

from lightsout.base.texts.pages import page
from lightsout.base.texts.suggest import nearest
from lightsout.cli.deployment.triggers import FLAG, TRIGGERS, may, must
from lightsout.policies.schema.shapes import Either, Fields, ListOf, MapOf, Scalar, Word
from lightsout.policies.schema.texts import FILLED, REGION, TEXT
from lightsout.settings import VARIABLES, misspelt

FILE_NOT_CHECKED = frozenset({"app", "org", "stage"})
# Inputs that the tool reads and this project ignores.
NOT_CHECKED = frozenset({
    "autoCreateApi", "cfs", "deadLetter", "entryFile", "instanceConcurrencyConfig", "layers",
    "nodeSpec", "nodeType", "protocolParams", "protocolType", "vpcConfig",
})  # fmt: skip
# Inputs that replace src by other code.
_IMAGE = "it deploys a container image in the place of src"
_OWN = "the deploying tool sets it by itself"
REFUSED = {
    "image": _IMAGE,
    "imageConfig": _IMAGE,
    "code": _OWN,
    "lastVersion": _OWN,
    "srcOriginal": _OWN,
}


def _variable(name: str) -> str:
    """The name, unless the function would take it for a misspelt setting."""
    if misspelt([name]):
        raise ValueError(name)
    return name


def _share(text: str) -> float:
    if not 0 <= float(text) <= 1:
        raise ValueError(text)
    return float(text)


FUNCTION_NAME = Scalar(
    "2 to 60 letters, digits, - and _, with a letter first and a letter or digit last",
    r"[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z0-9]",
)
VARIABLE = Scalar(
    "the name of a variable, one of lightsout's or none like them, and not beginning with SCF_, "
    "QCLOUD_ or TENCENTCLOUD_",
    r"(?!SCF_|QCLOUD_|TENCENTCLOUD_)[A-Za-z][A-Za-z0-9_]*",
    _variable,
    meant=lambda text: nearest(text, VARIABLES),
)
SECONDS = Scalar("a whole number of seconds from 1 to 900", r"[1-9][0-9]?|[1-8][0-9]{2}|900", int)
MEMORY = Scalar(
    "64, or a multiple of 128 up to 3072, in MB",
    "|".join(map(str, (64, *range(128, 3073, 128)))),
    int,
)
WHOLE_NUMBER = Scalar("a whole number", r"[0-9]{1,9}", int)
SHARE = Scalar("a number from 0 to 1", r"[0-9]+(\.[0-9]+)?", _share)
ID = Scalar(f"the ID that a command prints, see {page('deploy.md')}", r"[0-9a-f-]{36}|")
TEXTS = ListOf("a list of texts", TEXT, 0)

SRC = Fields(
    "src",
    (
        may("src", FILLED),
        may("exclude", TEXTS),
        may("include", TEXTS),
        may("dist", FILLED),
        may("hook", FILLED),
        may("bucket", FILLED),
        may("object", FILLED),
    ),
)
ENVIRONMENT = Fields(
    "environment", (must("variables", MapOf("a mapping of variables", VARIABLE, TEXT)),)
)
WEIGHTS = ListOf(
    "a list of versions and their weights",
    Fields("a weight", (must("version", FILLED), must("weight", SHARE))),
)
INPUTS = Fields(
    "inputs",
    (
        must("name", FUNCTION_NAME),
        may("namespace", FILLED),
        must("region", REGION),
        must("runtime", Word(("Python3.10",))),
        may("type", Word(("event",))),
        may("deployMode", Word(("code",))),
        must("handler", Word(("handler.main_handler",))),
        may("memorySize", MEMORY),
        may("diskSize", WHOLE_NUMBER),
        must("timeout", SECONDS),
        may("initTimeout", WHOLE_NUMBER),
        must("role", FILLED),
        may("enableRoleAuth", FLAG),
        may("description", TEXT),
        may("tags", MapOf("a mapping of texts", FILLED, FILLED)),
        must("src", Either("a folder, or a mapping with it", FILLED, SRC)),
        may("installDependency", FLAG),
        may("environment", ENVIRONMENT),
        may("cls", Fields("cls", (must("logsetId", ID), must("topicId", ID)))),
        may("publicAccess", FLAG),
        may("eip", FLAG),
        may("l5Enable", FLAG),
        may("asyncRunEnable", FLAG),
        may("traceEnable", FLAG),
        may("retryNum", WHOLE_NUMBER),
        may("msgTTL", WHOLE_NUMBER),
        may("publish", FLAG),
        may("publishDescription", TEXT),
        may("traffic", SHARE),
        may("qualifier", FILLED),
        may("provisionedNum", WHOLE_NUMBER),
        may("aliasName", FILLED),
        may("aliasDescription", TEXT),
        may("aliasFunctionVersion", FILLED),
        may("additionalVersionWeights", WEIGHTS),
        may("ignoreTriggers", FLAG),
        must("events", TRIGGERS),
    ),
)
FORM = Fields(
    "serverless.yml",
    (must("component", Word(("scf",))), must("name", FILLED), must("inputs", INPUTS)),
)
