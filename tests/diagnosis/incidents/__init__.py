"""Incidents that others met, a module per family. A new module is found by itself; it has CASES, HEALTHY, or both."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from tests.diagnosis.breaking import Break
from tests.diagnosis.cases import Case


def cases() -> Iterator[Case]:
    """The incidents of all families."""
    for module in _modules():
        yield from getattr(module, "CASES", ())


def healthy() -> dict[str, Break]:
    """Releases that only look ill."""
    return {name: change for module in _modules() for name, change in getattr(module, "HEALTHY", {}).items()}


def _modules() -> Iterator[object]:
    for module in pkgutil.iter_modules(__path__):
        yield importlib.import_module(f"{__name__}.{module.name}")
