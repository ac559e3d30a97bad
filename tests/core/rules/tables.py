"""The tables of the checks, of every family."""

from __future__ import annotations

from typing import Final

from tests.core.rules import (
    addons_table,
    database_table,
    images_table,
    machine_table,
    operators_table,
    parts_table,
    placement_table,
    policy_table,
    storage_table,
    upgrade_table,
)

TABLES: Final = (
    addons_table,
    database_table,
    images_table,
    machine_table,
    operators_table,
    parts_table,
    placement_table,
    policy_table,
    storage_table,
    upgrade_table,
)
