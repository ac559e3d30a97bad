"""The time, as a port: tests set it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The wall clock, always in UTC."""

    def now(self) -> datetime:
        """The present moment with its zone."""
        ...
