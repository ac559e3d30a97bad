"""The kubectl commands that create the Secrets a values file names, for `values`, which uses no cluster.

In a POSIX shell they make what a run makes: the same keys, bytes and labels. They need what every system has: tr, awk, od, base64.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from wizard.core.answers.secrets import SecretToMake, Source
from wizard.core.kube.objects import MANAGED_BY, WIZARD
from wizard.core.target import Target

_ENCODE: Final = (
    'od -An -v -tu1 | LC_ALL=C awk \'{ for (i = 1; i <= NF; i++) { c = sprintf("%c", $i); '
    'printf "%s", (c ~ /[A-Za-z0-9_.~-]/ ? c : sprintf("%%%02X", $i)) } }\''
)
"""Percent-encodes standard input, as urllib.parse.quote does; awk and od are everywhere, Python and jq are not."""
_PIPES: Final = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
_BLOCKS: Final = {
    "tls.crt": "/^-----BEGIN CERTIFICATE-----/ { p = 1 } p; /^-----END CERTIFICATE-----/ { p = 0 }",
    "tls.key": "/^-----BEGIN.* PRIVATE KEY-----/ { p = 1 } p; /^-----END.* PRIVATE KEY-----/ { exit }",
}
"""awk programs that print the blocks of a PEM file."""


def secret_commands(planned: Sequence[SecretToMake], target: Target) -> Iterator[str]:
    """Shell commands, in order; they hold no secret, only paths of files. Their own files are in a folder that they remove."""
    if not planned:
        return
    namespace, folder = f"--namespace {shlex.quote(target.namespace)}", f"./{target.release}-secret-files"
    steps = [step for secret in planned for step in _files(secret, folder)]
    made = list(dict.fromkeys(path for path, _ in steps))
    yield f"kubectl create namespace {shlex.quote(target.namespace)}"
    if made:
        yield f"mkdir -m 700 {folder}"
    yield from dict.fromkeys(f"{command} >{path}" for path, command in steps)
    for secret in planned:
        if secret.is_tls:
            certificate, key = (_path(source, folder) for source in secret.sources)
            yield f"kubectl create secret tls {secret.name} {namespace} --cert {certificate} --key {key}"
        else:
            parts = " ".join(_part(source, folder) for source in secret.sources)
            yield f"kubectl create secret generic {secret.name} {namespace} {parts}"
    names = " ".join(secret.name for secret in planned)
    labels = f"{MANAGED_BY}={WIZARD} app.kubernetes.io/instance={shlex.quote(target.release)}"
    yield f"kubectl label secret {names} {namespace} {labels}"
    if made:
        yield f"rm {' '.join(made)} && rmdir {folder}"


def _files(secret: SecretToMake, folder: str) -> Iterator[tuple[str, str]]:
    """(path, command that prints its content) of the files that a Secret is made from, in order."""
    for source in secret.sources:
        path, given = _path(source, folder), _given(source)
        if secret.is_tls:
            if source.form == "blocks":
                yield path, f"awk {shlex.quote(_BLOCKS[source.key])} <{given}"
            elif source.form == "der":
                begin, end = (f"echo '-----{word} {source.label}-----'" for word in ("BEGIN", "END"))
                yield path, f"{{ {begin}; base64 <{given} | tr -d '\\n' | fold -w 64; echo; {end}; }}"
        elif source.how == "generate":
            yield path, "LC_ALL=C tr -dc A-Za-z0-9 </dev/urandom | head -c 32"
        elif source.how == "file" and source.encoded:
            yield path, f"tr -d '\\r\\n' <{given} | {_ENCODE}"
        elif source.how == "file":
            yield path, f"tr -d '\\r\\n' <{given}"


def _path(source: Source, folder: str) -> str:
    """The file that kubectl reads. A generated secret is letters and digits, so that its encoded form is the same file."""
    if source.shared:
        return f"{folder}/{source.shared}{'-encoded' if source.encoded and source.how == 'file' else ''}"
    return _given(source) if source.form == "whole" else f"{folder}/{source.key}"


def _given(source: Source) -> str:
    """The person's file, for a shell: a "~" before the first "/" stays what it is there, FILE stands for what is in none."""
    if source.how == "values" or source.detail.startswith(_PIPES):
        return "FILE"
    first, slash, rest = source.detail.partition("/")
    if first.startswith("~"):
        return f"{first}{slash}{shlex.quote(rest) if rest else ''}"
    return shlex.quote(source.detail)


def _part(source: Source, folder: str) -> str:
    if source.how == "constant":
        return f"--from-literal={source.key}={shlex.quote(source.detail)}"
    return f"--from-file={source.key}={_path(source, folder)}"
