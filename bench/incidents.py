"""Labelled failures as an API server shows it, beside another analyser with rules and what kubectl says of it."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.rounds import Row
from tests import locked
from tests.diagnosis.breaking import Bed
from tests.diagnosis.cases import Case
from tests.diagnosis.replay import served
from tests.diagnosis.score import EVERY
from tests.diagnosis.worlds import World

PEER: Final = "k8s-sre-agent 0.1.0"
_LOCK: Final = Path(__file__).resolve().parent / "modules" / "k8s-sre-agent.lock"
_LIMIT: Final = 60
_STEP: Final = 6
"""Of the labelled failures every so many is shown to both programs: all of them take half an hour."""

TELLING: Final[dict[str, str]] = {
    "CL01": r"node", "CL02": r"dns", "CL03": r"api ?server|etcd|in time|timed? ?out|slow", "CL04": r"drain|upgrad|cordon|unschedulable|node",
    "CL05": r"certificate|x509", "CL06": r"not ready|1 of|2 of|unavailable", "CO01": r"not exist|not found|unknown|no such|tag",
    "CO02": r"refuse|denied|unauthori|login|credential|pull secret", "CO03": r"limit|reach|resol|dns|trust|certificate|rate",
    "CO04": r"processor|architecture|platform|manifest", "CO05": r"not valid|invalid|pull policy|never", "CO06": r"not there|not found|missing|does ?n.t exist",
    "CO07": r"root|cannot be created|config", "CO08": r"command|not found|executable|exec", "CO09": r"memory|oom", "CO10": r"probe",
    "CO11": r"exit code|panic|uncaught|exception", "CO12": r"ends by itself|usage|exit code 0|completed|argument", "CO13": r"init",
    "CO14": r"sandbox|network|address|cni", "CO15": r"terminating|finalizer", "CO16": r"sidecar", "CO18": r"twice|duplicate", "CO19": r"pull", "LG01": r"password|authentication",
    "LG02": r"not an address|variable|invalid|parse", "LG03": r"resol|no service|dns|no such host|name", "LG04": r"nothing answers|refus|timed? ?out|unreachable",
    "LG05": r"tls|ssl", "LG06": r"version|owner|permission|data folder|data directory|incompatib", "LG07": r"connection|too many clients",
    "LG08": r"schema|relation|migrat|table", "LG09": r"variable", "LG10": r"read-only|write|permission", "LG11": r"port|address already", "LG13": r"permission|grant|privilege",
    "LG14": r"shared memory|shm", "LG15": r"damaged|corrupt|checkpoint", "LG16": r"starting", "LG17": r"save|disk|misconf|snapshot", "LG18": r"maxmemory|memory",
    "LG19": r"read-only|replica|only reads", "LG20": r"architecture|exec format|processor|program", "LG21": r"pool", "LG22": r"not exist|log in|no such|database|role", "LG23": r"lock|timeout|too long|script", "LG24": r"setting|config|parameter", "LG25": r"certificate|trust|authority|CA\b", "LG26": r"memory|heap",
    "LG27": r"module|package|librar|driver|class|gem|image", "LG28": r"cluster|moved|slot|extension|version|prepared", "LG29": r"forbidden|may not|rbac|role|account",
    "LG30": r"files|inotify|watch|thread|descriptor|limit", "LG31": r"key|bucket|store|credential", "SC01": r"quota|security|account|limit|forbid|refus|webhook|denied|policy|priority",
    "SC02": r"cpu|memory|insufficient|room", "SC03": r"selector|affinity|taint|toler|topolog|spread|schedulable|cordon", "SC04": r"anti-affinity", "SC05": r"volume.*(?:affinity|zone)|zone",
    "SC06": r"port", "SC07": r"preempt|evict|low on|disk|shutdown", "SC09": r"scheduler|gate", "TR01": r"probe", "TR02": r"paused|stalled|progress|deadline",
    "TR03": r"no pod|endpoint|selector|port|scaled|local", "TR04": r"class|controller|address", "TR05": r"not exist|no port|host|nowhere|service|path", "TR06": r"controller|no ready pod",
    "TR07": r"certificate", "TR08": r"certificate|secret", "TR10": r"load ?balancer|address", "TR11": r"metric|request", "TR12": r"maximum", "TR13": r"disruption|no pod to be moved|evict", "TR14": r"polic",
    "VO01": r"storage ?class", "VO02": r"first (?:pod|consumer)", "VO03": r"provision", "VO04": r"multi-attach|held|attached|in use", "VO05": r"mount|attach", "VO06": r"disk|no space",
    "VO07": r"lost|volume", "VO08": r"resiz|grow", "VO09": r"claim.*(?:not there|not found)", "VO10": r"deleted|deleting", "X01": r"lock|pending", "X02": r"failed|uninstalled",
    "X03": r"belongs|own", "X04": r"cannot be changed|immutable|forbidden", "X05": r"conflict|owns|manager", "X09": r"quota", "X10": r"policy|denie", "X11": r"webhook", "X12": r"may not|forbidden",
    "X13": r"fail", "X18": r"values|revision", "X19": r"not found",
}  # fmt: skip
"""By the cause that is right, the words of which its sentence has to say at least one, whoever says it."""


@dataclass(frozen=True)
class Answer:
    """What a program says first: its own sentence, and what it quotes as proof."""

    sentence: str
    proof: str
    seconds: float = 0.0

    def names(self, case: Case, *, quoted: bool = False) -> bool:
        """Whether the sentence, or else the proof, tells the cause and names its object."""
        text = f"{self.sentence}\n{self.proof}" if quoted else self.sentence
        kind, _, name = case.object.partition("/")
        return (kind in ("Release", "Values") or name in text) and bool(
            re.search(TELLING[case.cause], text, re.IGNORECASE)
        )


def incidents() -> list[Row]:
    """Of the failures of which the API tells all (not those whose words are helm's, in this machine's records) a sample."""
    python = locked.python(_LOCK)
    cases, mine, others, said = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="bench-incidents-") as folder:
        home = Path(folder)
        for case in EVERY[::_STEP]:
            bed = Bed()
            case.breaks(bed)
            if bed.world.said:
                continue
            with served(bed.world, home, datetime.now(UTC)) as kubeconfig:
                cases.append(case)
                mine.append(_ours(bed.world, kubeconfig, home))
                others.append(_peer(python, bed.world, kubeconfig, home))
            said.append(_kubectl(bed.world))
    ours, peer = [one.seconds for one in mine], [one.seconds for one in others]
    scores = {name: _score(cases, answers) for name, answers in (("ours", mine), (PEER, others), ("kubectl", said))}
    note = "; ".join(f"{name} {first:.0%}, {quoted:.0%} with proof" for name, (first, quoted) in scores.items())
    first = scores["ours"][0]
    return [
        Row(f"{len(cases)} incidents: right cause first", [first], [scores[PEER][0]], PEER, ">= 92 %", first >= 0.92, note),
        Row("incidents: seconds of a diagnosis", ours, peer, PEER, "<= 1.0 s", statistics.median(ours) <= 1.0),
    ]  # fmt: skip


def _score(cases: Sequence[Case], answers: Sequence[Answer]) -> tuple[float, float]:
    pairs = list(zip(cases, answers, strict=True))
    named = sum(answer.names(case) for case, answer in pairs)
    return named / len(pairs), sum(answer.names(case, quoted=True) for case, answer in pairs) / len(pairs)


def _ours(world: World, kubeconfig: Path, home: Path) -> Answer:
    words = [
        sys.executable,
        "-m",
        "wizard",
        "diagnose",
        world.release,
        "-n",
        world.namespace,
        "--output",
        "json",
        "--reach",
        "0",
    ]
    data, seconds = _called(words, kubeconfig, home)
    first: dict[str, Any] = next(iter(data["diagnoses"][0]["findings"] if data.get("diagnoses") else ()), {})
    proof = " ".join(str(one["text"]) for one in first.get("evidence", ()))
    return Answer(f"{first.get('object', '')}: {first.get('title', '')}", proof, seconds)


def _peer(python: Path, world: World, kubeconfig: Path, home: Path) -> Answer:
    data, seconds = _called(
        [str(python), "-m", "k8s_sre_agent", "diagnose", "-n", world.namespace, "-o", "json"], kubeconfig, home
    )
    first: dict[str, Any] = next(iter(data["findings"]), {})
    sentence = f"{first.get('workload', '')}: {first.get('summary', '')} {first.get('probable_cause', '')}"
    return Answer(sentence, " ".join(map(str, first.get("evidence", ()))), seconds)


def _called(words: Sequence[str], kubeconfig: Path, home: Path) -> tuple[dict[str, Any], float]:
    env = {**os.environ, "KUBECONFIG": str(kubeconfig), "XDG_STATE_HOME": str(home / "state")}
    began = time.perf_counter()
    done = subprocess.run(
        words, env=env, capture_output=True, text=True, timeout=_LIMIT, check=False, stdin=subprocess.DEVNULL
    )
    seconds = time.perf_counter() - began
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"{words[:4]}: {done.stderr[-400:]}")
    return json.loads(done.stdout), seconds


def _kubectl(world: World) -> Answer:
    """What `kubectl get pods` has under STATUS, and the newest warning event."""
    states = "\n".join(_states(world))
    warnings = sorted((one for one in world.events if one.type == "Warning"), key=lambda one: one.time)
    newest = (
        f"{warnings[-1].kind}/{warnings[-1].name}: {warnings[-1].reason} {warnings[-1].message}" if warnings else ""
    )
    return Answer(f"{states}\n{newest}", "\n".join(f"{one.name}: {one.message}" for one in warnings))


def _states(world: World) -> Iterator[str]:
    for pod in (one for one in world.objects if one["kind"] == "Pod"):
        status = pod["status"]
        states = [
            one.get("state") or {}
            for one in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
        ]
        reasons = [
            str((state.get(name) or {}).get("reason") or "") for state in states for name in ("waiting", "terminated")
        ]
        yield f"{pod['metadata']['name']}: {next(filter(None, reasons), status.get('phase', ''))}"
