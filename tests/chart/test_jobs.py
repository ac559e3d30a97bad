"""Backups and migrations: what their Jobs run, when they run again, and what they may not do."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.chart.conftest import Chart, Manifest, Rendered
from tests.chart.test_pod_security import CANARIES, violations

BACKUP = "backup.enabled=true"
MIGRATE = "migrations.enabled=true"
NAME = "llm-cost-ops"
STAMP = "20260101T031700Z"


def job(rendered: Rendered, part: str) -> Manifest:
    """The one Job whose name has that part."""
    found = [o for o in rendered.kinds("Job") if f"-{part}-" in o["metadata"]["name"]]
    assert len(found) == 1
    return found[0]


def pods(rendered: Rendered) -> dict[str, Manifest]:
    """Pod templates of Jobs and CronJobs by the name of their owner."""
    found = {o["metadata"]["name"]: o["spec"]["template"] for o in rendered.kinds("Job")}
    return found | {
        o["metadata"]["name"]: o["spec"]["jobTemplate"]["spec"]["template"] for o in rendered.kinds("CronJob")
    }


def variables(container: Manifest) -> dict[str, Any]:
    """Environment with plain values."""
    return {e["name"]: e["value"] for e in container["env"] if "value" in e}


def test_neither_is_there_unless_asked_for_and_production_has_backups(chart: Chart, preset: str | None) -> None:
    rendered = chart.render(preset=preset)
    jobs = {item["metadata"]["labels"]["app.kubernetes.io/component"] for item in rendered.kinds("Job")}
    assert jobs == ({"backup"} if preset == "prod" else set())
    assert {item["metadata"]["name"] for item in rendered.kinds("CronJob")} == (
        {f"{NAME}-backup", f"{NAME}-restore"} if preset == "prod" else set()
    )


@pytest.mark.parametrize("mode", ["job", "initContainer"])
def test_their_pods_pass_restricted_with_a_read_only_root_and_state_their_resources(chart: Chart, mode: str) -> None:
    rendered = chart.render(BACKUP, MIGRATE, f"migrations.mode={mode}")
    templates = [*pods(rendered).values(), rendered.one("Deployment", NAME)["spec"]["template"]]
    for template in templates:
        assert violations(template["spec"]) == []
        for container in (*template["spec"]["containers"], *template["spec"].get("initContainers", ())):
            assert {"cpu", "memory"} <= container["resources"]["limits"].keys() & container["resources"][
                "requests"
            ].keys()


def test_no_password_is_on_their_command_lines_or_in_their_variables(chart: Chart) -> None:
    sets = [f"{path}={value}" for path, value in CANARIES.items()]
    for template in pods(chart.render(BACKUP, MIGRATE, *sets)).values():
        assert "canary" not in str(template)
        for container in template["spec"]["containers"]:
            assert "PGPASSWORD" not in str(container)


@pytest.mark.parametrize("owner", ["backup", "migrations"])
def test_where_they_may_run_comes_from_the_values(chart: Chart, owner: str) -> None:
    given = {
        "nodeSelector": {"a": "b"}, "tolerations": [{"key": "a", "operator": "Exists"}], "priorityClassName": "low",
        "runtimeClassName": "gvisor", "podLabels": {"team": "costs"}, "podAnnotations": {"c": "d"},
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
        "resources": {"limits": {"cpu": "2", "memory": "3Gi"}},
    }  # fmt: skip
    for template in pods(chart.render(values={owner: given | {"enabled": True}})).values():
        assert template["metadata"]["labels"]["team"] == "costs"
        assert template["metadata"]["annotations"] == {"c": "d"}
        spec = template["spec"]
        for field in ("nodeSelector", "tolerations", "priorityClassName", "runtimeClassName", "affinity"):
            assert spec[field] == given[field]
        labels = template["metadata"]["labels"].items()
        assert spec["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"].items() <= labels
        assert spec["containers"][0]["resources"]["limits"] == {"cpu": "2", "memory": "3Gi"}


@pytest.mark.parametrize("release", ["a", "a-release-name-of-exactly-fifty-three-characters-long"])
def test_their_names_leave_room_for_what_kubernetes_adds(chart: Chart, release: str) -> None:
    rendered = chart.render(BACKUP, MIGRATE, release=release)
    assert all(len(o["metadata"]["name"]) <= 63 for o in rendered.kinds("Job"))  # a label of its pods
    assert all(len(o["metadata"]["name"]) <= 52 for o in rendered.kinds("CronJob"))  # plus eleven for its Jobs


# Backup


def test_the_schedule_and_its_limits_come_from_the_values(chart: Chart) -> None:
    spec = chart.render(
        BACKUP, "backup.schedule=@hourly", "backup.timeZone=Europe/Vienna", "backup.suspend=true",
        "backup.activeDeadlineSeconds=99",
    ).one("CronJob", f"{NAME}-backup")["spec"]  # fmt: skip
    assert (spec["schedule"], spec["timeZone"], spec["suspend"]) == ("@hourly", "Europe/Vienna", True)
    assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 99
    assert spec["concurrencyPolicy"] == "Forbid"
    assert "timeZone" not in chart.render(BACKUP).one("CronJob", f"{NAME}-backup")["spec"]


def test_a_restore_is_made_by_hand_and_tried_once(chart: Chart) -> None:
    spec = chart.render(BACKUP, "backup.restoreFile=x.dump").one("CronJob", f"{NAME}-restore")["spec"]
    assert spec["suspend"] is True
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 0
    container = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert variables(container)["RESTORE_FILE"] == "x.dump"
    assert container["command"] == ["sh", "/etc/backup/restore.sh"]


def test_the_volume_of_the_dumps_outlives_the_release_and_has_a_user_at_once(chart: Chart) -> None:
    """Without one, a claim that is bound by its first pod would keep `helm --wait` waiting."""
    given = {"size": "7Gi", "storageClass": "slow", "accessModes": ["ReadWriteMany"], "annotations": {"a": "b"}}
    rendered = chart.render(values={"backup": {"enabled": True, "persistence": given}})
    claim = rendered.one("PersistentVolumeClaim", f"{NAME}-backup")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep", "a": "b"}
    assert claim["spec"] == {
        "accessModes": ["ReadWriteMany"], "storageClassName": "slow", "resources": {"requests": {"storage": "7Gi"}},
    }  # fmt: skip
    for template in pods(rendered).values():
        claims = [v["persistentVolumeClaim"] for v in template["spec"]["volumes"] if "persistentVolumeClaim" in v]
        assert claims == [{"claimName": f"{NAME}-backup"}]
    assert job(rendered, "check")


def test_the_dumps_may_go_to_a_claim_of_the_user(chart: Chart) -> None:
    rendered = chart.render(BACKUP, "backup.persistence.existingClaim=mine")
    assert not rendered.has("PersistentVolumeClaim", f"{NAME}-backup")
    assert "'claimName': 'mine'" in str(pods(rendered)[f"{NAME}-backup"])


def test_an_external_database_is_dumped_too(chart: Chart) -> None:
    rendered = chart.render(
        BACKUP, "postgresql.enabled=false", "externalDatabase.host=db.example.com", "externalDatabase.port=5433",
        "externalDatabase.user=me", "externalDatabase.database=costs", "externalDatabase.existingSecret=db",
        "externalDatabase.existingSecretPasswordKey=pw",
    )  # fmt: skip
    spec = pods(rendered)[f"{NAME}-backup"]["spec"]
    env = variables(spec["containers"][0])
    assert [env[name] for name in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSSLMODE")] == [
        "db.example.com", "5433", "me", "costs", "require",
    ]  # fmt: skip
    secret = next(v["secret"] for v in spec["volumes"] if "secret" in v)
    assert (secret["secretName"], secret["items"]) == ("db", [{"key": "pw", "path": "password"}])


class Bench:
    """The scripts on this machine, with stand-ins for PostgreSQL's programs that write down how they were called."""

    def __init__(self, chart: Chart, folder: Path) -> None:
        self.folder, self.backups = folder, folder / "backups"
        self.backups.mkdir()
        self.scripts = chart.render(BACKUP).one("ConfigMap", f"{NAME}-backup")["data"]
        (folder / "password").write_text("p@ss word\n")
        self.program("pg_dump", 'for one in "$@"; do case $one in --file=*) echo dump > "${one#--file=}";; esac; done')
        self.program("pg_restore", "")

    def program(self, name: str, body: str) -> None:
        """Put a stand-in there."""
        file = self.folder / name
        file.write_text(f'#!/bin/sh\necho "{name} $PGPASSWORD $*" >> "{self.folder}/calls"\n{body}\n')
        file.chmod(0o755)

    def run(self, script: str, **env: str) -> int:
        """Exit code of a script."""
        text = self.scripts[script].replace("/backups", str(self.backups))
        return subprocess.run(
            ["/bin/sh", "-c", text.replace("/run/secrets/database", str(self.folder))],
            env={"PATH": f"{self.folder}:/usr/bin:/bin", "PGDATABASE": "costs", "KEEP": "2", "RESTORE_FILE": "", **env},
            stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10,
        ).returncode  # fmt: skip

    def dump(self, name: str) -> None:
        """Put a dump of an earlier day there."""
        (self.backups / name).write_text("old")

    @property
    def files(self) -> set[str]:
        """What is on the volume."""
        return {file.name for file in self.backups.iterdir()}

    @property
    def calls(self) -> list[str]:
        """How the programs were called: name, password in their environment, arguments."""
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def bench(chart: Chart, tmp_path: Path) -> Bench:
    """The scripts on this machine."""
    return Bench(chart, tmp_path)


