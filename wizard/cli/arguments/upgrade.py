"""`upgrade`; a module of its own, because making one such dataclass takes 2 ms of a start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

from wizard.cli.arguments.base import HOW
from wizard.cli.arguments.operation import OperationArguments
from wizard.cli.arguments.option import switch

if TYPE_CHECKING:
    from wizard.engine.release.listing import Asked


@dataclass(frozen=True)
class UpgradeArguments(OperationArguments):
    """`upgrade`."""

    install: bool = switch("-i", "--install", help="install when there is no such release", group=HOW)

    @override
    def asked(self) -> Asked:
        return "either" if self.install else "upgrade"
