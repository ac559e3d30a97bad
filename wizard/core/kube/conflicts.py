"""Conflicts of server-side apply, as the API server words them: a field, and the field manager that owns it.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts; each cause of the 409 has the field's
path (`.spec.template.spec.containers[name="api"].image`) and `conflict with "MANAGER" with subresource "scale" using VERSION`.
"""

from __future__ import annotations

import re
from typing import Final

from wizard.core.kube import field_path

_OWNER: Final = re.compile(r'conflicts? with "((?:[^"\\]|\\.)*)"')
_PART: Final = re.compile(r'\.(?P<key>[^.\[\]]+)|\[(?P<item>(?:"(?:[^"\\]|\\.)*"|[^\]"])*)\]')
_ITEM: Final = re.compile(r'(?:[\w-]+=)?(?P<value>"(?:[^"\\]|\\.)*"|[^,"]*)')
_MAP: Final = re.compile(
    r"(?P<map>\.(?:data|binaryData)|\.spec\.selector|.*\.(?:labels|annotations|matchLabels|nodeSelector|limits|requests))"
    r"\.(?!match(?:Labels|Expressions)\b)(?P<key>[^\[\]]+)"
)
_AUTOSCALERS: Final = frozenset({"kube-controller-manager", "horizontal-pod-autoscaler"})
"""The field managers of a HorizontalPodAutoscaler: its controller is a part of kube-controller-manager."""


def owner(message: str) -> str:
    """The field manager that a refusal names as the field's owner; "" for a refusal that is no conflict."""
    found = _OWNER.search(message)
    return found[1] if found else ""


def path(given: str) -> str:
    """The API server's path of a field as people write it; of an item's several keys the first one counts.

    Example: `.spec.ports[port=80,protocol="TCP"].name` is spec.ports[80].name. A key with dots is not quoted there: what
    follows the name of a map of texts, such as `labels`, is one key.
    """
    parts: list[str] = []
    key = _MAP.match(given)
    for found in _PART.finditer(key["map"] if key else given):
        item = found["item"]
        if item is None:
            parts.append(found["key"])
        elif first := _ITEM.match(item):
            parts.append(f"[{first['value'].strip(chr(34))}]")
    return field_path.text([*parts, *([key["key"]] if key else [])]) or given


def is_autoscaled(field: str, manager: str) -> bool:
    """Whether a field is the number of pods that an autoscaler sets; it sets it again."""
    return path(field) == "spec.replicas" and manager in _AUTOSCALERS
