"""What leads in from outside, and to which Services."""

from __future__ import annotations

from typing import Any

import pytest

from wizard.core.kube.ingress import backends

RULE = {"http": {"paths": [{"backend": {"service": {"name": "a"}}}, {"backend": {"resource": {"name": "x"}}}]}}


@pytest.mark.parametrize(
    ("kind", "spec", "services"),
    [
        ("Ingress", {"rules": [RULE, RULE]}, ("a",)),
        ("Ingress", {"rules": [RULE], "defaultBackend": {"service": {"name": "b"}}}, ("b", "a")),
        ("Ingress", None, ()),
        ("HTTPRoute", {"rules": [{"backendRefs": [{"name": "c"}, {"name": "x", "kind": "Other"}]}]}, ("c",)),
        ("HTTPRoute", {"rules": [{}]}, ()),
        ("Service", {}, ()),
    ],
)
def test_the_services_behind_a_way_in(kind: str, spec: dict[str, Any] | None, services: tuple[str, ...]) -> None:
    assert backends({"kind": kind, "spec": spec}) == services
