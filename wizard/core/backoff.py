"""How long to wait before something that failed is tried again."""

from __future__ import annotations

import random
from typing import NamedTuple


class Backoff(NamedTuple):
    """Pauses that double from the first to the longest, in seconds."""

    first: float
    longest: float

    def pause(self, failures: int) -> float:
        """Seconds after so many failures in a row (1 or more), spread so that not everybody comes back at once."""
        full = min(self.longest, self.first * 2.0 ** min(failures - 1, 64))  # a float ends at 2.0**1023
        return random.uniform(full / 2, full)  # noqa: S311 - spreads tries, no secret
