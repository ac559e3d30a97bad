"""The result of asking whether people reach a release; every front end shows it from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal

State = Literal["pass", "waiting", "fail", "unknown"]
"""pass: people reach it; waiting: for its address, or for a DNS record; unknown: not from here, which may be meant."""


ELSEWHERE: Final = "elsewhere"
"""The name leads to another address, and at the object's own it would answer."""


@dataclass(frozen=True)
class WayIn:
    """One way in with what was found: a sentence, and what each rung brought, "" where none was come to."""

    object: str
    url: str
    state: State
    text: str
    next_step: str = ""
    dns: str = ""
    tcp: str = ""
    tls: str = ""
    http: str = ""
    broken: str = ""
    """The first rung that did not hold: dns, tcp, tls or http; "" when all did, and when none was come to."""
    why: str = ""
    """How it broke, in one word: that of the answer (core/reach/request), or ELSEWHERE; "" when its status says it."""

    @property
    def facts(self) -> str:
        """URL and rungs in one line; without any rung the sentence."""
        met = "; ".join(filter(None, (self.dns, self.tcp, self.tls, self.http)))
        return f"{self.url or self.object}: {met or self.text}"


@dataclass(frozen=True)
class Reach:
    """Whether people reach the release: one sentence, the next step, and each way in."""

    state: State
    text: str
    next_step: str = ""
    ways: tuple[WayIn, ...] = ()

    def to_data(self) -> dict[str, Any]:
        """The data of a `reach` event."""
        return {
            "state": self.state, "text": self.text, "next_step": self.next_step, "ways": [asdict(way) for way in self.ways],
        }  # fmt: skip

    @staticmethod
    def of_data(data: Mapping[str, Any]) -> Reach:
        """What a `reach` event says; a newer version may say more."""
        names = [field.name for field in fields(WayIn)]
        ways = (WayIn(**{name: way.get(name, "") for name in names}) for way in data["ways"])
        return Reach(data["state"], data["text"], data["next_step"], tuple(ways))
