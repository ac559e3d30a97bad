"""What is known of a run without its record, and how its helm ended."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.core.target import Target


@dataclass(frozen=True)
class RunSummary:
    """A run as the list shows it. state: running|hung|orphaned|finished|lost.

    hung: its runner lives and does not answer; orphaned: helm lives, its runner does not; lost: neither lives.
    """

    id: str
    operation: str
    target: Target
    state: str
    started: str
    verdict: str = ""
    code: int | None = None
    who: str = ""
    """The login name of the person who started it."""
    log: str = ""
    """The log file of the run's process: why it died, if it did."""
    ended: str = ""
    """RFC 3339: when the end of its helm was seen, else when the run finished; "" while neither is known."""
    cluster_uid: str = ""
    """The uid of kube-system of the cluster that it works on; "" when it was hidden."""


@dataclass(frozen=True)
class HelmExit:
    """How helm ended: code None when a signal ended it, or when nobody saw the end (then `signal` is "" too)."""

    code: int | None
    signal: str = ""
    at: float = 0.0
    """Seconds since 1970; 0 when nobody saw it."""
