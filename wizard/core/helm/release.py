"""One revision as helm stores it: base64 of gzip of JSON in a Secret or ConfigMap, read and written without helm.

The text of a record may hold secrets (values, rendered Secrets): it stays in the engine, and views of it are masked
(core/masking).
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wizard.core import limits
from wizard.core.errors import Exit, Problem
from wizard.core.text import sanitize
from wizard.core.text.encoding import of_base64

TYPE: Final = "helm.sh/release.v1"
_GZIP: Final = b"\x1f\x8b\x08"
_LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an unpacked record; helm writes none that is larger."""


@dataclass(frozen=True)
class Hook:
    """A hook of a revision: helm runs it at its events; it is not part of the manifest."""

    name: str
    kind: str
    manifest: str = field(repr=False)
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReleaseRecord:
    """One revision. `config` are the values that a person gave; `apply_method` is ssa, csa or "".

    `updated` is helm's last_deployed: when the revision began, RFC 3339, by the clock of the machine that ran helm.
    """

    name: str
    namespace: str
    revision: int
    status: str
    updated: str
    description: str
    chart: str
    chart_version: str
    app_version: str
    config: Mapping[str, Any] = field(repr=False)
    defaults: Mapping[str, Any] = field(repr=False)
    manifest: str = field(repr=False)
    hooks: tuple[Hook, ...] = field(default=(), repr=False)
    apply_method: str = ""
    subcharts: frozenset[str] = frozenset()
    """Names, or aliases, of the chart's dependencies: their sections of the values are theirs."""


def decode(body: str, where: str) -> ReleaseRecord:
    """The record from the text under the key "release", as the API serves it (that of a Secret in base64 once more).

    Raises:
        Problem: it is unreadable, or was written by a helm with another record format.
    """
    return of_data(unpack(body, where), where)


def stored_bytes(files: Mapping[str, bytes], *parts: Any) -> int:
    """About how many bytes the record of a revision takes where helm stores it, as the API server counts them.

    Args:
        files: those of the chart that helm keeps (templates, schema, others).
        parts: what else is in it: values, defaults, manifest.
    """
    kept = [{"name": name, "data": base64.b64encode(content).decode()} for name, content in files.items()]
    return len(base64.b64encode(gzip.compress(json.dumps([kept, *parts], default=str).encode())))


def unpack(body: str, where: str) -> dict[str, Any]:
    """The record's own JSON; see `decode`."""
    try:
        raw = of_base64(body)
        if not raw.startswith(_GZIP) and not raw.startswith(b"{"):
            raw = of_base64(raw)
        if raw.startswith(_GZIP):
            raw = _inflate(raw)
        data = limits.loads(raw)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise _unreadable(where, "it is damaged, or a newer helm wrote it") from error
    if not isinstance(data, dict):
        raise _unreadable(where, "it is not a record")
    return data


def pack(data: Mapping[str, Any]) -> str:
    """The text under the key "release" of a ConfigMap (a Secret's `data` needs base64 once more)."""
    return base64.b64encode(gzip.compress(json.dumps(data, separators=(",", ":")).encode(), 9, mtime=0)).decode()


def of_data(data: Mapping[str, Any], where: str) -> ReleaseRecord:
    """The record from its JSON; raises Problem when it does not have the format of helm 3 and 4."""
    try:
        info, chart = data["info"], data.get("chart") or {}
        metadata = chart.get("metadata") or {}
        return ReleaseRecord(
            name=_line(data["name"]),
            namespace=_line(data.get("namespace", "")),
            revision=int(data["version"]),
            status=_line(info["status"]),
            updated=_line(info.get("last_deployed") or ""),
            description=_line(info.get("description") or ""),
            chart=_line(metadata.get("name") or ""),
            chart_version=_line(metadata.get("version") or ""),
            app_version=_line(metadata.get("appVersion") or ""),
            config=dict(data.get("config") or {}),
            defaults=dict(chart.get("values") or {}),
            manifest=str(data.get("manifest") or ""),
            hooks=tuple(_hook(hook) for hook in data.get("hooks") or ()),
            apply_method=_line(data.get("apply_method") or ""),
            subcharts=frozenset(str(one.get("alias") or one.get("name")) for one in metadata.get("dependencies") or ()),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _unreadable(where, "it does not have the format of helm 3 and 4") from error


def _hook(data: Mapping[str, Any]) -> Hook:
    return Hook(
        _line(data.get("name") or ""),
        _line(data.get("kind") or ""),
        str(data.get("manifest") or ""),
        tuple(map(_line, data.get("events") or ())),
    )


def _inflate(raw: bytes) -> bytes:
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    whole = unpacker.decompress(raw, _LARGEST)
    if unpacker.unconsumed_tail or not unpacker.eof:
        msg = "it is cut short or too large"
        raise ValueError(msg)
    return whole


def _line(value: Any) -> str:
    return sanitize.line(str(value))


def _unreadable(where: str, why: str) -> Problem:
    return Problem(
        f"Helm's record {where} cannot be read: {why}.",
        "Inspect it with the helm that wrote it; nothing was changed.",
        Exit.UNKNOWN,
    )
