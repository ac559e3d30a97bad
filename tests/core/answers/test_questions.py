"""The table of questions: defaults, visibility, problems, and what answers write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from wizard.adapters.helm.charts import ChartFolders
from wizard.core.answers import secrets, validate, values_file
from wizard.core.answers.draft import Draft
from wizard.core.answers.questions import QUESTIONS, STEPS, questions_of
from wizard.core.answers.resolve import Layers, Resolved
from wizard.core.answers.suggestions import ClusterSuggestions
from wizard.core.errors import Problem
from wizard.core.helm import values
from wizard.core.helm.strvals import SetFlag

_CHART = ChartFolders().open()
LAYERS = Layers(_CHART.defaults, _CHART.presets, (), _CHART.version, _CHART.app_version)
SANDBOX = ClusterSuggestions(sandbox=True, contexts=("llm-cost-ops-sandbox",), current_context="llm-cost-ops-sandbox")


DIGEST = "sha256:" + "5a" * 32


def resolve(suggestions: ClusterSuggestions = SANDBOX, layers: Layers = LAYERS, **answers: str) -> Resolved:
    return Resolved(
        Draft({key.replace("__", "."): value for key, value in answers.items()}), suggestions, layers, QUESTIONS
    )


def written(resolved: Resolved) -> Any:
    return values_file.build(resolved, "1.0.0").tree


def test_in_a_sandbox_every_preset_is_answered_by_enter_alone_but_for_the_host() -> None:
    assert resolve().problems() == {}
    for preset in ("staging", "prod"):
        assert set(resolve(preset=preset).problems()) == {"host"}
        assert resolve(preset=preset, host="api.acme.test").problems() == {}


def test_outside_a_sandbox_the_image_must_be_named() -> None:
    suggestions = replace(SANDBOX, sandbox=False)
    assert "nobody can publish" in resolve(suggestions).problems()["image"]
    assert resolve(suggestions, image="ghcr.io/acme/llm-cost-ops:v1.0.0").problems() == {}


@pytest.mark.parametrize("step", [step for step, _, _ in STEPS])
def test_every_step_has_questions_and_every_question_a_help_text(step: str) -> None:
    mine = [one for one in QUESTIONS if one.step == step]
    assert mine
    assert all(one.title and one.help.endswith(".") for one in mine)


def test_every_question_belongs_to_a_step_and_ids_are_unique() -> None:
    assert {one.step for one in QUESTIONS} == {step for step, _, _ in STEPS}
    assert len({one.id for one in QUESTIONS}) == len(QUESTIONS)


def test_the_namespace_follows_the_environment_as_the_guide_prints_it() -> None:
    assert [resolve(preset=preset)["namespace"] for preset in ("dev", "staging", "prod")] == [
        "llm-cost-ops-dev", "llm-cost-ops-staging", "llm-cost-ops-prod",
    ]  # fmt: skip


def test_dev_asks_nothing_about_certificates_and_prod_does() -> None:
    assert resolve().visible("tls") == ()
    assert [one.id for one in resolve(preset="prod").visible("tls")] == ["tls", "tls.issuer"]


def test_an_unknown_answer_names_the_choices() -> None:
    assert resolve(preset="test").problems()["preset"] == (
        '"test" is not a choice for Environment; choose one of dev, staging, prod.'
    )


def test_limits_below_requests_are_refused_with_both_numbers() -> None:
    assert resolve(memory="2Gi", memory__limit="1Gi").problems() == {
        "memory.limit": "Memory limit (1Gi) is less than what is requested (2Gi)."
    }


def test_the_values_file_holds_what_differs_and_gives_the_same_tree_back() -> None:
    resolved = resolve(preset="prod", host="api.acme.test", scaling="fixed", replicas="4", image="ghcr.io/acme/app:v2")
    tree = written(resolved)
    whole = values.merge(LAYERS.defaults, tree)
    assert values.get(whole, values.path_of("ingress.hosts[0].host")) == "api.acme.test"
    assert values.get(whole, values.path_of("image.repository")) == "acme/app"
    assert values.get(whole, values.path_of("image.registry")) == "ghcr.io"
    assert values.get(whole, values.path_of("replicaCount")) == 4
    assert whole == values.apply_edits(resolved.base, resolved.value_edits())


def test_a_preset_says_whether_it_fits_the_cluster_once_that_is_known() -> None:
    def notes(**presets: str) -> dict[str, str]:
        resolved = Resolved(Draft({}), replace(SANDBOX, presets=presets), LAYERS, QUESTIONS)
        return {choice.value: choice.note for choice in resolved.question("preset").choices(resolved)}

    assert notes()["dev"] == "1 replica, no ingress, small disks, debug log"
    known = notes(dev="", prod="no disk class fast-ssd here")
    assert known["dev"].endswith("debug log: fits here")
    assert known["prod"].endswith("fast disks: no disk class fast-ssd here")
    assert "here" not in known["staging"]


def test_the_file_means_the_same_when_the_preset_lies_below_it_again() -> None:
    """So the command that Done prints does the same again, whatever was taken back to the chart's default."""
    resolved = resolve(replicas="3", database__size="100Gi")
    tree = written(resolved)
    layers = replace(LAYERS, files=(("it.yaml", tree),))
    assert resolve(layers=layers).base == values.apply_edits(resolved.base, resolved.value_edits())


