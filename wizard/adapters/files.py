"""The person's own files: values files and secret files."""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zlib import crc32

from wizard.adapters import atomic, bounded, destination
from wizard.core import limits
from wizard.core.errors import Problem

if TYPE_CHECKING:
    from wizard.core.text.secrets import Secret

STDIN: Final = "/dev/stdin"
_OTHER_PATH: Final = "Choose another path with --write PATH."
_KEPT: Final = 20
"""Backups of each file."""
_LONGEST_NAME: Final = 100
"""Characters of a file's name in those of its backups."""


class PersonFiles:
    """Reads and writes files by the paths a person typed; "~" is the home folder."""

    def __init__(self) -> None:
        self._contents: dict[tuple[str, tuple[int, ...]], bytes] = {}

    def read(self, path: str, what: str, *, empty: bool = False) -> str:
        """The text of a file as it is; raises Problem when missing, unreadable, not UTF-8, or empty unless it may be.

        "-" is standard input. It is read once, as in `read_bytes`.
        """
        if path.strip() == "-":
            path = STDIN
        try:
            return self.read_bytes(path, what, empty=empty).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Problem(f"The {what} {path} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from error

    def read_bytes(self, path: str, what: str, *, empty: bool = False, most: int = limits.FILE) -> bytes:
        """The content of a file as it is; raises Problem when missing, unreadable, or empty unless it may be.

        It is read once: a pipe (process substitution) gives its text to the first reader only, and the checked text is the
        one that is used. A changed file is read again.
        """
        identity = _identity(path)
        if (path, identity) not in self._contents:
            self._contents[path, identity] = self._bytes(path, what, most, empty=empty)
        return self._contents[path, identity]

    def read_secret(self, path: str, what: str) -> tuple[Secret, str]:
        """The file's content as a Secret, and a note when a trailing newline was removed; raises Problem.

        It is read once, as in `read_bytes`.
        """
        from wizard.core.text.secrets import Secret

        raw = self.read_bytes(path, what)
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

    def exposed(self, path: str) -> Sequence[str]:
        """Who else can read a file, each the end of a sentence; blocks while git is asked."""
        from wizard.adapters import exposure

        return tuple(exposure.exposed(Path(path).expanduser()))

    def keep_private(self, name: str, text: str) -> str:
        """Keep a text among the backups of the state folder, 0600, under a name with the time."""
        from wizard.paths import state_dir

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
        from wizard.paths import state_dir

        prefix = f"{name.replace('/', '-')}."
        paths = [
            path
            for path in state_dir("backups").iterdir()
            if path.name.startswith(prefix) and path.name.count(".") == prefix.count(".") + 1
        ]
        return [str(path) for path in sorted(paths, key=lambda path: path.name, reverse=True)]

    def existing(self, path: str) -> str | None:
        """The text of a file that may be there; None when it is not, and for a stream; raises Problem when it cannot be read."""
        try:
            target = destination.find(path, "values file")
            existing = destination.existing(target, limits.FILE) if isinstance(target, Path) else None
            return existing.content.decode("utf-8") if existing else None
        except OSError as error:
            raise Problem(f"{path} is there and cannot be read: {_reason(error)}.", _OTHER_PATH) from error
        except UnicodeDecodeError as error:
            raise Problem(f"{path} is there and is not UTF-8 text (byte {error.start}).", _OTHER_PATH) from error

    def replace(self, path: str, text: str, before: str | None) -> Sequence[str]:
        """Write a values file over the text that it had when it was read (None: there was none), as `write`.

        Raises:
            Problem: it has another text by now, or cannot be written.
        """
        return self._write(path, text, "values file", lambda there: _refuse_changed(path, there, before))

    def write(self, path: str, text: str, what: str = "values file") -> Sequence[str]:
        """Write atomically, 0600 when it is new; returns the paths written, none when the file has that text already.

        The old text of an existing file is kept among the backups of the state folder. A link stays and its target gets
        the text; descriptors and FIFOs get it as `destination` says.
        """
        return self._write(path, text, what, lambda _: None)

    def _write(self, path: str, text: str, what: str, check: Callable[[bytes | None], None]) -> Sequence[str]:
        data = text.encode()
        written = [path]
        try:
            target = destination.find(path, what)
            if isinstance(target, destination.Stream):
                target.send(data)
                return written
            before = destination.existing(target, limits.REPLACED)
            if before and before.content == data:
                return ()
            check(before.content if before else None)
            if before:
                written.append(_back_up(target, before.content))
            atomic.write(target, data, before.mode if before else 0o600)
        except OSError as error:
            raise Problem(
                f"The {what} {path} cannot be written: {_reason(error)}.",
                _OTHER_PATH if what == "values file" else "Choose another path.",
            ) from error
        return written

    def create(self, path: str, content: bytes, what: str) -> None:
        """Write a new file, 0600; raises Problem when something has that name already, or it cannot be written."""
        try:
            atomic.create(Path(path).expanduser(), content)
        except FileExistsError:
            raise Problem(f"{path} is there already; it is left as it is.", "Choose another path.") from None
        except RuntimeError:  # "~nobody/file"
            raise Problem(
                f"The {what} {path} cannot be written: there is no such user.", "Choose another path."
            ) from None
        except (OSError, ValueError) as error:
            raise Problem(f"The {what} {path} cannot be written: {_reason(error)}.", "Choose another path.") from error

    def edit(self, text: str, name: str) -> str:
        """The text after the person changed it in their editor; see `editor.edited`."""
        from wizard.adapters import editor

        return editor.edited(text, name)

    def _bytes(self, path: str, what: str, most: int, *, empty: bool) -> bytes:
        try:
            raw = bounded.read(Path(path).expanduser(), most, seconds=limits.PIPE_SECONDS)
        except RuntimeError:  # "~nobody/file"
            raise Problem(f"The {what} {path} cannot be read: there is no such user.", "Check the path.") from None
        except (OSError, ValueError) as error:
            next_step = "Check the path." if path != STDIN else "Pipe it in, as in -f - < values.yaml."
            raise Problem(f"The {what} {path} cannot be read: {_reason(error)}.", next_step) from error
        if not (raw or empty):
            raise Problem(f"The {what} {path} is empty.", "Check the path, or fill the file.")
        return raw


def _identity(path: str) -> tuple[int, ...]:
    """The identity and state of the file that a path names now; empty where they cannot be read."""
    try:
        status = Path(path).expanduser().stat()
    except (OSError, RuntimeError, ValueError):
        return ()
    whole = stat.S_ISREG(status.st_mode)  # the times of a pipe change with every read
    return (status.st_dev, status.st_ino, *((status.st_size, status.st_mtime_ns, status.st_ctime_ns) if whole else ()))


def _refuse_changed(path: str, there: bytes | None, before: str | None) -> None:
    if there == (before.encode() if before is not None else None):
        return
    done = "made" if before is None else "removed" if there is None else "changed"
    raise Problem(
        f"{path} was {done} by somebody after it was read; it is left as it is.",
        "Look at the review again: it starts from what is there now.",
    )


def _back_up(file: Path, content: bytes) -> str:
    """Keep the content among the backups of the state folder, 0600; the oldest ones of the same file go."""
    import glob

    from wizard.paths import state_dir

    folder = state_dir("backups")
    start = f"{file.name[:_LONGEST_NAME]}.{crc32(str(file).encode()):08x}."
    backup = folder / f"{start}{datetime.now(UTC):%Y%m%dT%H%M%S%f}.bak"
    atomic.write(backup, content)
    for old in sorted(folder.glob(f"{glob.escape(start)}*.bak"))[:-_KEPT]:
        old.unlink(missing_ok=True)
    return str(backup)


def _reason(error: OSError | ValueError) -> str:
    words = getattr(error, "strerror", None) or str(error)
    return f"{words[:1].lower()}{words[1:]}"
