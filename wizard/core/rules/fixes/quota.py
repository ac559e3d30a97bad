"""Raises a namespace's exhausted quota by the missing amount, and makes the controllers try again at once."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from wizard.core.kube import quantity
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.finding import Finding
from wizard.core.rules.findings.admission import MAKERS, lacking, refusal_of
from wizard.core.rules.fix import Answers, Fix, Need, Step, fix
from wizard.core.rules.snapshot import Snapshot

MARK: Final = "llm-cost-ops-wizard/tried-again"
_EXCEEDED: Final = re.compile(r"exceeded quota: (\S+), requested: (\S+), used: (\S+), limited: (\S+)")


@fix("SC01", reads=("ResourceQuota",))
def raise_quota(finding: Finding, snapshot: Snapshot) -> Iterator[Fix]:
    """Raise the quota by the requests of the refused pods; the person may change the sizes."""
    match = _EXCEEDED.search(finding.evidence[0].text)
    quota = snapshot.named("ResourceQuota", match[1]) if match else None
    if match is None or quota is None:
        return
    refused = [maker for maker in snapshot.of_kind(*MAKERS) if _names(maker, match[1], snapshot)]
    sizes = _sizes(quota, refused, snapshot)
    if not sizes:
        return
    name, hard = match[1], quota["spec"].get("hard") or {}
    raised = ", ".join(f"{key} {hard.get(key)} -> {size}" for key, size in sizes.items())
    again = ", ".join(name_of(maker) for maker in refused)
    patch = '{"spec":{"hard":{' + ",".join(f'"{key}":"{size}"' for key, size in sizes.items()) + "}}}"
    yield Fix(
        "raise-quota",
        f"raise quota {name}",
        (f"ResourceQuota {name}: {raised}", f"mark {again}, so that its controller tries again at once",
         "somebody set this limit: ask them if it was not you"),
        snapshot.command("kubectl", "patch", "resourcequota", name, "--type=merge", "-p", patch),
        lambda answers: _steps(quota, refused, sizes, answers, snapshot),
        tuple(Need(key, f"{key} of quota {name}, now {hard.get(key)}", "text", (), size) for key, size in sizes.items()),
        (("patch", "ResourceQuota"), *dict.fromkeys(("patch", str(maker["kind"])) for maker in refused)),
    )  # fmt: skip


def _names(maker: Object, quota: str, snapshot: Snapshot) -> bool:
    match = _EXCEEDED.search(refusal_of(maker, snapshot)[0])
    return match is not None and match[1] == quota and lacking(maker, snapshot) > 0


def _sizes(quota: Object, refused: list[Object], snapshot: Snapshot) -> dict[str, str]:
    """The new value of each limit that stops a pod, so that all missing pods fit."""
    state = quota.get("status") or {}
    used, hard = state.get("used") or {}, quota["spec"].get("hard") or {}
    needed: dict[str, Fraction] = {}
    for maker in refused:
        match = _EXCEEDED.search(refusal_of(maker, snapshot)[0])
        for key, text in _pairs(match[2] if match else "").items():
            needed[key] = needed.get(key, Fraction(0)) + _amount(text) * lacking(maker, snapshot)
    sizes = {key: _amount(used.get(key, "0")) + more for key, more in needed.items() if key in hard}
    return {key: _text(key, size) for key, size in sizes.items() if size > _amount(hard[key])}


def _amount(written: Any) -> Fraction:
    return quantity.parse(written) or Fraction(0)


def _pairs(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split(",") if "=" in part)


def _text(key: str, size: Fraction) -> str:
    if key.endswith("cpu"):
        return f"{math.ceil(size * 1000)}m"
    if key.endswith(("memory", "storage")):
        return f"{math.ceil(size / 2**20)}Mi"
    return str(math.ceil(size))


def _steps(
    quota: Object, refused: list[Object], sizes: Mapping[str, str], answers: Answers, snapshot: Snapshot
) -> tuple[Step, ...]:
    hard = {key: str(answers.get(key, size)) for key, size in sizes.items()}
    raised = Step(
        "patch", _named(quota, "v1"), {"spec": {"hard": hard}}, uid=_uid(quota), until=(("status", "hard"), hard)
    )
    mark = {"metadata": {"annotations": {MARK: snapshot.now.isoformat(timespec="seconds")}}}
    return (
        raised,
        *(Step("patch", _named(maker, str(maker.get("apiVersion") or "")), mark, uid=_uid(maker)) for maker in refused),
    )


def _named(obj: Object, version: str) -> dict[str, Any]:
    return {"apiVersion": version, "kind": obj["kind"], "metadata": {"name": obj["metadata"]["name"]}}


def _uid(obj: Object) -> str:
    return str(obj["metadata"].get("uid", ""))
