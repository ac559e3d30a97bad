"""W: this machine, its helm, its kubeconfig, its connection to the cluster, the chart."""

from __future__ import annotations

from typing import Final

from wizard.core.helm import environment, version
from wizard.core.rules.check import FactFailure, Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import ChartFound, HelmFound, HelmSees, Identity, Release, Rendered, Server
from wizard.core.target import Target
from wizard.core.text.words import counted

_SLOW: Final = 1000
_LOGIN_AGAIN: Final = "Log in again the way you got this kubeconfig, then retry."
_VERIFY: Final = "Ask for a kubeconfig with an https address and its certificate authority."
_LOOK_AT_HELM: Final = "Run helm list by hand; look at KUBECONFIG, HELM_* and proxy variables in your environment."
_SEE_KUBE_SYSTEM: Final = "To settle it: get namespace kube-system, or get configmap kube-root-ca.crt in the namespace."


def _failed(failure: FactFailure, next_step: str = "") -> Outcome:
    """The outcome of a fact that is missing because of the failure that this check reports."""
    lines = tuple(line for line in failure.what.splitlines() if line.strip())
    return Outcome("fail", lines, failure.next_step or next_step, failure.question)


@check("W01", "helm", needs=("helm",), severity="B")
def helm(facts: Facts) -> Outcome:
    """Helm is installed, 3.15 or newer, and has the security fixes of its major version."""
    fact: HelmFound | FactFailure = facts["helm"]
    if isinstance(fact, FactFailure):
        return _failed(fact)
    line = f"helm {fact.version} at {fact.path}"
    number = version.parse(fact.version)
    fixed = version.FIXED_SINCE.get(number.major) if number else None
    if number and fixed and number < fixed:
        return Outcome("warn", (line, f"security fixes came with {fixed}"), f"Upgrade helm to {fixed} or newer.")
    return Outcome("pass", (line,))


@check("W03", "kubeconfig", needs=("kubeconfig", "target"), severity="B")
def kubeconfig(facts: Facts) -> Outcome:
    """The kubeconfig can be read and has the context."""
    config, target = facts["kubeconfig"], facts["target"]
    context = config.context(target.context)
    if refused := config.refusal(target.context):
        return Outcome("fail", (refused.what,), refused.next_step, "context")
    user = f" as {context.user}" if context.user else ""
    line = f"context {context.name}: {context.server}{user}"
    if context.exposed:
        return Outcome("warn", (line, context.exposed), _VERIFY, "context")
    if config.open_to_others:
        names = " ".join(config.open_to_others)
        return Outcome("warn", (line, f"every user of this machine can read {names}"), f"chmod go-r {names}")
    return Outcome("pass", (line, f"read from {', '.join(config.files)}"))


@check("W04", "login", needs=("identity",), severity="B", about=("context",))
def login(facts: Facts) -> Outcome:
    """The cluster accepts the credentials and reports the user."""
    fact: Identity | FactFailure = facts["identity"]
    if isinstance(fact, FactFailure):
        return _failed(fact, _LOGIN_AGAIN)
    if fact.user == "system:anonymous":
        line = "the cluster sees you as anonymous: the kubeconfig's user has no credentials"
        return Outcome("fail", (line,), _LOGIN_AGAIN, "context")
    groups = [group for group in fact.groups if not group.startswith("system:auth")]
    return Outcome("pass", (f"you are {fact.user}" + (f" in {', '.join(groups)}" if groups else ""),))


@check("W05", "API server", needs=("server",), severity="B", about=("context",))
def api_server(facts: Facts) -> Outcome:
    """The API server answers, and how fast."""
    fact: Server | FactFailure = facts["server"]
    if isinstance(fact, FactFailure):
        return _failed(fact, "Retry, or choose another cluster with --context.")
    line = f"Kubernetes {fact.version} answers in {fact.latency} ms"
    if fact.latency > _SLOW:
        return Outcome("warn", (line,), "Expect everything to be slow; check VPN and network.")
    return Outcome("pass", (line,))


