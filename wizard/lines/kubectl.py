"""The kubectl lines that make the Secrets a values file names, for a place without a cluster."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from wizard.core.secret_plan import SecretToMake, Source


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
            parts.append(_part(source))
        yield f"kubectl create secret generic {one.name} --namespace {shlex.quote(namespace)} {' '.join(parts)}"
    if made:
        yield f"rm {' '.join(made)}"


def _file(source: Source) -> str:
    return f"./{source.shared or source.key}.secret"


def _part(source: Source) -> str:
    if source.how == "constant":
        return f"--from-literal={source.key}={shlex.quote(source.detail)}"
    return f"--from-file={source.key}={shlex.quote(source.detail) if source.how == 'file' else _file(source)}"
