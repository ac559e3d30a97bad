"""Makes the folder for `helm repo add`: the packed chart, an index and a bill of materials, optionally signed.

On request helm pushes the packed chart to an OCI registry as well, with the login that `helm registry login` stored.

The same sources give the same bytes, except the signature. helm packs and signs. It takes times from the files, so it
gets copies with one time; and it packs subcharts in the order of a Go map, which is random.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import ipaddress
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from release import sbom
from wizard.core.errors import Exit, Problem
from wizard.sandbox.toolchain import tool_path

ROOT = Path(__file__).resolve().parents[1]
CHART = ROOT / "chart" / "llm-cost-ops"
OUTPUT = ROOT / "dist" / "chart-repo"

# The earliest time that every archive format can express; helm does not show it.
_ENTRY_TIME = int(datetime(1980, 1, 1, tzinfo=UTC).timestamp())


# With two subcharts helm uses the order of names 7 times in 8.
_TRIES = 30


@dataclass(frozen=True)
class Signer:
    """The signing key: part of its name, a keyring in GnuPG's old format, a file whose first line is the passphrase."""

    name: str
    keyring: Path
    passphrase: Path | None = None

    @property
    def options(self) -> list[str]:
        """The options for helm; the passphrase itself is not among them."""
        given = ["--sign", "--key", self.name, "--keyring", str(self.keyring)]
        return given + (["--passphrase-file", str(self.passphrase)] if self.passphrase else [])


def build(output: Path, helm: Path, chart: Path = CHART, signer: Signer | None = None) -> Path:
    """Make `output` hold the archive, its signature, its bill of materials and index.yaml, and return the archive's path.

    `helm` is helm 4. Raises Problem when helm refuses the chart, cannot sign, or would not accept the signature; then
    `output` is as it was.
    """
    if signer and not signer.keyring.is_file():
        raise Problem("SIGN is given and KEYRING names no file.", _SIGNING)
    with tempfile.TemporaryDirectory() as scratch:
        ready = Path(scratch, "ready")
        archive = _packed(helm, _copied(chart, Path(scratch)), ready, signer)
        if signer:
            # A certify-only key signs without an error, but the signature cannot be verified.
            _call([str(helm), "verify", str(archive), "--keyring", str(signer.keyring)], _SIGNING)
        sbom.beside(archive, sbom.of_chart(archive))
        (ready / "index.yaml").write_text(_index(archive), encoding="utf-8")
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(ready, output)
    return output / archive.name


_SIGNING = (
    "SIGN is part of the name of a key that can sign and not only certify, KEYRING a file from `gpg --export-secret-keys`, "
    "PASSPHRASE_FILE a file whose first line is the passphrase."
)


def push(archive: Path, registry: str, helm: Path, *, plain_http: bool = False) -> str:
    """Push the archive, and the signature beside it, to `registry`; return the reference to install it from.

    `registry` is oci://HOST/PATH; only one on this machine may be spoken to without TLS. Raises Problem when the
    address is none, or when helm cannot push.
    """
    address = re.fullmatch(r"oci://(?P<host>\[[0-9a-f:]+\]|[\w.-]+)(?::\d+)?(?:/[a-z0-9._-]+)+", registry)
    if not address:  # not repeated: there may be a password in it
        raise Problem("PUSH is not oci://HOST/PATH, in small letters and without user, password or tag.", _PUSHING)
    if plain_http and not _is_this_machine(address["host"]):
        raise Problem(f"PLAIN_HTTP is for a registry on this machine, and {address['host']} is another.", _PUSHING)
    options = ["--plain-http"] if plain_http else []
    _call([str(helm), "push", str(archive), registry, *options], _PUSHING)
    return f"{registry}/{CHART.name}"


_PUSHING = (
    "Name the registry as in PUSH=oci://registry.example.com/charts, and log in to it first: helm registry login HOST"
)


