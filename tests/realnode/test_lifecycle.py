"""What has to stay when a release is upgraded, rolled back, taken away and put back: passwords, data, quiet pods."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from tests.realnode import images
from tests.realnode.conftest import RELEASE, Release, ask, until

pytestmark = pytest.mark.real

NEWER = f"image.tag={images.APP_TAGS[1]}"


def test_passwords_and_data_outlive_upgrade_rollback_and_uninstall(release: Release) -> None:
    release.install()
    release.sql("create table kept as select 42 as answer")
    assert release.redis("set", "kept", "42") == "OK"
    secrets = release.secrets()

    def nothing_is_lost() -> None:
        assert release.secrets() == secrets
        assert release.logs_in()
        assert release.sql("select answer from kept") == "42"
        assert release.redis("get", "kept") == "42"

    release.upgrade(sets=(NEWER, "redis.master.resources.limits.memory=300Mi"))
    nothing_is_lost()
    done = release.helm("rollback", RELEASE, "1", "--wait", "--timeout", "120s")
    assert done.code == 0, done.err
    until(lambda: not_being_replaced(release), "the older pods are back")
    nothing_is_lost()
    release.uninstall()
    assert {c["status"]["phase"] for c in release.get("pvc")["items"]} == {"Bound"}
    release.install()
    nothing_is_lost()


def not_being_replaced(release: Release) -> bool:
    """Whether every pod is ready and none is on its way out."""
    pods = release.get("pods")["items"]
    return all(
        "deletionTimestamp" not in p["metadata"]
        and all(s["ready"] for s in p["status"].get("containerStatuses", [{"ready": False}]))
        for p in pods
    )


def test_an_upgrade_restarts_whom_it_changes_and_nobody_else(release: Release) -> None:
    release.install()

    def restarted(*sets: str) -> set[str]:
        before = release.pod_ids()
        release.upgrade(sets=sets)
        until(lambda: len(release.pods("app")) == 1, "the older pod is gone")
        after = release.pod_ids()
        return {part for part in after if after[part] != before[part]}

    assert restarted() == set()
    assert restarted(NEWER) == {"app"}
    memory = "postgresql.primary.resources.limits.memory=1536Mi"
    assert restarted(NEWER, memory) == {"postgresql"}
    assert restarted(NEWER, memory, "redis.auth.password=AnotherPassword0123456789") == {"app", "redis"}
    assert release.logs_in()


def test_data_outlives_a_pod_that_was_killed(release: Release) -> None:
    release.install()
    release.sql("create table kept as select g from generate_series(1, 1000) g")
    assert release.redis("set", "kept", "42") == "OK"
    until(lambda: "aof_last_write_status:ok" in release.redis("info", "persistence"), "Redis has written it")
    before = release.pod_ids()

    names = (f"{RELEASE}-postgresql-0", f"{RELEASE}-redis-0")
    assert release.kubectl("delete", "pod", *names, "--grace-period=0", "--force").code == 0

    until(lambda: all(release.pod_ids()[p] - before[p] for p in ("postgresql", "redis")), "there are new pods")
    until(lambda: not_being_replaced(release), "the new pods are ready")
    assert release.sql("select count(*) from kept") == "1000"
    assert release.redis("get", "kept") == "42"
    assert release.logs_in()


class Caller:
    """Asks the app without a pause until told to stop; each request takes 0.2 s in the app."""

    def __init__(self, address: str, path: str = "/work?ms=200") -> None:
        self._url = address + path
        self._stop = threading.Event()
        self.answers: list[tuple[float, int, object]] = []
        self._threads = [threading.Thread(target=self._call) for _ in range(3)]

    def _call(self) -> None:
        while not self._stop.is_set():
            started = time.time()
            code, said = ask(self._url)
            self.answers.append((started, code, said))

    def __enter__(self) -> Caller:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.sample
def test_a_rolling_update_loses_no_request(release: Release) -> None:
    release = replace(release, preset="staging")
    release.install()
    assert release.logs_in()
    until(lambda: len(release.pods("app")) == 2, "the autoscaler has seen to its minimum")
    until(lambda: not_being_replaced(release), "both pods are ready")
    before = release.pod_ids()["app"]

    with Caller(release.address()) as caller:
        until(lambda: len(caller.answers) > 10, "requests are on their way")
        asked = len(caller.answers)
        release.upgrade(sets=(NEWER,))
        until(lambda: not before & release.pod_ids()["app"], "the older pods are on their way out")
        until(lambda: len(release.get("pods", "-l", "app.kubernetes.io/component=app")["items"]) == 2, "they are gone")

    assert len(caller.answers) > asked + 20, "requests came while the pods were replaced"
    assert [answer for answer in caller.answers if answer[1] != 200] == []


def test_the_budget_lets_one_pod_go_at_a_time(release: Release) -> None:
    release = replace(release, preset="staging")
    release.install()
    until(lambda: release.get("pdb", RELEASE)["status"]["currentHealthy"] == 2, "both pods are ready")
    until(lambda: release.get("pdb", RELEASE)["status"]["disruptionsAllowed"] == 1, "the budget has counted")
    first, second = (p["metadata"]["name"] for p in release.pods("app"))

    assert "Success" in release.evict(first)
    assert "disruption budget" in release.evict(second)


def test_readiness_at_ready_follows_the_database_and_restarts_nobody(release: Release) -> None:
    release.install(sets=("readinessProbe.httpGet.path=/ready",))

    def app_ready() -> bool:
        return all(s["ready"] for p in release.pods("app") for s in p["status"]["containerStatuses"])

    assert app_ready()
    assert release.kubectl("scale", "statefulset", f"{RELEASE}-postgresql", "--replicas=0").code == 0
    until(lambda: not app_ready(), "the app is unready without its database")
    assert release.kubectl("scale", "statefulset", f"{RELEASE}-postgresql", "--replicas=1").code == 0
    until(app_ready, "the app is ready again")
    assert release.restarts() == 0
