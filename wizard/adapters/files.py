"""The person's own files: values files and secret files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wizard.adapters import atomic, destination
from wizard.core import sanitize
from wizard.core.errors import Problem

if TYPE_CHECKING:
    from wizard.core.secrets import Secret

_LARGEST: Final = 1 << 20
"""A Secret and a release record may hold 1 MiB; nothing larger is worth reading."""


_LARGEST_KEPT: Final = 64 << 20
"""Bytes of a file that is compared, kept as a backup and replaced."""


class PersonFiles:
    """Reads and writes files by the paths a person typed; "~" is the home folder."""

    def read(self, path: str, what: str) -> str:
        """The sanitised text of a file; raises Problem when missing, unreadable, empty or not UTF-8."""
        try:
            return sanitize.text(self._bytes(path, what).decode("utf-8"), limit=_LARGEST)
        except UnicodeDecodeError as error:
            raise Problem(f"The {what} {path} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from error

    def read_secret(self, path: str, what: str) -> tuple[Secret, str]:
        """The file's content as a Secret, and a note when a trailing newline was removed; raises Problem."""
        from wizard.core.secrets import Secret

        raw = self._bytes(path, what)
        try:
            whole = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Problem(f"The {what} {path} is not text.", "A secret file holds UTF-8 text only.") from error
        if whole.startswith("\ufeff"):
            raise Problem(f"The {what} {path} begins with a byte order mark.", "Save it as UTF-8 without BOM.")
        text = whole.removesuffix("\n").removesuffix("\r")
        if not text.strip():
            raise Problem(f"The {what} {path} is empty.", "Put the secret into it, or choose to generate one.")
        if "\x00" in text:
            raise Problem(f"The {what} {path} holds a zero byte.", "A secret file holds text only.")
        return Secret(text), "one trailing newline was removed" if text != whole else ""

    def keep_private(self, name: str, text: str) -> str:
        """Keep a text among the backups of the state folder, 0600, under a name with the time."""
        from wizard.adapters.folders import state_dir

        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        path = state_dir("backups") / f"{name.replace('/', '-')}.{stamp}.json"
        try:
            atomic.write(path, text)
        except OSError as error:
            raise Problem(
                f"{path} cannot be written: {_reason(error)}. Nothing was changed.", "Make room there."
            ) from error
        return str(path)

    def kept_private(self, name: str) -> Sequence[str]:
        """The backups of that name, newest first."""
        from wizard.adapters.folders import state_dir

        prefix = f"{name.replace('/', '-')}."
        found = [
            one
            for one in state_dir("backups").iterdir()
            if one.name.startswith(prefix) and one.name.count(".") == prefix.count(".") + 1
        ]
        return [str(one) for one in sorted(found, key=lambda one: one.name, reverse=True)]

    def existing(self, path: str) -> str | None:
        """The text of the file if it exists and can be read."""
        try:
            target = destination.find(path, "file")
            there = destination.existing(target, _LARGEST) if isinstance(target, Path) else None
            return sanitize.text(there.content.decode("utf-8"), limit=_LARGEST) if there else None
        except (OSError, UnicodeDecodeError, Problem):
            return None

    def write(self, path: str, text: str, what: str = "values file") -> Sequence[str]:
        """Write atomically, 0600 when it is new; an existing different file is kept as a dated backup. Returns the paths written.

        A link stays and its target gets the text; what is no file gets it as `destination` says.
        """
        data = text.encode()
        written = [path]
        try:
            target = destination.find(path, what)
            if isinstance(target, destination.Stream):
                target.send(data)
                return written
            before = destination.existing(target, _LARGEST_KEPT)
            if before:
                if before.content == data:
                    return ()
                backup = target.with_name(f"{target.name}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}.bak")
                atomic.write(backup, before.content, before.mode)
                written.append(str(backup))
            atomic.write(target, data, before.mode if before else 0o600)
        except OSError as error:
            raise Problem(
                f"The {what} {path} cannot be written: {_reason(error)}.",
                "Choose another path with --write PATH." if what == "values file" else "Choose another path.",
            ) from error
        return written

    def _bytes(self, path: str, what: str) -> bytes:
        file = Path(path).expanduser()
        try:
            if file.is_dir():
                raise Problem(f"The {what} {path} is a folder.", "Name the file inside it.")
            size = file.stat().st_size
            if size > _LARGEST:
                raise Problem(
                    f"The {what} {path} has {size} bytes; at most {_LARGEST} are read.", "Is it the right file?"
                )
            raw = file.read_bytes()
        except OSError as error:
            raise Problem(f"The {what} {path} cannot be read: {_reason(error)}.", "Check the path.") from error
        if not raw:
            raise Problem(f"The {what} {path} is empty.", "Check the path, or fill the file.")
        return raw


def _reason(error: OSError) -> str:
    words = error.strerror or str(error)
    return words[:1].lower() + words[1:]
