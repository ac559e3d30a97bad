"""What goes out with a request, beside the Go packages with which kubectl and both helms load a kubeconfig."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.adapters.kube import kubeconfigs
from tests.adapters.kube.kubeconfigs import CASES, SECRET, Case
from tests.core.oracle import Oracle, running
from wizard.adapters.kube.connection import Connection, _material
from wizard.adapters.kube.exec_plugin import _LAST_FAILURES
from wizard.adapters.kube.kubeconfig import KubeconfigFiles
from wizard.core.kube import proxy
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target

pytestmark = pytest.mark.full
_RANDOM: Final = 2000


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What is in each case's folder."""
    return kubeconfigs.material(tmp_path_factory.mktemp("material"))


@pytest.fixture(scope="module")
def oracles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Oracle]]:
    """One for each tool that reads kubeconfigs."""
    source = (Path(__file__).parent / "go_oracle" / "main.go").read_text()
    with contextlib.ExitStack() as stack:
        yield {
            tool: stack.enter_context(running(tool, source, tmp_path_factory.mktemp(tool)))
            for tool in ("kubectl", "helm3", "helm4")
        }


@pytest.fixture
def compare(
    known: dict[str, bytes], oracles: dict[str, Oracle], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Case, Path], bool]:
    """Holds a case in a folder to all of them; says whether it is taken."""

    def hold(case: Case, folder: Path) -> bool:
        explicit, context, listed, path = kubeconfigs.lay(case, folder, known)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("KUBECONFIG", listed)
        monkeypatch.setenv("PATH", path)
        said = {
            tool: json.loads(oracle.ask("effective", explicit, context, str(folder), listed, path))
            for tool, oracle in oracles.items()
        }
        theirs = said["kubectl"]
        refused = {tool: "error" in answer for tool, answer in said.items()}
        assert len(set(refused.values())) == 1, said
        assert "error" in theirs or said["helm3"] == said["helm4"] == theirs
        found = ours(explicit, context)
        if isinstance(found, ClusterError):
            assert found.kind in ("no-credentials", "tls")
            assert SECRET not in found.message
            assert "error" in theirs, (found.message, theirs)
            return False
        assert "error" not in theirs, (theirs, found)
        assert found == _comparable(theirs)
        config = KubeconfigFiles().read(explicit)
        assert config.refusal(context) is None
        return True

    return hold


def ours(explicit: str, context: str) -> dict[str, Any] | ClusterError:
    """What we would send, in the words of the oracle, or why we would not."""
    _LAST_FAILURES.clear()
    try:
        connection = Connection(Target(context, "", kubeconfig=explicit))
        pool, headers = connection._ready()
        sent = [*headers.items(), *connection._groups()]
    except ClusterError as error:
        return error
    tls = pool.connection_pool_kw.get("ssl_context")
    entry = KubeconfigFiles().read(explicit).context(connection.context)
    assert entry is not None
    pair = [_material(connection._user, key).decode() for key in ("client-certificate", "client-key")]
    return {
        "namespace": entry.namespace or "default",
        "server": connection.server,
        "headers": sorted([name.lower(), _told(value.encode("latin-1").decode())] for name, value in sent),
        "proxy": pool.proxy.url if pool.proxy else "",
        "insecure": tls is not None and tls.verify_mode == ssl.CERT_NONE,
        "serverName": pool.connection_pool_kw.get("server_hostname", ""),
        "authority": _material(connection._cluster, "certificate-authority").decode() if tls else "",
        "certificate": pair[0] if tls else "",
        "key": pair[1] if tls else "",
    }


def _comparable(theirs: Mapping[str, Any]) -> dict[str, Any]:
    pairs = [[name.lower(), _told(value)] for name, values in theirs["headers"].items() for value in values]
    return {**theirs, "headers": sorted(pairs)}


def _told(header: str) -> str:
    """A header; of a plugin's token how the plugin was called."""
    with contextlib.suppress(ValueError):
        program, mark, arguments, info = (
            base64.b64decode(header.removeprefix("Bearer "), validate=True).decode().split("\n")[:4]
        )
        return json.dumps([program, mark, arguments, json.loads(info)], sort_keys=True)
    return header


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case(case: Case, compare: Callable[[Case, Path], bool], tmp_path: Path) -> None:
    assert compare(case, tmp_path) == (not case.says)


