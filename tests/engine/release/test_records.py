"""Which of helm's records is a good one to go back to."""

from __future__ import annotations

import base64

from tests.engine.release.stored import TARGET, cluster_with
from wizard.core.helm import release
from wizard.engine.release import records


async def test_a_superseded_revision_that_failed_by_its_own_words_is_no_way_back() -> None:
    cluster = cluster_with((1, "superseded"), (2, "superseded"), (3, "failed"))
    data = release.unpack(cluster.bodies[1]["data"]["release"], "it")
    data["info"]["description"] = 'Upgrade "rel" failed: resource not ready'
    body = base64.b64encode(release.pack(data).encode()).decode()
    cluster.bodies = (cluster.bodies[0], {**cluster.bodies[1], "data": {"release": body}}, cluster.bodies[2])
    assert await records.last_good(cluster, TARGET, await records.heads(cluster, TARGET)) == 1