@check("W06", "helm reaches the same cluster", needs=("helm_sees", "release", "target"), severity="B")
def same_cluster(facts: Facts) -> Outcome:
    """Helm, in the exact environment of a run, reaches the same cluster as the wizard, as the same user."""
    sees: HelmSees | FactFailure = facts["helm_sees"]
    if isinstance(sees, FactFailure):
        return _failed(sees, _LOOK_AT_HELM)
    if sees.overrides:
        return Outcome(
            "fail",
            (environment.differing(sees.overrides),),
            environment.unset(sees.overrides),
            "context",
        )
    release: Release = facts["release"]
    target: Target = facts["target"]
    if sees.ours != sees.theirs:
        line = f"{sees.mark} is {sees.theirs or 'not there'} for helm and {sees.ours} for the wizard: two clusters"
        return Outcome("fail", (line,), _LOOK_AT_HELM, "context")
    same = f"{sees.mark} is {sees.ours} for both"
    if sees.revision is None:
        return Outcome("pass", (same,))
    if sees.revision != release.revision:
        line = f"helm sees revision {sees.revision or 'none'} of {target.release}, we see {release.revision or 'none'}"
        return Outcome("fail", (line,), _LOOK_AT_HELM, "context")
    shown = f"helm list shows {f'revision {sees.revision}' if sees.revision else 'no release of that name'}"
    if not sees.mark:
        return Outcome("unknown", (shown, "nothing that tells clusters apart can be seen"), _SEE_KUBE_SYSTEM)
    return Outcome("pass", (same, shown))


@check("W08", "chart", needs=("chart", "kubernetes"), severity="B")
def chart(facts: Facts) -> Outcome:
    """The chart exists and supports this version of Kubernetes."""
    fact: ChartFound | FactFailure = facts["chart"]
    if isinstance(fact, FactFailure):
        return _failed(fact, "Give its folder with --chart PATH.")
    line = f"{fact.name} {fact.version} at {fact.shown or fact.path}"
    server: Server | None = facts["kubernetes"]
    if not fact.kube_version or server is None:
        return Outcome("pass", (line,))
    number = server.number
    fits = version.allows(fact.kube_version, number) if number else None
    if fits is None:
        return Outcome("pass", (line, f"wants Kubernetes {fact.kube_version}; helm itself will judge that"))
    wants = f"wants Kubernetes {fact.kube_version}, this is {server.version}"
    if not fits:
        return Outcome("fail", (line, wants), "Use a chart version for this cluster, or another cluster.", "context")
    return Outcome("pass", (line, wants))


@check("W10", "values and templates", needs=("rendered",), severity="B")
def renders(facts: Facts) -> Outcome:
    """Helm renders the chart with these values and its schema accepts them."""
    fact: Rendered | FactFailure = facts["rendered"]
    if isinstance(fact, FactFailure):
        return _failed(fact, "Correct the value that is named.")
    return Outcome("pass", (f"{counted(len(fact.objects), 'object')} of {counted(len(fact.kinds()), 'kind')}",))


@check("W12", "values that nothing reads", needs=("unread",))
def unread(facts: Facts) -> Outcome:
    """Every given value is one that the chart has: helm takes any other without a word, and it changes nothing."""
    found: tuple[tuple[str, str], ...] = facts["unread"]
    if not found:
        return Outcome("pass", ("the chart has every value that is given",))
    lines = [f"{path} is no value of the chart" + (f"; did you mean {near}?" if near else "") for path, near in found]
    return Outcome("warn", capped(lines), "Correct the names, or take them out: they change nothing.")


@check("W19", "logout", needs=("logout",))
def logout(facts: Facts) -> Outcome:
    """A run continues after the person who started it logs out."""
    why, step = facts["logout"]
    return Outcome("warn", (why,), step) if why else Outcome("pass", ("a run goes on when you log out",))
