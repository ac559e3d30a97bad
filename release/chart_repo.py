"""Makes the folder that `helm repo add` wants: the packed chart and an index. The same sources give the same bytes.

helm packs (it lints names and leaves out what `.helmignore` names), and the archive is then packed once more without
what differs between two checkouts or two helms: times, owners, modes, order.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from wizard.sandbox.toolchain import tool_path

ROOT = Path(__file__).resolve().parents[1]
CHART = ROOT / "chart" / "llm-cost-ops"
OUTPUT = ROOT / "dist" / "chart-repo"

# The first moment that every archive format can express; helm shows it to nobody.
_ENTRY_TIME = int(datetime(1980, 1, 1, tzinfo=UTC).timestamp())


def build(output: Path, helm: Path, chart: Path = CHART) -> Path:
    """Make `output` hold the archive and its index.yaml and nothing else, and return the archive's path.

    Raises CalledProcessError when helm refuses the chart.
    """
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            [str(helm), "package", str(chart), "--destination", scratch],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60, check=True,
        )  # fmt: skip
        packed = next(Path(scratch).glob("*.tgz"))
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir(parents=True)
        archive = output / packed.name
        archive.write_bytes(_repacked(packed))
    (output / "index.yaml").write_text(_index(archive), encoding="utf-8")
    return archive


def _repacked(packed: Path) -> bytes:
    """The same files in order of their names, owned by nobody, at one time."""
    plain = io.BytesIO()
    with tarfile.open(packed) as old, tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as new:
        for member in sorted(old.getmembers(), key=_helms_order):
            entry = tarfile.TarInfo(member.name)
            entry.size, entry.mtime, entry.mode = member.size, _ENTRY_TIME, 0o644
            new.addfile(entry, old.extractfile(member))
    return gzip.compress(plain.getvalue(), compresslevel=9, mtime=0)


def _helms_order(member: tarfile.TarInfo) -> tuple[bool, str]:
    """Chart.yaml first: readers that only want to know which chart it is can stop there."""
    return not member.name.endswith("llm-cost-ops/Chart.yaml"), member.name


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
    """When the sources were last changed: SOURCE_DATE_EPOCH, else the chart's last commit, else the archive's own time."""
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


def main() -> int:
    """Build into `dist/chart-repo` and say what to do with it."""
    try:
        archive = build(OUTPUT, tool_path("helm4"))
    except subprocess.CalledProcessError as refused:
        return refused.returncode  # helm has said why
    print(f"{archive.relative_to(ROOT)}: {archive.stat().st_size:,} bytes, and index.yaml beside it.")
    print("Serve that folder over HTTPS, then: helm repo add llm-cost-ops ADDRESS")
    return 0


if __name__ == "__main__":
    sys.exit(main())
