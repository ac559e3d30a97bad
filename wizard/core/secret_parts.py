"""The secrets that the wizard knows by name, and what each becomes in Kubernetes (design: contracts, secrets)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Part(NamedTuple):
    """What one secret of the wizard becomes: its keys, the Secret's suffix, and the values that name the Secret."""

    keys: tuple[str, ...]
    suffix: str
    path: str
    external_path: str = ""
    encoded_path: str = ""
    """Value that names the key with the percent-encoded password: the application gets it inside an address."""
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
"""The secrets by their name in --secret-file and --existing-secret; tls comes from two files."""

ENCODED_KEY: Final = "password-urlencoded"
"""The chart's own Secrets have this key too."""


def created_name(name: str, release: str) -> str:
    """The name of the Secret that the run creates for a secret of that name."""
    return f"{release}-{PARTS[name].suffix}"