def test_a_dump_is_private_and_only_the_newest_are_kept(bench: Bench) -> None:
    for name in ("costs-20250101T000000Z.dump", "costs-20250102T000000Z.dump", "costs-20250101T000000Z.dump.part",
                 "costs-old-20250101T000000Z.dump", "notes.txt"):  # fmt: skip
        bench.dump(name)
    assert bench.run("backup.sh") == 0
    new = bench.files - {"costs-20250102T000000Z.dump", "costs-old-20250101T000000Z.dump", "notes.txt"}
    assert len(new) == 1
    assert len(bench.files) == 4
    assert (bench.backups / new.pop()).stat().st_mode & 0o077 == 0
    assert all("p@ss word" not in " ".join(call.split(" --", 1)[1:]) for call in bench.calls)
    assert bench.calls[0].startswith("pg_dump p@ss word --format=custom")


@pytest.mark.parametrize("program", ["pg_dump", "pg_restore"])
def test_a_dump_that_fails_or_cannot_be_read_removes_nothing(bench: Bench, program: str) -> None:
    old = {f"costs-2025010{day}T000000Z.dump" for day in range(1, 5)}
    for name in old:
        bench.dump(name)
    bench.program(program, "exit 1")
    assert bench.run("backup.sh") != 0
    assert bench.files == old


