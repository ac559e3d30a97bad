"""Which lines of the logs are shown: by text, by weight, by container, by time before the last restart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wizard.core.run.log_buffer import Line
from wizard.core.text import log_line
from wizard.core.text.log_line import Weight


@dataclass(frozen=True)
class LogFilter:
    """A choice of lines; the default one is all of them."""

    text: str = ""
    """Only lines with this text, in upper or lower case."""
    wanted: Callable[[str], bool] | None = None
    """The test that `text` stands for where it is an expression."""
    previous: bool = False
    """Only lines from before the last restart of their container."""
    warnings: bool = False
    """Only lines that say that they are a warning or an error, and last words such as those of a panic."""
    source: str = ""
    """Only lines of a workload ("Kind/name"), of a pod ("Pod/name") or of a container ("Pod/name/container")."""

    @property
    def shows_all(self) -> bool:
        """Whether every line is shown."""
        return self == LogFilter()

    def matching(self, owner_of: Callable[[str], str]) -> Callable[[Line], bool]:
        """Returns the test whether a line is shown; `owner_of` gives the workload of a pod."""
        needle = self.text.casefold()
        wanted = self.wanted or (lambda text: needle in text.casefold())

        def shown(line: Line) -> bool:
            return (
                (not self.previous or line.previous)
                and (not needle or wanted(line.text))
                and (not self.source or self.source in _places(line, owner_of))
                and (not self.warnings or line.gap or _warns(line.text))
            )

        return shown


def _places(line: Line, owner_of: Callable[[str], str]) -> tuple[str, ...]:
    return f"Pod/{line.pod}/{line.container}", f"Pod/{line.pod}", owner_of(line.pod)


def _warns(text: str) -> bool:
    said = log_line.read(text)
    return said.weight in (Weight.WARNING, Weight.ERROR, Weight.FATAL) or said.uncaught
