"""The secrets that the wizard knows by name, the Kubernetes Secret of each, and which of them a run creates.

Holds names and sources, never a value (design: contracts, secrets).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from wizard.core.answers import secret_values
from wizard.core.helm import values

if TYPE_CHECKING:
    from wizard.core.answers.resolve import Resolved
    from wizard.core.tls.files import Form


class Part(NamedTuple):
    """One secret of the wizard in Kubernetes: its keys, the Secret's suffix, and the values that name the Secret."""

    keys: tuple[str, ...]
    suffix: str
    path: str
    external_path: str = ""
    encoded_path: str = ""
    """Value that names the key with the percent-encoded password, which the application reads as part of a URL."""
    external_encoded_path: str = ""
    constants: tuple[tuple[str, str], ...] = ()

    @property
    def keys_text(self) -> str:
        """The keys for a sentence."""
        names = [f'"{key}"' for key in (*dict(self.constants), *self.keys)]
        return ("key " if len(names) == 1 else "keys ") + " and ".join(names)


PARTS: Final[Mapping[str, Part]] = {
    "jwt": Part(("jwt-secret",), "app-credentials", "jwt.existingSecret"),
    "smtp": Part(("smtp-password",), "app-credentials", "smtp.existingSecret"),
    "postgres": Part(
        ("password", "postgres-password"),
        "postgresql-credentials",
        "postgresql.auth.existingSecret",
        "externalDatabase.existingSecret",
        "postgresql.auth.secretKeys.urlPasswordKey",
        "externalDatabase.existingSecretUrlPasswordKey",
    ),
    "redis": Part(
        ("redis-password",),
        "redis-credentials",
        "redis.auth.existingSecret",
        "externalRedis.existingSecret",
        "redis.auth.existingSecretUrlPasswordKey",
        "externalRedis.existingSecretUrlPasswordKey",
    ),
    "grafana": Part(
        ("admin-password",), "grafana-credentials", "grafana.existingSecret", constants=(("admin-user", "admin"),)
    ),
    "tls": Part(("tls.crt", "tls.key"), "tls", "ingress.tls"),
}
"""The secrets by their name in --secret-file and --existing-secret; tls is read from two files."""

ENCODED_KEY: Final = "password-urlencoded"
"""The chart's own Secrets have this key too."""


def created_name(name: str, release: str) -> str:
    """The name of the Secret that the run creates for a secret of that name."""
    return f"{release}-{PARTS[name].suffix}"


@dataclass(frozen=True)
class Source:
    """Where one key's value comes from; keys with the same `shared` text get the same value."""

    key: str
    how: Literal["generate", "file", "constant", "values"]
    detail: str = ""
    """Path of the file, path of the value, or the constant itself (which is not secret)."""
    shared: str = ""
    encoded: bool = False
    """Percent-encoded, for a URL."""
    form: Form = "whole"
    """How a certificate or key comes out of its file; known once it was read."""
    label: str = ""
    """The label of the PEM block that a DER file becomes."""


@dataclass(frozen=True)
class SecretToMake:
    """A Secret to create if it does not exist: 409 means keep the existing one."""

    name: str
    type: Literal["Opaque", "kubernetes.io/tls"]
    sources: tuple[Source, ...]

    @property
    def is_tls(self) -> bool:
        """Whether it holds a certificate and a key, in that order."""
        return self.type == "kubernetes.io/tls"


def plan(resolved: Resolved) -> tuple[SecretToMake, ...]:
    """The Secrets to create, in order; without those that exist or that the person names."""
    visible = {question.id for question in resolved.visible()}
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
    if resolved.given("values.secrets") and resolved["values.secrets"] == "move":
        moved = {
            found.variable: Source(found.variable, "values", values.dotted(found.path))
            for found in resolved.found_secrets
        }
        by_name[secret_values.name(resolved["release"])] = list(moved.values())
    made = [SecretToMake(secret, "Opaque", tuple(sources)) for secret, sources in by_name.items()]
    if "tls" in visible and resolved["tls"] == "files":
        files = (Source("tls.crt", "file", resolved["tls.cert"]), Source("tls.key", "file", resolved["tls.key"]))
        made.append(SecretToMake(created_name("tls", resolved["release"]), "kubernetes.io/tls", files))
    return tuple(made)
