"""What an API server was asked, read from the audit log of a sandbox that was started with one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

OURS: Final = "llm-cost-ops-wizard"
HELM: Final = "Helm/"


@dataclass(frozen=True)
class Asked:
    """One request: seconds since the epoch when it came and when its answer was complete (0.0: still open), who and what."""

    came: float
    answered: float
    agent: str
    verb: str
    resource: str
    """With the subresource: `pods/log`; the path where there is no resource."""
    namespace: str
    name: str

    @property
    def lists(self) -> bool:
        """Whether it reads a whole kind of a namespace: a list, or a watch."""
        return self.verb in ("list", "watch") and not self.name

    @property
    def opens_log(self) -> bool:
        """Whether it reads a container's log."""
        return self.resource == "pods/log"

    def __str__(self) -> str:
        """As a person would say it."""
        return f"{self.verb} {self.resource}{f'/{self.name}' if self.name else ''}"


def asked(log: Path) -> list[Asked]:
    """Every request in the log, in the order in which they came; a stream is one request, however long it is open."""
    found: dict[str, Asked] = {}
    with log.open() as lines:
        for line in lines:
            if not line.endswith("\n"):
                break  # it is being written right now
            one = _of(entry := json.loads(line))
            before = found.get(entry["auditID"])
            if before is None or one.answered:
                found[entry["auditID"]] = one
    return sorted(found.values(), key=lambda one: one.came)


def of_agent(every: Iterable[Asked], agent: str, since: float = 0.0, until: float = float("inf")) -> list[Asked]:
    """Those of one program (by how its user agent begins) that came within a span of time."""
    return [one for one in every if one.agent.startswith(agent) and since <= one.came <= until]


def counted(every: Iterable[Asked], most: int | None = None) -> str:
    """How often what was asked, most often first, as one line; only the first `most` of them."""
    return ", ".join(f"{count} x {what}" for what, count in Counter(map(str, every)).most_common(most)) or "nothing"


def _of(entry: dict[str, Any]) -> Asked:
    about = entry.get("objectRef") or {}
    resource = "/".join(part for part in (about.get("resource"), about.get("subresource")) if part)
    return Asked(
        came=datetime.fromisoformat(entry["requestReceivedTimestamp"]).timestamp(),
        answered=datetime.fromisoformat(entry["stageTimestamp"]).timestamp()
        if entry["stage"] == "ResponseComplete"
        else 0.0,
        agent=str(entry.get("userAgent") or ""),
        verb=str(entry["verb"]),
        resource=resource or str(entry["requestURI"]).partition("?")[0],
        namespace=str(about.get("namespace") or ""),
        name=str(about.get("name") or ""),
    )
