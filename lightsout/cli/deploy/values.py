"""What is deployed, as plain values: those that are wanted and those that are there have one form.

A function carries its release at the end of its description, which one call sets and every look
shows: `[lightsout 1.4.0, policies 0d1f2e3a4b5c, bundle 9f86d0…, code 5feceb…]`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = ("managed-by", "lightsout")  # the tag of what this tool made
DRY_RUN, PAUSED = "LIGHTSOUT_DRY_RUN", "LIGHTSOUT_PAUSED_UNTIL"
RETRIES, SECONDS_KEPT = 2, 3600  # of an event whose run failed; later it is refused anyway
DAYS_KEPT = 90  # of the lines in a topic that this tool makes
DIGITS = 32  # of a hash, as many as are recorded

_RELEASE = re.compile(
    r" ?\[lightsout (?P<version>[^],]*), policies (?P<policies>[0-9a-f]*), "
    r"bundle (?P<bundle>[0-9a-f]*)(?:, code (?P<code>[^],]*))?\]$"
)


class Release(NamedTuple):
    """What the code of a function was made of.

    `code`: the hash that SCF told of it after the upload; empty where it was not asked yet.
    """

    version: str
    policies: str
    bundle: str
    code: str = ""

    def written_after(self, description: str) -> str:
        """The description of the function, with the release at its end."""
        code = f", code {self.code}" if self.code else ""
        told = f"lightsout {self.version}, policies {self.policies}, bundle {self.bundle}{code}"
        return f"{description} [{told}]".lstrip()


def read_release(description: str) -> tuple[str, Release | None]:
    """The description without the release, and the release; None where none is recorded."""
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
    def told(self) -> str:
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
    def told(self) -> str:
        return f"function URL {self.name}"


Trigger = Timer | Url


class Configuration(NamedTuple):
    """What UpdateFunctionConfiguration sets, beside variables and log topic."""

    role: str
    memory: int  # MB
    timeout: int  # seconds
    init_timeout: int | None  # seconds; None: the platform's own
    internet: bool
    fixed_ip: bool
    description: str


class Wanted(NamedTuple):
    """What serverless.yml, the policies and the bundle want.

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
        """The function, as the actions of SCF name it."""
        return {"FunctionName": self.function, "Namespace": self.namespace}


class LiveFunction(NamedTuple):
    """The function that is there.

    `code`: the hash of its code, as SCF tells it. `retries`, `seconds_kept`: of its events.
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
    """The execution role that is there, with the names of the policies it carries."""

    trust: Mapping[str, Any]
    policies: tuple[str, ...]
    is_ours: bool


class LivePolicy(NamedTuple):
    """The CAM policy that is there under the role's name."""

    id: int
    document: Mapping[str, Any]
    carriers: int


class LiveLog(NamedTuple):
    """IDs of the logset and the topic named after the function; empty where there is none.

    `shared`: the logset has other topics, too.
    """

    logset: str = ""
    topic: str = ""
    indexed: bool = False
    shared: bool = False


class Unseen(NamedTuple):
    """What the credentials may not look at, and the refusal."""

    what: str
    why: str


class Live(NamedTuple):
    """What is there. None: it is not there, or cannot be seen, which `unseen` tells."""

    function: LiveFunction | None = None
    role: LiveRole | None = None
    policy: LivePolicy | None = None
    log: LiveLog = LiveLog()
    unseen: tuple[Unseen, ...] = ()

    def hides(self, what: str) -> bool:
        return any(each.what == what for each in self.unseen)


ROLE, LOG = "role", "log"  # what may be unseen, and changed by others only


def may_act(variables: Mapping[str, str]) -> bool:
    """Whether a function with these variables changes anything; a text it cannot read stops it."""
    return variables.get(DRY_RUN, "0") == "0"
