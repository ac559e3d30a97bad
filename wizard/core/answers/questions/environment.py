"""Step 1: which environment it is, and what is included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wizard.core.answers import validate
from wizard.core.answers.questions.question import Choice, Question, base, sets
from wizard.core.answers.resolve import Resolved
from wizard.core.answers.validate import ImageName
from wizard.core.helm.values import ValueEdit, get, path_of


def _preset_choices(_: Resolved) -> Sequence[Choice]:
    return (
        Choice("dev", "Development", "1 replica, no ingress, small disks, debug log"),
        Choice("staging", "Staging", "2 to 5 replicas, ingress, 50 GiB database"),
        Choice("prod", "Production", "3 to 10 replicas, ingress with TLS, 100 GiB database on fast disks"),
    )


def _preset_default(r: Resolved) -> str:
    """The running release's environment; the chart's own default is production."""
    if not r.draft.running:
        return "dev"
    environment = get(r.draft.running, path_of("global.environment"), "production")
    return {"development": "dev", "staging": "staging"}.get(environment, "prod")


def _image_default(r: Resolved) -> str:
    named = any(get(tree, path_of("image.repository")) for _, tree in r.layers.files)
    if not (r.suggestions.sandbox or named):
        return ""
    registry = r.at("image.registry") or r.at("global.imageRegistry")
    tag = r.at("image.tag") or f"v{r.layers.app_version}"
    return "/".join(filter(None, (registry, r.at("image.repository")))) + f":{tag}"


def _image_lines(_: Resolved, answer: str) -> Sequence[ValueEdit]:
    image = ImageName.parse(answer)
    lines = [ValueEdit(path_of("image.repository"), image.repository, "the application image", pinned=True)]
    if image.registry:
        lines.insert(0, ValueEdit(path_of("image.registry"), image.registry, "the application image"))
    if image.tag:
        lines.append(ValueEdit(path_of("image.tag"), image.tag))
    if image.digest:
        lines.append(ValueEdit(path_of("image.digest"), image.digest))
    return lines


def _pull_secret_lines(r: Resolved, answer: str) -> Sequence[ValueEdit]:
    if not (answer and r.given("image.pullSecret")):
        return ()
    return (ValueEdit(path_of("imagePullSecrets"), [{"name": answer}], "the registry asks for a login"),)


def _pull_secret_default(r: Resolved) -> str:
    first = next(iter(r.at("imagePullSecrets", [])), "")
    return str(first.get("name", "")) if isinstance(first, dict) else str(first)


def external_database(r: Resolved) -> bool:
    """Whether the database is outside of the release."""
    return r["database"] == "external"


def external_cache(r: Resolved) -> bool:
    """Whether the cache is outside of the release."""
    return r["cache"] == "external"


def _database_lines(r: Resolved, answer: str) -> Sequence[ValueEdit]:
    lines = [ValueEdit(path_of("postgresql.enabled"), answer == "bundled", "database: " + answer)]
    return lines if answer == "external" else [*lines, *_cleared(r, "externalDatabase")]


def _cache_lines(r: Resolved, answer: str) -> Sequence[ValueEdit]:
    lines = [ValueEdit(path_of("redis.enabled"), answer == "bundled", "cache: " + answer)]
    return lines if answer == "external" else [*lines, *_cleared(r, "externalRedis")]


def _cleared(r: Resolved, section: str) -> Sequence[ValueEdit]:
    """Edits that clear an external server of the base values: the chart refuses values that nothing reads."""
    named = (f"{section}.{key}" for key in ("host", "existingSecret", "existingSecretUrlPasswordKey"))
    return [ValueEdit(path_of(path), "") for path in named if r.at(path)]


def _monitoring_lines(_: Resolved, answer: str) -> Sequence[ValueEdit]:
    bundled = answer == "bundled"
    why = {"bundled": "Prometheus and Grafana come along", "mine": "scraped by the cluster's own Prometheus"}.get(
        answer, "no monitoring"
    )
    return (
        ValueEdit(path_of("prometheus.enabled"), bundled, why),
        ValueEdit(path_of("grafana.enabled"), bundled, why),
        ValueEdit(path_of("config.features.metrics"), answer != "none"),
    )


QUESTIONS: Final = (
    Question(
        "preset", "environment", "Environment",
        "The preset decides sizes, replicas, ingress and log level; every value can still be changed later.",
        kind="choice", choices=_preset_choices, default=_preset_default,
    ),
    Question(
        "image", "environment", "Application image",
        "Registry, repository and tag of the LLM Cost Ops image your cluster can pull.",
        default=_image_default, validate=lambda _, a: validate.image(a), value_edits=_image_lines,
    ),
    Question(
        "image.pullSecret", "environment", "Pull secret",
        "Name of a Secret in the namespace that logs in to the registry; empty when the image is public.",
        optional=True, default=_pull_secret_default, validate=lambda _, a: validate.subdomain(a, "The pull secret"),
        value_edits=_pull_secret_lines,
    ),
    Question(
        "database", "environment", "Database", "PostgreSQL 16 in this namespace, or one that you run elsewhere.",
        kind="choice",
        choices=lambda _: (
            Choice("bundled", "Bundled PostgreSQL", "one pod with its own disk"),
            Choice("external", "External", "you name host, database and user"),
        ),
        default=lambda r: "bundled" if r.at("postgresql.enabled", default=True) else "external", value_edits=_database_lines,
    ),
    Question(
        "database.host", "environment", "Database host", "Host name of your PostgreSQL server.", visible=external_database,
        default=base("externalDatabase.host"), value_edits=sets("externalDatabase.host"),
        validate=lambda _, a: "" if a else "The database host is empty.",
    ),
    Question(
        "database.port", "environment", "Database port", "Port of your PostgreSQL server.", visible=external_database,
        default=lambda r: str(r.at("externalDatabase.port", 5432)), value_edits=sets("externalDatabase.port", int),
        validate=lambda _, a: validate.count(a, "The port", 1, 65535),
    ),
    Question(
        "database.name", "environment", "Database name", "The database inside your server.", visible=external_database,
        default=base("externalDatabase.database"), value_edits=sets("externalDatabase.database"),
        validate=lambda _, a: "" if a else "The database name is empty.",
    ),
    Question(
        "database.user", "environment", "Database user", "The user the application logs in as.", visible=external_database,
        default=base("externalDatabase.user"), value_edits=sets("externalDatabase.user"),
        validate=lambda _, a: "" if a else "The database user is empty.",
    ),
    Question(
        "cache", "environment", "Cache", "Redis in this namespace, one that you run elsewhere, or none.", kind="choice",
        choices=lambda _: (
            Choice("bundled", "Bundled Redis", "one pod with its own disk"),
            Choice("external", "External", "you name the host"),
            Choice("none", "None", "slower, nothing else is lost"),
        ),
        default=lambda r: (
            "bundled" if r.at("redis.enabled", default=True) else "external" if r.at("externalRedis.host") else "none"
        ),
        value_edits=_cache_lines,
    ),
    Question(
        "cache.host", "environment", "Cache host", "Host name of your Redis server.", visible=external_cache,
        default=base("externalRedis.host"), value_edits=sets("externalRedis.host"),
        validate=lambda _, a: "" if a else "The cache host is empty.",
    ),
    Question(
        "monitoring", "environment", "Monitoring", "Prometheus and Grafana for this release, your own, or none.",
        kind="choice",
        choices=lambda _: (
            Choice("bundled", "Bundled", "Prometheus and Grafana, small, for this release only"),
            Choice("mine", "Mine", "metrics are offered, nothing is installed"),
            Choice("none", "None", "no metrics"),
        ),
        default=lambda r: "bundled" if r.at("prometheus.enabled", default=True) else "none", value_edits=_monitoring_lines,
    ),
)  # fmt: skip
