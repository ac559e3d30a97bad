"""W: this machine, its helm, its kubeconfig, the way to the cluster, the chart."""

from __future__ import annotations

from typing import Final

from wizard.core.helm import environment, version
from wizard.core.rules.check import FactFailure, Facts, Outcome, check
from wizard.core.rules.facts import ChartFound, HelmFound, HelmSees, Identity, Release, Rendered, Server
from wizard.core.target import Target

_SLOW: Final = 1000
_LOGIN_AGAIN: Final = "Log in again the way you got this kubeconfig, then retry."
_VERIFY: Final = "Ask for a kubeconfig with an https address and its certificate authority."
_LOOK_AT_HELM: Final = "Run helm list by hand; look at KUBECONFIG, HELM_* and proxy variables in your environment."
_SEE_KUBE_SYSTEM: Final = "To settle it: get namespace kube-system, or get configmap kube-root-ca.crt in the namespace."


def _told(failure: FactFailure, next_step: str = "") -> Outcome:
    """The outcome of a fact that is itself the failure."""
    lines = tuple(line for line in failure.what.splitlines() if line.strip())
    return Outcome("fail", lines, failure.next_step or next_step, failure.question)


@check("W01", "helm", needs=("helm",), severity="B")
def helm(facts: Facts) -> Outcome:
    """Helm is there, 3.15 or newer, and has the security fixes of its line."""
    found: HelmFound | FactFailure = facts["helm"]
    if isinstance(found, FactFailure):
        return _told(found)
    said = f"helm {found.version} at {found.path}"
    number = version.parse(found.version)
    fixed = version.FIXED_SINCE.get(number.major) if number else None
    if number and fixed and number < fixed:
        return Outcome("warn", (said, f"security fixes came with {fixed}"), f"Upgrade helm to {fixed} or newer.")
    return Outcome("pass", (said,))


@check("W03", "kubeconfig", needs=("kubeconfig", "target"), severity="B")
def kubeconfig(facts: Facts) -> Outcome:
    """The kubeconfig can be read and has the context."""
    config, target = facts["kubeconfig"], facts["target"]
    context = config.context(target.context)
    if context is None:
        if config.problem:
            return Outcome("fail", (config.problem.what,), config.problem.next_step, "context")
        names = ", ".join(one.name for one in config.contexts)
        said = f'the kubeconfig has no context "{target.context}"'
        return Outcome("fail", (said,), f"Choose one with --context: {names}.", "context")
    user = f" as {context.user}" if context.user else ""
    said = f"context {context.name}: {context.server}{user}"
    if context.exposed:
        return Outcome("warn", (said, context.exposed), _VERIFY, "context")
    if config.open_to_others:
        names = " ".join(config.open_to_others)
        return Outcome("warn", (said, f"every user of this machine can read {names}"), f"chmod go-r {names}")
    return Outcome("pass", (said, f"read from {', '.join(config.files)}"))


@check("W04", "login", needs=("identity",), severity="B")
def login(facts: Facts) -> Outcome:
    """The cluster accepts the credentials and says who we are."""
    found: Identity | FactFailure = facts["identity"]
    if isinstance(found, FactFailure):
        return _told(found, _LOGIN_AGAIN)
    if found.user == "system:anonymous":
        said = "the cluster sees you as anonymous: the kubeconfig's user has no credentials"
        return Outcome("fail", (said,), _LOGIN_AGAIN, "context")
    groups = [one for one in found.groups if not one.startswith("system:auth")]
    return Outcome("pass", (f"you are {found.user}" + (f" in {', '.join(groups)}" if groups else ""),))


@check("W05", "API server", needs=("server",), severity="B")
def api_server(facts: Facts) -> Outcome:
    """The API server answers, and how fast."""
    found: Server | FactFailure = facts["server"]
    if isinstance(found, FactFailure):
        return _told(found, "Retry, or choose another cluster with --context.")
    said = f"Kubernetes {found.version} answers in {found.latency} ms"
    if found.latency > _SLOW:
        return Outcome("warn", (said,), "Expect everything to be slow; check VPN and network.")
    return Outcome("pass", (said,))


@check("W06", "helm reaches the same cluster", needs=("helm_sees", "release", "target"), severity="B")
def same_cluster(facts: Facts) -> Outcome:
    """Helm, in exactly the environment of a run, reaches the cluster that we reach, as the same user."""
    sees: HelmSees | FactFailure = facts["helm_sees"]
    if isinstance(sees, FactFailure):
        return _told(sees, _LOOK_AT_HELM)
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
        said = f"{sees.mark} is {sees.theirs or 'not there'} for helm and {sees.ours} for the wizard: two clusters"
        return Outcome("fail", (said,), _LOOK_AT_HELM, "context")
    if sees.revision != release.revision:
        said = f"helm sees revision {sees.revision or 'none'} of {target.release}, we see {release.revision or 'none'}"
        return Outcome("fail", (said,), _LOOK_AT_HELM, "context")
    shown = f"helm list shows {f'revision {sees.revision}' if sees.revision else 'no release of that name'}"
    if not sees.mark:
        return Outcome("unknown", (shown, "nothing that tells clusters apart can be seen"), _SEE_KUBE_SYSTEM)
    return Outcome("pass", (f"{sees.mark} is {sees.ours} for both", shown))


@check("W08", "chart", needs=("chart", "kubernetes"), severity="B")
def chart(facts: Facts) -> Outcome:
    """The chart is there and made for this version of Kubernetes."""
    found: ChartFound | FactFailure = facts["chart"]
    if isinstance(found, FactFailure):
        return _told(found, "Give its folder with --chart PATH.")
    said = f"{found.name} {found.version} at {found.path}"
    server: Server | None = facts["kubernetes"]
    if not found.kube_version or server is None:
        return Outcome("pass", (said,))
    number = server.number
    fits = version.allows(found.kube_version, number) if number else None
    if fits is None:
        return Outcome("pass", (said, f"wants Kubernetes {found.kube_version}; helm itself will judge that"))
    wants = f"wants Kubernetes {found.kube_version}, this is {server.version}"
    if not fits:
        return Outcome("fail", (said, wants), "Take a chart version for this cluster, or another cluster.", "context")
    return Outcome("pass", (said, wants))


@check("W10", "values and templates", needs=("rendered",), severity="B")
def renders(facts: Facts) -> Outcome:
    """Helm renders the chart with these values and its schema accepts them."""
    found: Rendered | FactFailure = facts["rendered"]
    if isinstance(found, FactFailure):
        return _told(found, "Correct the value that is named.")
    return Outcome("pass", (f"{len(found.objects)} objects of {len(found.kinds())} kinds",))


@check("W19", "logout", needs=("logout",))
def logout(facts: Facts) -> Outcome:
    """A run outlives the logout of whoever started it."""
    why, step = facts["logout"]
    return Outcome("warn", (why,), step) if why else Outcome("pass", ("a run goes on when you log out",))
