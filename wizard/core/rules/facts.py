"""Facts that checks decide on: frozen, fetched once by a collector of the same name (engine/collect.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from wizard.core.helm.version import Version, parse
from wizard.core.kube.ingress import Classes
from wizard.core.kube.objects import KINDS, Object
from wizard.core.registry.answer import Answer, Login

if TYPE_CHECKING:
    from wizard.core.errors import Problem
    from wizard.core.helm.release import ReleaseRecord
    from wizard.core.postgres.client import Client
    from wizard.core.text.leaks import Leak
    from wizard.core.text.secrets import Secret
    from wizard.core.tls.chain import Chain


@dataclass(frozen=True)
class Server:
    """The API server: git version such as v1.36.3, latency of one call in milliseconds."""

    version: str
    latency: int
    address: str = ""

    @property
    def number(self) -> Version | None:
        """The version as helm compares it; None when it cannot be parsed."""
        return parse(self.version)


@dataclass(frozen=True)
class Identity:
    """The user and groups that the API server sees."""

    user: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class HelmFound:
    """The helm that will be used."""

    path: str
    version: str


@dataclass(frozen=True)
class ChartFound:
    """The chart that will be installed; `kube_version` is its constraint, "" when it has none."""

    path: str
    name: str
    version: str
    kube_version: str
    shown: str = ""
    """The chart as the person named it; "" when the path is that."""


@dataclass(frozen=True)
class Values:
    """The values file of a draft as text, and the mark of the draft, or why they cannot be made."""

    text: str = field(default="{}", repr=False)
    mark: str = ""
    problem: Problem | None = None


@dataclass(frozen=True)
class Rendered:
    """The objects that helm would send, with hooks; its tests apart. They hold values of Secrets: never show them."""

    objects: tuple[Object, ...] = field(repr=False)
    tests: tuple[Object, ...] = field(default=(), repr=False)
    """What `helm test` would run; its shape is not looked at."""
    text: str = field(default="", repr=False)
    """All of it as helm wrote it."""

    def kinds(self) -> tuple[tuple[str, str], ...]:
        """(kind, apiVersion) of all rendered objects, once each, in order."""
        return tuple(dict.fromkeys((str(obj["kind"]), str(obj.get("apiVersion", ""))) for obj in self.objects))

    def of(self, kind: str) -> tuple[Object, ...]:
        """The objects of one kind."""
        return tuple(obj for obj in self.objects if obj["kind"] == kind)


@dataclass(frozen=True)
class Namespace:
    """The target's namespace. `may_create` is None when it was not checked or is unknown."""

    name: str
    state: Literal["active", "terminating", "missing"]
    may_create: bool | None = None
    blocked_by: tuple[str, ...] = ()
    """For terminating: what it waits for, from its conditions."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """None of one that is not there, or whose metadata this person may not see."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    pod_security: str | None = None
    """The Pod Security level that its label enforces, "" for none; None when the labels were not seen."""


@dataclass(frozen=True)
class WebhookSeen:
    """An admission webhook that refuses requests while it does not answer, and is asked about objects of the release."""

    name: str
    configuration: str
    """Kind/name of the object that registers it."""
    service: str
    """namespace/name."""
    state: Literal["ready", "missing", "no endpoints", "hidden"]
    objects: tuple[str, ...]
    """Kind/name of each object that it is asked about."""
    conditional: bool = False
    """Whether it has matchConditions, which may leave them out."""


@dataclass(frozen=True)
class Neighbours:
    """The NetworkPolicies that are there beside those of the release, and the pods that talk to it."""

    policies: tuple[Object, ...]
    namespaces: Mapping[str, Mapping[str, Any]] | None
    """Namespace -> its labels; None when they are hidden or do not matter."""
    resolvers: tuple[Object, ...] = ()
    """Pods of the cluster's DNS that can be seen."""
    controllers: tuple[Object, ...] = ()
    """Pods of the controllers that serve its Ingresses."""
    scrapers: tuple[Object, ...] = ()
    """Pods of Prometheus."""


@dataclass(frozen=True)
class Right:
    """One right and whether this person has it; `noun` as kubectl writes it ("pods/log")."""

    verb: str
    noun: str
    allowed: bool


@dataclass(frozen=True)
class Release:
    """The newest revision of the target's release (0 and "": none), and the other releases in the namespace."""

    revision: int = 0
    status: str = ""
    since: str = ""
    """Since when it has its status, RFC 3339."""
    others: tuple[str, ...] = ()
    refused: tuple[str, str] | None = None
    """Why helm would refuse to change it, and the next step."""
    running: str = ""
    """The id of a run of this machine that works on it."""
    kept: int = 0
    """How many of its revisions helm keeps."""


