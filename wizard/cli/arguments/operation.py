"""What install and upgrade share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from typing_extensions import override

from wizard.cli.arguments.answers import ChartArguments, pair, probe_option
from wizard.cli.arguments.base import (
    HOW,
    force_conflicts_option,
    helm_option,
    quiet_option,
    timeout_option,
    wait_option,
)
from wizard.cli.arguments.option import option, repeatable, switch


@dataclass(frozen=True, init=False, repr=False, eq=False)
class OperationArguments(ChartArguments):
    """`install` or `upgrade`."""

    confirm: str = option("--confirm", metavar="RELEASE", help="needed for prod, also with --yes", group=HOW)
    strict: bool = switch("--strict", help="stop when something that decides cannot be known", group=HOW)
    probe: bool = probe_option(HOW)
    accept: tuple[str, ...] = repeatable(
        "--accept", metavar="ID=REASON", help="go on in spite of that failed check; repeatable", group=HOW
    )
    dry_run: bool = switch("--dry-run", help="stop after the checks; nothing is changed or written", group=HOW)
    timeout: str = timeout_option()
    helm: str = helm_option()
    quiet: bool = quiet_option()
    wait: bool = wait_option()
    create_namespace: bool = switch("--create-namespace", help="as in helm; always on", group=HOW)
    undo: bool = switch(
        "--rollback-on-failure", "--atomic",
        help="after a failure keep the evidence, then go back to what was there before", group=HOW,
    )  # fmt: skip
    force_conflicts: bool = force_conflicts_option()
    wait_anyway: bool = switch(
        "--wait-anyway", help="without a person to ask: wait for the time limit even for a cause that cannot heal",
        group=HOW,
    )  # fmt: skip

    @override
    def has_screen(self) -> bool:
        return True

    @override
    def wants_plain(self) -> bool:
        return super().wants_plain() or self.yes or self.dry_run

    def accepted(self) -> Mapping[str, str]:
        """Check ID -> reason of --accept.

        Raises:
            Problem: a value is not ID=REASON.
        """
        return dict(pair("--accept", text, 'N06="the disk class comes later"') for text in self.accept)
