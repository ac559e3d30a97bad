"""Modules that register themselves: checks, findings and fixes are found in their packages, and listed nowhere."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache


@cache
def load(package: str) -> None:
    """Import every module of a package, once: a watch asks for its findings at every change."""
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
