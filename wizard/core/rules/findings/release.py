"""The release itself: locked, never deployed, refused on apply; and helm's status that differs from the cluster."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from wizard.core.helm.revision import PENDING
from wizard.core.kube import status
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.snapshot import HelmError, Revision, Snapshot
from wizard.core.text.time import parse_time

_YOUNG: Final = 900
"""Seconds in which a helm may still be at work: its default time limit is five minutes, ours ten."""
_SILENT: Final = 30
"""Seconds after which a helm that waits for nothing has created its next object, or will create no more."""
_BACK: Final = ("deployed", "superseded")
_NAMED: Final = 6
"""The number of objects that are named."""


def _name(snapshot: Snapshot) -> str:
    return f"Release/{snapshot.release}"


def _proof(revision: Revision) -> Evidence:
    return Evidence(f"revision {revision.number} is {revision.status}", "", "helm's record", revision.since)


@finding("X01")
def locked(snapshot: Snapshot) -> Iterator[Finding]:
    """The newest revision is pending: a helm works on it, or was killed and left the release locked."""
    newest = _newest(snapshot)
    if newest is None or newest.status not in PENDING:
        return
    written = newest.written or newest.updated
    stale, torn = snapshot.older(written, _YOUNG), bool(newest.missing) and snapshot.older(written, _SILENT)
    proof = [_proof(newest)]
    if torn:
        more = f" and {len(newest.missing) - _NAMED} more" if len(newest.missing) > _NAMED else ""
        proof.append(
            Evidence(f"{', '.join(newest.missing[:_NAMED])}{more}: not there", "", "manifest of that revision")
        )
    good = any(revision.status in _BACK for revision in snapshot.revisions)
    if stale:
        title = f"the release is locked: {newest.status}, and no helm takes that long"
        back = "back to the last good revision" if good else "marked failed, as there is no revision to go back to"
        remedy = f"Prove that no helm works on it, then have it put {back}: see recover."
    elif torn:
        title = f"helm was killed half-way, or hangs: {newest.status}, {len(newest.missing)} of its objects not made"
        remedy = "Recover the release: that proves first that no helm works on it. If somebody's helm still does, wait for it."
    else:
        title = f"a helm is at work on it, or was killed: {newest.status}"
        remedy = "Wait for that helm; if nobody runs one, recover the release."
    yield Finding(
        "X01", title, _name(snapshot), tuple(proof), (remedy,), terminal=stale, heals="no" if stale else "unknown",
        since=newest.since, urgent=stale or torn,
        hides=tuple(name_of(obj) for obj in snapshot.of_kind("Service", "Ingress")) if torn else (),
        commands=(f"llm-cost-ops-wizard recover {snapshot.release} -n {snapshot.namespace}",
                  snapshot.command("helm", "history", snapshot.release)),
        avoid=("Don't delete the record by hand: it holds the values and the manifest of what runs.",),
    )  # fmt: skip


@finding("X02")
def never_deployed(snapshot: Snapshot) -> Iterator[Finding]:
    """The first install failed and nothing was ever deployed: an old helm then says "has no deployed releases"."""
    if not snapshot.revisions or any(
        revision.status not in ("failed", "uninstalled") for revision in snapshot.revisions
    ):
        return
    newest = snapshot.revisions[-1]
    gone = newest.status == "uninstalled"
    title = "it was uninstalled, its history kept" if gone else "its first install failed; nothing was ever deployed"
    yield Finding(
        "X02", title, _name(snapshot), (_proof(newest), *_described(newest)),
        ("Fix the cause, then run upgrade: it takes the failed release over.",
         "Or uninstall it, keeping the volumes, and install again."),
        heals="no", since=newest.since, waits=not gone,
        commands=(snapshot.command("helm", "history", snapshot.release),),
        avoid=("Don't uninstall with the claims: the data goes with them.",),
    )  # fmt: skip


def _described(revision: Revision) -> list[Evidence]:
    return (
        [Evidence(revision.description, "", f"description of revision {revision.number}")]
        if revision.description
        else []
    )


@dataclass(frozen=True)
class _Refusal:
    """The meaning of a helm error: the finding, its title and its remedy. Groups of the pattern fill both texts."""

    id: str
    pattern: re.Pattern[str]
    title: str
    remedy: str
    command: Callable[[Snapshot], tuple[str, ...]] = lambda snapshot: (
        snapshot.command("helm", "history", snapshot.release),
    )
    avoid: tuple[str, ...] = ()


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


_REFUSALS: Final = (
    _Refusal(
        "X03",
        _words(r"(?P<kind>\w+) \"(?P<name>[^\"]+)\" in namespace \"[^\"]*\" exists and cannot be imported into the current release"
               r"|invalid ownership metadata|cannot be imported into the current release"),
        "{kind} {name} is there already and belongs to somebody else",
        "Take it over (set helm's two annotations and its label on it), rename ours, or choose another release name.",
        avoid=("Don't delete it before you know whose it is.",),
    ),
    _Refusal(
        "X05",
        _words(r"(?:apply failed with \d+ conflicts?|conflict(?:s|ed)?)[^\n]*?(?:with \"(?P<name>[^\"]+)\")(?:[^\n]*?[:\n]\s*-?\s*(?P<path>\.[\w.\[\]\"=/{}:-]+))?"),
        "another manager owns a field that helm wants to set ({name} {path})",
        "Decide whose the field is: leave it out of the values (replicas belong to the autoscaler), or take it back knowingly.",
        avoid=("Don't force all conflicts at once: that undoes the other manager's work on every field.",),
    ),
    _Refusal(
        "X04",
        _words(r"(?P<path>[\w.\[\]]+): (?:Invalid value: .*?)?field is immutable|updates to (?P<name>statefulset spec) for fields other than"
               r"|spec\.selector.*immutable|is immutable after creation|may not change once set"),
        "a field that cannot be changed was changed: {path} {name}",
        "Set it back, or have the object deleted and created again on purpose (its volumes stay).",
        avoid=("Don't use --force: it deletes and recreates what it cannot change, which causes an outage.",),
    ),
    _Refusal(
        "X09",
        _words(r"exceeded quota: (?P<name>[^\s,]+), requested: (?P<path>[^\n]+)"),
        "quota {name} refuses an object ({path})",
        "Ask for more quota, or lower requests, replicas or volume sizes by what is missing.",
        lambda snapshot: (snapshot.command("kubectl", "describe", "quota"),),
    ),
    _Refusal(
        "X10",
        _words(r"admission webhook \"(?P<name>[^\"]+)\" denied the request(?:: (?P<path>[^\n]+))?"
               r"|ValidatingAdmissionPolicy '(?P<policy>[^']+)'[^\n]*denied request(?:: (?P<why>[^\n]+))?"
               r"|violates PodSecurity \"(?P<level>[^\"]+)\""),
        "a policy of this cluster denies it ({name})",
        "Change the field that its message names, or ask the policy's owner for an exception.",
        avoid=("Don't delete the webhook: it guards everybody.",),
    ),
    _Refusal(
        "X11",
        _words(r"(?:failed calling webhook \\?\"|conversion webhook for )(?P<name>[^\"\\\n]+?)(?:\\?\"| failed)"
               r"(?:[^\n]*?https?://(?P<noun>[^/:\s]+)[^\s\"]*\"?)?[:;]\s*(?P<path>[^\n]+)"),
        "failed calling webhook {name} ({noun}): {path}",
        "Ask whoever runs the webhook to bring it back (its URL names its Service and namespace), then run the same again.",
        avoid=("Don't remove the webhook's configuration: it guards everybody, and its owner has to decide.",),
    ),
    _Refusal(
        "X12",
        _words(r"User \"(?P<user>[^\"]+)\" cannot (?P<verb>\w+) resource \"(?P<noun>[^\"]+)\"(?: in API group \"(?P<group>[^\"]*)\")?"),
        "{user} may not {verb} {noun}",
        "Have this rule added to the user's role: apiGroups [\"{group}\"], resources [{noun}], verbs [{verb}].",
    ),
    _Refusal(
        "X19",
        _words(r"(?:chart \"?(?P<name>[^\"\s]+)\"?[^\n]*(?:not found|no such)|repo (?P<repo>\S+) not found|path \"(?P<path>[^\"]+)\" not found"
               r"|failed to (?:download|fetch) \"?(?P<url>[^\"\s]+)|no chart (?:version|name) found[^\n]*|could not find protocol handler"
               r"|looks like \"(?P<site>[^\"]+)\" is not a valid chart repository)"),
        "the chart was not found ({name})",
        "Name a chart that is there: leave --chart out for the built-in one, give a path, or add its repository first.",
        lambda _: ("helm repo update", "helm search repo llm-cost-ops"),
    ),
)  # fmt: skip


FAILED_OPERATION: Final = frozenset({"X02", "X18", *(refusal.id for refusal in _REFUSALS)})
"""Findings about an operation of helm that failed, at a time that may be long ago."""


@finding(*(refusal.id for refusal in _REFUSALS))
def refused_on_apply(snapshot: Snapshot) -> Iterator[Finding]:
    """Helm's last operation was refused, and its message says by whom and why."""
    for error in _current(snapshot):
        for refusal in _REFUSALS:
            if match := refusal.pattern.search(error.text):
                yield _refusal(refusal, match, error, snapshot)
                return