@dataclass(frozen=True)
class Running:
    """Helm's record of the revision that runs, and the objects of its manifest."""

    record: ReleaseRecord
    objects: tuple[Object, ...] = field(repr=False)


@dataclass(frozen=True)
class Touched:
    """When the newest revision was last written, how long ago that is, and whether a run of this machine did it."""

    revision: int
    minutes: int
    here: bool


@dataclass(frozen=True)
class LeaseSeen:
    """The holder on another machine that works on the release ("": none), and the missing rights on Leases."""

    holder: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class StorageClass:
    """A storage class of the cluster."""

    name: str
    default: bool
    provisioner: str = ""
    immediate: bool = True
    """Whether a volume is made before its pod has a node (volumeBindingMode Immediate, the default)."""
    expands: bool = False
    """Whether its volumes can grow (allowVolumeExpansion)."""
    topologies: tuple[Mapping[str, Any], ...] = ()
    """Where its volumes may be made (allowedTopologies); everywhere when there are none."""


@dataclass(frozen=True)
class DiskRoom:
    """Volumes that people made, and what drivers say that they have left; None where it does not matter."""

    volumes: tuple[Object, ...] | None = None
    """PersistentVolumes, where a claim's class makes none."""
    capacities: tuple[Object, ...] | None = None
    """CSIStorageCapacities, where a claim's class has a driver that is registered."""


@dataclass(frozen=True)
class NamedClass:
    """An ingress class of the cluster."""

    name: str
    default: bool
    controller: str = ""


@dataclass(frozen=True)
class WaysSeen:
    """The Ingresses and HTTPRoutes of all namespaces, those of the release too, and the ingress classes that are known."""

    objects: tuple[Object, ...]
    classes: Classes = field(default_factory=Classes)


@dataclass(frozen=True)
class SecretUse:
    """A Secret that the rendered objects need: its keys (may be empty), its user, the question that named it."""

    name: str
    keys: tuple[str, ...]
    used_by: str
    question: str = ""
    roles: tuple[tuple[str, str], ...] = ()
    """(key, role) of those whose value is judged, roles as of `manifests.secret_roles`."""


@dataclass(frozen=True)
class SecretSeen:
    """A needed Secret in the cluster: whether it exists, its keys, its empty keys, the values that are judged."""

    use: SecretUse
    there: bool
    keys: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    values: Mapping[str, Secret] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class CertificateSeen:
    """The certificate of an Ingress for those hosts; `source` is its Secret or its file. Without chain and problem it is not there."""

    source: str
    hosts: tuple[str, ...]
    at: datetime
    """When it was read."""
    chain: Chain | None = None
    problem: Problem | None = None
    """Why it cannot be used at all."""
    question: str = ""


@dataclass(frozen=True)
class SecretFile:
    """A file of a secret that a person names: why it cannot be used, what is changed of it, who else can read it."""

    path: str
    question: str
    problem: Problem | None = None
    note: str = ""
    exposed: tuple[str, ...] = ()
    """Each the end of a sentence."""


@dataclass(frozen=True)
class KeptData:
    """A database's claim of an earlier install whose Secret is gone, and the source of its new password."""

    claim: str
    secret: str
    how: Literal["generate", "file"]


@dataclass(frozen=True)
class Owned:
    """An existing object of the same name that belongs to `owner` (a release, or "nobody")."""

    kind: str
    name: str
    owner: str


@dataclass(frozen=True)
class Refused:
    """A rendered object that the API server refuses, with its messages."""

    kind: str
    name: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class DryRun:
    """The server's dry run of every rendered object."""

    count: int
    refused: tuple[Refused, ...]
    how: Literal["create", "apply"]
    unknown: tuple[str, ...] = ()
    """Why some objects could not be tried, each reason once."""
    settled: frozenset[tuple[str, str, str, str]] = frozenset()
    """The identities of the objects that are new, or of the release already: nobody else owns one."""
    taken: tuple[str, ...] = ()
    """A line for each field that is taken over from another field manager, as it was asked for."""


@dataclass(frozen=True)
class Probe:
    """Each pod template tried as a pod: by workload its spec as it was admitted, or why it was refused; why some were not tried."""

    admitted: Mapping[str, Mapping[str, Any]]
    refused: Mapping[str, str]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClaimsTried:
    """The claims that StatefulSets would make, tried one by one: how many, by claim why it was refused; why some were not tried."""

    count: int
    refused: Mapping[str, str]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class MetricsApi:
    """The API of resource metrics: whether it is registered and answers, and why it does not."""

    there: bool
    answers: bool = False
    why: str = ""