def _is_this_machine(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    return host == "localhost"


def _call(command: Sequence[str], next_step: str) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=60, check=False
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Problem(f"helm {command[1]} failed: {reason.removeprefix('Error: ')}.", next_step, Exit.FAILED)


def _copied(chart: Path, scratch: Path) -> Path:
    """A copy of the chart in which all files have the same time."""
    copy = scratch / "chart"
    shutil.copytree(chart, copy)
    for path in copy.rglob("*"):
        os.utime(path, (_ENTRY_TIME, _ENTRY_TIME))
    return copy


def _packed(helm: Path, chart: Path, ready: Path, signer: Signer | None) -> Path:
    """The archive that helm packs, with subcharts sorted by name."""
    options = signer.options if signer else []
    for _ in range(_TRIES):
        shutil.rmtree(ready, ignore_errors=True)
        _call(
            [str(helm), "package", str(chart), "--destination", str(ready), *options],
            _SIGNING if signer else "Correct the chart: `helm lint` says more.",
        )
        (archive,) = ready.glob("*.tgz")
        if _in_order(archive):
            return archive
    raise Problem("helm packed the subcharts in no fixed order.", "Run it again.", Exit.FAILED)


def _in_order(archive: Path) -> bool:
    with tarfile.open(archive) as packed:
        subcharts = [name.split("/")[2] for name in packed.getnames() if name.split("/")[1] == "charts"]
    return subcharts == sorted(subcharts)


def _index(archive: Path) -> str:
    """An index of one chart, with addresses relative to wherever the folder is served from."""
    with tarfile.open(archive) as packed:
        meta = packed.extractfile("llm-cost-ops/Chart.yaml")
        assert meta is not None
        chart: dict[str, Any] = yaml.safe_load(meta)
    created = _source_time().isoformat().replace("+00:00", "Z")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    entry = chart | {"created": created, "digest": digest, "urls": [archive.name]}
    index = {"apiVersion": "v1", "entries": {chart["name"]: [entry]}, "generated": created}
    return yaml.safe_dump(index, sort_keys=True, allow_unicode=True)


def _source_time() -> datetime:
    """When the sources were last changed: SOURCE_DATE_EPOCH, else the chart's last commit, else _ENTRY_TIME."""
    stated = os.environ.get("SOURCE_DATE_EPOCH") or _last_commit() or str(_ENTRY_TIME)
    return datetime.fromtimestamp(int(stated), UTC)


def _last_commit() -> str:
    try:
        done = subprocess.run(
            ["git", "log", "-1", "--format=%ct", "--", str(CHART)],
            cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    except OSError:
        return ""
    return done.stdout.strip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Build into `dist/chart-repo` and print how to use it."""
    parser = argparse.ArgumentParser(prog="make chart-repo", description=main.__doc__)
    parser.add_argument("--sign", metavar="NAME")
    parser.add_argument("--keyring", type=Path, metavar="FILE", default=Path())
    parser.add_argument("--passphrase-file", type=Path, metavar="FILE")
    parser.add_argument("--push", metavar="oci://HOST/PATH")
    parser.add_argument("--plain-http", action="store_true")
    given = parser.parse_args(arguments)
    signer = Signer(given.sign, given.keyring, given.passphrase_file) if given.sign else None
    try:
        archive = build(OUTPUT, tool_path("helm4"), signer=signer)
        pushed = push(archive, given.push, tool_path("helm4"), plain_http=given.plain_http) if given.push else ""
    except Problem as problem:
        print(problem, file=sys.stderr)
        return int(problem.code)
    beside = "index.yaml, its bill of materials (.cdx.json)" + (" and its signature (.prov)" if signer else "")
    print(f"{archive.relative_to(ROOT)}: {archive.stat().st_size:,} bytes, and beside it {beside}.")
    print("Serve that folder over HTTPS, then: helm repo add llm-cost-ops ADDRESS")
    if pushed:
        print(f"Pushed; it installs with: helm install llm-cost-ops {pushed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
