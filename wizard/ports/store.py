"""Private files of the wizard: drafts, runs, and the person's values file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from wizard.core import limits

if TYPE_CHECKING:
    from wizard.core.answers.draft import Draft
    from wizard.core.errors import Problem
    from wizard.core.run.events import Event
    from wizard.core.run.spec import RunSpec
    from wizard.core.run.summary import RunSummary
    from wizard.core.target import Target
    from wizard.core.text.secrets import Secret


class DraftStore(Protocol):
    """Drafts by target, 0600, without secrets."""

    def save(self, draft: Draft) -> None:
        """Write the draft atomically."""
        ...

    def load_all(self) -> Sequence[tuple[str, Draft]]:
        """Every draft with the time it was saved (RFC 3339), newest first; an unreadable file is left out."""
        ...

    def forget(self, draft: Draft) -> None:
        """Remove the draft of the same target, if there is one."""
        ...


class RunStore(Protocol):
    """Records of runs, and a control socket to the processes that write them."""

    def runs(self) -> Sequence[RunSummary]:
        """Every run, newest first."""
        ...

    def damaged(self) -> Sequence[Problem]:
        """A problem for each run of this machine that cannot be shown."""
        ...

    def find(self, run_id: str) -> RunSummary:
        """The run of that id or unique prefix; raises Problem."""
        ...

    def follow(self, run_id: str, *, after: int = 0) -> AsyncIterator[Sequence[Event]]:
        """Batches of events of the record from seq > after, growing while the run lives; ends with the run."""
        ...

    async def command(self, run_id: str, name: str, data: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Send a command (cancel, stop-early) over the run's private socket; raises Problem when nobody answers."""
        ...

    def logs_until(self, run_id: str, seq: int) -> Sequence[Event]:
        """The last log events of the record up to `seq`, oldest first, limited in number. Reads the disk.

        Raises:
            Problem: it cannot be read.
        """
        ...

    def logs_from(self, run_id: str, seq: int) -> Sequence[Event]:
        """The first log events of the record from `seq` on; as `logs_until`."""
        ...

    async def record_error(self, run_id: str) -> str:
        """Why the record of a run cannot be written, "" while it can or nobody answers. Raises nothing."""
        ...

    def warm(self) -> None:
        """Start a runner ahead of time, so that `start` does not wait for one; nothing happens yet."""
        ...

    def start(self, spec: RunSpec, values: str, secrets: Mapping[str, Mapping[str, Secret]]) -> str:
        """Start a detached runner on a specification and a values file; secrets go through its stdin; returns the run's id."""
        ...

    def machine(self) -> str:
        """This person on this machine, for other machines: user@host:id."""
        ...

    def helms(self, target: Target) -> Sequence[int]:
        """Processes of this machine that look like a helm at work on that release."""
        ...

    def ended_by_logout(self) -> tuple[str, str]:
        """Why a run would not outlive this person's logout, and what to do; ("", "") when it does."""
        ...

    def revive(self, run_id: str) -> None:
        """Start a new runner for a run whose helm goes on under its supervisor."""
        ...


class FileStore(Protocol):
    """The person's own files."""

    def read(self, path: str, what: str, *, empty: bool = False) -> str:
        """The text of a file, of "-" standard input; raises Problem when missing, unreadable, not UTF-8, or empty unless it may be."""
        ...

    def read_bytes(self, path: str, what: str, *, most: int = limits.FILE) -> bytes:
        """The content of a file, read once; raises Problem when missing, unreadable, empty, or of more than `most` bytes."""
        ...

    def read_secret(self, path: str, what: str) -> tuple[Any, str]:
        """A Secret and a note ("one trailing newline removed"); raises Problem when missing or empty."""
        ...

    def exposed(self, path: str) -> Sequence[str]:
        """Who else can read a file (other users, a git repository), each the end of a sentence. May take some seconds."""
        ...

    def keep_private(self, name: str, text: str) -> str:
        """Keep a text in the wizard's own backups, readable by this person only; returns its path."""
        ...

    def kept_private(self, name: str) -> Sequence[str]:
        """The paths of the texts that were kept under that name, newest first."""
        ...

    def existing(self, path: str) -> str | None:
        """The text of a file that may be there; None when it is not, and for a stream; raises Problem when it cannot be read."""
        ...

    def replace(self, path: str, text: str, before: str | None) -> Sequence[str]:
        """Write a values file over the text that it had when it was read (None: there was none), as `write`.

        Raises:
            Problem: it has another text by now, or cannot be written.
        """
        ...

    def write(self, path: str, text: str, what: str = "values file") -> Sequence[str]:
        """Write atomically; a backup of an existing different file is kept. Returns the paths written, none without a change."""
        ...

    def create(self, path: str, content: bytes, what: str) -> None:
        """Write a new file, for this person only; raises Problem when something has that name already, or it cannot be written."""
        ...

    def edit(self, text: str, name: str) -> str:
        """The text after the person changed it in their editor, which has the terminal until then.

        `name` is that of the file in the editor. Raises Problem when there is no editor, it fails, or the text is no text.
        """
        ...
