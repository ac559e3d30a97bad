"""The commands that use no cluster: runs, sandbox and completion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from wizard.cli.arguments.base import Arguments, quiet_option
from wizard.cli.arguments.option import positional


@dataclass(frozen=True)
class RunsArguments(Arguments):
    """`runs`."""

    words: tuple[str, ...] = positional(help="record of a run", completion="file")
    quiet: bool = quiet_option()

    @override
    def has_screen(self) -> bool:
        return bool(self.words)


@dataclass(frozen=True)
class SandboxArguments(Arguments):
    """`sandbox`, whose options its own parser defines."""

    parsed: Any = None
    """The argparse.Namespace of that parser."""


@dataclass(frozen=True)
class CompletionArguments(Arguments):
    """`completion`."""

    words: tuple[str, ...] = positional(help="shell", completion=("bash", "zsh", "fish"))
