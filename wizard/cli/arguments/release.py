"""The commands on an existing release: status, logs, diagnose, history, rollback, uninstall and recover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from wizard.cli.arguments.base import (
    HOW,
    REVISION,
    WHERE,
    ClusterArguments,
    force_conflicts_option,
    helm_option,
    once,
    quiet_option,
    timeout_option,
    wait_option,
    yes_option,
)
from wizard.cli.arguments.option import option, positional, repeatable, switch
from wizard.core.errors import Problem

if TYPE_CHECKING:
    from wizard.engine.state import Options


@dataclass(frozen=True)
class ReleaseArguments(ClusterArguments):
    """A command on RELEASE."""

    words: tuple[str, ...] = positional()

    @override
    def options(self) -> Options:
        return self._options(self.words)

    def _options(self, names: tuple[str, ...]) -> Options:
        from wizard.engine.state import Options

        release = once("release", self.release, names[0] if names else "")
        return Options(self.kubeconfig, self.context, self.namespace, release)


MOST_REACH: Final = 15.0
"""Seconds."""


def reach_option(seconds: int) -> Any:
    """The flag --reach."""
    return option(
        "--reach", type=float, metavar="SECONDS", default=float(seconds),
        help=f"ask for at most so long whether people reach it ({seconds}); 0: not at all",
    )  # fmt: skip


def check_reach(seconds: float) -> None:
    """Raise Problem when --reach cannot be."""
    if not 0 <= seconds <= MOST_REACH:
        raise Problem(f"--reach takes 0 to {MOST_REACH:g} seconds.", "0 asks nobody.")


@dataclass(frozen=True)
class StatusArguments(ReleaseArguments):
    """`status`."""

    follow: bool = switch("--follow", help="go on until interrupted")
    reach: float = reach_option(1)

    def __post_init__(self) -> None:
        check_reach(self.reach)


@dataclass(frozen=True)
class LogsArguments(ReleaseArguments):
    """`logs`."""

    follow: bool = switch("--follow", help="go on until interrupted")
    container: str = option("-c", "--container", metavar="NAME", help="only this container")
    tail: int | None = option(
        "--tail", type=int, metavar="N", help="only the last N lines of each container", default=None
    )


@dataclass(frozen=True)
class SavedArguments(ReleaseArguments):
    """A command on RELEASE, or on a saved observation of one."""

    bundle: str = option(
        "--bundle", metavar="PATH", help="a saved observation instead of a cluster", group=WHERE, completion="file"
    )


@dataclass(frozen=True)
class DiagnoseArguments(SavedArguments):
    """`diagnose`."""

    reach: float = reach_option(2)

    def __post_init__(self) -> None:
        check_reach(self.reach)

    @override
    def has_screen(self) -> bool:
        return True


@dataclass(frozen=True)
class BundleArguments(ReleaseArguments):
    """`bundle`."""

    file: str = option(
        "--file", metavar="PATH", help="the new file; without it RELEASE-NAMESPACE-TIME.tar.gz here", group=HOW,
        completion="file",
    )  # fmt: skip
    yes: bool = yes_option(HOW)


@dataclass(frozen=True)
class ReportArguments(SavedArguments):
    """`report`."""

    run: str = option("--run", metavar="ID", help="the release of that run of this machine, and what the run changed")
    file: str = option(
        "--file", metavar="PATH", help="the new page; without it RELEASE-NAMESPACE-TIME.html here", group=HOW,
        completion="file",
    )  # fmt: skip


@dataclass(frozen=True)
class RevisionsArguments(ReleaseArguments):
    """A command whose positional numbers are revisions; any other word is the release."""

    most_revisions: ClassVar = 1

    @override
    def options(self) -> Options:
        return self._options(tuple(word for word in self.words if not word.isdigit()))

    def revisions(self) -> tuple[int, ...]:
        """The revisions among the positional arguments, in order.

        Raises:
            Problem: a word after the release is no number, or there are too many.
        """
        words = list(self.words)
        if words and not words[0].isdigit():
            words.pop(0)
        for word in words:
            if not word.isdigit() or int(word) == 0:
                raise Problem(f'"{word}" is not a revision.', "Revisions are numbers from 1; history lists them.")
        most = self.most_revisions
        if len(words) > most:
            raise Problem(f'"{words[most]}" is one word too many.', f"{self.command} takes {most} at most.")
        return tuple(map(int, words))


@dataclass(frozen=True)
class HistoryArguments(RevisionsArguments):
    """`history`."""

    most_revisions: ClassVar = 2

    values: bool = switch("--values", help="the values given to it", group=REVISION)
    all: bool = switch("--all", help="all its values", group=REVISION)
    manifest: bool = switch("--manifest", help="its objects", group=REVISION)


@dataclass(frozen=True)
class ChangeArguments(RevisionsArguments):
    """A command that changes an existing release."""

    yes: bool = yes_option(HOW)
    confirm: str = option("--confirm", metavar="RELEASE", help="needed for production, also with --yes", group=HOW)
    dry_run: bool = switch("--dry-run", help="only show it; nothing is changed", group=HOW)
    timeout: str = timeout_option()
    helm: str = helm_option()
    quiet: bool = quiet_option()
    wait: bool = wait_option()

    @override
    def wants_plain(self) -> bool:
        return super().wants_plain() or self.yes or self.dry_run


@dataclass(frozen=True)
class RollbackArguments(ChangeArguments):
    """`rollback`."""

    revision: int = option(
        "--revision", type=int, metavar="N", help="where to; without it the last good one before", group=HOW, default=0
    )
    force_conflicts: bool = force_conflicts_option()

    @override
    def has_screen(self) -> bool:
        return True

    def one_revision(self) -> int:
        """The positional revision or that of --revision; 0 without both.

        Raises:
            Problem: as in `revisions`, or two different revisions are named.
        """
        given = next(iter(self.revisions()), 0)
        if given and self.revision and given != self.revision:
            raise Problem(f"The revision is named twice: {given} and {self.revision}.", "Name it once.")
        return given or self.revision


@dataclass(frozen=True)
class UninstallArguments(ChangeArguments):
    """`uninstall`."""

    keep_history: bool = switch("--keep-history", help="as in helm: the revisions stay", group=HOW)
    delete_namespace: bool = switch(
        "--delete-namespace", help="the namespace too, if nothing of others is in it", group=HOW
    )
    leftovers: bool = switch("--leftovers", help="instead: what releases that are gone have left behind", group=HOW)
    delete: tuple[str, ...] = repeatable(
        "--delete", metavar="KIND/NAME", help="with --leftovers: delete this one; repeatable", group=HOW
    )

    @override
    def has_screen(self) -> bool:
        return not (self.leftovers or self.keep_history or self.delete_namespace)  # the full screen does not have these


@dataclass(frozen=True)
class RecoverArguments(ChangeArguments):
    """`recover`."""

    reason: str = option(
        "--reason", metavar="TEXT", help="why no other helm works on it, when that cannot be seen from here", group=HOW
    )
    undo: bool = switch("--undo", help="put the record back as it was before recover", group=HOW)
    to: str = option(
        "--to", metavar="rollback|failed", help="roll back to the last good revision, or only mark as failed",
        group=HOW, completion=("rollback", "failed"),
    )  # fmt: skip
    force_conflicts: bool = force_conflicts_option()
