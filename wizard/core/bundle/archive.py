"""The file of a bundle: a packed archive of texts that open without the wizard, which itself reads snapshot.json.

It is read in memory, within limits; nothing of it is written to the disk.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Final, cast

from wizard.core import limits
from wizard.core.bundle import data
from wizard.core.bundle.content import Bundle
from wizard.core.errors import Problem
from wizard.core.text.time import rfc3339

_SNAPSHOT: Final = "snapshot.json"
_LEVEL: Final = 6
_AGAIN: Final = "Ask for a new one: llm-cost-ops-wizard bundle."
_README: Final = """\
A saved observation of the release {release} in namespace {namespace} (context {context}),
{at}, made by llm-cost-ops-wizard {tool}.

  diagnosis.txt    what was found, to read; diagnosis.json is the same for programs
  snapshot.json    what it was found in: objects, events, logs, helm's revisions (format {v})
  logs/            the last lines of the containers, by pod
  withheld.txt     what was left out or masked

The same, without a cluster: llm-cost-ops-wizard diagnose --bundle FILE

Not in it: values of Secrets and ConfigMaps, of variables, arguments and most annotations, helm's stored values and
manifests, the kubeconfig. Logs and messages are masked where they look secret: read them before you give this away.
"""


def stem(bundle: Bundle) -> str:
    """The name of its file and of the folder in it: release, namespace and time."""
    target, now = bundle.target, bundle.observation.snapshot.now
    return f"{_safe(target.release)}-{_safe(target.namespace)}-{now:%Y%m%dT%H%M%SZ}"


def pack(bundle: Bundle, diagnosis: str) -> bytes:
    """The file; `diagnosis` is its diagnosis in lines. Equal bundles give equal bytes.

    Raises:
        Problem: it is larger than what is read again.
    """
    packed, moment = io.BytesIO(), int(bundle.observation.snapshot.now.timestamp())
    size = 0
    with (
        gzip.GzipFile("", "wb", _LEVEL, packed, moment) as stream,
        tarfile.open(fileobj=cast("IO[bytes]", stream), mode="w|") as archive,
    ):
        for name, text in _texts(bundle, diagnosis).items():
            content = text.encode("utf-8", "replace")
            member = tarfile.TarInfo(f"{stem(bundle)}/{name}")
            member.size, member.mtime, member.mode = len(content), moment, 0o600
            archive.addfile(member, io.BytesIO(content))
            size += len(content)
    if size > limits.BUNDLE_CONTENT // 2 or packed.tell() > limits.BUNDLE:
        raise Problem(
            f"The bundle would be larger than {limits.amount(limits.BUNDLE)}.", "Save the output of diagnose."
        )
    return packed.getvalue()


def unpack(raw: bytes, path: str) -> Bundle:
    """The bundle of a file's content.

    Raises:
        Problem: it is no bundle, damaged, over a limit, or of a newer wizard; the path names it.
    """
    try:
        return data.of_data(limits.loads(_snapshot(raw)))
    except data.NewerError as error:
        raise Problem(
            f"The bundle {path} was made by a newer wizard ({error}; this one reads {data.VERSION}).",
            "Open it with that version, or read diagnosis.txt in it.",
        ) from None
    except limits.OverLimitError as error:
        raise Problem(f"The bundle {path} cannot be read: {error}.", _AGAIN) from None
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        words = " ".join(str(error).split())
        raise Problem(f"The bundle {path} is damaged or no bundle ({words or type(error).__name__}).", _AGAIN) from None
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
        raise Problem(
            f"The bundle {path} is damaged: {_SNAPSHOT} in it is wrong ({type(error).__name__}).", _AGAIN
        ) from None


def _texts(bundle: Bundle, diagnosis: str) -> Mapping[str, str]:
    found, target = data.to_data(bundle), bundle.target
    at = rfc3339(bundle.observation.snapshot.now, "seconds")
    logs = {
        f"logs/{_safe(pod)}/{_safe(container)}.log": "".join(f"{line}\n" for line in lines)
        for (pod, container), lines in bundle.all_logs.items()
    }
    return {
        "README.txt": _README.format(
            release=target.release, namespace=target.namespace, context=target.context, at=at, tool=bundle.tool, v=data.VERSION
        ),
        "diagnosis.txt": diagnosis,
        "diagnosis.json": _json(bundle.diagnosis().to_data()),
        _SNAPSHOT: json.dumps(found, ensure_ascii=False) + "\n",  # for programs; with line breaks it takes ten times as long
        "withheld.txt": "".join(f"{line}\n" for line in bundle.withheld),
        **logs,
    }  # fmt: skip


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]|^\.+", "-", name) or "-"


def _snapshot(raw: bytes) -> bytes:
    """The content of snapshot.json; every other member is checked and passed over."""
    if len(raw) > limits.BUNDLE:
        raise limits.OverLimitError(f"it holds more than {limits.amount(limits.BUNDLE)}")
    stream = _Unpacked(raw)
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as archive:
        for name, member in _members(archive):
            content = archive.extractfile(member) if name == _SNAPSHOT else None
            found[name] = content.read() if content else b""
    while stream.read(limits.MIB):
        pass  # to the end, where gzip keeps the checksum
    if _SNAPSHOT not in found:
        raise tarfile.TarError(f"it holds no {_SNAPSHOT}")
    return found[_SNAPSHOT]


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """The names below its one folder, each once, with their members."""
    names: set[str] = set()
    folder = ""
    for member in archive:
        first, _, name = member.name.partition("/")
        folder = folder or first
        if first != folder or not name or name in names or {"", ".", ".."} & {first, *name.split("/")}:
            raise tarfile.TarError(f"it holds {member.name[:100]!a}, which no bundle does")
        if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
            raise tarfile.TarError(f"{member.name[:100]!a} in it is no file")
        names.add(name)
        if len(names) > limits.BUNDLE_FILES:
            raise limits.OverLimitError(f"it holds more than {limits.BUNDLE_FILES} files")
        yield name, member


class _Unpacked:
    """The unpacked bytes, counted."""

    def __init__(self, raw: bytes) -> None:
        self._stream, self._left = gzip.GzipFile(fileobj=io.BytesIO(raw)), limits.BUNDLE_CONTENT

    def read(self, size: int) -> bytes:
        """At most `size` bytes; raises OverLimitError over the limit."""
        piece = self._stream.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise limits.OverLimitError(f"it unpacks to more than {limits.amount(limits.BUNDLE_CONTENT)}")
        return piece
