"""Why a chart could not be pulled or verified: helm's own words, and the next step for each kind of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from wizard.core.errors import Problem
from wizard.core.helm.chart import host_of

_SIGNED: Final = "Ask its publisher for the .prov file, or leave out --verify if you trust the chart otherwise."


def _log_in(reference: str) -> str:
    if reference.startswith("oci://"):
        return f"Log in: helm registry login {host_of(reference)}"
    return "Add its repository with a login, and name the chart as NAME/CHART: helm repo add NAME URL --username USER --password-stdin"


def _versions(reference: str) -> str:
    if reference.startswith("oci://"):
        return f"Name one that is there with --chart-version; helm show chart {reference} shows the newest."
    return f"Name one that is there with --chart-version; helm search repo {reference} --versions lists them."


def _chart(reference: str) -> str:
    if "://" in reference:
        return "Look at the address: host, path and name."
    repository, _, _ = reference.partition("/")
    return f"Run helm repo update {repository}, then helm search repo {repository}/ to see its charts."


def _trust(reference: str) -> str:
    if reference.startswith("oci://"):
        return "Add its certificate authority to those that this machine trusts (SSL_CERT_FILE names a file of them)."
    return "Add its repository with its certificate authority, and name the chart as NAME/CHART: helm repo add NAME URL --ca-file FILE"


_STEPS: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    (r"repo \S+ not found|no repositories", lambda r: f"Add the repository: helm repo add {r.partition('/')[0]} URL"),
    (r"no cached repo found|index.*no such file", lambda r: f"Run: helm repo update {r.partition('/')[0]}"),
    (r"should be in form of repo_name", lambda _: "Name a folder, a .tgz, REPO/NAME, https:// or oci://."),
    (r"sha256 sum does not match|digest mismatch", lambda _: "It is not the file that was published: do not install it."),
    (r"made by unknown entity|keyring|pubring|no such file.*\.gpg", lambda _: "Name the file with its publisher's public keys: --keyring FILE (gpg --export > FILE)."),
    (r"fetch provenance|load provenance|\.prov\b", lambda _: _SIGNED),
    (r"signature", lambda _: "It is not the file that was signed: do not install it."),
    (r"cannot be verified|must be a tgz", lambda _: "Only a packed chart (.tgz) with a .prov file beside it can be verified: helm package --sign makes both."),
    (r"no chart version found|locate a version|locate any tags|version mismatch|improper constraint|invalid.*version", _versions),
    (r"no chart name found", _chart),
    (r"HTTP response to HTTPS client|not look like a TLS handshake", lambda _: "The server speaks plain HTTP: pull it yourself with helm pull --plain-http, and name the file."),
    (r"x509|certificate|tls:", _trust),
    (r"\b40[13]\b|unauthorized|forbidden|denied|authentication required|credential", _log_in),
    (r"no such host|connection refused|unreachable|time-?out|did not end within|i/o|EOF|\b50[0234]\b", lambda _: "Check the address, the network and the proxy variables, then try again."),
    (r"\b404\b|not found|name unknown|invalid reference", _chart),
    (r"scheme .* not supported|protocol handler", lambda _: "Name a folder, a .tgz, REPO/NAME, https:// or oci://; another scheme needs helm's plugins: set LLM_COST_OPS_HELM_PLUGINS=1."),
    (r"too large|more than", lambda _: "Look at what is there: no chart is that large."),
)  # fmt: skip
"""Pattern of helm's words -> the next step for a reference, the narrowest patterns first."""


def not_pulled(reference: str, words: str) -> Problem:
    """The problem of a chart that helm could not pull, for helm's words or another reason."""
    return _problem("pulled", reference, words)


def not_verified(reference: str, words: str) -> Problem:
    """The problem of a chart whose provenance helm did not accept."""
    return _problem("verified", reference, words)


def _problem(done: str, reference: str, words: str) -> Problem:
    said = " ".join(words.split()).rstrip(".")
    step = next((step(reference) for pattern, step in _STEPS if re.search(pattern, said, re.IGNORECASE)), "")
    return Problem(f"The chart {reference} was not {done}: {said}.", step or f"Try it by hand: helm pull {reference}")
