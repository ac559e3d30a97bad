"""Which Secrets the run creates, from the answers: names and sources, never a value (design: contracts, secrets)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from wizard.core.secret_parts import ENCODED_KEY, PARTS, created_name

if TYPE_CHECKING:
    from wizard.core.resolve import Resolved


@dataclass(frozen=True)
class Source:
    """Where one key's value comes from; keys with the same `shared` text get the same value."""

    key: str
    how: Literal["generate", "file", "constant"]
    detail: str = ""
    """Path of the file, or the constant itself (which is no secret)."""
    shared: str = ""
    encoded: bool = False
    """Percent-encoded, for an address."""


@dataclass(frozen=True)
class SecretToMake:
    """A Secret to create if it is not there: 409 means keep the existing one."""

    name: str
    type: Literal["Opaque", "kubernetes.io/tls"]
    sources: tuple[Source, ...]


def plan(resolved: Resolved) -> tuple[SecretToMake, ...]:
    """The Secrets to create, in order; those that exist or that the person names are not in it."""
    visible = {one.id for one in resolved.visible()}
    by_name: dict[str, list[Source]] = {}
    for name, part in PARTS.items():
        if name == "tls" or f"secret.{name}" not in visible:
            continue
        how = resolved[f"secret.{name}"]
        if how not in ("generate", "file"):
            continue
        sources = by_name.setdefault(created_name(name, resolved["release"]), [])
        sources += [Source(key, "constant", value) for key, value in part.constants]
        path = resolved[f"secret.{name}.file"] if how == "file" else ""
        kind: Literal["generate", "file"] = "file" if path else "generate"
        sources += [Source(key, kind, path, name) for key in part.keys]
        sources += [Source(ENCODED_KEY, kind, path, name, encoded=True)] if part.encoded_path else []
    made = [SecretToMake(secret, "Opaque", tuple(sources)) for secret, sources in by_name.items()]
    if "tls" in visible and resolved["tls"] == "files":
        files = (Source("tls.crt", "file", resolved["tls.cert"]), Source("tls.key", "file", resolved["tls.key"]))
        made.append(SecretToMake(created_name("tls", resolved["release"]), "kubernetes.io/tls", files))
    return tuple(made)
