"""What the cluster offers to single values of any chart, told by the names that charts give them."""

from __future__ import annotations

import re
from typing import Final

from wizard.core.answers.suggestions import ClusterSuggestions
from wizard.core.helm.values import Path

_STORAGE_CLASS: Final = re.compile(r"storage[_-]?class(?:name)?$", re.IGNORECASE)
_INGRESS_CLASS: Final = re.compile(r"ingress[_-]?class(?:name)?$", re.IGNORECASE)
_ISSUER: Final = re.compile(r"(?:^|[./_-])(?:cluster[_-]?)?issuer(?:name)?$", re.IGNORECASE)
_NAMESPACE: Final = re.compile(r"namespace(?:override)?$", re.IGNORECASE)
_SECRET: Final = re.compile(r"^existing\w*secret(?:name)?$|secret[_-]?name$|secretref$", re.IGNORECASE)


def offers(path: Path, suggestions: ClusterSuggestions) -> tuple[str, ...]:
    """Names on the cluster that fit the value; none where they are not known, or none do."""
    key = str(path[-1])
    above = [str(part).lower() for part in path[:-1]]
    found: tuple[str, ...] | None = None
    if _STORAGE_CLASS.search(key):
        found = suggestions.storage_classes
    elif _INGRESS_CLASS.search(key) or (key == "className" and "ingress" in above):
        found = suggestions.ingress_classes
    elif _ISSUER.search(key) or (key == "name" and above[-1:] == ["issuerref"]):
        found = suggestions.issuers
    elif _NAMESPACE.search(key):
        found = suggestions.namespaces
    elif _SECRET.search(key):
        found = suggestions.tls_secrets if "tls" in above else suggestions.secrets
    return found or ()
