"""Users with fewer rights than the sandbox's administrator, for tests and for practice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from wizard.core.errors import Problem
from wizard.sandbox import cluster, pki
from wizard.sandbox.api import Api
from wizard.sandbox.catalog import APP_NAMESPACE, USERS

_RBAC = "/apis/rbac.authorization.k8s.io/v1"


def user_kubeconfig(name: str, user: str, *, namespace: str = APP_NAMESPACE, cluster_wide: bool = True) -> Path:
    """Path of a kubeconfig (0600, in the sandbox's folder) for a user of sandbox `name`.

    The users are:
    - `namespace-only`: the stock role `admin` in `namespace`, which is created; cannot create namespaces or read
      cluster-scoped objects.
    - `view`: the stock role `view`, everywhere or (`cluster_wide=False`) in `namespace` only, which is then created.
    - `nobody`: known to the API server, without any right.
    - `expired`: an administrator whose client certificate expired an hour ago; the API server answers 401.

    The context has the sandbox's context name and `namespace` as its namespace. A second call gives the same rights.
    """
    if user not in USERS:
        raise Problem(f"There is no sandbox user {user!r}.", f"Choose one of {', '.join(USERS)}.")
    info = cluster.require(name)
    _GRANTS[user](cluster.admin(name), namespace, cluster_wide)
    authority = pki.Pair((info.folder / "ca.crt").read_bytes(), (info.folder / "ca.key").read_bytes())
    expired = user == "expired"
    common = user if user != "namespace-only" else f"namespace-only-{namespace}"
    client = pki.issue(authority, common, ("system:masters",) if expired else (), expired=expired)
    suffix = "" if cluster_wide and user != "namespace-only" else f"-{namespace}"
    path = info.folder / f"kubeconfig-{user}{suffix}"
    cluster.write_kubeconfig(path, info, client, namespace, user)
    return path


def _no_rights(_api: Api, _namespace: str, _cluster_wide: bool) -> None:
    pass


def _namespace_only(api: Api, namespace: str, _cluster_wide: bool) -> None:
    _make_namespace(api, namespace)
    _bind(api, f"{_RBAC}/namespaces/{namespace}/rolebindings", "RoleBinding", "admin", f"namespace-only-{namespace}")


def _view(api: Api, namespace: str, cluster_wide: bool) -> None:
    if cluster_wide:
        _bind(api, f"{_RBAC}/clusterrolebindings", "ClusterRoleBinding", "view", "view")
    else:
        _make_namespace(api, namespace)
        _bind(api, f"{_RBAC}/namespaces/{namespace}/rolebindings", "RoleBinding", "view", "view")


_GRANTS: dict[str, Callable[[Api, str, bool], None]] = {
    "namespace-only": _namespace_only,
    "view": _view,
    "nobody": _no_rights,
    "expired": _no_rights,
}


def _make_namespace(api: Api, namespace: str) -> None:
    api.create("/api/v1/namespaces", {"metadata": {"name": namespace}})


def _bind(api: Api, path: str, kind: str, role: str, user: str) -> None:
    body: dict[str, Any] = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": f"sandbox-{user}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }
    api.create(path, body)
