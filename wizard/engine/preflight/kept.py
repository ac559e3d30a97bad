"""Facts of the cluster that are kept for a while, so that each answer does not ask for them again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wizard.core.target import Target


class Kept:
    """Facts by name and target, for as long as each lasts. Only for what is shown while a person answers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._facts: dict[tuple[str, Target], tuple[float, Any]] = {}

    def get(self, name: str, target: Target) -> Any | None:
        """The fact, None when it is not kept or too old."""
        until, fact = self._facts.get((name, target), (0.0, None))
        return fact if self._clock() < until else None

    def put(self, name: str, target: Target, fact: Any, seconds: float) -> None:
        """Keep a fact for some seconds, in place of those of the same name."""
        self._facts = {key: kept for key, kept in self._facts.items() if key[0] != name}
        self._facts[name, target] = (self._clock() + seconds, fact)
