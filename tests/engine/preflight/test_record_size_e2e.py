"""What helm keeps of generated charts in its record, and from which size on the API server takes none, beside check U08."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import yaml

from tests.conftest import Bed
from tests.engine.preflight.test_catalogue_e2e import widgets
from tests.engine.preflight.test_preflight_e2e import session
from wizard.adapters.helm.charts import ChartFolders
from wizard.core.helm import release as helm_release
from wizard.core.rules.check import CheckResult

pytestmark = [pytest.mark.e2e, pytest.mark.full, pytest.mark.xdist_group("sandbox")]

MIB = 1024 * 1024
_PLACES = (
    "README.md", ".helmignore", "notes.txt", "files/a.bin", "files/deep/er/b.bin", "templates/more.yaml", "templates/_x.tpl", "templates/.hidden.yaml",
    "templates/NOTES.txt", "templates/sub/c.yaml", "crds/kind.yaml", "values.schema.json", "values-prod.yaml", "Chart.lock", "ci/values.yaml", ".git/config",
    "charts/inner/Chart.yaml", "charts/inner/files/big.bin", "charts/inner/templates/x.yaml", "charts.md", "requirements.md", "dist/x.tgz",
)  # fmt: skip
_RULES = ("*.bin", "files/", "/notes.txt", "ci", "charts/", "templates/sub/*", ".git/", "*.md")
_TEXTS = {
    "Chart.yaml": "apiVersion: v2\nname: inner\nversion: 1.0.0\n",
    "Chart.lock": "dependencies: []\ndigest: sha256:00\ngenerated: 2026-01-01T00:00:00Z\n",
    "values.schema.json": "{}",
    "NOTES.txt": "Thank you.\n",
    "kind.yaml": yaml.safe_dump(widgets()).replace("NS", "record"),
}


def made(folder: Path, random: Random, noise: int = 0) -> Path:
    """A chart of files that vary; `noise` bytes of it cannot be packed."""
    texts = {name: f"# {random.randbytes(random.randint(1, 9_000)).hex()}\n" for name in random.sample(_PLACES, 12)}
    texts |= {name: _TEXTS[Path(name).name] for name in texts if Path(name).name in _TEXTS}
    if "charts/inner/Chart.yaml" not in texts:
        texts = {name: text for name, text in texts.items() if not name.startswith("charts/")}
    if ".helmignore" in texts:
        texts[".helmignore"] = "\n".join(random.sample(_RULES, 2)) + "\n"
    texts |= {
        "Chart.yaml": "apiVersion: v2\nname: small\nversion: 1.0.0\n",
        "values.yaml": yaml.safe_dump({"a": {random.randbytes(8).hex(): "x" * random.randint(1, 500)}}),
        "templates/conf.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {a: b}\n",
    }
    if noise:
        texts["noise.dat"] = base64.b64encode(random.randbytes(noise)).decode()
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def packed(helm: str, folder: Path) -> Path:
    done = subprocess.run(
        [helm, "package", str(folder), "-d", str(folder.parent)], capture_output=True, text=True, check=True, timeout=60
    )
    return Path(done.stdout.rpartition(" ")[2].strip())


def installed(bed: Bed, helm: str, name: str, chart: Path, namespace: str) -> subprocess.CompletedProcess[str]:
    argv = [helm, "install", name, str(chart), "-n", namespace, "--kubeconfig", bed.kubeconfig]
    return subprocess.run(argv, capture_output=True, text=True, timeout=90, check=False)


async def u08(bed: Bed, tool: Callable[[str], str], namespace: str, chart: Path, name: str) -> CheckResult:
    async with session(tool, bed.kubeconfig, namespace, chart=str(chart), release=name) as opened:
        (result,) = [one async for one in opened.installer.checks(opened.answers.new(), ["U08"])]
        return result


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("helm", ["helm4", "helm3"])
async def test_the_files_and_the_size_are_those_of_helm_s_record(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, helm: str, seed: int
) -> None:
    random = Random(f"{helm}{seed}")
    chart = made(tmp_path / "small", random)
    if seed % 3 == 0:
        chart = packed(tool(helm), chart)
    elif seed % 3 == 1:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "linked.txt").write_text("x" * 5_000)
        (chart / "link").symlink_to(tmp_path / "elsewhere")
    sandbox.kubectl("create", "namespace", namespace)
    result = await u08(sandbox, tool, namespace, chart, "rel")
    done = installed(sandbox, tool(helm), "rel", chart, namespace)
    assert done.returncode == 0, done.stderr

    body = sandbox.get("secret", "sh.helm.release.v1.rel.v1", "-n", namespace)["data"]["release"]
    record = helm_release.unpack(body, "it")["chart"]
    files = {one["name"]: base64.b64decode(one["data"]) for one in [*record["templates"], *(record["files"] or ())]}
    if record.get("schema"):
        files["values.schema.json"] = base64.b64decode(record["schema"])
    charts = ChartFolders()
    assert dict(charts.in_record(charts.open(str(chart)))) == files
    about = re.search(r"about (\d+) KiB", result.evidence[0])
    assert about
    stored = len(base64.b64decode(body)) / 1024
    assert 0.94 * stored - 1 <= int(about[1]) <= 1.01 * stored, "Go packs a little less well"


@pytest.mark.parametrize("helm", ["helm4", "helm3"])
async def test_what_fails_is_refused_and_what_does_not_fail_is_taken(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, helm: str
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    seen = []
    for number, share in enumerate((0.5, 0.66, 0.7, 0.74, 0.78, 0.83, 1.3)):
        chart = made(tmp_path / f"c{number}" / "small", Random(number), int(MIB * share * 3 / 4))
        result = await u08(sandbox, tool, namespace, chart, f"r{number}")
        done = installed(sandbox, tool(helm), f"r{number}", chart, namespace)
        assert (result.state == "fail") == bool(done.returncode), (share, result, done.stderr[-300:])
        assert not done.returncode or "Too long" in done.stderr
        seen.append((result.state, result.blocking))
    assert seen == sorted(seen, key=[("pass", False), ("warn", False), ("fail", True)].index)
    assert len(set(seen)) == 3
