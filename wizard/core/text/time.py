"""Points in time and lengths of time, as Kubernetes and helm write them and as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def parse_time(text: Any) -> datetime | None:
    """A time with its offset, as Kubernetes and helm write it, in UTC; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def rfc3339(when: datetime, timespec: str = "auto") -> str:
    """A time in UTC with a Z; `timespec` as in datetime.isoformat."""
    return when.isoformat(timespec=timespec).replace("+00:00", "Z")


def seconds_since(since: str, now: datetime) -> float | None:
    """Seconds from an RFC 3339 time to now, never below 0; None when it is no time."""
    found = parse_time(since)
    return None if found is None else max(0.0, (now - found).total_seconds())


def span(seconds: float) -> str:
    """A length of time: 45 s, 2 m 58, 3 h 02, 12 d."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02}"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02}"
    return f"{whole // 86400} d"


def age(since: str, now: datetime) -> str:
    """How long ago an RFC 3339 time is, as a span; "" when it is no time."""
    seconds = seconds_since(since, now)
    return "" if seconds is None else span(seconds)
