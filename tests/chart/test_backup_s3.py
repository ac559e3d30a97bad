"""Copies of dumps in a bucket: what is uploaded, what is kept there, and what a failure does."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.chart.conftest import Chart, Manifest, Rendered
from tests.chart.test_images import images
from tests.chart.test_jobs import Bench, pods, variables
from tests.chart.test_pod_security import violations

NAME = "llm-cost-ops"
S3 = ("backup.enabled=true", "backup.s3.enabled=true", "backup.s3.bucket=costs-backup", "backup.s3.existingSecret=mine")
FROM_S3 = (*S3, "backup.restoreFrom=s3")
OLD = [f"costs-2025010{day}T000000Z.dump" for day in range(1, 4)]

# As much of rclone as the scripts use, with a folder for the remote.
RCLONE = """
for one; do shift; case $one in s3:*) one="$REMOTE/${one#s3:}" ;; esac; set -- "$@" "$one"; done
case $1 in
  copyto) cp "$2" "$3" ;;
  deletefile) rm "$2" ;;
  rcat) cat > "$2" ;;
  lsf) for last; do :; done; ls -1 "$last" ;;
esac
"""


def steps(rendered: Rendered, job: str) -> list[Manifest]:
    """Containers of a CronJob's pod, in the order in which they run."""
    spec = pods(rendered)[f"{NAME}-{job}"]["spec"]
    assert len(spec["containers"]) == 1
    assert violations(spec) == []
    return [*spec.get("initContainers", []), *spec["containers"]]


def scripts(rendered: Rendered, job: str) -> list[str]:
    """Names of the scripts that they run."""
    return [Path(c["command"][-1]).name for c in steps(rendered, job)]


def test_nothing_leaves_the_volume_unless_asked(chart: Chart) -> None:
    rendered = chart.render("backup.enabled=true")
    assert scripts(rendered, "backup") == ["backup.sh"]
    assert scripts(rendered, "restore") == ["restore.sh"]
    assert "rclone" not in rendered.text


def test_the_upload_follows_the_dump_and_the_restore_a_download(chart_on_both: Chart) -> None:
    rendered = chart_on_both.render(*S3)
    assert scripts(rendered, "backup") == ["backup.sh", "s3-upload.sh"]
    assert scripts(rendered, "restore") == ["restore.sh"]
    assert scripts(chart_on_both.render(*FROM_S3), "restore") == ["s3-download.sh", "restore.sh"]
    (check,) = rendered.kinds("Job")
    spec = check["spec"]["template"]["spec"]
    assert [c["command"][-1] for c in (*spec["initContainers"], *spec["containers"])] == [
        "/etc/backup/check.sh", "/etc/backup/s3-check.sh",
    ]  # fmt: skip


def test_rclone_is_told_the_bucket_by_its_environment_and_the_key_by_a_secret(chart: Chart) -> None:
    rendered = chart.render(
        *S3, "backup.s3.prefix=prod/costs", "backup.s3.region=eu-central-1", "backup.s3.keep=30",
        "backup.s3.secretKeys.accessKeyId=id", "backup.s3.secretKeys.secretAccessKey=key",
    )  # fmt: skip
    remote = steps(rendered, "backup")[1]
    env = variables(remote)
    assert (env["BUCKET"], env["KEEP"], env["PGDATABASE"]) == ("costs-backup/prod/costs", "30", "llm_cost_ops_prod")
    assert (env["RCLONE_CONFIG_S3_PROVIDER"], env["RCLONE_CONFIG_S3_REGION"]) == ("AWS", "eu-central-1")
    assert "RCLONE_CONFIG_S3_ENDPOINT" not in env
    refs = {e["name"]: e["valueFrom"]["secretKeyRef"] for e in remote["env"] if "valueFrom" in e}
    assert refs == {
        "RCLONE_CONFIG_S3_ACCESS_KEY_ID": {"name": "mine", "key": "id"},
        "RCLONE_CONFIG_S3_SECRET_ACCESS_KEY": {"name": "mine", "key": "key"},
    }  # fmt: skip
    assert "password" not in {m["name"] for m in remote["volumeMounts"]}, "it has no business with the database's"
    assert variables(steps(rendered, "backup")[0])["KEEP"] == "7"


