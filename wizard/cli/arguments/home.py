"""No command at all."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import override

from wizard.cli.arguments.base import HOW, ClusterArguments
from wizard.cli.arguments.option import option, switch


@dataclass(frozen=True)
class HomeArguments(ClusterArguments):
    """No command at all."""

    helm: str = option("--helm", metavar="PATH", help="the helm to use", group=HOW, completion="file")
    help: bool = switch("-h", "--help", help="show the commands")
    version: bool = switch("--version", help="show the version")

    @override
    def has_screen(self) -> bool:
        return True