@pytest.mark.parametrize(("chosen", "restored"), [("", "costs-20250102T000000Z.dump"), ("mine.dump", "mine.dump")])
def test_a_restore_takes_the_newest_dump_or_the_named_one_in_one_transaction(
    bench: Bench, chosen: str, restored: str
) -> None:
    for name in ("costs-20250101T000000Z.dump", "costs-20250102T000000Z.dump", "costs-old-20250103T000000Z.dump"):
        bench.dump(name)
    assert bench.run("restore.sh", RESTORE_FILE=chosen) == 0
    (call,) = bench.calls
    assert call.endswith(f"--dbname=costs {bench.backups}/{restored}")
    for option in ("--clean", "--if-exists", "--single-transaction", "--exit-on-error"):
        assert option in call


def test_without_a_dump_there_is_nothing_to_restore(bench: Bench) -> None:
    assert bench.run("restore.sh") != 0


def test_the_check_leaves_no_trace(bench: Bench) -> None:
    assert bench.run("check.sh") == 0
    assert bench.files == set()


# Migrations


def test_the_job_runs_the_image_of_the_app_with_its_settings_and_a_command_of_its_own(chart: Chart) -> None:
    rendered = chart.render(
        MIGRATE, "migrations.command={/app/migrate}", "migrations.args={up,--all}", "migrations.backoffLimit=9",
        "migrations.activeDeadlineSeconds=77",
    )  # fmt: skip
    found = job(rendered, "migrate")
    spec = found["spec"]["template"]["spec"]
    app = rendered.one("Deployment", NAME)["spec"]["template"]["spec"]
    ours, theirs = spec["containers"][0], app["containers"][0]
    assert (ours["command"], ours["args"]) == (["/app/migrate"], ["up", "--all"])
    assert (found["spec"]["backoffLimit"], found["spec"]["activeDeadlineSeconds"]) == (9, 77)
    for field in ("image", "env", "envFrom", "volumeMounts", "securityContext"):
        assert ours[field] == theirs[field]
    assert spec["volumes"] == app["volumes"]
    assert spec["serviceAccountName"] == app["serviceAccountName"]
    assert "initContainers" not in app


