"""Step 1: which environment it is, and what is included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wizard.core.answers import validate
from wizard.core.answers.questions.question import Choice, Question, base, sets
from wizard.core.answers.resolve import Resolved
from wizard.core.answers.validate import ImageName, registry_of
from wizard.core.helm.values import ValueEdit, get, path_of


def _preset_choices(r: Resolved) -> Sequence[Choice]:
    return (
        Choice("dev", "Development", _here(r, "dev", "1 replica, no ingress, small disks, debug log")),
        Choice("staging", "Staging", _here(r, "staging", "2 to 5 replicas, ingress, 50 GiB database")),
        Choice(
            "prod", "Production", _here(r, "prod", "3 to 10 replicas, ingress with TLS, 100 GiB database on fast disks")
        ),
    )


def _here(r: Resolved, preset: str, what: str) -> str:
    """What a preset is, and whether it fits the cluster, once that is known."""
    if preset not in r.suggestions.presets:
        return what
    return f"{what}: {r.suggestions.presets[preset] or 'fits here'}"


_ENVIRONMENTS: Final = {
    **dict.fromkeys(("dev", "devel", "develop", "development"), "dev"),
    **dict.fromkeys(("stage", "staging"), "staging"),
    **dict.fromkeys(("prd", "prod", "production", "live"), "prod"),
}
"""Names of environments, in lower case, and their presets."""


def _preset_default(r: Resolved) -> str:
    """That of the environment that the -f files name, or what is there already; the chart's own default is production."""
    for tree in (*(tree for _, tree in reversed(r.layers.files)), r.start):
        environment = str(get(tree, path_of("global.environment"), "")).strip().lower()
        if environment in _ENVIRONMENTS:
            return _ENVIRONMENTS[environment]
    return "prod" if r.start else "dev"


_DOCKER: Final = "docker.io"
"""The registry of images that name none."""


def _image_default(r: Resolved) -> str:
    named = any(get(tree, path_of("image.repository")) for tree in (r.start, *(tree for _, tree in r.layers.files)))
    if not (r.suggestions.sandbox or named):
        return ""
    repository, digest = str(r.at("image.repository")), str(r.at("image.digest"))
    registry = str(r.at("image.registry") or r.at("global.imageRegistry"))
    name = repository if registry_of(repository)[0] or not registry else f"{registry.rstrip('/')}/{repository}"
    tag = r.at("image.tag") or f"v{r.layers.app_version}"
    return f"{name}@{digest}" if digest else f"{name}:{tag}"


def _image_lines(r: Resolved, answer: str) -> Sequence[ValueEdit]:
    """The answer is the whole image: a registry, tag or digest of before that it does not name goes."""
    image, why = ImageName.parse(answer), "the application image"
    whole = "/".join(filter(None, (image.registry, image.repository)))
    if r.at("image.repository") == whole and image.registry:  # written so in the person's own file
        lines = [ValueEdit(path_of("image.repository"), whole, why)]
    else:
        before = str(r.at("image.registry") or r.at("global.imageRegistry"))
        registry = image.registry or (_DOCKER if before not in ("", _DOCKER) else "")
        lines = [ValueEdit(path_of("image.registry"), registry, why)] if registry else []
        lines.append(ValueEdit(path_of("image.repository"), image.repository, why))
    parts = (("image.tag", image.tag), ("image.digest", image.digest))
    return [*lines, *(ValueEdit(path_of(path), part) for path, part in parts if part or r.at(path))]


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


def _monitoring_default(r: Resolved) -> str:
    if r.at("prometheus.enabled", default=True):
        return "bundled"
    return "mine" if r.at("config.features.metrics", default=True) else "none"


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
        validate=lambda _, a: validate.server(a, "The database host", "its own question asks for it"),
    ),
    Question(
        "database.port", "environment", "Database port", "Port of your PostgreSQL server.", visible=external_database,
        default=lambda r: str(r.at("externalDatabase.port", 5432)), value_edits=sets("externalDatabase.port", int),
        validate=lambda _, a: validate.count(a, "The port", 1, 65535),
    ),
    Question(
        "database.name", "environment", "Database name", "The database inside your server.", visible=external_database,
        default=base("externalDatabase.database"), value_edits=sets("externalDatabase.database"),
        validate=lambda _, a: validate.postgres_name(a, "The database name"),
    ),
    Question(
        "database.user", "environment", "Database user", "The user the application logs in as.", visible=external_database,
        default=base("externalDatabase.user"), value_edits=sets("externalDatabase.user"),
        validate=lambda _, a: validate.postgres_name(a, "The database user"),
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
        validate=lambda _, a: validate.server(a, "The cache host", "give it as --set externalRedis.port=PORT"),
    ),
    Question(
        "monitoring", "environment", "Monitoring", "Prometheus and Grafana for this release, your own, or none.",
        kind="choice",
        choices=lambda _: (
            Choice("bundled", "Bundled", "Prometheus and Grafana, small, for this release only"),
            Choice("mine", "Mine", "metrics are offered, nothing is installed"),
            Choice("none", "None", "no metrics"),
        ),
        default=_monitoring_default, value_edits=_monitoring_lines,
    ),
)  # fmt: skip
