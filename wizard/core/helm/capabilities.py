"""What charts ask of a cluster as Capabilities.APIVersions."""

from __future__ import annotations

from collections.abc import Iterable

from wizard.core.kube import merge_patch
from wizard.core.kube.api import Resource


def custom(served: Iterable[Resource]) -> tuple[str, ...]:
    """The API versions, and with each its kinds, beyond those that helm takes for granted: "group/version", "group/version/Kind"."""
    own = [resource for resource in served if not merge_patch.is_builtin({"apiVersion": resource.api_version})]
    versions = dict.fromkeys(resource.api_version for resource in own)
    return tuple(versions | dict.fromkeys(f"{resource.api_version}/{resource.kind}" for resource in own))
