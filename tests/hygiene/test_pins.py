"""Whatever a build, a test or CI brings in from elsewhere is known by its hash before it is used."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from release.sbom import locked
from tests.hygiene.test_house import ROOT, tracked
from wizard.sandbox import toolchain

FETCHES: Mapping[str, Set[str]] = {
    "pip": {"install", "download", "wheel"},
    "uv": {"install", "sync", "add", "run", "tool"},
    "go": {"get", "install", "run"},
    "apt-get": {"install", "download", "source"},
    "apt": {"install", "download", "source"},
    "npm": {"install", "i", "ci", "exec", "pack"},
    "cargo": {"install", "fetch"},
    "gem": {"install"},
    "git": {"clone", "fetch", "pull"},
    "docker": {"pull", "run"},
    "podman": {"pull", "run"},
} | dict.fromkeys(("uvx", "pipx", "npx", "mvn", "curl", "wget", "mmdebstrap", "debootstrap"), frozenset[str]())
"""Programs that fetch, with the words that make them do so; an empty set: whatever they are told."""
NAMED = re.compile(rf"\b(?:{'|'.join(map(re.escape, FETCHES))})\b")
"""Only a file with the name of one in it needs to be read closely, which takes long."""

HELD_OTHERWISE = {
    ("tests/realnode/images.py", "pip"): "the wheel is compared with its SHA-256 and never installed",
    ("tests/realnode/images.py", "mvn"): "the archive is compared with its SHA-256; maven's plugin is of one version, "
    "with the checksums of the repository",
    ("tests/realnode/images.py", "mmdebstrap"): "Debian's signature: security updates replace what a hash would name",
    ("tests/realnode/images.py", "apt-get"): "Debian's signature, as above",
    ("tests/realnode/needs.py", "apt-get"): "Debian's signature, as above",
    ("tests/diagnosis/recorder/languages.py", "npm"): "ci: the lock has the integrity of every package",
    (
        "tests/diagnosis/recorder/languages.py",
        "mvn",
    ): "exact versions, with the checksums of the repository; run by hand, and "
    "only words that programs print come out of it",
    ("tests/diagnosis/recorder/languages.py", "mmdebstrap"): "Debian's signature, as above",
}
"""What needs no hash, by file and program, and what holds it."""


def fetched(words: list[str]) -> set[str]:
    """Programs among the words of one command that fetch something without a hash."""
    programs = {name for word in words if (name := Path(word).name) in FETCHES}
    if "--require-hashes" in words or {"--no-deps", "--no-build-isolation", "-e"} <= set(words):
        programs -= {"pip", "uv"}
    return {name for name in programs if not FETCHES[name] or FETCHES[name] & set(words)}


def commands(file: Path) -> Iterator[list[str]]:
    """Commands in a file, each as its words: argument lists in Python, lines elsewhere."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        yield from (re.findall(r"[^\s;|&()'\"`@]+", line) for line in text.replace("\\\n", " ").splitlines())
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.List | ast.Tuple | ast.Call):
            parts = node.args if isinstance(node, ast.Call) else node.elts
            words = [str(one.value) for one in parts if isinstance(one, ast.Constant)]
            # One string is a command when a shell gets it.
            yield words[0].split() if isinstance(node, ast.Call) and len(words) == 1 else words


def scripts() -> list[Path]:
    """Files that run something: Python, shell, make."""
    own = Path(__file__).resolve()
    files = tracked("*.py", "*.sh", "Makefile", "*/Makefile", ".ci/*", "*.mk", "Dockerfile*")
    return [file for file in files if file.resolve() != own]


