"""The kubectl commands that create the Secrets a values file names, for `values`, which uses no cluster."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from wizard.core.answers.secrets import SecretToMake, Source

_ENCODE: Final = shlex.quote(
    'import sys, urllib.parse as u; print(u.quote(sys.stdin.read().rstrip("\\n"), safe=""), end="")'
)


def secret_commands(planned: Sequence[SecretToMake], namespace: str) -> Iterator[str]:
    """Shell commands, in order; they hold no secret, only paths of files."""
    if not planned:
        return
    made: list[str] = []
    yield f"kubectl create namespace {shlex.quote(namespace)}"
    for secret in planned:
        if secret.type == "kubernetes.io/tls":
            paths = {source.key: shlex.quote(source.detail) for source in secret.sources}
            keys = f"tls {secret.name} --cert={paths['tls.crt']} --key={paths['tls.key']}"
            yield f"kubectl create secret {keys} --namespace {shlex.quote(namespace)}"
            continue
        parts = []
        for source in secret.sources:
            if source.how == "generate" and (file := _file(source)) not in made:
                yield f"(umask 077; LC_ALL=C tr -dc A-Za-z0-9 </dev/urandom | head -c 32 >{file})"
                made.append(file)
            if source.encoded and source.how == "file":
                yield f"(umask 077; python3 -c {_ENCODE} <{shlex.quote(source.detail)} >{_file(source)})"
                made.append(_file(source))
            parts.append(_part(source))
        yield f"kubectl create secret generic {secret.name} --namespace {shlex.quote(namespace)} {' '.join(parts)}"
    if made:
        yield f"rm {' '.join(made)}"


def _file(source: Source) -> str:
    """A generated secret is letters and digits, so its URL-encoded form is the same file."""
    suffix = ".encoded" if source.encoded and source.how == "file" else ""
    return f"./{source.shared or source.key}{suffix}.secret"


def _part(source: Source) -> str:
    if source.how == "constant":
        return f"--from-literal={source.key}={shlex.quote(source.detail)}"
    plain = source.how == "file" and not source.encoded
    return f"--from-file={source.key}={shlex.quote(source.detail) if plain else _file(source)}"
