"""What client-go makes of a cluster and a user of a kubeconfig: what counts, and what it refuses.

Source: client-go tools/clientcmd (client_config.go, validation.go) and rest and transport, which kubectl and helm share.
Both take fields as kubeconfig_fields has checked them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from wizard.core.text import sanitize

Refusal = tuple[str, str]
"""What is wrong, as the end of a sentence whose subject is the entry, and the next step."""

EXEC_VERSIONS: Final = tuple(f"client.authentication.k8s.io/{version}" for version in ("v1", "v1beta1"))
_WITHOUT_MODE: Final = ("client.authentication.k8s.io/v1beta1", "client.authentication.k8s.io/v1alpha1")
"""Versions that need no interactiveMode."""
_MODES: Final = ("Never", "IfAvailable", "Always")
_AS: Final = ("as", "as-uid", "as-groups", "as-user-extra")
_REMOVED: Final[Mapping[str, str]] = {
    "gcp": "the login plugin gke-gcloud-auth-plugin (gcloud container clusters get-credentials writes it)",
    "azure": "the login plugin kubelogin (az aks get-credentials, then kubelogin convert-kubeconfig)",
}
"""The replacement of an auth-provider that Kubernetes 1.26 has removed."""
_PROXIES: Final = ("http", "https", "socks5")
_NOT_IN_URL: Final = re.compile(r"[\x00-\x20\x7f]")
_SHOWN: Final = 100
"""Characters of a name that a message shows."""
_LOGIN_AGAIN: Final = "Log in again the way you got this kubeconfig, or correct the entry."
_KEEP_ONE: Final = "Remove one of them."


def address(server: str) -> str:
    """The URL that requests go to, without a slash at its end: http where none is said; "" when it is no address."""
    if _NOT_IN_URL.search(server):
        return ""
    try:
        parts = urlsplit(server)
        if not (parts.scheme and parts.netloc):
            parts = urlsplit(f"http://{server}")
            if parts.path not in ("", "/"):
                return ""
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def is_encrypted(cluster: Mapping[str, Any]) -> bool:
    """Whether requests to the cluster go over TLS; if not, no credential is sent."""
    return address(cluster.get("server", "")).startswith("https:")


def effective(user: Mapping[str, Any], *, encrypted: bool) -> dict[str, Any]:
    """The fields of a user that count.

    Without TLS nothing logs in. With it a login plugin is run only when there is no other way to log in, and an
    auth-provider is used only when there is nothing else for the Authorization header.
    """
    left = dict(user)
    if not encrypted:
        left = {key: value for key, value in left.items() if key in _AS or key.startswith("client-")}
    if not _certificate(user):
        left = {key: value for key, value in left.items() if not key.startswith("client-")}
    has_header = any(user.get(key) for key in ("token", "tokenFile", "username"))
    if has_header:
        left.pop("auth-provider", None)
    if has_header or _certificate(user):
        left.pop("exec", None)
    return left


def refusals(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> Iterator[tuple[str, Refusal]]:
    """Why kubectl and helm do not take the two together: "cluster" or "user", and what is wrong with it."""
    encrypted = is_encrypted(cluster)
    for refusal in _of_cluster(cluster, encrypted=encrypted):
        yield "cluster", refusal
    for refusal in (*_of_user(user), *(_of_login(user) if encrypted else ())):
        yield "user", refusal


def _of_cluster(cluster: Mapping[str, Any], *, encrypted: bool) -> Iterator[Refusal]:
    has_authority = cluster.get("certificate-authority") or cluster.get("certificate-authority-data")
    if not cluster.get("server"):
        yield "has no server address", _LOGIN_AGAIN
    elif not address(cluster["server"]):
        yield "has a server that is not the address of an API server", "Write it as https://HOST:PORT."
    if (proxy := cluster.get("proxy-url")) and _scheme(proxy) not in _PROXIES:
        yield "has a proxy-url that is not an address", f"It begins with {', '.join(_PROXIES)} and ://."
    if cluster.get("certificate-authority") and cluster.get("certificate-authority-data"):
        yield "has both certificate-authority and certificate-authority-data", _KEEP_ONE
    if encrypted and has_authority and cluster.get("insecure-skip-tls-verify"):
        yield "has both a certificate authority and insecure-skip-tls-verify", "Remove insecure-skip-tls-verify."


def _of_user(user: Mapping[str, Any]) -> Iterator[Refusal]:
    if user.get("token") and (user.get("username") or user.get("password")):
        yield "has both a token and a username or password", _KEEP_ONE
    if _certificate(user):
        for key in ("client-certificate", "client-key"):
            if user.get(key) and user.get(f"{key}-data"):
                yield f"has both {key} and {key}-data", _KEEP_ONE
        if not (user.get("client-key") or user.get("client-key-data")):
            yield "has a client certificate without a client key", _LOGIN_AGAIN
    if "exec" in user:
        yield from _of_plugin(user)
    if any(user.get(key) for key in _AS[1:]) and not user.get("as"):
        yield "has as-uid, as-groups or as-user-extra without as", "Add as, or remove them."


def _of_plugin(user: Mapping[str, Any]) -> Iterator[Refusal]:
    plugin = user["exec"]
    version, mode = plugin.get("apiVersion", ""), plugin.get("interactiveMode", "")
    if "auth-provider" in user:
        yield "has both exec and auth-provider", _KEEP_ONE
    if not plugin.get("command"):
        yield "has a login plugin (exec) without a command", _LOGIN_AGAIN
    if not version:
        yield "has a login plugin (exec) without an apiVersion", _LOGIN_AGAIN
    if not all(variable.get("name") for variable in plugin.get("env", ())):
        yield "has a login plugin (exec) with an env variable without a name", _LOGIN_AGAIN
    if mode not in _MODES and not (mode == "" and version in _WITHOUT_MODE):
        what = "without an interactiveMode" if not mode else "with an unknown interactiveMode"
        yield f"has a login plugin (exec) {what}", f"Set interactiveMode to one of {', '.join(_MODES)}."


def _of_login(user: Mapping[str, Any]) -> Iterator[Refusal]:
    """What is refused only when the credentials are used, which is over TLS."""
    if user.get("tokenFile") and user.get("username"):
        yield "has both a tokenFile and a username", _KEEP_ONE
    if "exec" in user and (version := user["exec"].get("apiVersion", "")) not in EXEC_VERSIONS:
        what = f'has a login plugin (exec) of apiVersion "{_shown(version)}", which kubectl and helm do not know'
        yield what, f"Update the plugin; known are {' and '.join(EXEC_VERSIONS)}."
    if "auth-provider" in user:
        provider = user["auth-provider"]
        name, config = provider.get("name", ""), provider.get("config", {})
        if name != "oidc":
            what = f'logs in with auth-provider "{_shown(name)}", which kubectl and helm do not know any more'
            yield what, f"Use {_REMOVED.get(name, 'a login plugin (exec)')}."
        for key in ("idp-issuer-url", "client-id"):
            if name == "oidc" and not config.get(key):
                yield f"logs in with auth-provider oidc without {key}", _LOGIN_AGAIN


def _certificate(user: Mapping[str, Any]) -> bool:
    return bool(user.get("client-certificate") or user.get("client-certificate-data"))


def _scheme(url: str) -> str:
    try:
        return "" if _NOT_IN_URL.search(url) else urlsplit(url).scheme
    except ValueError:
        return ""


def _shown(name: str) -> str:
    return sanitize.line(name, _SHOWN)
