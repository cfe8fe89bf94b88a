"""Read the trusted certificates once. requests reads them for each connection, in 17 ms."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lightsout.http.timed import Timed, timed_context

if TYPE_CHECKING:
    import ssl


@lru_cache(maxsize=1)
def trust(bundle: str) -> ssl.SSLContext:
    """A context that checks certificate and host name, as requests makes for each connection."""
    context = timed_context()
    context.load_verify_locations(bundle)
    return context


class Trusting(Timed):
    """Connections that share one context, and trust only its certificates."""

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: a bundle named here would be read into the context again."""
