"""A bundle gives the diagnosis of the cluster again, and holds no secret: over every labelled failure."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from tests.diagnosis.breaking import APP, DB, Bed, Break
from tests.diagnosis.score import EVERY, LOSSES, SOUND
from wizard.core.bundle import archive, content
from wizard.core.bundle.content import Bundle
from wizard.core.rules import diagnosis
from wizard.core.rules.diagnosis import Diagnosis, Hidden, Observation
from wizard.core.rules.snapshot import HelmError
from wizard.core.target import Target

TARGET = Target("prod", "shop", "llm-cost-ops", "/home/me/.kube/config")
FAILURES: dict[str, Break] = {**SOUND, **{case.name: case.breaks for case in EVERY}}


def observed(*breaks: Break) -> Observation:
    bed = Bed()
    for change in breaks:
        change(bed)
    unseen = (Hidden("Node", "v may not list nodes", "list nodes"),)
    return Observation(replace(bed.world.snapshot(), context="prod"), unseen, frozenset({"Job"}))


def packed(observation: Observation) -> bytes:
    return archive.pack(content.of(observation, TARGET, "1.0.0"), "in lines\n")


def again(observation: Observation) -> Bundle:
    return archive.unpack(packed(observation), "b.tar.gz")


def files(raw: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(raw)) as found:
        members = [(member.name.partition("/")[2], found.extractfile(member)) for member in found]
        return {name: file.read().decode() for name, file in members if file}


def outline(found: Diagnosis) -> Any:
    """What both have to say: all but the texts of evidence, which may quote what is withheld."""
    findings = [(one.id, one.object, one.title, one.since, one.rank, one.heals, one.remedy, one.commands, one.explains, one.avoid,
                 [(proof.object, proof.field, proof.time) for proof in one.evidence]) for one in found.findings]  # fmt: skip
    return findings, replace(found, target=replace(found.target, kubeconfig=""), findings=())


@pytest.mark.parametrize("loss", [None, *LOSSES])
@pytest.mark.parametrize("name", FAILURES)
def test_the_diagnosis_is_the_same_again(name: str, loss: str | None) -> None:
    seen = observed(FAILURES[name], *([LOSSES[loss]] if loss else []))
    assert outline(again(seen).diagnosis()) == outline(diagnosis.of(seen, TARGET))
