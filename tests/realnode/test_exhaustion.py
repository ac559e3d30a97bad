"""Memory and disk that run out: what the chart's README says happens, happens."""

from __future__ import annotations

import pytest

from tests.realnode import node
from tests.realnode.conftest import RELEASE, Release, until

pytestmark = pytest.mark.real


def test_an_app_that_takes_too_much_memory_is_killed_restarted_and_told_apart(release: Release) -> None:
    release.install(sets=("resources.limits.memory=128Mi", "resources.requests.memory=64Mi"))
    assert release.logs_in()

    code, _ = release.ask("/eat?mb=400")
    assert code == 0

    def last_end() -> str:
        status = release.pods("app")[0]["status"]["containerStatuses"][0]
        return str(status["lastState"].get("terminated", {}).get("reason", ""))

    until(lambda: last_end() == "OOMKilled", "the pod says that it was killed for its memory")
    assert release.logs_in()
    assert release.pods("postgresql")[0]["status"]["containerStatuses"][0]["restartCount"] == 0


def test_redis_forgets_rather_than_being_killed(release: Release) -> None:
    release.install(sets=("redis.master.resources.limits.memory=64Mi",))
    fill = (
        "for i in $(seq 1 120); do printf \"SET k$i \"; head -c 786432 /dev/zero | tr '\\0' x; echo; done | redis-cli"
    )
    assert release.kubectl("exec", f"{RELEASE}-redis-0", "--", "sh", "-c", f"{fill} | sort | uniq -c").code == 0

    assert int(release.redis("info", "stats").partition("evicted_keys:")[2].split()[0]) > 50
    assert release.redis("ping") == "PONG"
    assert release.restarts() == 0
    assert release.logs_in()


def test_a_full_disk_stops_postgresql_which_says_so_and_a_larger_one_brings_all_rows_back(release: Release) -> None:
    volume = ("postgresql.primary.persistence.storageClass=exact-size", "postgresql.primary.persistence.size=192Mi")
    release.install(sets=volume)
    release.sql("create table kept as select 42 as answer")

    said = release.sql("create table big as select repeat(md5(g::text), 30) t from generate_series(1, 400000) g")
    assert "No space left on device" in said
    pod = f"{RELEASE}-postgresql-0"
    until(lambda: release.restarts() > 0, "PostgreSQL is started again")
    until(lambda: "No space left on device" in release.kubectl("logs", pod, "-c", "postgresql").out, "its log says why")
    assert release.ask("/health")[0] == 200

    claim = release.get("pvc", f"data-{pod}")
    node.grow_volume(claim["spec"]["volumeName"], "1G")
    assert release.kubectl("delete", "pod", pod).code == 0  # rather than waiting for the next try
    until(lambda: release.sql("select answer from kept") == "42", "the older data can be read")
    assert release.logs_in()
