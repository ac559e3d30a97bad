"""`install`; a module of its own, because making one such dataclass takes 2 ms of a start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

from wizard.cli.arguments.operation import OperationArguments

if TYPE_CHECKING:
    from wizard.engine.release.listing import Asked


@dataclass(frozen=True)
class InstallArguments(OperationArguments):
    """`install`."""

    @override
    def asked(self) -> Asked:
        return "install"