def test_only_answers_carry_a_comment_and_the_header_names_the_preset_of_the_other_lines() -> None:
    built = values_file.build(resolve(), "1.0.0")
    assert "config.logLevel" not in built.notes
    assert built.notes["image.repository"] == "the application image"
    assert f"preset dev {LAYERS.chart_version}" in " ".join(built.header)
    assert values_file.owner("\n".join(f"# {line}" for line in built.header)) == ("llm-cost-ops", "llm-cost-ops-dev")
    assert built.path == "./llm-cost-ops.dev.values.yaml"


@pytest.mark.parametrize(
    ("environment", "preset"),
    [("production", "prod"), ("Production", "prod"), ("prod", "prod"), ("staging", "staging"), (" DEV", "dev"), ("lab", "dev"), (7, "dev")],
)  # fmt: skip
def test_a_values_file_speaks_for_its_environment(environment: object, preset: str) -> None:
    files = (
        ("base.yaml", {"global": {"environment": "staging"}}),
        ("mine.yaml", {"global": {"environment": environment}}),
    )
    expected = preset if environment not in ("lab", 7) else "staging"
    assert resolve(layers=replace(LAYERS, files=files))["preset"] == expected
    assert resolve(layers=replace(LAYERS, files=files[1:]))["preset"] == preset
    assert resolve(layers=replace(LAYERS, files=files), preset="dev")["preset"] == "dev"


def test_every_question_that_writes_values_writes_paths_the_chart_knows() -> None:
    given = {
        "image": "ghcr.io/acme/app:v2", "image.pullSecret": "pull", "database": "external", "database.host": "db",
        "database.name": "d", "database.user": "u", "cache": "external", "cache.host": "r", "expose": "ingress",
        "host": "api.acme.test", "scaling": "auto", "smtp.host": "mail",
    }  # fmt: skip
    known = {values.dotted(path)[: len(values.dotted(path))] for path, _ in values.leaves(LAYERS.defaults)}
    for patch in ({}, given):
        resolved = Resolved(Draft(patch), SANDBOX, LAYERS, QUESTIONS)
        for line in resolved.value_edits():
            path = values.dotted(line.path)
            inside = any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in known)
            assert inside or path.startswith("ingress.annotations."), f"{path} is not a value of the chart"


def test_secrets_are_named_in_the_values_and_never_in_them() -> None:
    resolved = resolve(
        secret__jwt="file", secret__jwt__file="/secrets/jwt.txt", secret__redis="existing", secret__redis__name="mine"
    )
    tree = written(resolved)
    assert values.secrets_in(tree) == ()
    assert tree["jwt"]["existingSecret"] == "llm-cost-ops-app-credentials"
    assert tree["redis"]["auth"]["existingSecret"] == "mine"
    assert "jwt.txt" not in repr(tree)


