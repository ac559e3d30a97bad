"""`recover --undo`: restores a record from its backup, if the record is still the one that recover wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from wizard.core import limits
from wizard.core.errors import Exit, Problem
from wizard.core.helm import release as helm_release
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.target import Target
from wizard.engine.release import listing, records
from wizard.engine.release.recover import MARK, backup_name
from wizard.ports.cluster import Cluster
from wizard.ports.store import FileStore


@dataclass(frozen=True)
class Undo:
    """What would be put back."""

    revision: int
    status: str
    """Its status in the backup."""
    backup: str

    def said(self, release: str) -> str:
        """What would be put back, as the rest of a sentence that begins with "put"."""
        return f"revision {self.revision} of {release} back to {self.status}, from {self.backup}"

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return dict(vars(self))


AFTER: Final = "helm refuses to change it then."
"""The consequence of an undo."""


def offered(files: FileStore, target: Target, revision: int, status: str) -> bool:
    """Whether a recover of this machine may be undone: the revision is failed, its backup exists. Contacts no cluster."""
    return status == "failed" and bool(files.kept_private(backup_name(target, revision)))


async def look(cluster: Cluster, files: FileStore, target: Target) -> Undo:
    """What an undo would put back.

    Raises:
        Problem: there is no backup, the newest record is no longer what recover wrote, or it cannot be read.
    """
    return (await _look(cluster, files, target))[0]


async def undo(cluster: Cluster, files: FileStore, target: Target, shown: Undo) -> None:
    """Restore the record; raises Problem when it is not the one that was shown, or may not be written."""
    again, now, before = await _look(cluster, files, target)
    if again != shown:
        raise Problem(
            "The record is no longer what was shown. Nothing was changed.", "Look again with recover --undo --dry-run."
        )
    metadata = {**before["metadata"], "resourceVersion": now["metadata"]["resourceVersion"]}
    try:
        await cluster.replace({**before, "metadata": metadata}, target.namespace)
    except ClusterError as error:
        raise Problem(
            f"The record was not changed: {error.message}", f"Its backup is {shown.backup}.", Exit.FAILED
        ) from error


async def _look(cluster: Cluster, files: FileStore, target: Target) -> tuple[Undo, Object, Object]:
    newest = (await records.require_heads(cluster, target))[-1]
    kept = files.kept_private(backup_name(target, newest.revision))
    if not kept:
        raise Problem(
            f"No recover of this machine wrote revision {newest.revision} of {target.release}: there is nothing to undo. "
            "Nothing was changed.",
            "A revision that was made since then stays; see history.",
        )
    try:
        stored = await cluster.records(
            listing.record_kind() or "Secret", target.namespace, target.release, newest.revision
        )
    except ClusterError as error:
        raise Problem(error.message, "Nothing was changed.", Exit.UNKNOWN) from error
    try:
        before = limits.loads(files.read(kept[0], "backup"))
    except ValueError:
        raise Problem(f"The backup {kept[0]} is damaged. Nothing was changed.", "See history.", Exit.UNKNOWN) from None
    if not stored or not _ours(stored[0], before):
        raise Problem(
            f"Revision {newest.revision} of {target.release} is not what recover wrote any more. Nothing was changed.",
            f"Its backup is {kept[0]}; see history.",
        )
    status = str((before["metadata"].get("labels") or {}).get("status", ""))
    return Undo(newest.revision, status, kept[0]), stored[0], before


def _ours(now: Object, before: Object) -> bool:
    """Whether a record is the backup, changed by our mark only."""
    if now["metadata"].get("uid") != before["metadata"].get("uid"):
        return False
    try:
        written, backup = (
            helm_release.unpack(str(record["data"]["release"]), "the record") for record in (now, before)
        )
    except (Problem, KeyError, TypeError):
        return False
    info = dict(written.get("info") or {})
    marked = info.get("status") == "failed" and str(info.get("description", "")).startswith(
        f"Was {(backup.get('info') or {}).get('status')}; {MARK}"
    )
    rest = {
        **written,
        "info": {**info, **{key: (backup.get("info") or {}).get(key) for key in ("status", "description")}},
    }
    return marked and rest == backup