def _current(snapshot: Snapshot) -> Iterator[HelmError]:
    """Helm's errors since the last successful revision."""
    newest = _newest(snapshot)
    if newest and newest.status == "failed" and newest.description:
        yield HelmError(newest.description, f"description of revision {newest.number}", newest.since)
    good = [revision for revision in snapshot.revisions if revision.status == "deployed"]
    after = parse_time(good[-1].updated) if good else None
    for error in snapshot.helm_errors:
        when = parse_time(error.time)
        if after is None or when is None or when > after:
            yield error


def _refusal(refusal: _Refusal, match: re.Match[str], error: HelmError, snapshot: Snapshot) -> Finding:
    groups = {key: value for key, value in match.groupdict().items() if value}
    alias = {"policy": "name", "why": "path", "level": "name", "repo": "name", "url": "name", "site": "name"}
    parts = {alias.get(key, key): value for key, value in groups.items()}
    parts.setdefault("name", parts.get("path", ""))
    fill = {key: parts.get(key, "") for key in ("kind", "name", "path", "user", "verb", "noun", "group")}
    title = re.sub(r"\s*\(\s*\)", "", re.sub(r" +", " ", refusal.title.format(**fill))).strip()
    object_name = f"{fill['kind']}/{fill['name']}" if refusal.id == "X03" and fill["kind"] else _name(snapshot)
    return Finding(
        refusal.id, title, object_name, (Evidence(error.text.strip(), "", error.source, error.time),),
        (refusal.remedy.format(**fill),), True, "no", error.time, commands=refusal.command(snapshot), avoid=refusal.avoid,
        affects=(_name(snapshot),),
    )  # fmt: skip