def test_the_plan_of_secrets_follows_the_answers() -> None:
    planned = {one.name: one for one in secrets.plan(resolve(secret__redis="existing", smtp__host="mail.acme.test"))}
    assert set(planned) == {
        "llm-cost-ops-app-credentials", "llm-cost-ops-postgresql-credentials", "llm-cost-ops-grafana-credentials",
    }  # fmt: skip
    keys = {name: [source.key for source in one.sources] for name, one in planned.items()}
    assert keys["llm-cost-ops-app-credentials"] == ["jwt-secret", "smtp-password"]
    assert keys["llm-cost-ops-postgresql-credentials"] == ["password", "postgres-password", "password-urlencoded"]
    assert keys["llm-cost-ops-grafana-credentials"] == ["admin-user", "admin-password"]


def test_a_secret_that_is_there_is_kept_by_default() -> None:
    suggestions = replace(SANDBOX, secrets=("llm-cost-ops-postgresql-credentials",))
    resolved = resolve(suggestions)
    assert resolved["secret.postgres"] == "keep"
    assert "llm-cost-ops-postgresql-credentials" not in {one.name for one in secrets.plan(resolved)}
    assert written(resolved)["postgresql"]["auth"]["existingSecret"] == "llm-cost-ops-postgresql-credentials"


def test_certificate_files_become_a_tls_secret() -> None:
    resolved = resolve(preset="prod", host="api.acme.test", tls="files", tls__cert="a.crt", tls__key="a.key")
    (tls,) = [one for one in secrets.plan(resolved) if one.type == "kubernetes.io/tls"]
    assert (tls.name, [source.detail for source in tls.sources]) == ("llm-cost-ops-tls", ["a.crt", "a.key"])
    assert written(resolved)["ingress"]["tls"] == [{"secretName": "llm-cost-ops-tls", "hosts": ["api.acme.test"]}]


def test_a_values_file_with_a_secret_is_refused_with_the_way_out() -> None:
    layers = replace(LAYERS, files=(("mine.yaml", {"jwt": {"secret": "canary"}}),))
    with pytest.raises(Problem) as caught:
        written(resolve(layers=layers))
    assert "mine.yaml holds a secret at jwt.secret" in str(caught.value)
    assert "--secret-file jwt=PATH" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_persons_file_lies_between_preset_and_answers() -> None:
    layers = replace(LAYERS, files=(("mine.yaml", {"replicaCount": 7, "config": {"logLevel": "warn"}}),))
    assert resolve(layers=layers)["replicas"] == "7"
    assert written(resolve(layers=layers, replicas="2"))["replicaCount"] == 2
    assert written(resolve(layers=layers))["config"]["logLevel"] == "warn"


def test_set_wins_over_answers() -> None:
    draft = Draft({"replicas": "2"}, sets=(SetFlag("--set", "replicaCount=9"),))
    resolved = Resolved(draft, SANDBOX, LAYERS, QUESTIONS)
    assert written(resolved)["replicaCount"] == 9
    assert values_file.build(resolved, "1.0.0").notes["replicaCount"] == "from --set"


def with_sets(*sets: tuple[str, str], layers: Layers = LAYERS) -> Resolved:
    return Resolved(Draft({"preset": "dev"}, sets=tuple(SetFlag(*pair) for pair in sets)), SANDBOX, layers, QUESTIONS)


def test_null_removes_a_default_and_the_file_says_so() -> None:
    tree = written(with_sets(("--set", "resources.limits.cpu=null"), ("--set-json", 'podLabels={"x":null}')))
    assert tree["resources"]["limits"]["cpu"] is None
    assert tree["podLabels"] == {"x": None}
    assert written(with_sets(("--set", "prometheus=null")))["prometheus"] is None


def test_set_reaches_into_lists_of_files_and_makes_anew_those_of_the_chart_as_in_helm() -> None:
    ours = with_sets(("--set", "ingress.hosts[0].host=b.test"))
    assert written(ours)["ingress"]["hosts"] == [{"host": "b.test"}]
    layers = replace(
        LAYERS, files=(("mine.yaml", {"ingress": {"hosts": [{"host": "a.test", "x": 1}, {"host": "c.test"}]}}),)
    )
    theirs = with_sets(("--set", "ingress.hosts[0].host=b.test"), layers=layers)
    assert written(theirs)["ingress"]["hosts"] == [{"host": "b.test", "x": 1}, {"host": "c.test"}]
    assert layers.files[0][1]["ingress"]["hosts"][0]["host"] == "a.test"
    same = replace(LAYERS, files=(("mine.yaml", {"ingress": {"hosts": LAYERS.defaults["ingress"]["hosts"]}}),))
    hosts = written(with_sets(("--set", "ingress.hosts[0].host=b.test"), layers=same))["ingress"]["hosts"]
    assert hosts[0].keys() == LAYERS.defaults["ingress"]["hosts"][0].keys()


