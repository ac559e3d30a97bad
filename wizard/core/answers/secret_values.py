"""What looks like a secret in a person's own values, and the Secret of the release that it can be moved into.

Values end in files and in Helm's history. A variable of a container can take its value from a Secret instead; whatever
else holds a secret has to be taken out by the person, or accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from wizard.core.helm import values
from wizard.core.helm.values import SECRET_PATHS, Path, Tree, ValueEdit

if TYPE_CHECKING:
    from wizard.core.answers.resolve import Resolved

_KEY: Final = r"[-._a-zA-Z0-9]{1,253}"
"""The keys that a Secret takes."""


class FoundSecret(NamedTuple):
    """A value that looks like a secret. `variable` names the variable that it is the value of, "" for anything else."""

    path: Path
    variable: str

    @property
    def shown(self) -> str:
        """Where it is, for a sentence."""
        return values.dotted(self.path) + (f" ({self.variable})" if self.variable else "")


def name(release: str) -> str:
    """The Secret that variables are moved into."""
    return f"{release}-env-credentials"


def paths_in(tree: Tree) -> Iterator[Path]:
    """Where a values tree holds what looks like a secret; those that have a question of their own are left out."""
    from wizard.core.text import masking  # here: the first question needs none of it

    for path in masking.secret_paths(tree):
        if values.dotted(path) not in SECRET_PATHS:
            yield path


def found(resolved: Resolved) -> tuple[FoundSecret, ...]:
    """What is found in the layers of a person, as far as no later layer replaces it, and in the --set flags."""
    tree, flagged = resolved.over_defaults, resolved.with_flags
    secrets = resolved.layers.secrets
    kept = [path for path, value in secrets.items() if values.identical(values.get(flagged, path), value)]
    names: dict[str, Any] = {}
    own = []
    for path in sorted(kept, key=values.dotted):
        variable = _variable(tree, path)
        fits = names.setdefault(variable, secrets[path]) == secrets[path]  # a key of a Secret has one value
        own.append(FoundSecret(path, variable if fits else ""))
    if flagged is not tree:
        own += [
            FoundSecret(path, "") for path in paths_in(flagged) if values.get(tree, path) != values.get(flagged, path)
        ]
    return tuple(own)


def _variable(tree: Tree, path: Path) -> str:
    """The name of the variable whose value is at the path, if a Secret can hold it."""
    entry: Any = values.get(tree, path[:-1])
    called = entry.get("name") if isinstance(entry, Mapping) and path[-1] == "value" else None
    return called if isinstance(called, str) and re.fullmatch(_KEY, called) and isinstance(entry["value"], str) else ""


def moved(resolved: Resolved) -> tuple[ValueEdit, ...]:
    """The edits that refer to the Secret in place of each value that is moved into it."""
    secret = name(resolved["release"])
    edits = []
    for secret_value in resolved.found_secrets:
        entry = {
            key: value
            for key, value in values.get(resolved.over_defaults, secret_value.path[:-1]).items()
            if key != "value"
        }
        entry["valueFrom"] = {"secretKeyRef": {"name": secret, "key": secret_value.variable}}
        edits.append(ValueEdit(secret_value.path[:-1], entry, "its value is in a Secret"))
    return tuple(edits)
