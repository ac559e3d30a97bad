"""A call to a Kubernetes API server that failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wizard.core.text.redaction import hide

ErrorKind = Literal[
    "dns", "refused", "tls", "expired", "unauthorized", "forbidden", "not-found", "conflict", "invalid", "gone", "slow",
    "not-kubernetes", "unavailable", "no-credentials", "other",
]  # fmt: skip


@dataclass(unsafe_hash=True)  # not frozen: an exception gets its traceback set
class ClusterError(Exception):  # the name says what failed
    """A call that failed: its kind, a sentence for a person, and the HTTP status if there was one."""

    kind: ErrorKind
    message: str
    status: int = 0
    permission: str = ""
    """For forbidden: "list secrets in namespace x"."""
    body: Mapping[str, Any] | None = None
    """The API's own Status object, if it sent one (field errors live in details.causes)."""

    def __post_init__(self) -> None:
        self.message = hide(self.message)  # the text of a server, a plugin or a kubeconfig may hold a password

    def __str__(self) -> str:
        return self.message