_FREE: Final = 8
"""The number of values that are named."""


@finding("X18")
def values_not_applied(snapshot: Snapshot) -> Iterator[Finding]:
    """Given values have no effect: their revision failed, or the chart does not read them."""
    newest = _newest(snapshot)
    if newest is None:
        return
    good = [revision for revision in snapshot.revisions if revision.status == "deployed"]
    if newest.status == "failed" and good:
        yield Finding(
            "X18", f"the values of revision {newest.number} do not apply: it failed, revision {good[-1].number} is the "
            "last that went well", _name(snapshot), (_proof(newest), _proof(good[-1]), *_described(newest)),
            ("Fix the cause and run upgrade again, or roll back so that helm and the cluster agree.",),
            heals="no", since=newest.since, waits=True,
            commands=(snapshot.command("helm", "get", "values", snapshot.release),),
            avoid=("Don't upgrade with --reuse-values: it keeps the values of the failed revision.",),
        )  # fmt: skip
    if newest.unread:
        shown = ", ".join(newest.unread[:_FREE])
        more = f" and {len(newest.unread) - _FREE} more" if len(newest.unread) > _FREE else ""
        yield Finding(
            "X18", f"values that the chart does not read: {shown}{more}", f"Values/{snapshot.release}",
            (Evidence(", ".join(newest.unread), "", f"values of revision {newest.number}", newest.updated),),
            ("Helm ignores what no template reads: correct their names (values lists what there is).",),
            heals="no", since=newest.updated, urgent=False,
            commands=(snapshot.command("helm", "get", "values", snapshot.release, "--all"),),
        )  # fmt: skip


@finding("CL06")
def deployed_but_broken(snapshot: Snapshot) -> Iterator[Finding]:
    """Helm says "deployed" while a workload of the release is not ready: installed does not mean working."""
    newest = _newest(snapshot)
    if newest is None or newest.status != "deployed":
        return
    for workload in snapshot.of_kind("Deployment", "StatefulSet", "DaemonSet", "Job"):
        state = status.of(workload, snapshot.now)
        moving = state.state == "progressing" and (_works(workload) or _is_moving(workload, state.since, snapshot))
        if status.controller(workload) or state.state in ("ready", "unknown") or moving:
            continue
        yield Finding(
            "CL06", f"helm says deployed, and {name_of(workload)} is not ready: {state.reason or state.summary}",
            _name(snapshot), (_proof(newest), Evidence(state.summary, name_of(workload), "status", state.since)),
            ("Installed does not mean working: look at its pods, events and logs.",), since=state.since, waits=True,
            commands=(snapshot.command("kubectl", "describe", str(workload["kind"]).lower(), str(workload["metadata"]["name"])),),
        )  # fmt: skip
        return


def _works(workload: Object) -> bool:
    """Whether it is a Job with a pod that is ready: it may take as long as its work does."""
    return bool(workload["kind"] == "Job" and int((workload.get("status") or {}).get("ready") or 0))


def _is_moving(workload: Object, since: str, snapshot: Snapshot) -> bool:
    """Whether the workload recently began to change or created a pod."""
    made = [status.created(pod) for pod in snapshot.of_kind("Pod") if snapshot.root_name(pod) == name_of(workload)]
    return not all(snapshot.older(time, _YOUNG) for time in (since, *made))


def _newest(snapshot: Snapshot) -> Revision | None:
    return snapshot.revisions[-1] if snapshot.revisions else None