@dataclass(frozen=True)
class IssuerSeen:
    """What an Ingress names to have its certificates signed by: whether it exists and is ready; its own message."""

    ingress: str
    kind: str
    name: str
    there: bool
    ready: bool = False
    message: str = ""
    acme: str = ""
    """The address of its ACME server; "" when it has none."""
    only_http: bool = False
    """Whether it proves names by HTTP-01 alone."""


@dataclass(frozen=True)
class Balancer:
    """A Service of type LoadBalancer of others: namespace/name, and its address ("": none)."""

    name: str
    address: str


@dataclass(frozen=True)
class SyncedSecret:
    """What makes a Secret of something outside of the cluster or encrypted: Kind/name, the Secret, why it is not ready."""

    label: str
    secret: str
    ready: bool
    message: str = ""


@dataclass(frozen=True)
class CertManager:
    """cert-manager, where an Ingress asks for it: whether its kinds are served, whether its pods run, the issuers."""

    served: bool
    runs: bool | None = None
    """None when the pods of other namespaces cannot be seen."""
    issuers: tuple[IssuerSeen, ...] = ()


@dataclass(frozen=True)
class PullLogin:
    """The registries for which a pull Secret has a login, as it names them; or what is wrong with it."""

    registries: tuple[str, ...]
    wrong: str = ""
    logins: tuple[Login, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class ImageSeen:
    """What is known of an image that these workloads run, with these pull Secrets: its registry's answer, the nodes that have it."""

    image: str
    owners: tuple[str, ...]
    """Kind/name."""
    answer: Answer
    secrets: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()
    nodes: int = 0
    """How many nodes there are; 0 where they may not be seen."""


@dataclass(frozen=True)
class ServiceSeen:
    """A Service of the cluster that something names: its state, and its ports (none for one that is only another name)."""

    state: Literal["missing", "no endpoints", "ready", "another name", "hidden"]
    ports: frozenset[int] = frozenset()
    permission: str = ""
    """For hidden: the right that would show it, or its endpoints."""


@dataclass(frozen=True)
class DatabaseSeen:
    """The external database of the release, and what reads tell about its address."""

    client: Client
    service: str = ""
    """namespace/name of the Service that its host names; "" for a host outside of the cluster."""
    state: Literal["outside", "missing", "no endpoints", "ready", "hidden"] = "outside"
    ports: frozenset[int] = frozenset()
    """Of the Service; none for one that is only another name."""
    permission: str = ""
    """For hidden: the right that would show it."""
    resolves: bool | None = None
    """Whether a host outside has an address on this machine; None when that was not asked or not answered."""


@dataclass(frozen=True)
class DatabaseTried:
    """What the pod of a probe said of the database, or why there is none or no answer of it."""

    lines: tuple[str, ...] = ()
    problem: str = ""
    next_step: str = ""
    without: str = ""
    """The Secret with the password, or its key, that is not there, so that the login was tried without; "" for none."""
    made: bool = False
    """Whether the run makes that Secret."""
    cut_by: tuple[str, ...] = ()
    """The network policies that keep the pod from the database and not the app, whose own policy allows it."""
    left: str = ""
    """The pod that could not be deleted, and why; "" when it is gone."""


@dataclass(frozen=True)
class BackupSeen:
    """A CronJob that dumps the database: its name, when it last went well (None: never), whether it is suspended."""

    name: str
    succeeded: datetime | None
    suspended: bool
    at: datetime
    """When it was read."""


@dataclass(frozen=True)
class LeaksSeen:
    """Secrets found where they must not be; how many secrets were looked for, in how many revisions; what was hidden."""

    leaks: tuple[Leak, ...]
    secrets: int
    records: int
    hidden: tuple[str, ...] = ()
    """Names of Secrets, and kinds."""


@dataclass(frozen=True)
class HelmSees:
    """What helm, in a run's environment, sees of the cluster, and of the target's release where that is no proof.

    The revision is 0 when helm sees no release of that name, and None when helm was not asked: in the same cluster, with its
    records there, it sees what the wizard sees.
    """

    revision: int | None
    overrides: tuple[str, ...] = ()
    """Names of HELM_KUBE* variables that differ from the kubeconfig; then helm was not asked."""
    mark: str = ""
    """The object that identifies the cluster, "" when this person may read none."""
    ours: str = ""
    theirs: str = ""
    """The uid of `mark` as the wizard and as helm see it."""


READ_FOR_STATUS: Final[tuple[tuple[str, str, str], ...]] = (
    *((verb, kind, "") for kind in (*KINDS, "Event") for verb in ("list", "watch")),
    ("get", "Pod", "log"),
)
"""(verb, kind, subresource) that status and diagnosis read."""
