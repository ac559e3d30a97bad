"""A chart that is not ours, on the command line: pulled once, its own values, none of our questions."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from tests.cli.commands.test_install import call
from tests.cli.stub import stub_session
from tests.foreign import PLAIN, make_shop, packed_shop, write
from tests.stub_session import StubSession
from wizard import frontends
from wizard.cli import parser
from wizard.cli.arguments.operation import OperationArguments
from wizard.cli.draft import draft_of
from wizard.core.errors import Problem
from wizard.core.helm.chart import ChartOptions
from wizard.core.kube.kubeconfig import Context, Kubeconfig

OCI = "oci://registry.test/acme/shop"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def session() -> StubSession:
    """A session whose helm can pull the shop."""
    session = stub_session()
    session.config = Kubeconfig(("config",), (Context("here", "https://h", "me", "team"),), "here")
    session.published = {OCI: packed_shop(), "acme/shop": packed_shop()}
    return session


async def test_a_chart_of_a_registry_is_installed_with_its_exact_version_in_what_repeats_it(
    session: StubSession,
) -> None:
    code, _ = await call(f"install --chart {OCI} --chart-version ^1 --set greeting=hi --yes", session)

    assert code == 0
    assert session.pulled == [(OCI, ChartOptions("^1"))]
    (spec,) = session.specs
    assert (spec.chart_name, spec.chart_version, spec.preset, spec.secrets) == ("shop", "1.2.3", "", ())
    assert (spec.target.release, spec.target.namespace) == ("shop", "team")
    assert Path(spec.chart).read_bytes() == packed_shop()
    ours, helm = map(shlex.split, spec.reproduce)
    assert ours[ours.index("--chart") :][:4] == ["--chart", OCI, "--chart-version", "1.2.3"]
    assert "--preset" not in ours
    assert helm[:4] == ["helm", "install", "shop", OCI]
    assert helm[-2:] == ["--version", "1.2.3"]
    text = Path("shop.values.yaml").read_text()
    assert text.startswith("# Values of shop, made by llm-cost-ops-wizard")
    assert "\n# for chart shop 1.2.3, release shop in namespace team.\n" in text
    assert "git" not in text  # nothing is claimed of values that we do not know
    assert yaml.safe_load(text) == {"greeting": "hi"}


async def test_the_words_of_helm_install_name_a_chart_too(session: StubSession) -> None:
    await call("install mine acme/shop -n there --yes", session)

    assert session.specs[0].target.release == "mine"
    assert session.specs[0].target.namespace == "there"
    assert session.specs[0].reproduce[1].startswith("helm install mine acme/shop ")
    assert Path("mine.values.yaml").is_file()


async def test_without_a_namespace_in_the_context_it_is_default(session: StubSession) -> None:
    session.config = Kubeconfig(("config",), (Context("here", "https://h", "me", ""),), "here")
    await call("install --chart acme/shop --yes", session)

    assert session.specs[0].target.namespace == "default"


async def test_a_folder_that_is_there_wins_over_a_repository(session: StubSession) -> None:
    write(Path("acme/shop"), PLAIN)
    await call("install --chart acme/shop --yes", session)

    assert session.pulled == []
    assert session.specs[0].chart_name == "plain"
    assert session.specs[0].chart == str(Path("acme/shop").resolve())


async def test_what_was_planned_is_what_runs_when_the_tag_moves_in_between(session: StubSession) -> None:
    await call(f"plan --chart {OCI}", session)
    session.published = {OCI: packed_shop("2.0.0")}
    await call(f"install --chart {OCI} --yes", session)

    assert session.specs[0].chart_version == "1.2.3"


async def test_a_packed_chart_on_this_machine_is_named_as_it_was_typed(session: StubSession) -> None:
    Path("shop.tgz").write_bytes(packed_shop())
    await call("install --chart ./shop.tgz --yes", session)

    ours, helm = map(shlex.split, session.specs[0].reproduce)
    assert ours[ours.index("--chart") + 1] == helm[3] == "./shop.tgz"
    assert "--chart-version" not in ours


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--preset dev", "--preset is for the chart llm-cost-ops, not for shop."),
        ("--secret-file jwt=a", "--secret-file is for the chart llm-cost-ops, not for shop."),
        ("--existing-secret jwt=a", "--existing-secret is for the chart llm-cost-ops, not for shop."),
        ("--answer host=a", 'There is no question "host". Questions are context, namespace, release.'),
        ("--chart-version 9 --chart other/shop", "The chart other/shop was not pulled: repo x not found."),
        ("--chart ./none", "There is no chart at ./none."),
        ("--chart ./shop --verify", "The chart ./shop was not verified: openpgp"),
        ("--chart https://me:pw@charts.test/a.tgz", "The address of the chart holds a login"),
    ],
)
async def test_what_does_not_go_with_it_is_one_sentence(session: StubSession, line: str, says: str) -> None:
    make_shop(Path("shop"))
    chart = "" if "--chart " in line else "--chart acme/shop "
    with pytest.raises(Problem) as caught:
        await call(f"install {chart}{line} --yes", session)
    assert says in str(caught.value)
    assert session.specs == []


@pytest.mark.parametrize("flag", ["--verify", "--keyring k.gpg", "--chart-version 1.0.0"])
async def test_the_built_in_chart_is_not_taken_for_one_that_was_verified(session: StubSession, flag: str) -> None:
    with pytest.raises(Problem, match="the built-in one is part of the wizard"):
        await call(f"install --preset dev {flag} --yes", session)


async def test_secrets_given_as_values_are_written_masked_where_they_are_shown_and_not_kept_in_drafts(
    session: StubSession,
) -> None:
    said = (
        await call(
            "install --chart acme/shop --set password=hunter2canary --set greeting=hi --yes --dry-run -o json", session
        )
    )[1]
    assert "hunter2canary" not in said
    await call("values --chart acme/shop --set password=hunter2canary --set greeting=hi --yes", session)
    assert yaml.safe_load(Path("shop.values.yaml").read_text())["password"] == "hunter2canary"
    assert "keep it out of git" in Path("shop.values.yaml").read_text()

    arguments = parser.read(
        ["install", "--chart", "acme/shop", "--set", "password=hunter2canary", "--set", "greeting=hi"]
    )
    assert isinstance(arguments, OperationArguments)
    session.answers.keep(draft_of(arguments, session))
    assert [kept for _, kept in session.answers.kept() if kept.chart == "acme/shop"] == []


async def test_an_upgrade_starts_from_all_values_of_the_release(session: StubSession) -> None:
    session.next_operation = "upgrade"
    session.running = {"password": "kept-by-the-release", "greeting": "old"}
    await call("upgrade --chart acme/shop --set greeting=new --yes -n team", session)

    assert yaml.safe_load(Path("shop.values.yaml").read_text()) == {
        "password": "kept-by-the-release",
        "greeting": "new",
    }
    assert session.answers.kept() == []


async def test_the_name_of_the_guide_is_the_built_in_chart_unless_a_version_is_asked_for() -> None:
    session = stub_session()
    session.published = {"llm-cost-ops/llm-cost-ops": packed_shop("9.0.0")}
    await call("values --preset dev --answer image=a/b:c --yes --chart llm-cost-ops/llm-cost-ops", session)
    assert session.pulled == []
    await call("values --yes --chart llm-cost-ops/llm-cost-ops --chart-version 9.0.0", session)
    assert session.pulled == [("llm-cost-ops/llm-cost-ops", ChartOptions("9.0.0"))]


def test_the_full_screen_pulls_before_it_opens(session: StubSession, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = parser.read(["install", "--chart", "acme/shop", "--set", "greeting=hi"])
    session.options = arguments.options()
    start = frontends._start(arguments, session)

    assert start.problem is None
    assert start.draft is not None
    assert session.answers.can_resolve(start.draft)
    assert session.pulled == [("acme/shop", ChartOptions())]
    assert "helm fetches and checks acme/shop" in capsys.readouterr().err
    arguments = parser.read(["install", "--chart", "other/shop"])
    session.options = arguments.options()
    assert "was not pulled" in str(frontends._start(arguments, session).problem)
