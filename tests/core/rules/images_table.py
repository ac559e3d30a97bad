"""Rows of the table of checks: what registries say of the images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.core.rules.placement_table import deployment, node
from wizard.core.registry.answer import Answer, Platform
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import ImageSeen, Rendered

API = "ghcr.io/acme/api:v1"
DIGEST = "sha256:" + "0f" * 32
AMD, ARM, WINDOWS = Platform("linux", "amd64"), Platform("linux", "arm64", "v8"), Platform("windows", "amd64")


def seen(state: Any = "there", text: str = "", *, image: str = API, **more: Any) -> ImageSeen:
    named = {key: more.pop(key) for key in ("secrets", "held_by", "owners") if key in more}
    return ImageSeen(image, **{"owners": ("Deployment/api",), "nodes": 3, **named}, answer=Answer(state, text, **more))


def images(*found: ImageSeen) -> dict[str, Any]:
    return {"images": found}


def one(state: Any = "there", text: str = "", **more: Any) -> dict[str, Any]:
    return images(seen(state, text, **more))


def kind(architecture: str, os: str = "linux", name: str = "n1", **more: Any) -> dict[str, Any]:
    return node(name, labels={"kubernetes.io/arch": architecture, "kubernetes.io/os": os}, **more)


def built(
    *nodes: dict[str, Any], of: tuple[Platform, ...] = (AMD,), also: tuple[ImageSeen, ...] = (), **spec: Any
) -> dict[str, Any]:
    runs = deployment(**spec)
    runs["spec"]["template"]["spec"]["containers"] = [{"name": "c", "image": API}]
    return {"rendered": Rendered((runs,)), "images": (seen(platforms=of), *also), "nodes": nodes, "admitted": {}}


def hub(left: int | None, replicas: int = 3, *, login: bool = False, image: str = "acme/api:1") -> dict[str, Any]:
    runs = deployment(replicas)
    runs["spec"]["template"]["spec"]["containers"] = [{"name": "c", "image": image}]
    return {"rendered": Rendered((runs,)), "images": (seen(image=image, left=left, login=login),)}


NO_NODES = Unknown("eve may not list nodes", "list nodes")
VIRTUAL: dict[str, Any] = {"taints": [{"key": "os", "value": "windows", "effect": "NoSchedule"}]}
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/api:v1"
ROWS: list[tuple[str, Mapping[str, Any], str, str, str]] = [
    # M01 images at their registries
    ("M01", one(digest=DIGEST), "pass", f"{API} is there (sha256:0f0f0f0f0f0f)", ""),
    ("M01", one("missing", "tag", tags=("v1.0", "v2")), "fail", f"Deployment/api runs {API}, and ghcr.io has no such tag; near it: v1.0, v2", "image"),
    ("M01", one("missing", "repository", owners=("StatefulSet/db",)), "fail", "has no such repository", ""),
    ("M01", one("missing", "tag", held_by=("a",)), "warn", "no such tag; 1 of 3 nodes have it", "image"),
    ("M01", one("refused", secrets=("mine",)), "fail", "ghcr.io refuses the login of Secret mine for it", "image.pullSecret"),
    ("M01", one("private"), "warn", "shows it to nobody without a login, and no pull Secret is named; it may also not be there", "image.pullSecret"),
    ("M01", one("private", secrets=("mine",)), "warn", "Secret mine has none for it", "image.pullSecret"),
    ("M01", one("private", held_by=("a", "b")), "unknown", "ghcr.io wants a login; 2 of 3 nodes have it", ""),
    ("M01", one("private", held_by=("a", "b", "c")), "pass", "3 of 3 nodes have it", ""),
    ("M01", one("private", image=ECR), "unknown", "nodes of that cloud bring their own", ""),
    ("M01", one("private", image="europe-docker.pkg.dev/p/r/api"), "unknown", "nodes of that cloud", ""),
    ("M01", one("private", image="notgcr.io/api"), "warn", "no pull Secret", "image.pullSecret"),
    ("M01", one("limited", "registry-1.docker.io got too many requests"), "unknown", "too many requests", ""),
    ("M01", one("unreachable", "The name of ghcr.io does not resolve"), "unknown", f"{API}: The name of ghcr.io does not resolve", ""),
    ("M01", one("unreachable", "no route", held_by=("a", "b", "c")), "pass", "3 of 3 nodes have it", ""),
    ("M01", one("unreachable", "no route", held_by=("a",)), "unknown", "no route; 1 of 3 nodes have it", ""),
    ("M01", one("unknown", "ghcr.io answers 503"), "unknown", "answers 503", ""),
    ("M01", images(seen("unknown", "x"), seen("missing", "tag")), "fail", "no such tag", "image"),
    ("M01", images(seen("unknown", "x"), seen("private")), "warn", "without a login", "image.pullSecret"),
    ("M01", images(seen(), seen("unknown", "x", image="b"), seen("unknown", "x", image="c")), "unknown", "b, c: x", ""),
    ("M01", one("invalid", "its name has capital letters", image="Api"), "fail", "a name that no node takes: its name has capital letters", "image"),
    ("M01", one(kind="application/vnd.cncf.helm.config.v1+json"), "warn", "which is no image to run: application/vnd.cncf.helm", "image"),
    ("M01", {"images": Absent("a sandbox pulls no image")}, "skipped", "a sandbox", ""),
    # M02 platforms
    ("M02", built(kind("amd64"), kind("amd64")), "pass", "1 image built for the nodes", ""),
    ("M02", built(kind("arm64")), "fail", f"Deployment/api runs {API}, built for linux/amd64; the nodes that may take it are linux/arm64", "image"),
    ("M02", built(kind("arm64"), kind("amd64"), kind("amd64")), "warn", "1 of 3 nodes that may take it are linux/arm64", "image"),
    ("M02", built(kind("arm64"), kind("amd64"), of=(AMD, ARM)), "pass", "built for", ""),
    ("M02", built(kind("arm64"), kind("amd64"), nodeSelector={"kubernetes.io/arch": "amd64"}), "pass", "built for", ""),
    ("M02", built(kind("arm64"), kind("amd64"), nodeSelector={"kubernetes.io/arch": "arm64"}), "fail", "the nodes that may take it are linux/arm64", "image"),
    ("M02", built(kind("amd64"), kind("amd64", "windows", **VIRTUAL)), "pass", "built for", ""),
    ("M02", built(kind("amd64"), kind("amd64", "windows")), "warn", "1 of 2 nodes that may take it are windows/amd64", "image"),
    ("M02", built(kind("amd64"), of=(WINDOWS,)), "fail", "built for windows/amd64", "image"),
    ("M02", built(node()), "unknown", "no node tells", ""),
    ("M02", built(kind("amd64"), also=(seen("unknown", image="b"),)), "unknown", "not told for b; the others fit", ""),
    ("M02", built(kind("amd64"), of=()), "skipped", "waits for M01", ""),
    ("M02", {**built(), "nodes": NO_NODES}, "unknown", "may not list nodes", ""),
    # M05 pulls that are left
    ("M05", hub(2), "warn", "lets 2 more pulls through from here without a login; about 3 are needed", ""),
    ("M05", hub(0), "warn", "lets 0 more", ""),
    ("M05", hub(80), "pass", "lets 80 more", ""),
    ("M05", hub(2, 1), "pass", "about 1 are needed", ""),
    ("M05", hub(2, login=True), "skipped", "without a login", ""),
    ("M05", hub(None), "skipped", "does not tell", ""),
    ("M05", hub(2, image=API), "skipped", "nothing is pulled from Docker Hub", ""),
]  # fmt: skip
