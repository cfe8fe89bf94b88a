"""A local endpoint that writes down what a client asks of Tencent Cloud, and holds it to the API.

Takes both manners in which calls arrive: as JSON with the action in a header (API 3.0 with
TC3-HMAC-SHA256, tccli), and as a form with everything in it, lists and objects flattened to
`Rules.0.Name` (the older signature, tencent-component-toolkit). Signatures are not looked at.
"""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from lightsout.simulator.base.description import Description
from lightsout.simulator.base.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

API = Path(__file__).parent / "api"
DESCRIPTIONS = {
    (service, version): Description(service, version, API)
    for service, version in (path.stem.split("-", 1) for path in API.glob("*.json"))
}

# What every form has beside the parameters of its action.
COMMON = {
    "Action", "Version", "Region", "Nonce", "Timestamp", "SecretId", "Signature",
    "SignatureMethod", "RequestClient", "Token",
}  # fmt: skip


class RecordedCall(NamedTuple):
    service: str
    version: str
    region: str
    action: str
    params: dict[str, Any]

    def undescribed(self) -> set[str]:
        """Parameters that the description does not have."""
        return set(self.params) - {member["name"] for member in self._members()}

    def check(self) -> None:
        """Raises ApiError where another parameter is of the wrong type, or a required one lacks."""
        known = {k: v for k, v in self.params.items() if k not in self.undescribed()}
        self._description().check_request(self.action, known)

    def _description(self) -> Description:
        return DESCRIPTIONS[self.service, self.version]

    def _members(self) -> list[dict[str, Any]]:
        description = self._description()
        return description.objects[description.actions[self.action]["input"]]


class Recorder:
    """`with Recorder(answer) as recorder:` serves at `recorder.host` meanwhile.

    `answer` makes the members of the response; an ApiError that it raises is the answer, too.
    """

    def __init__(self, answer: Callable[[RecordedCall], dict[str, Any]]) -> None:
        self.calls: list[RecordedCall] = []
        self._answer = answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def of(self, *actions: str) -> list[RecordedCall]:
        return [call for call in self.calls if call.action in actions]

    def answer(self, call: RecordedCall) -> bytes:
        self.calls.append(call)
        try:
            response = self._answer(call)
        except ApiError as error:
            response = {"Error": {"Code": error.code, "Message": error.message}}
        return json.dumps({"Response": {**response, "RequestId": "simulated"}}).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                read = _from_json if "X-TC-Action" in self.headers else _from_form
                body = recorder.answer(read(self.path, self.headers, text))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _from_json(_path: str, headers: Any, text: str) -> RecordedCall:
    scope = re.search(r"Credential=[^/]+/[^/]+/(\w+)/tc3_request", headers["Authorization"])
    names = ("X-TC-Version", "X-TC-Region", "X-TC-Action")
    return RecordedCall(scope[1], *(headers.get(name, "") for name in names), json.loads(text))


def _from_form(path: str, _headers: Any, text: str) -> RecordedCall:
    """A form says nothing of types, so its texts are read as what the description wants."""
    fields = dict(parse_qsl(text, keep_blank_values=True))
    service, version = path.strip("/"), fields["Version"]
    tree: dict[str, Any] = {}
    for key, value in fields.items():
        *branches, leaf = key.split(".")
        if (branches or [leaf])[0] in COMMON:
            continue
        place = tree
        for branch in branches:
            place = place.setdefault(branch, {})
        place[leaf] = value
    description = DESCRIPTIONS[service, version]
    params = _typed(tree, description.actions[fields["Action"]]["input"], description)
    return RecordedCall(service, version, fields["Region"], fields["Action"], params)


def _typed(value: Any, kind: str, description: Description) -> Any:
    """The value as one of this kind; as it stands where it cannot be one."""
    if isinstance(value, dict) and kind in description.objects:
        members = {member["name"]: member for member in description.objects[kind]}
        return {
            name: _of_member(item, members[name], description) if name in members else item
            for name, item in value.items()
        }
    if kind.startswith(("int", "uint")) and re.fullmatch(r"-?\d+", str(value)):
        return int(value)
    return value


def _of_member(value: Any, member: dict[str, Any], description: Description) -> Any:
    if member["type"] == "list" and isinstance(value, dict):
        return [_typed(value[key], member["member"], description) for key in sorted(value, key=int)]
    return _typed(value, member["member"], description)
