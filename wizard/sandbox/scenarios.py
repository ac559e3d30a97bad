"""Switches faults on and off. The sandbox agent reads the scenario from a ConfigMap, so later pods are affected too."""

from __future__ import annotations

from typing import Any

from wizard.sandbox.api import Api, ApiError
from wizard.sandbox.catalog import NO_SCENARIO

_COLLECTION = "/api/v1/namespaces/kube-system/configmaps"
_OBJECT = f"{_COLLECTION}/llm-cost-ops-sandbox"


def switch(api: Api, scenario: str, image: str, namespace: str | None) -> None:
    """Switch a scenario on, instead of the current one; `none` switches it off."""
    data = {"scenario": "" if scenario == NO_SCENARIO else scenario, "image": image, "namespace": namespace or ""}
    try:
        api.merge(_OBJECT, {"data": data})
    except ApiError as error:
        if error.status != 404:
            raise
        api.create(_COLLECTION, {"metadata": {"name": "llm-cost-ops-sandbox"}, "data": data})


def current(api: Api) -> str:
    """The name of the current scenario."""
    try:
        config_map: dict[str, Any] = api.get(_OBJECT)
    except ApiError as error:
        if error.status == 404:
            return NO_SCENARIO
        raise
    return str(config_map.get("data", {}).get("scenario") or NO_SCENARIO)
