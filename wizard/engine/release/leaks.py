"""Looks for the values of a release's Secrets in helm's records, in its objects and in a run's files (check K03)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from wizard.core.answers.secrets import PARTS
from wizard.core.errors import Problem
from wizard.core.helm import release, revision
from wizard.core.kube import membership
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import KINDS, Object, name_of
from wizard.core.rules import manifests
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import LeaksSeen
from wizard.core.target import Target
from wizard.core.text.leaks import Known, Leak, Search, known
from wizard.core.text.secrets import Secret
from wizard.engine.release import listing, records
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents

_LIVE: Final = ("ConfigMap", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service", "Ingress")
"""Kinds whose objects are looked through; pods are made of them."""
_MOST: Final = 20
"""Newest revisions that are looked through; helm keeps 10."""
_DOCUMENT: Final = "\n---"
_IS_SECRET: Final = re.compile(r"^kind: [\"']?Secret[\"']?\s*$", re.MULTILINE)
_CONSTANTS: Final = frozenset(key for part in PARTS.values() for key, _ in part.constants)


async def look(
    cluster: Cluster, documents: Documents, target: Target, material: Mapping[str, Mapping[str, Secret]],
    files: Iterable[tuple[str, str]] = (), watched: Sequence[Object] | None = None,
) -> LeaksSeen | Unknown | Absent:  # fmt: skip
    """The leaks of the secrets that a run handled, and of those that the release's pods read. Raises ClusterError.

    `files`: (name, text) of the run's own files. `watched`: the live objects of the kinds that are watched, which are
    then not listed again.
    """
    kind = listing.record_kind()
    if kind is None:
        return Absent("helm keeps its records outside of the cluster (HELM_DRIVER)")
    stored = await cluster.records(kind, target.namespace, target.release)
    datas = await asyncio.to_thread(lambda: tuple(_unpacked(stored)))
    live, unseen = await _live(cluster, target, watched)
    mounted, unread = await _read_secrets(cluster, target, live, material)
    every = [
        *(one for name, keys in material.items() for one in known(name, _secret(keys), every_key=True)), *mounted,
    ]  # fmt: skip
    if not every:
        return Unknown(f"Secrets cannot be read: {', '.join(unread)}") if unread else LeaksSeen((), 0, len(datas))

    def search() -> tuple[Leak, ...]:
        """In a thread of its own: ten manifests of 1 MiB are a tenth of a second."""
        looking = Search(every)
        found = [leak for number, data in datas for leak in _in_record(looking, documents, number, data, kind)]
        found += [leak for obj in live for leak in looking.tree(obj, name_of(obj))]
        found += [leak for name, text in files for leak in looking.text(text, name)]
        return tuple(dict.fromkeys(found))

    return LeaksSeen(await asyncio.to_thread(search), len(every), len(datas), (*unread, *unseen))


def _secret(keys: Mapping[str, Secret]) -> dict[str, Secret]:
    return {key: value for key, value in keys.items() if key not in _CONSTANTS}  # "admin" is a name


def _unpacked(stored: Iterable[Object]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(revision, its own JSON) of the newest records, the newest first; those that cannot be read are left out."""
    heads = sorted(
        ((head.revision, record) for record in stored if (head := revision.head(record))),
        key=lambda pair: -pair[0],
    )  # fmt: skip
    for number, record in heads[:_MOST]:
        try:
            yield number, release.unpack(str((record.get("data") or {}).get("release") or ""), f"of revision {number}")
        except Problem:
            continue  # what is wrong with it is said by history


def _objects(documents: Documents, data: Mapping[str, Any]) -> tuple[Object, ...]:
    try:
        return records.objects_of(documents, str(data.get("manifest") or ""))
    except Problem:
        return ()


async def _read_secrets(
    cluster: Cluster, target: Target, workloads: Iterable[Object], material: Mapping[str, Any]
) -> tuple[list[Known], list[str]]:
    """The secrets of the Secrets that the pods of these read and that the run did not make; the names of those that are hidden."""
    wanted = [name for name in manifests.secrets_used(workloads) if name not in material]
    answers = await asyncio.gather(
        *(cluster.secret(name, target.namespace) for name in wanted), return_exceptions=True
    )  # fmt: skip
    found: list[Known] = []
    hidden: list[str] = []
    for name, answer in zip(wanted, answers, strict=True):
        if isinstance(answer, ClusterError):
            hidden += [name] if answer.kind != "not-found" else []
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found += known(name, answer)
    return found, hidden


async def _live(cluster: Cluster, target: Target, watched: Sequence[Object] | None) -> tuple[list[Object], list[str]]:
    """The objects of the release, and the kinds that are hidden."""
    kinds = [kind for kind in _LIVE if watched is None or kind not in KINDS]
    answers = await asyncio.gather(*(cluster.list(kind, target.namespace) for kind in kinds), return_exceptions=True)
    every = {str(obj["metadata"].get("uid")): obj for obj in watched or () if obj.get("kind") in _LIVE}
    hidden: list[str] = []
    for kind, answer in zip(kinds, answers, strict=True):
        if isinstance(answer, ClusterError):
            hidden.append(kind)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            every |= {
                str(obj["metadata"].get("uid") or f"{kind}/{number}"): {"kind": kind, **obj}
                for number, obj in enumerate(answer)
            }
    return list(membership.of(every, target.release, target.namespace).values()), hidden


def _in_record(
    looking: Search, documents: Documents, number: int, data: Mapping[str, Any], kind: str
) -> Iterator[Leak]:
    where = f"revision {number} of helm's records"
    yield from looking.tree(data.get("config"), f"{where}: values")
    info = data.get("info")
    yield from looking.text(str(info.get("notes") or "") if isinstance(info, Mapping) else "", f"{where}: notes")
    hooks = data.get("hooks")
    texts = [hook.get("manifest") for hook in (hooks if isinstance(hooks, list) else ()) if isinstance(hook, Mapping)]
    for part in (part for text in (data.get("manifest"), *texts) for part in str(text or "").split(_DOCUMENT)):
        # A Secret in a record that is a Secret itself is as well kept there as in the cluster.
        if (kind == "Secret" and "Secret" in part and _IS_SECRET.search(part)) or not (titles := looking.titles(part)):
            continue
        found = [
            leak
            for obj in _objects(documents, {"manifest": part})
            for leak in looking.tree(obj, f"{where}: {name_of(obj)}")
        ]
        yield from found or (Leak(title, f"{where}: manifest") for title in titles)