@pytest.mark.parametrize(("provider", "told"), [("", "Other"), ("Minio", "Minio")])
def test_another_service_has_its_address_and_its_certificates(chart: Chart, provider: str, told: str) -> None:
    rendered = chart.render(
        *S3, "backup.s3.endpoint=https://minio.example.com", f"backup.s3.provider={provider}",
        "backup.s3.ca.existingSecret=authority", "backup.s3.ca.key=ca.pem",
    )  # fmt: skip
    remote = steps(rendered, "backup")[1]
    env = variables(remote)
    assert (env["RCLONE_CONFIG_S3_ENDPOINT"], env["RCLONE_CONFIG_S3_PROVIDER"]) == ("https://minio.example.com", told)
    assert env["RCLONE_CA_CERT"] == "/etc/s3-ca/ca.crt"
    assert {"name": "s3-ca", "mountPath": "/etc/s3-ca", "readOnly": True} in remote["volumeMounts"]
    secret = next(v["secret"] for v in pods(rendered)[f"{NAME}-backup"]["spec"]["volumes"] if v["name"] == "s3-ca")
    assert secret == {"secretName": "authority", "items": [{"key": "ca.pem", "path": "ca.crt"}]}


@pytest.mark.full
@pytest.mark.parametrize(
    ("endpoint", "port"),
    [("", 443), ("https://minio.example.com/x", 443), ("http://minio", 80), ("http://minio.storage:9000", 9000)],
)
def test_policies_let_the_jobs_out_to_the_bucket(chart: Chart, endpoint: str, port: int) -> None:
    def ports(*sets: str) -> set[int]:
        policy = chart.render("networkPolicy.enabled=true", *sets).one("NetworkPolicy", f"{NAME}-backup")
        return {p["port"] for rule in policy["spec"]["egress"] for p in rule["ports"]}

    assert ports(*S3, f"backup.s3.endpoint={endpoint}") - ports("backup.enabled=true") == {port}


@pytest.mark.full
def test_the_bundle_of_the_release_is_trusted_too(chart: Chart) -> None:
    remote = steps(chart.render(*S3, "global.caBundle.configMap=company"), "backup")[1]
    assert variables(remote)["SSL_CERT_FILE"] == "/etc/llm-cost-ops/ca/ca.crt"
    assert "/etc/llm-cost-ops/ca" in {m["mountPath"] for m in remote["volumeMounts"]}


@pytest.mark.full
def test_its_image_can_be_mirrored_and_pinned(chart: Chart) -> None:
    assert "m.example.com/rclone/rclone:1.75.1" in images(chart.render(*S3, "global.imageRegistry=m.example.com"))
    digest = "sha256:" + "b" * 64
    assert f"docker.io/rclone/rclone@{digest}" in images(chart.render(*S3, f"backup.s3.image.digest={digest}"))


class Remote(Bench):
    """The scripts with a folder for a bucket."""

    def __init__(self, chart: Chart, folder: Path) -> None:
        super().__init__(chart, folder)
        self.bucket = folder / "remote" / "costs-backup" / "prod"
        self.bucket.mkdir(parents=True)
        found = chart.render(*FROM_S3).one("ConfigMap", f"{NAME}-backup")["data"]
        self.scripts = {
            name: text.replace("/tmp/downloaded", str(folder / "downloaded")) for name, text in found.items()
        }

    def call(self, script: str, **env: str) -> int:
        """Exit code of a script that knows the bucket."""
        remote = str(self.folder / "remote")
        known = {"BUCKET": "costs-backup/prod", "REMOTE": remote, "RCLONE_CONFIG": os.devnull}
        alias = {"RCLONE_CONFIG_S3_TYPE": "alias", "RCLONE_CONFIG_S3_REMOTE": remote}
        return self.run(script, **known, **alias, **env)

    def upload(self, name: str) -> None:
        """Put a dump of an earlier day into the bucket."""
        (self.bucket / name).write_text(name)

    @property
    def uploaded(self) -> set[str]:
        """What is in the bucket."""
        return {file.name for file in self.bucket.iterdir()}


