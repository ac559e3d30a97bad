"""Times and durations, as Kubernetes, helm and Go write them and as a person reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

_UNITS: Final[Mapping[str, int]] = {
    "ns": 1, "us": 10**3, "\u00b5s": 10**3, "\u03bcs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
"""Nanoseconds; micro has two letters in Unicode."""
_PART: Final = re.compile(rf"(?:(\d+)(?:\.(\d*))?|\.(\d+))({'|'.join(_UNITS)})", re.ASCII)
_DURATION: Final = re.compile(rf"[-+]?(?:0|(?:{_PART.pattern})+)", re.ASCII)
_LONGEST: Final = 200


def parse_time(text: Any) -> datetime | None:
    """A time with its offset, as Kubernetes and helm write it, in UTC; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def rfc3339(when: datetime, timespec: str = "auto") -> str:
    """A time in UTC with a Z; `timespec` as in datetime.isoformat."""
    return when.isoformat(timespec=timespec).replace("+00:00", "Z")


def seconds_since(since: str, now: datetime) -> float | None:
    """Seconds from an RFC 3339 time to now, never below 0; None when it is not a time."""
    moment = parse_time(since)
    return None if moment is None else max(0.0, (now - moment).total_seconds())


def parse_duration(text: str) -> float | None:
    """Seconds of a duration as Go writes it (time.ParseDuration): 10m, 1h30m, 1.5s; None when it is not one."""
    if len(text) > _LONGEST or not _DURATION.fullmatch(text):
        return None
    parts = [_nanoseconds(whole, fraction or bare, unit) for whole, fraction, bare, unit in _PART.findall(text)]
    most = 2**63 - (not text.startswith("-"))
    size = sum(parts)
    return None if max(size, *parts, 0) > most else (-size if text.startswith("-") else size) / 10**9


def _nanoseconds(whole: str, fraction: str, unit: str) -> int:
    scale: int = 10 ** len(fraction)
    return int(whole + fraction) * _UNITS[unit] // scale


def span(seconds: float) -> str:
    """A duration for a person: 45 s, 2 m 58, 3 h 02, 12 d."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02}"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02}"
    return f"{whole // 86400} d"


def age(since: str, now: datetime) -> str:
    """How long ago an RFC 3339 time is, as a span; "" when it is not a time."""
    seconds = seconds_since(since, now)
    return "" if seconds is None else span(seconds)