def test_set_wins_over_the_image_that_was_named() -> None:
    draft = Draft({"preset": "dev", "image": "a/b:c"}, sets=(SetFlag("--set", "image.repository=z"),))
    assert written(Resolved(draft, SANDBOX, LAYERS, QUESTIONS))["image"]["repository"] == "z"
    draft = replace(draft, sets=(SetFlag("--set", "image=null"),))
    assert written(Resolved(draft, SANDBOX, LAYERS, QUESTIONS))["image"] is None


def test_sets_are_applied_by_their_kind_as_in_helm() -> None:
    tree = written(with_sets(("--set-literal", "podLabels.a=1"), ("--set", "podLabels.a=2,podLabels.b=2")))
    assert tree["podLabels"] == {"a": "1", "b": 2}


def test_a_set_that_does_not_fit_what_is_there_is_refused() -> None:
    with pytest.raises(Problem, match='"replicaCount" is not a map'):
        written(with_sets(("--set", "replicaCount=1"), ("--set-string", "replicaCount.x=1")))


@pytest.mark.parametrize(
    "pair",
    [
        ("--set", "jwt.secret=canary"),
        ("--set", "jwt.secret={canary}"),
        ("--set-json", 'jwt={"secret":"canary"}'),
        ("--set-json", '{"jwt":{"secret":"canary"}}'),
        ("--set-literal", "jwt.secret=canary"),
    ],
)
def test_a_secret_in_any_set_is_refused_with_the_way_out(pair: tuple[str, str]) -> None:
    with pytest.raises(Problem) as caught:
        written(with_sets(pair))
    assert "--set holds a secret at jwt.secret" in str(caught.value)
    assert "--secret-file jwt=PATH" in str(caught.value)
    assert "canary" not in str(caught.value)


SETS = (SetFlag("--set", "a=1"), SetFlag("--set-file", "b={x,y}", ("1", "2")))


def test_a_draft_survives_its_file() -> None:
    draft = Draft({"preset": "prod"}, files=("a.yaml",), sets=SETS, write="x", kubeconfig="k")
    assert Draft.from_data(draft.to_data()) == draft


def test_a_draft_with_sets_of_an_earlier_version_is_not_read() -> None:
    data = {**Draft().to_data(), "sets": [["replicaCount", 3]]}
    with pytest.raises(ValueError, match="another version"):
        Draft.from_data(data)


RUNNING: dict[str, Any] = {
    "global": {"environment": "production"},
    "image": {"registry": "ghcr.io", "repository": "acme/app", "tag": "v1"},
    "ingress": {"hosts": [{"host": "api.acme.test"}, {"host": "api2.acme.test"}]},
    "replicaCount": 5,
}


def upgrade(running: dict[str, Any] | None = None, **answers: str) -> Resolved:
    draft = Draft({key.replace("__", "."): value for key, value in answers.items()}, running=running or RUNNING)
    return Resolved(draft, SANDBOX, LAYERS, QUESTIONS)


def test_an_upgrade_starts_from_the_running_release_not_from_a_preset() -> None:
    resolved = upgrade()
    assert (resolved["preset"], resolved["image"], resolved["host"]) == ("prod", "ghcr.io/acme/app:v1", "api.acme.test")
    tree = written(resolved)
    assert values.get(tree, values.path_of("ingress.hosts[1].host")) == "api2.acme.test"
    assert tree["replicaCount"] == 5


def test_changing_the_preset_of_an_upgrade_lays_it_over_what_runs() -> None:
    changed = upgrade(preset="staging")
    assert (changed["replicas.max"], changed["image"]) == ("5", "ghcr.io/acme/app:staging")
    assert upgrade(preset="prod").base == upgrade().base