def test_by_default_it_asks_the_program_to_make_its_tables(chart: Chart) -> None:
    assert job(chart.render(MIGRATE), "migrate")["spec"]["template"]["spec"]["containers"][0]["args"] == ["init"]


def test_it_is_no_hook_so_that_nothing_waits_for_it_in_a_circle(chart: Chart) -> None:
    metadata = job(chart.render(MIGRATE), "migrate")["metadata"]
    assert not [key for key in metadata.get("annotations", {}) if key.startswith("helm.sh/hook")]


def test_it_waits_for_the_server_before_it_counts_a_try(chart: Chart) -> None:
    (wait,) = job(chart.render(MIGRATE), "migrate")["spec"]["template"]["spec"]["initContainers"]
    assert variables(wait)["PGHOST"] == f"{NAME}-postgresql"
    assert "pg_isready" in wait["command"][-1]


@pytest.mark.parametrize(("answer", "code"), [("exit 0", 0), ("exit 2", 1)])
def test_the_wait_ends_with_the_server_or_gives_up(chart: Chart, tmp_path: Path, answer: str, code: int) -> None:
    (wait,) = job(chart.render(MIGRATE), "migrate")["spec"]["template"]["spec"]["initContainers"]
    for name, body in (("pg_isready", answer), ("sleep", "exit 0")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", *wait["command"][1:]], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False, timeout=30
    )
    assert done.returncode == code


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ((), False),
        (("replicaCount=7", "podLabels.a=b", "jwt.secret=another-secret-of-more-than-32-letters"), False),
        (("image.tag=v2.0.0",), True),
        (("migrations.args={up}",), True),
        (("postgresql.auth.database=other",), True),
    ],
)
def test_it_runs_again_when_what_it_runs_has_changed(chart: Chart, change: tuple[str, ...], again: bool) -> None:
    """A Job cannot be changed, so one with the same name must be the same."""
    before, after = (job(chart.render(MIGRATE, *sets), "migrate") for sets in ((), change))
    assert (before["metadata"]["name"] != after["metadata"]["name"]) == again
    assert (before["spec"] == after["spec"]) != again


def test_in_each_pod_it_runs_before_the_app_and_before_the_users_own(chart: Chart) -> None:
    rendered = chart.render(
        MIGRATE, "migrations.mode=initContainer", "initContainers[0].name=mine", "initContainers[0].image=x"
    )
    assert not rendered.kinds("Job")
    inits = rendered.one("Deployment", NAME)["spec"]["template"]["spec"]["initContainers"]
    assert [c["name"] for c in inits] == ["wait-for-database", "migrate", "mine"]


@pytest.mark.parametrize("name", ["migrate", "wait-for-database"])
def test_a_second_container_of_that_name_is_refused(chart: Chart, name: str) -> None:
    sets = (MIGRATE, "migrations.mode=initContainer", f"initContainers[0].name={name}", "initContainers[0].image=x")
    assert f"in initContainers is called {name}" in chart.refusal(*sets)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("backup.schedule=daily", "at '/backup/schedule'"),
        ("backup.keep=0", "at '/backup/keep': minimum: got 0, want 1"),
        ("backup.restoreFile=../x", "at '/backup/restoreFile'"),
        ("migrations.mode=hook", "at '/migrations/mode': value must be one of 'job', 'initContainer'"),
    ],
)
def test_a_wrong_value_is_refused(chart_on_both: Chart, change: str, said: str) -> None:
    assert said in chart_on_both.refusal(change)