def test_nothing_is_fetched_without_a_hash_but_for_what_is_listed_here() -> None:
    found = {
        (str(file.relative_to(ROOT)), program)
        for file in scripts()
        if NAMED.search(file.read_text(encoding="utf-8"))
        for words in commands(file)
        for program in fetched(words)
    }
    assert found == set(HELD_OTHERWISE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Makefile", "tools:\n\t@$(PY) -m pip install --quiet uv==0.9.18\n"),
        ("run", "curl -sSL https://example.invalid/get.sh | bash\n"),
        ("run", "apt-get update && apt-get install -y \\\n  golang\n"),
        ("run", "sh -c 'uv tool install ruff'\n"),
        ("a.py", "run([sys.executable, '-m', 'pip', 'install', *options, 'x==1'])"),
        ("a.py", "run(['/usr/bin/npm', 'ci'])"),
        ("a.py", "os.system('wget -q https://example.invalid/tool')"),
        ("a.py", "asyncio.create_subprocess_exec('go', 'install', f'example.invalid/x@{version}')"),
    ],
)
def test_a_new_fetch_is_found(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert {program for words in commands(tmp_path / name) for program in fetched(words)}


LOCKS = (
    "requirements.lock",
    "requirements-uv.lock",
    "wizard/sandbox/go.lock",
    "tests/chart/modules/checkov.lock",
    "bench/modules/k8s-sre-agent.lock",
    "tests/diagnosis/recorder/programs/python/clients.lock",
)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_of_a_lock_has_hashes_and_none_has_an_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = locked(text)

    assert entries
    assert len(entries) == len(re.findall(r"^[^\s#]", text, re.MULTILINE)), "a line is no NAME==VERSION"
    assert [name for name, entry in entries.items() if not entry.hashes] == []
    assert "://" not in text
    assert "--index" not in text


def test_there_is_no_other_lock() -> None:
    assert {str(file.relative_to(ROOT)) for file in tracked("*.lock", "*requirements*.txt")} == set(LOCKS)


def test_every_version_that_is_named_exactly_is_the_one_of_a_lock() -> None:
    entries = {name: entry for file in tracked("*.lock") for name, entry in locked(file.read_text()).items()}
    files = [file for file in [*scripts(), ROOT / "pyproject.toml"] if file.parts[len(ROOT.parts)] != "tests"]
    named = {
        (name.lower().replace("_", "-"), version)
        for file in files
        for name, version in re.findall(r"\b([A-Za-z][\w.-]*)==(\d[\w.]*)", file.read_text(encoding="utf-8"))
    }

    assert ("uv", entries["uv"].version) in named
    assert {
        (name, version) for name, version in named if name not in entries or entries[name].version != version
    } == set()


def test_the_lock_satisfies_everything_that_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    asked = {"requirements.lock": [*project["project"]["dependencies"], *project["build-system"]["requires"]]}
    asked["requirements.lock"] += [line for name in ("test", "check", "release") for line in groups[name]]
    asked |= {"requirements-uv.lock": groups["uv"], "wizard/sandbox/go.lock": groups["go"]}
    asked["tests/chart/modules/checkov.lock"] = groups["checkov"]
    asked["bench/modules/k8s-sre-agent.lock"] = groups["k8s-sre-agent"]

    assert groups["dev"] == [{"include-group": name} for name in ("test", "check", "release")]
    for lock, lines in asked.items():
        entries = locked((ROOT / lock).read_text(encoding="utf-8"))
        for requirement in map(Requirement, lines):
            entry = entries[requirement.name.lower().replace(".", "-")]
            assert requirement.specifier.contains(entry.version), f"run `make lock`: {requirement}"


def test_the_go_that_is_installed_is_the_one_whose_hashes_are_packed() -> None:
    assert toolchain.GO_LOCK.read_text(encoding="utf-8").startswith(f"{toolchain.GO_WHEEL} ")


@pytest.mark.parametrize("module", tracked("*go.mod"), ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_every_go_module_that_is_needed_has_its_sum_beside_it(module: Path) -> None:
    text = re.sub(r"//.*", "", module.read_text(encoding="utf-8"))
    replaced = dict(re.findall(r"^\s*(?:replace )?(\S+)(?: v\S+)? => (\S+ ?\S*)$", text, re.MULTILINE))
    needed = {
        replaced.get(path, f"{path} {version}").strip()
        for path, version in re.findall(r"^\s*(?:require )?(\S+) (v\d\S*)\s*$", text, re.MULTILINE)
        if path != "replace"
    }
    sums = module.with_name("go.sum")
    known = {" ".join(line.split()[:2]) for line in sums.read_text().splitlines()} if sums.exists() else set()

    assert "=> ." not in text, "a module from a folder has no sum"
    assert bool(needed) == sums.exists()
    assert {name for name in needed if not {name, f"{name}/go.mod"} <= known} == set()
