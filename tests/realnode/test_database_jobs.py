"""Migrations, start-up scripts, dumps and the way back, on a real PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest

from tests.realnode import images
from tests.realnode.conftest import RELEASE, Release, until

pytestmark = pytest.mark.real

MIGRATIONS = ("migrations.enabled=true", "migrations.args={migrate}")


def succeeded(release: Release) -> list[Any]:
    """Jobs that are complete."""
    return [job for job in release.get("jobs")["items"] if job["status"].get("succeeded")]


def run_job(release: Release, name: str, cronjob: str) -> str:
    """Log of a Job made from a CronJob, once it is complete."""
    assert release.kubectl("create", "job", name, f"--from=cronjob/{cronjob}").code == 0
    done = release.kubectl("wait", "--for=condition=complete", f"job/{name}", "--timeout=90s", limit=100)
    log = release.kubectl("logs", f"job/{name}").out
    assert done.code == 0, f"{log}\n{release.warnings()}"
    return log


def test_start_up_scripts_run_once_on_an_empty_volume(release: Release) -> None:
    script = "postgresql.primary.initdb.scripts.10-own\\.sql=CREATE TABLE counted AS SELECT now() AS at;"
    release.install(sets=(script,))
    made = release.sql("select at from counted")
    assert made.startswith("20")

    release.kubectl("delete", "pod", f"{RELEASE}-postgresql-0", "--wait=true")
    until(lambda: release.sql("select at from counted") == made, "the table is there, made once")


def test_migrations_run_again_when_the_image_changes_and_not_otherwise(release: Release) -> None:
    release.install(sets=MIGRATIONS)
    until(lambda: len(succeeded(release)) == 1, "the migration is done")
    assert release.sql("select count(*) from standin") == "1"

    release.upgrade(sets=(*MIGRATIONS, "config.logLevel=warn"))
    assert release.sql("select count(*) from standin") == "1"
    release.upgrade(sets=(*MIGRATIONS, f"image.tag={images.APP_TAGS[1]}"))
    until(lambda: release.sql("select count(*) from standin") == "2", "the migration of the newer image is done")


def test_migrations_in_an_init_container_are_done_before_the_app_starts(release: Release) -> None:
    release.install(sets=(*MIGRATIONS, "migrations.mode=initContainer"))

    assert release.sql("select count(*) from standin") == "1"
    assert release.get("jobs")["items"] == []
    assert release.logs_in()


def test_a_dump_brings_back_what_was_deleted_and_outlives_the_release(release: Release) -> None:
    backup = ("backup.enabled=true", "backup.persistence.size=1Gi")
    release.install(sets=backup)
    release.sql("create table kept as select g from generate_series(1, 500) g")
    run_job(release, "backup-now", f"{RELEASE}-backup")

    release.sql("delete from kept where g > 10")
    assert release.sql("select count(*) from kept") == "10"
    run_job(release, "restore-1", f"{RELEASE}-restore")
    assert release.sql("select count(*) from kept") == "500"

    release.uninstall()
    until(lambda: not release.get("pods")["items"], "no pod is left")
    assert release.kubectl("delete", "pvc", f"data-{RELEASE}-postgresql-0").code == 0
    release.install(sets=backup)
    run_job(release, "restore-2", f"{RELEASE}-restore")
    assert release.sql("select count(*) from kept") == "500"