def test_an_upgrade_that_changes_nothing_writes_the_same_file_again() -> None:
    first = values_file.build(resolve(), "1.0.0")
    backwards = dict(reversed(list(first.tree.items())))  # Helm stores keys in an order of its own
    again = Draft({"namespace": "llm-cost-ops-dev"}, running=backwards)
    second = values_file.build(Resolved(again, SANDBOX, LAYERS, QUESTIONS), "1.0.0")
    assert repr(second.tree) == repr(first.tree)
    assert second.notes == first.notes


def test_an_upgrade_leaves_passwords_as_the_release_has_them() -> None:
    resolved = upgrade()
    assert {resolved[f"secret.{name}"] for name in ("jwt", "postgres", "redis", "grafana")} == {"release"}
    assert secrets.plan(resolved) == ()
    assert "auth" not in written(resolved).get("postgresql", {})
    named = upgrade({**RUNNING, "redis": {"auth": {"existingSecret": "mine"}}})
    assert (named["secret.redis"], named["secret.redis.name"]) == ("existing", "mine")


def test_secrets_of_the_running_release_never_reach_the_draft() -> None:
    clean = values.without_secrets(
        {"jwt": {"secret": "canary"}, "postgresql": {"auth": {"password": "canary", "username": "u"}}}
    )
    assert "canary" not in repr(clean)
    assert clean["postgresql"]["auth"] == {"username": "u"}


def test_without_a_kubeconfig_no_cluster_is_asked_for() -> None:
    assert "context" not in {
        one.id for one in Resolved(Draft(), ClusterSuggestions(sandbox=True), LAYERS, QUESTIONS).visible()
    }


def test_passwords_that_travel_in_addresses_have_an_encoded_twin() -> None:
    tree = written(resolve(secret__postgres="file", secret__postgres__file="pw"))
    assert tree["postgresql"]["auth"]["secretKeys"]["urlPasswordKey"] == "password-urlencoded"
    assert tree["redis"]["auth"]["existingSecretUrlPasswordKey"] == "password-urlencoded"
    own = written(resolve(secret__postgres="existing", secret__postgres__name="mine"))
    assert "secretKeys" not in own["postgresql"]["auth"], "a Secret of the person's own has the keys it has"


def test_an_image_that_was_named_stays_named_in_the_file() -> None:
    tree = written(resolve(image="docker.io/llm-cost-ops:v9"))
    layers = replace(LAYERS, files=(("it.yaml", tree),))
    assert resolve(replace(SANDBOX, sandbox=False), layers)["image"] == "docker.io/llm-cost-ops:v9"


@pytest.mark.parametrize(
    ("question", "answer", "section"),
    [
        ("database", "bundled", "externalDatabase"),
        ("cache", "bundled", "externalRedis"),
        ("cache", "none", "externalRedis"),
    ],
)
def test_a_server_of_ones_own_is_taken_out_when_it_is_no_longer_wanted(
    question: str, answer: str, section: str
) -> None:
    tree = {section: {"host": "db.acme.test", "existingSecret": "db", "existingSecretUrlPasswordKey": "url"}}
    layers = replace(LAYERS, files=(("it.yaml", tree),))

    built = values_file.build(resolve(SANDBOX, layers, **{question: answer}), "0.1.0").tree

    assert section not in built


def test_a_values_file_of_another_shape_ends_no_question() -> None:
    layers = replace(LAYERS, files=(("foreign.yaml", {"image": "app:1", "ingress": {"annotations": "none"}}),))
    assert resolve(ClusterSuggestions(), layers)["image"] == ""
    assert resolve(ClusterSuggestions(), layers)["tls.issuer"] == ""


def from_file(tree: dict[str, Any], **answers: str) -> Resolved:
    return resolve(SANDBOX, replace(LAYERS, files=(("mine.yaml", tree),)), **answers)


