"""Bills of materials in CycloneDX format for what is published: the same sources give the same bytes.

They do not contain when or where they were made: no time, and the serial number is a hash of the rest.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
import uuid
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from wizard.core.errors import Problem

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
SCHEMA = SchemaVersion.V1_6
"""The version that common readers support; not all of them read the newest one."""


@dataclass(frozen=True)
class Locked:
    """One entry of a lock: its version, and the SHA-256 of each installable file."""

    version: str
    hashes: tuple[str, ...]


def locked(lock: str) -> dict[str, Locked]:
    """Entries of a lock's text by normalised name; an entry without hashes has an empty tuple."""
    entries: dict[str, Locked] = {}
    for entry in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE):
        if head := re.match(r"([\w.-]+)==([^\s;]+)", entry):
            hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", entry))
            entries[canonicalize_name(head[1])] = Locked(head[2], hashes)
    return entries


def beside(published: Path, text: str) -> Path:
    """Write a bill of materials beside the published file, and return its path."""
    stem = published.name.removesuffix(".tgz").removesuffix(".whl")
    file = published.with_name(f"{stem}.cdx.json")
    file.write_text(text, encoding="utf-8")
    return file


def of_wheel(wheel: Path, lock: str | None = None) -> str:
    """The wheel and the distributions that it requires, with the versions and hashes of the lock.

    The dependencies are read from the environment, which was installed from that lock.
    """
    about = _wheel_metadata(wheel)
    entries = locked(LOCK.read_text(encoding="utf-8") if lock is None else lock)
    direct, graph = _graph(about.get_all("Requires-Dist", []), entries)
    components = {name: _distribution(name, entries[name]) for name in graph}
    top = Component(
        type=ComponentType.APPLICATION, name=about["Name"], version=about["Version"], description=about["Summary"],
        bom_ref=f"wheel:{about['Name']}", licenses=_licenses(about["License-Expression"]), hashes=[_sha256_of(wheel)],
        purl=PackageURL("pypi", name=about["Name"], version=about["Version"]),
    )  # fmt: skip
    bom = _bom(top, components.values())
    bom.register_dependency(top, [components[name] for name in direct])
    for name, needs in graph.items():
        bom.register_dependency(components[name], [components[need] for need in needs])
    return _written(bom)


def of_chart(archive: Path) -> str:
    """The packed chart, its subcharts, and the images that it runs with its default values."""
    charts = _charts(archive)
    chart = charts.pop("")
    annotations = chart["annotations"]
    top = Component(
        type=ComponentType.APPLICATION, name=chart["name"], version=chart["version"], description=chart["description"],
        bom_ref=f"chart:{chart['name']}", licenses=_licenses(annotations["artifacthub.io/license"]),
        hashes=[_sha256_of(archive)], purl=PackageURL("helm", name=chart["name"], version=chart["version"]),
    )  # fmt: skip
    parts = [
        Component(
            type=ComponentType.APPLICATION, name=sub["name"], version=sub["version"],
            description=sub.get("description"), bom_ref=f"chart:{chart['name']}/{sub['name']}",
        )
        for sub in charts.values()
    ]  # fmt: skip
    # A test of the chart compares this list with what helm renders.
    parts += [_image(entry["image"]) for entry in yaml.safe_load(annotations["artifacthub.io/images"])]
    bom = _bom(top, parts)
    bom.register_dependency(top, parts)
    return _written(bom)


def _wheel_metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(archive.read(name).decode())


def _charts(archive: Path) -> dict[str, dict[str, Any]]:
    """Chart.yaml of the packed chart under "" and those of its subcharts under their folders, in order."""
    charts = {}
    with tarfile.open(archive) as packed:
        for name in packed.getnames():
            if match := re.fullmatch(r"[^/]+/(?:charts/([^/]+)/)?Chart\.yaml", name):
                content = packed.extractfile(name)
                assert content is not None
                charts[match[1] or ""] = yaml.safe_load(content)
    return dict(sorted(charts.items()))


def _graph(requires: Iterable[str], entries: Mapping[str, Locked]) -> tuple[list[str], dict[str, list[str]]]:
    """The direct requirements, and the requirements of each required distribution."""
    direct = _needed(requires, frozenset(), entries)
    graph: dict[str, set[str]] = {}
    todo, seen = list(direct), set(direct)
    while todo:
        name, extras = todo.pop()
        try:
            required = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            raise Problem(f"{name} is in the lock and not installed.", "Run `make .venv`.") from None
        needed = _needed(required, extras, entries)
        graph.setdefault(name, set()).update(need for need, _ in needed)
        todo += [need for need in needed if need not in seen]
        seen.update(needed)
    return sorted({name for name, _ in direct}), {name: sorted(needs) for name, needs in sorted(graph.items())}


def _needed(
    requires: Iterable[str], extras: frozenset[str], entries: Mapping[str, Locked]
) -> list[tuple[str, frozenset[str]]]:
    """Names and extras of the requirements that apply on some platform; the lock has only these."""
    matching: list[tuple[str, frozenset[str]]] = []
    for requirement in map(Requirement, requires):
        name, marker = canonicalize_name(requirement.name), requirement.marker
        wanted = (
            marker is None or "extra" not in str(marker) or any(marker.evaluate({"extra": extra}) for extra in extras)
        )
        if wanted and name in entries:
            matching.append((name, frozenset(requirement.extras)))
    return matching


def _distribution(name: str, entry: Locked) -> Component:
    about = metadata.metadata(name)
    named = [text for key in ("License-Expression", "License") for text in about.get_all(key, [])]
    named += [line.rpartition(" :: ")[2] for line in about.get_all("Classifier", []) if line.startswith("License :: ")]
    return Component(
        type=ComponentType.LIBRARY, name=name, version=entry.version, bom_ref=f"pypi:{name}",
        # Some distributions have the whole license text there.
        licenses=_licenses(next((text for text in named if text and "\n" not in text), "")),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in entry.hashes],
        purl=PackageURL("pypi", name=name, version=entry.version),
    )  # fmt: skip


def _image(reference: str) -> Component:
    """An image by its full reference: REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST]."""
    match = re.fullmatch(r"([^/]+)/([^:@]+)(?::([^@]+))?(?:@sha256:([0-9a-f]{64}))?", reference)
    assert match, reference
    registry, repository, tag, digest = match.groups()
    namespace, _, name = repository.rpartition("/")
    where = {} if registry == "docker.io" else {"repository_url": registry}
    return Component(
        type=ComponentType.CONTAINER, name=f"{registry}/{repository}", version=tag or f"sha256:{digest}",
        bom_ref=f"image:{reference}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)] if digest else [],
        purl=PackageURL("docker", namespace or None, name, f"sha256:{digest}" if digest else tag, where),
    )  # fmt: skip


def _licenses(text: str) -> list[Any]:
    return [LicenseFactory().make_from_string(text)] if text else []


def _sha256_of(file: Path) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(file.read_bytes()).hexdigest())


def _bom(top: Component, parts: Iterable[Component]) -> Bom:
    bom = Bom(components=parts, serial_number=uuid.UUID(int=0))
    bom.metadata.component = top
    bom.metadata.timestamp = None  # type: ignore[assignment]  # optional in CycloneDX; the library fills in the clock
    return bom


def _written(bom: Bom) -> str:
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_OID, _rendered(bom))
    return _rendered(bom)


def _rendered(bom: Bom) -> str:
    return make_outputter(bom, OutputFormat.JSON, SCHEMA).output_as_string(indent=2) + "\n"
