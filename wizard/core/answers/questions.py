"""The questions of the guided install as one table, from which both front ends and the flags are built.

A new question is one entry here. Answers are texts; a choice is answered by its value, a yes/no by "yes" or "no".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, NamedTuple

from wizard.core.answers import validate
from wizard.core.answers.resolve import Resolved
from wizard.core.answers.secrets import ENCODED_KEY, PARTS, created_name
from wizard.core.answers.validate import ImageName
from wizard.core.helm.values import DELETE, ValueEdit, get, path_of
from wizard.core.kube import quantity
from wizard.core.target import DEFAULT_RELEASE, NAMESPACES

Kind = Literal["choice", "text", "path"]
STEPS: Final[tuple[tuple[str, str, str], ...]] = (
    ("environment", "Environment", "Which environment is this, and what is included?"),
    ("where", "Where", "Where does it go?"),
    ("address", "Address", "How will people reach the API?"),
    ("tls", "TLS", "Who provides the certificate?"),
    ("resources", "Resources", "How much does it get?"),
    ("secrets", "Secrets", "Where do the passwords come from?"),
)
"""Step id, its name in the list of steps, its question. Review follows as the last step and asks nothing."""


class Choice(NamedTuple):
    """One choice of a question; `note` says what it means on this cluster."""

    value: str
    label: str
    note: str = ""


def _no_choices(_: Resolved) -> tuple[Choice, ...]:
    return ()


def _always(_: Resolved) -> bool:
    return True


def _empty(_: Resolved) -> str:
    return ""


def _no_value_edits(_: Resolved, __: str) -> Sequence[ValueEdit]:
    return ()


def _fine(_: Resolved, __: str) -> str:
    return ""


class Question(NamedTuple):
    """One question. `optional` ones may be empty; `open` choices accept a value that is not in the list."""

    id: str
    step: str
    title: str
    help: str
    kind: Kind = "text"
    choices: Callable[[Resolved], Sequence[Choice]] = _no_choices
    default: Callable[[Resolved], str] = _empty
    visible: Callable[[Resolved], bool] = _always
    validate: Callable[[Resolved, str], str] = _fine
    value_edits: Callable[[Resolved, str], Sequence[ValueEdit]] = _no_value_edits
    optional: bool = False
    open: bool = False

    def problem(self, resolved: Resolved, answer: str) -> str:
        """One sentence that says what is wrong with the answer, or ""."""
        if not answer and self.optional:
            return ""
        if self.kind == "choice" and not self.open:
            allowed = [choice.value for choice in self.choices(resolved)]
            if answer not in allowed:
                return f'"{answer}" is not a choice for {self.title}; choose one of {", ".join(allowed)}.'
        return self.validate(resolved, answer)


def _sets(path: str, convert: Callable[[str], Any] = str) -> Callable[[Resolved, str], Sequence[ValueEdit]]:
    def lines(_: Resolved, answer: str) -> Sequence[ValueEdit]:
        return (ValueEdit(path_of(path), convert(answer)),) if answer else ()

    return lines


def _base(path: str) -> Callable[[Resolved], str]:
    return lambda resolved: str(resolved.at(path))


def _known(names: tuple[str, ...] | None) -> tuple[Choice, ...]:
    return tuple(Choice(name, name) for name in names or ())


# Environment


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


def _external_database(r: Resolved) -> bool:
    return r["database"] == "external"


def _external_cache(r: Resolved) -> bool:
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


_ENVIRONMENT = (
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
        "database.host", "environment", "Database host", "Host name of your PostgreSQL server.", visible=_external_database,
        default=_base("externalDatabase.host"), value_edits=_sets("externalDatabase.host"),
        validate=lambda _, a: "" if a else "The database host is empty.",
    ),
    Question(
        "database.port", "environment", "Database port", "Port of your PostgreSQL server.", visible=_external_database,
        default=lambda r: str(r.at("externalDatabase.port", 5432)), value_edits=_sets("externalDatabase.port", int),
        validate=lambda _, a: validate.count(a, "The port", 1, 65535),
    ),
    Question(
        "database.name", "environment", "Database name", "The database inside your server.", visible=_external_database,
        default=_base("externalDatabase.database"), value_edits=_sets("externalDatabase.database"),
        validate=lambda _, a: "" if a else "The database name is empty.",
    ),
    Question(
        "database.user", "environment", "Database user", "The user the application logs in as.", visible=_external_database,
        default=_base("externalDatabase.user"), value_edits=_sets("externalDatabase.user"),
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
        "cache.host", "environment", "Cache host", "Host name of your Redis server.", visible=_external_cache,
        default=_base("externalRedis.host"), value_edits=_sets("externalRedis.host"),
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

# Where

_WHERE = (
    Question(
        "context", "where", "Cluster", "The kubeconfig context: which cluster, and as whom.", kind="choice",
        choices=lambda r: _known(r.suggestions.contexts), default=lambda r: r.suggestions.current_context,
        visible=lambda r: bool(r.suggestions.contexts),
    ),
    Question(
        "namespace", "where", "Namespace", "Created if it does not exist yet.", kind="choice", open=True,
        choices=lambda r: _known(r.suggestions.namespaces),
        default=lambda r: NAMESPACES.get(r["preset"], DEFAULT_RELEASE), validate=lambda _, a: validate.label(a, "Namespace"),
    ),
    Question(
        "release", "where", "Release name", "Helm's name for this installation.", default=lambda _: DEFAULT_RELEASE,
        validate=lambda _, a: validate.label(a, "Release name", 53),
    ),
)  # fmt: skip

# Address


def _by_ingress(r: Resolved) -> bool:
    return r["expose"] == "ingress"


def _expose_choices(r: Resolved) -> Sequence[Choice]:
    classes = r.suggestions.ingress_classes
    note = (
        "no ingress class on this cluster" if classes == () else "classes here: " + ", ".join(classes or ("not known",))
    )
    return (
        Choice("ingress", "Ingress", note),
        Choice("loadbalancer", "Load balancer", "the cluster's provider makes one, if it can"),
        Choice("portforward", "Port-forward only", "only you, from this machine"),
    )


def _expose_default(r: Resolved) -> str:
    if r.at("ingress.enabled", default=False):
        return "ingress"
    return "loadbalancer" if r.at("service.type") == "LoadBalancer" else "portforward"


def _expose_lines(_: Resolved, answer: str) -> Sequence[ValueEdit]:
    return (
        ValueEdit(path_of("ingress.enabled"), answer == "ingress", "address: " + answer),
        ValueEdit(path_of("service.type"), "LoadBalancer" if answer == "loadbalancer" else "ClusterIP"),
    )


def _first_host(r: Resolved) -> str:
    first = next(iter(r.at("ingress.hosts", [])), "")
    text = str(first.get("host", "")) if isinstance(first, dict) else str(first)
    return "" if text in PLACEHOLDER_HOSTS else text


PLACEHOLDER_HOSTS: Final = frozenset({"api.llm-cost-ops.com", "api.example.com", "staging-api.example.com"})
"""Hosts that the guide prints as examples; nobody may use them."""


def _first_path(r: Resolved) -> str:
    first = next(iter(r.at("ingress.hosts", [])), "")
    paths = (first.get("paths") or [{}]) if isinstance(first, dict) else [{}]
    return str(paths[0].get("path", "/"))


def _host_lines(r: Resolved, answer: str) -> Sequence[ValueEdit]:
    if not (r.given("host") or r.given("path")):
        return ()  # keep the hosts of the person's own file, all of them
    entry = {"host": answer, "paths": [{"path": r["path"] or "/", "pathType": "Prefix"}]}
    return (ValueEdit(path_of("ingress.hosts"), [entry], "the whole list: Helm replaces lists"),)


def _class_lines(_: Resolved, answer: str) -> Sequence[ValueEdit]:
    return (ValueEdit(path_of("ingress.className"), answer),)


def _class_default(r: Resolved) -> str:
    wanted, classes = str(r.at("ingress.className")), r.suggestions.ingress_classes
    return classes[0] if classes and wanted not in classes else wanted


_ADDRESS = (
    Question(
        "expose", "address", "Way in", "An Ingress needs a controller and a name; a load balancer needs a provider.",
        kind="choice", choices=_expose_choices, default=_expose_default, value_edits=_expose_lines,
    ),
    Question(
        "host", "address", "Host", "The name people will use. It need not resolve yet.", visible=_by_ingress,
        default=_first_host, validate=lambda _, a: validate.host(a), value_edits=_host_lines,
    ),
    Question(
        "path", "address", "Path", "Everything below this path goes to the API.", visible=_by_ingress, default=_first_path,
        validate=lambda _, a: "" if a.startswith("/") and " " not in a else f'The path "{a}" must begin with "/".',
    ),
    Question(
        "ingress.class", "address", "Ingress class", "Which controller serves it.", kind="choice", open=True,
        visible=_by_ingress, choices=lambda r: _known(r.suggestions.ingress_classes), default=_class_default,
        validate=lambda _, a: validate.subdomain(a, "The ingress class"), value_edits=_class_lines,
    ),
)  # fmt: skip

# TLS

_ISSUER_ANNOTATION: Final = "cert-manager.io/cluster-issuer"


def _tls_choices(r: Resolved) -> Sequence[Choice]:
    issuers = r.suggestions.issuers
    note = "no cert-manager here" if issuers == () else "issuers here: " + ", ".join(issuers or ("not known",))
    return (
        Choice("issuer", "cert-manager", note),
        Choice("secret", "Existing Secret", "a kubernetes.io/tls Secret in the namespace"),
        Choice("files", "Certificate files", "checked, then stored as a Secret by the wizard"),
        Choice("balancer", "At the load balancer", "TLS ends before the cluster"),
        Choice("none", "None", "plain HTTP; fine for a trial only"),
    )


def _base_issuer(r: Resolved) -> str:
    return str(get(r.at("ingress.annotations"), (_ISSUER_ANNOTATION,), ""))


def _base_tls_secret(r: Resolved) -> str:
    first: Any = next(iter(r.at("ingress.tls", [])), {})
    return str(first.get("secretName", "")) if isinstance(first, dict) else ""


def _tls_default(r: Resolved) -> str:
    if not _base_tls_secret(r):
        return "none"
    if not _base_issuer(r):
        return "secret"
    return "none" if r.suggestions.issuers == () else "issuer"


def _tls_lines(r: Resolved, answer: str) -> Sequence[ValueEdit]:
    annotation = ("ingress", "annotations", _ISSUER_ANNOTATION)
    if answer == "issuer":
        lines = [ValueEdit(annotation, r["tls.issuer"], "cert-manager makes the certificate")]
    else:
        lines = [ValueEdit(annotation, DELETE)]
    if answer in ("balancer", "none"):
        redirect = ("ingress", "annotations", "nginx.ingress.kubernetes.io/ssl-redirect")
        return [*lines, ValueEdit(path_of("ingress.tls"), [], "TLS: " + answer), ValueEdit(redirect, "false")]
    own = created_name("tls", r["release"])
    name = {"secret": r["tls.secret"], "files": own}.get(answer) or _base_tls_secret(r) or own
    if name != _base_tls_secret(r) or r.given("host"):
        lines.append(ValueEdit(path_of("ingress.tls"), [{"secretName": name, "hosts": [r["host"]]}], "TLS: " + answer))
    return lines


_TLS = (
    Question(
        "tls", "tls", "Certificate", "Who provides the certificate for the host.", kind="choice", choices=_tls_choices,
        default=_tls_default, visible=_by_ingress, value_edits=_tls_lines,
    ),
    Question(
        "tls.issuer", "tls", "Issuer", "The ClusterIssuer that cert-manager asks.", kind="choice", open=True,
        visible=lambda r: _by_ingress(r) and r["tls"] == "issuer", choices=lambda r: _known(r.suggestions.issuers),
        default=lambda r: (
            r.suggestions.issuers[0] if r.suggestions.issuers and _base_issuer(r) not in r.suggestions.issuers else _base_issuer(r)
        ),
        validate=lambda _, a: validate.subdomain(a, "The issuer"),
    ),
    Question(
        "tls.secret", "tls", "TLS Secret", "Name of the Secret that holds tls.crt and tls.key.", kind="choice", open=True,
        visible=lambda r: _by_ingress(r) and r["tls"] == "secret", choices=lambda r: _known(r.suggestions.tls_secrets),
        default=lambda r: _base_tls_secret(r) or created_name("tls", r["release"]),
        validate=lambda _, a: validate.subdomain(a, "The TLS Secret"),
    ),
    Question(
        "tls.cert", "tls", "Certificate file", "PEM file, the server's certificate first, then the chain.", kind="path",
        visible=lambda r: _by_ingress(r) and r["tls"] == "files",
        validate=lambda _, a: "" if a else "The certificate file is not named.",
    ),
    Question(
        "tls.key", "tls", "Key file", "PEM file of the private key; never shown.", kind="path",
        visible=lambda r: _by_ingress(r) and r["tls"] == "files",
        validate=lambda _, a: "" if a else "The key file is not named.",
    ),
)  # fmt: skip

# Resources


def _auto(r: Resolved) -> bool:
    return r["scaling"] == "auto"


def _scaling_lines(_: Resolved, answer: str) -> Sequence[ValueEdit]:
    return (ValueEdit(path_of("autoscaling.enabled"), answer == "auto"),)


def _replica_lines(r: Resolved, answer: str) -> Sequence[ValueEdit]:
    return (ValueEdit(path_of("autoscaling.minReplicas" if _auto(r) else "replicaCount"), int(answer)),)


def _replicas_default(r: Resolved) -> str:
    return str(r.at("autoscaling.minReplicas", 1) if _auto(r) else r.at("replicaCount", 1))


def _max_problem(r: Resolved, answer: str) -> str:
    if problem := validate.count(answer, "Most replicas", 1, 500):
        return problem
    if r["replicas"].isdigit() and int(answer) < int(r["replicas"]):
        return f"Most replicas ({answer}) is less than replicas ({r['replicas']})."
    return ""


def _limit_problem(r: Resolved, answer: str, request: str, what: str, example: str) -> str:
    if problem := validate.quantity(answer, what, example):
        return problem
    limit, requested = quantity.parse(answer), quantity.parse(r[request])
    if limit is None or requested is None:
        return ""  # the request's own field reports its problem
    return f"{what} ({answer}) is less than what is requested ({r[request]})." if limit < requested else ""


def _class_note(r: Resolved) -> tuple[Choice, ...]:
    usual = r.suggestions.default_storage_class
    note = f"the cluster's default: {usual}" if usual else "the cluster's default, if it has one"
    return (Choice("", "default", note), *_known(r.suggestions.storage_classes))


def _storage_lines(path: str) -> Callable[[Resolved, str], Sequence[ValueEdit]]:
    return lambda _, answer: (ValueEdit(path_of(path), answer),)


def _bundled_database(r: Resolved) -> bool:
    return r["database"] == "bundled"


def _bundled_cache(r: Resolved) -> bool:
    return r["cache"] == "bundled"


def _size(
    question_id: str, title: str, help_: str, path: str, example: str, visible: Callable[[Resolved], bool] = _always
) -> Question:
    return Question(
        question_id, "resources", title, help_, visible=visible, default=_base(path), value_edits=_sets(path),
        validate=lambda _, a: validate.quantity(a, title, example),
    )  # fmt: skip


_RESOURCES = (
    Question(
        "scaling", "resources", "Scaling", "A fixed number of replicas, or as many as the load asks for.", kind="choice",
        choices=lambda _: (
            Choice("fixed", "Fixed", "always the same number"),
            Choice("auto", "Autoscaling", "needs the metrics API on the cluster"),
        ),
        default=lambda r: "auto" if r.at("autoscaling.enabled", default=False) else "fixed", value_edits=_scaling_lines,
    ),
    Question(
        "replicas", "resources", "Replicas", "Pods of the API; with autoscaling the smallest number.",
        default=_replicas_default, validate=lambda _, a: validate.count(a, "Replicas", 1, 500), value_edits=_replica_lines,
    ),
    Question(
        "replicas.max", "resources", "Most replicas", "Autoscaling stops here.", visible=_auto,
        default=_base("autoscaling.maxReplicas"), validate=_max_problem, value_edits=_sets("autoscaling.maxReplicas", int),
    ),
    _size("cpu", "CPU request", "Reserved for each API pod.", "resources.requests.cpu", "500m or 2"),
    _size("memory", "Memory request", "Reserved for each API pod.", "resources.requests.memory", "512Mi or 2Gi"),
    Question(
        "cpu.limit", "resources", "CPU limit", "An API pod is slowed down above this.", default=_base("resources.limits.cpu"),
        validate=lambda r, a: _limit_problem(r, a, "cpu", "CPU limit", "500m or 2"), value_edits=_sets("resources.limits.cpu"),
    ),
    Question(
        "memory.limit", "resources", "Memory limit", "An API pod is killed above this.",
        default=_base("resources.limits.memory"), value_edits=_sets("resources.limits.memory"),
        validate=lambda r, a: _limit_problem(r, a, "memory", "Memory limit", "512Mi or 2Gi"),
    ),
    _size(
        "database.size", "Database disk", "Cannot be made smaller later.", "postgresql.primary.persistence.size", "10Gi",
        _bundled_database,
    ),
    Question(
        "database.class", "resources", "Database disk class", "Storage class of the database's disk; fixed once made.",
        kind="choice", open=True, visible=_bundled_database, choices=_class_note, optional=True,
        default=_base("postgresql.primary.persistence.storageClass"),
        validate=lambda _, a: validate.subdomain(a, "The storage class"),
        value_edits=_storage_lines("postgresql.primary.persistence.storageClass"),
    ),
    _size("cache.size", "Cache disk", "For Redis.", "redis.master.persistence.size", "5Gi", _bundled_cache),
)  # fmt: skip

# Secrets


def _secret_choices(name: str) -> Callable[[Resolved], Sequence[Choice]]:
    def choices(r: Resolved) -> Sequence[Choice]:
        kept = Choice("keep", "Keep what is there", f"Secret {created_name(name, r['release'])} exists")
        as_is = Choice("release", "As the release has it", "nothing about it is changed")
        return (
            *((kept,) if _is_there(r, name) else ()),
            *((as_is,) if r.draft.running else ()),
            Choice("generate", "Generate", "32 random characters, stored as a Secret"),
            Choice("file", "From a file", "read, checked, stored as a Secret, never shown"),
            Choice("existing", "Existing Secret", "you made it already"),
        )

    return choices


def _secret_default(name: str) -> Callable[[Resolved], str]:
    def default(r: Resolved) -> str:
        named = str(r.at(_secret_path(r, name)))
        if named and (named != created_name(name, r["release"]) or r.draft.running):
            return "existing"
        if r.draft.running:
            return "release"  # a new password would not match the existing data
        return "keep" if _is_there(r, name) else "generate"

    return default


def _is_there(r: Resolved, name: str) -> bool:
    return created_name(name, r["release"]) in (r.suggestions.secrets or ())


def _secret_lines(name: str) -> Callable[[Resolved, str], Sequence[ValueEdit]]:
    def lines(r: Resolved, answer: str) -> Sequence[ValueEdit]:
        if answer == "release":
            return ()
        secret = r[f"secret.{name}.name"] if answer == "existing" else created_name(name, r["release"])
        path = path_of(_secret_path(r, name))
        named = ValueEdit(path, secret, "the name of a Secret; the secret itself is not in this file")
        encoded = PARTS[name].external_encoded_path if _is_external(r, name) else PARTS[name].encoded_path
        if not encoded or (answer == "existing" and r.at(encoded) != ENCODED_KEY):
            return (named,)
        return (named, ValueEdit(path_of(encoded), ENCODED_KEY, "the same password, fit for an address"))

    return lines


def _secret_path(r: Resolved, name: str) -> str:
    return PARTS[name].external_path if _is_external(r, name) else PARTS[name].path


def _is_external(r: Resolved, name: str) -> bool:
    return (name == "postgres" and _external_database(r)) or (name == "redis" and _external_cache(r))


_SECRET_WANTED: Final[dict[str, Callable[[Resolved], bool]]] = {
    "jwt": _always,
    "postgres": _always,
    "redis": lambda r: r["cache"] != "none",
    "smtp": lambda r: bool(r["smtp.host"]),
    "grafana": lambda r: r["monitoring"] == "bundled",
}


def _secret_questions(name: str, title: str) -> tuple[Question, ...]:
    wanted = _SECRET_WANTED[name]
    question_id = f"secret.{name}"
    return (
        Question(
            question_id, "secrets", title, "Generated, read from a file, or in a Secret that exists already.", kind="choice",
            choices=_secret_choices(name), default=_secret_default(name), visible=wanted,
            value_edits=_secret_lines(name),
        ),
        Question(
            f"{question_id}.file", "secrets", f"{title}: file", "One trailing newline is removed.", kind="path",
            visible=lambda r: wanted(r) and r[question_id] == "file",
            validate=lambda _, a: "" if a else f"The file for the {title.lower()} is not named.",
        ),
        Question(
            f"{question_id}.name", "secrets", f"{title}: Secret", f"Must hold {PARTS[name].keys_text}.",
            visible=lambda r: wanted(r) and r[question_id] == "existing",
            default=lambda r: str(r.at(_secret_path(r, name))) or created_name(name, r["release"]),
            validate=lambda _, a: validate.subdomain(a, f"The Secret for the {title.lower()}"),
        ),
    )  # fmt: skip


_SECRETS = (
    *_secret_questions("jwt", "JWT secret"),
    *_secret_questions("postgres", "Database password"),
    *_secret_questions("redis", "Redis password"),
    *_secret_questions("grafana", "Grafana admin"),
    Question(
        "smtp.host", "secrets", "Mail server", "Host of your SMTP server; empty when no mail is wanted.", optional=True,
        default=_base("smtp.host"), value_edits=_sets("smtp.host"),
    ),
    *_secret_questions("smtp", "SMTP password"),
)  # fmt: skip

QUESTIONS: Final[tuple[Question, ...]] = (*_ENVIRONMENT, *_WHERE, *_ADDRESS, *_TLS, *_RESOURCES, *_SECRETS)
