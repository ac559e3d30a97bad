"""Files that a person names: read, and written with a backup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.engine.release.plan import Planned
    from wizard.ports.documents import Documents
    from wizard.ports.store import FileStore


class Files:
    """A person's own files; what cannot be read or written raises Problem."""

    def __init__(self, store: FileStore, documents: Documents) -> None:
        self._store = store
        self._documents = documents

    def read(self, path: str, what: str, *, empty: bool = False) -> str:
        """The text of a file; `what` names it in messages; `empty`: it may hold nothing."""
        return self._store.read(path, what, empty=empty)

    def secret_note(self, path: str, what: str) -> str:
        """What a person should know about a file that holds a secret; its content is not kept."""
        return self._store.read_secret(path, what)[1]

    def write(self, path: str, text: str, what: str) -> Sequence[str]:
        """Write a text; returns the paths written (a backup among them)."""
        return self._store.write(path, text, what)

    def write_manifests(self, path: str, planned: Planned) -> Sequence[str]:
        """Write the objects of a plan, Secrets masked; returns the paths written."""
        from wizard.engine.release import compare

        return self._store.write(
            path, compare.manifest_text(self._documents, planned.objects, planned.redact), "manifest file"
        )
