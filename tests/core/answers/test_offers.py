"""Which names of the cluster fit which value, whatever the chart."""

from __future__ import annotations

import pytest

from wizard.core.answers.offers import offers
from wizard.core.answers.suggestions import ClusterSuggestions
from wizard.core.helm.values import path_of

CLUSTER = ClusterSuggestions(
    storage_classes=("fast",),
    ingress_classes=("nginx",),
    issuers=("le",),
    namespaces=("ns",),
    secrets=("s",),
    tls_secrets=("t",),
)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("persistence.storageClass", ("fast",)),
        ("global.storageClass", ("fast",)),
        ("data.storageClassName", ("fast",)),
        ("ingress.className", ("nginx",)),
        ("controller.ingressClassName", ("nginx",)),
        (r"ingress.annotations.cert-manager\.io/cluster-issuer", ("le",)),
        ("certificate.issuerRef.name", ("le",)),
        ("monitoring.namespace", ("ns",)),
        ("auth.existingSecret", ("s",)),
        ("ingress.tls.secretName", ("t",)),
        ("auth.secretKey", ()),
        ("priorityClassName", ()),
        ("className", ()),
    ],
)
def test_a_value_is_offered_what_the_cluster_has_of_its_kind(path: str, names: tuple[str, ...]) -> None:
    assert offers(path_of(path), CLUSTER) == names
    assert offers(path_of(path), ClusterSuggestions()) == ()
