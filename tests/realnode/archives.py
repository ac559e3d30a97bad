"""Writes images without Docker: layers as tar files, and the archive layout that `docker save` has."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_MADE = "2026-01-01T00:00:00Z"  # the same bytes each time


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def layer(folder: Path, target: Path, owners: Mapping[str, tuple[int, int, int]] | None = None) -> Path:
    """Write a folder as a layer. All belongs to root, but for `owners`: path to user, group and mode."""
    special = {name.strip("/"): owner for name, owner in (owners or {}).items()}

    def prepared(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = 0
        if entry.name in special:
            entry.uid, entry.gid, entry.mode = special[entry.name]
        return entry

    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name, filter=prepared)
    return target


def write(target: Path, config: Mapping[str, Any], names: Sequence[str], layers: Sequence[Path]) -> None:
    """Write an image archive: `config` is the image's (Entrypoint, Env, User ...), `names` are full references."""
    digests = {digest(path): path for path in layers}
    about = json.dumps(
        {
            "architecture": "amd64", "os": "linux", "created": _MADE, "config": dict(config),
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{one}" for one in digests]},
            "history": [{"created": _MADE, "created_by": "tests/realnode"} for _ in digests],
        },
        sort_keys=True,
    ).encode()  # fmt: skip
    about_name = hashlib.sha256(about).hexdigest() + ".json"
    manifest = [{"Config": about_name, "RepoTags": list(names), "Layers": [f"{one}/layer.tar" for one in digests]}]
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, about_name, about)
        for one, path in digests.items():
            entry = tarfile.TarInfo(f"{one}/layer.tar")
            entry.size = path.stat().st_size
            with path.open("rb") as content:
                archive.addfile(entry, content)
        _add(archive, "manifest.json", json.dumps(manifest).encode())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    archive.addfile(entry, io.BytesIO(content))
