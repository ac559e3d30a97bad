"""Helm's environment variables that select a cluster or a user, compared with the kubeconfig.

Source of the names: helm pkg/cli/environment.go, the same in 3 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

PREFIX: Final = "HELM_KUBE"
_FIELDS: Final[Mapping[str, str]] = {
    "HELM_KUBECONTEXT": "context",
    "HELM_KUBEAPISERVER": "server",
    "HELM_KUBECAFILE": "certificate-authority",
    "HELM_KUBEINSECURE_SKIP_TLS_VERIFY": "insecure-skip-tls-verify",
    "HELM_KUBETLS_SERVER_NAME": "tls-server-name",
    "HELM_KUBETOKEN": "token",
    "HELM_KUBEASUSER": "as",
    "HELM_KUBEASGROUPS": "as-groups",
}
"""Variable -> the field of a kubeconfig that it overrides."""
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
"""Texts that Go's strconv.ParseBool reads as true; helm reads everything else as its default, false."""


def overrides(environment: Mapping[str, str], kubeconfig: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the HELM_KUBE* variables that contradict the kubeconfig, sorted.

    Args:
        environment: helm's environment. A variable that this module does not know counts as different.
        kubeconfig: field -> its value for the target's context; groups joined by commas, true as "true", "" when unset.
    """
    return tuple(
        sorted(
            name
            for name, value in environment.items()
            if name.startswith(PREFIX) and value and _meaning(name, value) != kubeconfig.get(_FIELDS.get(name, ""), "")
        )
    )


def differing(names: Sequence[str]) -> str:
    """The effect of those variables, as a sentence without its full stop."""
    verb = "differs" if len(names) == 1 else "differ"
    return f"{', '.join(names)} {verb} from the kubeconfig: helm would work on another cluster, or as somebody else"


def unset(names: Sequence[str]) -> str:
    """The next step for those variables."""
    return f"Run: unset {' '.join(names)}; cluster and user are chosen with --context and --kubeconfig."


def _meaning(name: str, value: str) -> str:
    match name:
        case "HELM_KUBEINSECURE_SKIP_TLS_VERIFY":
            return "true" if value in _TRUE else ""
        case "HELM_KUBEASGROUPS":
            return value.strip(", ")
        case "HELM_KUBEAPISERVER":
            return value.rstrip("/")
        case _:
            return value
