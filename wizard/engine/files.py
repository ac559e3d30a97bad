"""Files that a person names: read, and written with a backup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.core.answers.resolve import Resolved
    from wizard.core.answers.secrets import SecretToMake
    from wizard.core.bundle.content import Bundle
    from wizard.core.report.changes import Changes
    from wizard.engine.release.plan import Planned
    from wizard.engine.secret_files import SecretFiles
    from wizard.ports.clock import Clock
    from wizard.ports.documents import Documents
    from wizard.ports.pages import Pages
    from wizard.ports.store import FileStore


class Files:
    """A person's own files; what cannot be read or written raises Problem."""

    def __init__(
        self, store: FileStore, documents: Documents, secrets: SecretFiles, clock: Clock, pages: Pages
    ) -> None:
        self._store = store
        self._documents = documents
        self._secrets = secrets
        self._clock = clock
        self._pages = pages

    def read(self, path: str, what: str, *, empty: bool = False) -> str:
        """The text of a file; `what` names it in messages; `empty`: it may hold nothing."""
        return self._store.read(path, what, empty=empty)

    def note(self, resolved: Resolved, question: str) -> str:
        """What a person should know about the file of a secret or certificate that a question names; "" if nothing."""
        return self._secrets.note(resolved, question, self._clock.now())

    def secrets_to_make(self, resolved: Resolved) -> Sequence[SecretToMake]:
        """The Secrets that a run would create, with the form in which each certificate and key leaves its file."""
        from wizard.core.answers import secrets

        return self._secrets.planned(secrets.plan(resolved))

    def write(self, path: str, text: str, what: str) -> Sequence[str]:
        """Write a text; returns the paths written (a backup among them)."""
        return self._store.write(path, text, what)

    def write_bundle(self, path: str, bundle: Bundle, diagnosis: str) -> None:
        """Write a bundle to a new file; `diagnosis` is its diagnosis in lines."""
        from wizard.core.bundle import archive

        self._store.create(path, archive.pack(bundle, diagnosis), "bundle")

    def write_report(self, path: str, bundle: Bundle, changes: Changes | None = None) -> None:
        """Write the page of a bundle, and of what was changed, to a new file."""
        from wizard.core.report.page import page

        self._store.create(path, self._pages.html(page(bundle, changes)).encode("utf-8", "replace"), "report")

    def write_handoff(self, path: str, text: str) -> None:
        """Write a hand-off to a new file."""
        self._store.create(path, text.encode(), "hand-off")

    def read_bundle(self, path: str) -> Bundle:
        """The bundle in a file; nothing else is read and nothing contacted."""
        from wizard.core import limits
        from wizard.core.bundle import archive

        return archive.unpack(self._store.read_bytes(path, "bundle", most=limits.BUNDLE), path)

    def write_manifests(self, path: str, planned: Planned) -> Sequence[str]:
        """Write the objects of a plan, Secrets masked; returns the paths written."""
        from wizard.engine.release import compare

        return self._store.write(
            path, compare.manifest_text(self._documents, planned.objects, planned.redact), "manifest file"
        )
