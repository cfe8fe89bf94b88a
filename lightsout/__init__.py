"""lightsout stops tagged Tencent Cloud instances and verifies that they stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from lightsout.model.report import RunFailed

__all__ = ["RunFailed", "__version__"]


def __getattr__(name: str) -> object:
    """Import RunFailed at its first use: then a Ctrl-C during the import gets a plain message."""
    if name != "RunFailed":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lightsout.model.report import RunFailed  # noqa: PLC0415  as above

    return RunFailed
