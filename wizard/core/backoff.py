"""How long to wait before the next try after a failure."""

from __future__ import annotations

import random
from typing import NamedTuple


class Backoff(NamedTuple):
    """Pauses in seconds that double from the first to the longest."""

    first: float
    longest: float

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (1 or more), with jitter: clients do not retry together."""
        full = min(self.longest, self.first * 2.0 ** min(failures - 1, 64))  # a float overflows after 2.0**1023
        return random.uniform(full / 2, full)  # noqa: S311 - jitter, no secret
