"""The kubectl lines that make the Secrets a values file names, for a place without a cluster."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from wizard.core.answers.secrets import SecretToMake, Source

_ENCODE: Final = shlex.quote(
    'import sys, urllib.parse as u; print(u.quote(sys.stdin.read().rstrip("\\n"), safe=""), end="")'
)


def secret_commands(planned: Sequence[SecretToMake], namespace: str) -> Iterator[str]:
    """Shell lines, in order; no secret is on any of them, they come from files only."""
    if not planned:
        return
    made: list[str] = []
    yield f"kubectl create namespace {shlex.quote(namespace)}"
    for one in planned:
        if one.type == "kubernetes.io/tls":
            paths = {source.key: shlex.quote(source.detail) for source in one.sources}
            keys = f"tls {one.name} --cert={paths['tls.crt']} --key={paths['tls.key']}"
            yield f"kubectl create secret {keys} --namespace {shlex.quote(namespace)}"
            continue
        parts = []
        for source in one.sources:
            if source.how == "generate" and (file := _file(source)) not in made:
                yield f"(umask 077; LC_ALL=C tr -dc A-Za-z0-9 </dev/urandom | head -c 32 >{file})"
                made.append(file)
            if source.encoded and source.how == "file":
                yield f"(umask 077; python3 -c {_ENCODE} <{shlex.quote(source.detail)} >{_file(source)})"
                made.append(_file(source))
            parts.append(_part(source))
        yield f"kubectl create secret generic {one.name} --namespace {shlex.quote(namespace)} {' '.join(parts)}"
    if made:
        yield f"rm {' '.join(made)}"


def _file(source: Source) -> str:
    """What is generated is letters and digits, so that its encoded twin is the same file."""
    twin = ".encoded" if source.encoded and source.how == "file" else ""
    return f"./{source.shared or source.key}{twin}.secret"


def _part(source: Source) -> str:
    if source.how == "constant":
        return f"--from-literal={source.key}={shlex.quote(source.detail)}"
    plain = source.how == "file" and not source.encoded
    return f"--from-file={source.key}={shlex.quote(source.detail) if plain else _file(source)}"
