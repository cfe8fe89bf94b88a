"""Read the instants in log lines."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def instant_of(text: Any) -> datetime | None:
    """An instant from a line or from the service; None if it cannot be read or has no zone."""
    try:
        time = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return time if time.tzinfo else None