@pytest.fixture(
    params=["stand-in", pytest.param("rclone", marks=pytest.mark.full)],
)
def remote(request: pytest.FixtureRequest, chart: Chart, tmp_path: Path) -> Remote:
    """The scripts with a stand-in for rclone, then with rclone itself on a folder."""
    found = Remote(chart, tmp_path)
    if request.param == "stand-in":
        found.program("rclone", RCLONE)
        return found
    program = shutil.which("rclone")
    if not program:
        pytest.skip("rclone is not on PATH (Debian: package rclone)")
    (tmp_path / "rclone").symlink_to(program)
    return found


def test_the_new_dump_is_uploaded_and_only_the_newest_are_kept(remote: Remote) -> None:
    for name in (*OLD, "costs-old-20250101T000000Z.dump", "notes.txt"):
        remote.upload(name)
    for name in (
        OLD[0],
        "costs-20250109T000000Z.dump",
        "costs-20250110T000000Z.dump.part",
        "other-20250111T000000Z.dump",
    ):
        remote.dump(name)
    assert remote.call("s3-upload.sh") == 0
    assert remote.uploaded == {OLD[2], "costs-20250109T000000Z.dump", "costs-old-20250101T000000Z.dump", "notes.txt"}
    assert (remote.bucket / "costs-20250109T000000Z.dump").read_text() == "old"


def test_without_a_dump_nothing_is_uploaded_and_nothing_removed(remote: Remote) -> None:
    remote.upload(OLD[0])
    assert remote.call("s3-upload.sh") != 0
    assert remote.uploaded == {OLD[0]}


@pytest.mark.parametrize("broken", ["copyto", "lsf", "deletefile"])
def test_a_failure_fails_the_job_and_an_upload_that_fails_removes_nothing(
    chart: Chart, tmp_path: Path, broken: str
) -> None:
    found = Remote(chart, tmp_path)
    found.program("rclone", f"test $1 != {broken} || exit 3\n{RCLONE}")
    for name in OLD:
        found.upload(name)
    found.dump("costs-20250109T000000Z.dump")
    assert found.call("s3-upload.sh") != 0
    assert set(OLD) <= found.uploaded


@pytest.mark.parametrize(("chosen", "restored"), [("", OLD[2]), (OLD[0], OLD[0])])
def test_a_restore_takes_the_newest_or_the_named_dump_of_the_bucket(remote: Remote, chosen: str, restored: str) -> None:
    remote.dump("costs-20991231T000000Z.dump")  # newer, but on the volume
    for name in (*OLD, "costs-old-20250103T000000Z.dump"):
        remote.upload(name)
    assert remote.call("s3-download.sh", RESTORE_FILE=chosen) == 0
    assert (remote.backups / restored).read_text() == restored
    assert remote.call("restore.sh", RESTORE_FILE=chosen) == 0
    assert remote.calls[-1].endswith(f"--dbname=costs {remote.backups}/{restored}")


@pytest.mark.parametrize("chosen", ["", "costs-20240101T000000Z.dump"])
def test_what_is_not_in_the_bucket_is_not_restored(remote: Remote, chosen: str) -> None:
    remote.upload("notes.txt")
    assert remote.call("s3-download.sh", RESTORE_FILE=chosen) != 0
    assert not (remote.folder / "downloaded").exists()


def test_the_check_of_the_bucket_leaves_no_trace(remote: Remote) -> None:
    assert remote.call("s3-check.sh") == 0
    assert remote.uploaded == set()


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (S3[1:], "set backup.enabled=true, or backup.s3.enabled=false"),
        (S3[:2], "backup.s3.bucket is empty; set it, or backup.s3.enabled=false"),
        (S3[:3], "backup.s3.existingSecret is empty; set it, or backup.s3.enabled=false"),
        (("backup.enabled=true", "backup.restoreFrom=s3"), "set backup.s3.enabled=true, or backup.restoreFrom=volume"),
        (("backup.s3.bucket=s3://costs",), "at '/backup/s3/bucket': 's3://costs' does not match pattern"),
        (("backup.s3.prefix=/prod/",), "at '/backup/s3/prefix': '/prod/' does not match pattern"),
        (("backup.s3.endpoint=minio.example.com",), "at '/backup/s3/endpoint'"),
        (("backup.s3.accessKey=a",), "at '/backup/s3': additional properties 'accessKey' not allowed"),
    ],
)
def test_a_wrong_value_is_refused(chart_on_both: Chart, sets: tuple[str, ...], said: str) -> None:
    assert said in chart_on_both.refusal(*sets)
