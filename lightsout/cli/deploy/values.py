"""Plain values of what is deployed: the wanted and the present state have one form.

A function has its release at the end of its description, which one call sets and every look shows:
`[lightsout 1.4.0, policies 0d1f2e3a4b5c, bundle 9f86d0…, code 5feceb…]`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = ("managed-by", "lightsout")  # the tag of every object that this tool made
DRY_RUN, PAUSED = "LIGHTSOUT_DRY_RUN", "LIGHTSOUT_PAUSED_UNTIL"
RETRIES, SECONDS_KEPT = 2, 3600  # of an event whose run failed; a later event would be refused
DAYS_KEPT = 90  # of the lines in a new topic
DIGITS = 32  # of a hash that is recorded

_RELEASE = re.compile(
    r" ?\[lightsout (?P<version>[^],]*), policies (?P<policies>[0-9a-f]*), "
    r"bundle (?P<bundle>[0-9a-f]*)(?:, code (?P<code>[^],]*))?\]$"
)


class Release(NamedTuple):
    """The sources of a function's code.

    `code`: the hash that SCF showed after the upload; empty if it was not read yet.
    """

    version: str
    policies: str
    bundle: str
    code: str = ""

    def written_after(self, description: str) -> str:
        """The description of the function, with the release at its end."""
        code = f", code {self.code}" if self.code else ""
        text = f"lightsout {self.version}, policies {self.policies}, bundle {self.bundle}{code}"
        return f"{description} [{text}]".lstrip()


def read_release(description: str) -> tuple[str, Release | None]:
    """The description without the release, and the release; None if none is recorded."""
    found = _RELEASE.search(description)
    if found is None:
        return description, None
    return description[: found.start()], Release(**found.groupdict(default=""))


class Timer(NamedTuple):
    name: str
    qualifier: str
    cron: str
    enabled: bool
    argument: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Kind, name and qualifier, by which the service knows it."""
        return "timer", self.name, self.qualifier

    @property
    def label(self) -> str:
        return f"timer {self.name}"


class Url(NamedTuple):
    """A function URL."""

    name: str
    qualifier: str
    auth: str  # NONE | CAM
    intranet: bool
    extranet: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """Kind, name and qualifier, by which the service knows it."""
        return "http", self.name, self.qualifier

    @property
    def label(self) -> str:
        return f"function URL {self.name}"


Trigger = Timer | Url


class Configuration(NamedTuple):
    """The settings of UpdateFunctionConfiguration, without variables and log topic."""

    role: str
    memory: int  # MB
    timeout: int  # seconds
    init_timeout: int | None  # seconds; None: the platform's default
    internet: bool
    fixed_ip: bool
    description: str


class Wanted(NamedTuple):
    """The wanted state, from serverless.yml, the policies and the bundle.

    `log`: IDs of logset and topic; None: a topic named after the function.
    """

    function: str
    namespace: str
    region: str
    runtime: str
    handler: str
    configuration: Configuration
    variables: Mapping[str, str]
    tags: Mapping[str, str]
    triggers: tuple[Trigger, ...]
    log: tuple[str, str] | None
    trust: Mapping[str, Any]
    rights: Mapping[str, Any]
    release: Release

    @property
    def named(self) -> dict[str, str]:
        """The function's name, as parameters of SCF's actions."""
        return {"FunctionName": self.function, "Namespace": self.namespace}


class LiveFunction(NamedTuple):
    """The function that is there.

    `code`: the hash of its code, from SCF. `retries`, `seconds_kept`: of its events.
    """

    status: str
    why: str  # of the status, in the service's words
    in_arrears: bool
    runtime: str
    handler: str
    configuration: Configuration
    variables: Mapping[str, str]
    tags: Mapping[str, str]
    triggers: tuple[Trigger, ...]
    other_triggers: tuple[str, ...]  # of kinds whose events the function does not understand
    log: tuple[str, str]
    log_of_platform: bool  # the topic is the one that SCF makes for every function
    release: Release | None
    code: str
    retries: int
    seconds_kept: int

    @property
    def is_ours(self) -> bool:
        key, value = MARK
        return self.tags.get(key) == value

    @property
    def paused_until(self) -> str:
        return self.variables.get(PAUSED, "")


class LiveRole(NamedTuple):
    """The present execution role, with the names of its policies."""

    trust: Mapping[str, Any]
    policies: tuple[str, ...]
    is_ours: bool


class LivePolicy(NamedTuple):
    """The present CAM policy with the role's name."""

    id: int
    document: Mapping[str, Any]
    carriers: int


class LiveLog(NamedTuple):
    """IDs of the logset and the topic with the function's name; empty if there is none.

    `shared`: the logset has other topics, too.
    """

    logset: str = ""
    topic: str = ""
    indexed: bool = False
    shared: bool = False


class Unseen(NamedTuple):
    """A part that the credentials may not see, and the refusal."""

    what: str
    why: str


class Live(NamedTuple):
    """The present state. None: an object is not there, or, as `unseen` says, cannot be seen."""

    function: LiveFunction | None = None
    role: LiveRole | None = None
    policy: LivePolicy | None = None
    log: LiveLog = LiveLog()
    unseen: tuple[Unseen, ...] = ()

    def hides(self, what: str) -> bool:
        return any(each.what == what for each in self.unseen)


ROLE, LOG = "role", "log"  # the parts that may be unseen, and that others have to change


def may_act(variables: Mapping[str, str]) -> bool:
    """True if a function with these variables acts. A value that it cannot read stops it."""
    return variables.get(DRY_RUN, "0") == "0"