def test_random_kubeconfigs(compare: Callable[[Case, Path], bool], tmp_path: Path) -> None:
    chosen = random.Random(1)
    taken = [compare(_random(chosen, number), tmp_path) for number in range(_RANDOM)]
    assert sum(taken) > _RANDOM / 10


def test_proxies(oracles: dict[str, Oracle]) -> None:
    chosen = random.Random(2)
    hosts = (
        "localhost",
        "127.0.0.1",
        "127.1.2.3",
        "[::1]",
        "10.1.2.3",
        "10.1.2.3:6443",
        "[fd00::1]:443",
        "a.example",
        "b.a.example:6443",
        "example",
    )
    entries = ("", " ", "*", "localhost", "10.0.0.0/8", "10.1.2.9/24", "10.0.0.0/99", "10.0.0.0/255.0.0.0", "10.1.2.3", "10.1.2.3:6443", "10.1.2.3:443",
               "fd00::/8", "fd00::1", "[fd00::1]:443", "[fd00::1]", "example", ".example", "*.example", "*example", "A.Example", "a.example:6443", "a.example:443", ":443", "*.a.example:6443", ".", "x")  # fmt: skip
    named = ("", "http://p.example:3128", "p.example:3128", "p.example", "https://p.example", "socks5://p.example")
    for _ in range(5000):
        address = f"{chosen.choice(('http', 'https'))}://{chosen.choice(hosts)}"
        value, left_out = chosen.choice(named), ",".join(chosen.choices(entries, k=chosen.choice((0, 1, 1, 2))))
        theirs = json.loads(oracles["kubectl"].ask("proxy", address, value, left_out))["proxy"]
        environment = {"HTTPS_PROXY": value, "HTTP_PROXY": value, "NO_PROXY": left_out}
        assert proxy.of_environment(address, environment) == theirs, (address, environment)


_ODD: Final[tuple[Any, ...]] = (
    None,
    "",
    0,
    7,
    True,
    False,
    1.5,
    [],
    {},
    ["a"],
    {"a": "b"},
    "x",
    "yes",
    "12",
    "gone",
    "~/x",
)
_TREES: Final = [case.files["config"] for case in CASES if isinstance(case.files.get("config"), dict)]


def _random(chosen: random.Random, number: int) -> Case:
    """A mix of known kubeconfigs with a few changes, in one file or two."""
    trees = [_own(_mixed(chosen), number) for _ in range(chosen.choice((1, 1, 1, 2)))]
    files = {name: _written(chosen, tree) for name, tree in zip(("config", "sub/two"), trees, strict=False)}
    names = chosen.sample(sorted(files), len(files))
    return Case(f"random {number}", files, listed=":".join(names), context=chosen.choice(("", "", "here", "b")))


def _own(tree: Any, number: int) -> Any:
    """With a client of OpenID Connect and a login plugin of its own: the packages keep the first token of each."""
    text = json.dumps(tree).replace('"client-id": "me"', f'"client-id": "me{number}"')
    return json.loads(text.replace('"command": ', f'"installHint": "{number}", "command": '))


def _mixed(chosen: random.Random) -> Any:
    tree = json.loads(json.dumps(chosen.choice(_TREES)))
    for section, key in (("users", "user"), ("clusters", "cluster")):
        other = json.loads(json.dumps(chosen.choice(_TREES))).get(section)
        if chosen.random() < 0.5 and isinstance(tree.get(section), list) and isinstance(other, list):
            for mine, its in zip(tree[section], other, strict=False):
                if isinstance(mine, dict) and isinstance(its, dict) and isinstance(mine.get(key), dict):
                    mine[key].update(its.get(key) or {})
    if chosen.random() < 0.4:
        places = list(_places(tree))
        within, key = chosen.choice(places)
        within[key] = chosen.choice(_ODD)
    return tree


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _written(chosen: random.Random, tree: Any) -> str:
    """The tree as text; @ names stay in double quotes."""
    if chosen.random() < 0.5:
        return json.dumps(tree)
    text = yaml.safe_dump(
        tree, default_style=chosen.choice((None, '"')), default_flow_style=chosen.choice((None, True, False))
    )
    return text.replace("'@", '"@').replace(".crt'", '.crt"').replace(".key'", '.key"')