@pytest.mark.parametrize(
    "section", [{"limits": {"cpu": None}}, {"limits": None}, None, {"requests": None, "limits": {"cpu": None}}]
)
def test_null_in_a_file_removes_the_default_of_a_quantity(section: Any) -> None:
    resolved = from_file({"resources": section})
    assert resolved["cpu.limit"] == ""
    assert resolved.problems("resources") == {}
    assert values.get(resolved.whole, ("resources", "limits", "cpu"), "gone") == "gone"
    merged = values.merge(LAYERS.defaults, written(resolved))
    assert values.get(merged, ("resources", "limits", "cpu"), "gone") == "gone"


def test_a_release_without_a_limit_is_planned_without_it() -> None:
    resolved = upgrade({**RUNNING, "resources": {"limits": {"cpu": None}}})
    assert resolved.problems() == {}
    assert written(resolved)["resources"]["limits"] == {"cpu": None}


def test_an_empty_answer_removes_a_limit_and_a_file_says_so() -> None:
    assert written(resolve(cpu__limit=""))["resources"]["limits"]["cpu"] is None


@pytest.mark.parametrize(
    ("before", "answer", "after"),
    [
        ({"repository": "repo", "digest": DIGEST, "registry": "ghcr.io"}, "repo:v2", "docker.io/repo:v2"),
        ({"repository": "acme/app", "tag": "v1", "digest": DIGEST}, "acme/app:v2", "docker.io/acme/app:v2"),
        ({"repository": "ghcr.io/acme/app", "tag": "v1"}, "ghcr.io/acme/app:v2", "ghcr.io/acme/app:v2"),
        ({"repository": "acme/app", "tag": "v1"}, f"quay.io/acme/app@{DIGEST}", f"quay.io/acme/app@{DIGEST}"),
        ({"registry": "quay.io", "repository": "acme/app", "tag": "v1"}, "other/app", "docker.io/other/app:v1.0.0"),
    ],
)  # fmt: skip
def test_the_answered_image_is_the_whole_image(before: dict[str, str], answer: str, after: str) -> None:
    whole = from_file({"image": before}, image=answer).whole
    image = whole["image"]
    name = image["repository"]
    if not validate.registry_of(name)[0]:
        name = f"{image['registry'] or whole['global']['imageRegistry']}/{name}"
    tag = image["tag"] or f"v{LAYERS.app_version}"
    assert (f"{name}@{image['digest']}" if image["digest"] else f"{name}:{tag}") == after


def test_the_image_of_a_file_is_its_default_as_the_chart_makes_it() -> None:
    assert from_file({"image": {"repository": "ghcr.io/acme/app", "tag": "v1"}})["image"] == "ghcr.io/acme/app:v1"
    assert from_file({"image": {"repository": "acme/app", "digest": DIGEST}})["image"] == f"docker.io/acme/app@{DIGEST}"


@pytest.mark.parametrize(
    "tree",
    [
        {"service": {"type": "NodePort"}}, {"config": {"features": {"metrics": True}}, "prometheus": {"enabled": False}},
        {"ingress": {"enabled": True, "className": "own", "tls": [{"secretName": "x"}], "annotations": {"cert-manager.io/cluster-issuer": "mine"}}},
        {"replicaCount": "3", "autoscaling": {"enabled": False}}, {"redis": {"enabled": False}, "externalRedis": {"host": "r", "port": 6380}},
    ],
)  # fmt: skip
def test_a_question_that_nobody_answered_changes_no_value_of_a_person_s_file(tree: dict[str, Any]) -> None:
    clusters = replace(SANDBOX, issuers=(), ingress_classes=("nginx",))
    resolved = resolve(clusters, layers=replace(LAYERS, files=(("mine.yaml", tree),)))
    for path, value in values.leaves(tree):
        assert values.identical(values.get(resolved.whole, path), value), path


def test_the_file_of_a_foreign_chart_holds_what_a_person_gave_and_no_default() -> None:
    shop = Layers({"image": {"repository": "nginx"}, "replicas": 1}, chart_name="shop", chart_version="0.3.0")
    draft = Draft({"release": "shop", "namespace": "n"}, sets=(SetFlag("--set", "replicas=3"),))
    built = values_file.build(Resolved(draft, SANDBOX, shop, questions_of("shop")), "1.0.0")
    assert built.tree == {"replicas": 3}
    assert values_file.owner("\n".join(f"# {line}" for line in built.header)) == ("shop", "n")
