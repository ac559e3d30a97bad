"""Charts that are not ours, as other people publish them, made for tests."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

SHOP: Final[Mapping[str, str]] = {
    "Chart.yaml": (
        "apiVersion: v2\nname: shop\nversion: 1.2.3\nappVersion: '7'\n"
        "dependencies:\n- {name: cache, version: 0.1.0, alias: store}\n- {name: queue, version: 0.2.0}\n"
    ),
    "values.yaml": "replicas: 1\ngreeting: hello\npassword: ''\nstore: {size: 2}\n",
    "values-prod.yaml": "- not a preset, not even a values file\n",
    "values.schema.json": json.dumps(
        {"type": "object", "properties": {"replicas": {"type": "integer"}, "greeting": {"type": "string"}}}
    ),
    "templates/shop.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-shop}\n"
        "data:\n  greeting: {{ .Values.greeting | quote }}\n  values: {{ .Values | toJson | quote }}\n"
        "---\napiVersion: apps/v1\nkind: Deployment\n"
        "metadata: {name: {{ .Release.Name }}-shop, labels: {app.kubernetes.io/instance: {{ .Release.Name }}}}\n"
        "spec:\n  replicas: {{ .Values.replicas }}\n  selector: {matchLabels: {app: {{ .Release.Name }}}}\n"
        "  template:\n    metadata: {labels: {app: {{ .Release.Name }}, app.kubernetes.io/instance: {{ .Release.Name }}}}\n"
        "    spec:\n      containers:\n      - {name: shop, image: 'llm-cost-ops:1.0.0'}\n"
    ),
    "charts/cache/Chart.yaml": "apiVersion: v2\nname: cache\nversion: 0.1.0\n",
    "charts/cache/values.yaml": "size: 1\nkind: memory\n",
    "charts/cache/templates/cache.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-cache}\n",
}
"""With a schema, a subchart under an alias, and (see `make_shop`) a packed one."""
PLAIN: Final[Mapping[str, str]] = {
    "Chart.yaml": "apiVersion: v2\nname: plain\nversion: 0.3.0\n",
    "values.yaml": "text: hello\n",
    "templates/plain.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {text: {{ .Values.text | quote }}}\n"
    ),
}
"""Without a schema."""
_QUEUE: Final[Mapping[str, str]] = {
    "Chart.yaml": "apiVersion: v2\nname: queue\nversion: 0.2.0\n",
    "values.yaml": "depth: 10\n",
    "templates/queue.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-queue}\n",
}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """The folder with the files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def packed(name: str, files: Mapping[str, str | bytes]) -> bytes:
    """A packed chart whose folder has the name."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for file, text in files.items():
            content = text.encode() if isinstance(text, str) else text
            member = tarfile.TarInfo(f"{name}/{file}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0)  # the same bytes each time


def packed_shop(version: str = "1.2.3") -> bytes:
    """The shop of a version, packed."""
    files: dict[str, Any] = {**SHOP, "charts/queue-0.2.0.tgz": packed("queue", _QUEUE)}
    files["Chart.yaml"] = files["Chart.yaml"].replace("version: 1.2.3", f"version: {version}")
    return packed("shop", files)


def make_shop(folder: Path) -> Path:
    """The shop as a folder."""
    write(folder, SHOP)
    (folder / "charts" / "queue-0.2.0.tgz").write_bytes(packed("queue", _QUEUE))
    return folder
