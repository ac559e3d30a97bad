"""Pushes tiny images to the test's registry over its HTTP API, as any client does."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
import tarfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.registry.server import PASSWORD, USER, Registry

IMAGE_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
_LOGIN: Final = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class Pushing:
    """The repositories of one registry."""

    def __init__(self, registry: Registry) -> None:
        self._host = registry.host
        self._tls = ssl.create_default_context(cafile=str(registry.authority))

    def image(self, repository: str, tag: str, architecture: str = "amd64", *, kind: str = IMAGE_CONFIG) -> str:
        """An image of one platform, or an artifact of another kind; returns its digest. Without a tag it has none."""
        config = json.dumps({"os": "linux", "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": []}})
        described = {"mediaType": kind, "digest": self._blob(repository, config), "size": len(config)}
        return self._manifest(repository, tag, MANIFEST, {"config": described, "layers": []})

    def archive(self, repository: str, tag: str, archive: Path) -> str:
        """The one image of an archive as `docker save` writes it, with an ID of its own; returns its digest.

        A kubelet keeps those who have no login from an image that was pulled with one, by its ID, under any name
        (KubeletEnsureSecretPulledImages, kubernetes.io/docs/concepts/containers/images).
        """
        with tarfile.open(archive) as files:

            def content(name: str) -> bytes:
                file = files.extractfile(name)
                assert file is not None
                return file.read()

            (listed,) = json.loads(content("manifest.json"))
            config, layers = json.loads(content(listed["Config"])), [content(name) for name in listed["Layers"]]
        config["config"] = {**(config.get("config") or {}), "Labels": {"pushed.to": repository}}
        blobs = [(IMAGE_CONFIG, json.dumps(config).encode()), *((LAYER, layer) for layer in layers)]
        described = [
            {"mediaType": kind, "digest": self._blob(repository, blob), "size": len(blob)} for kind, blob in blobs
        ]
        return self._manifest(repository, tag, MANIFEST, {"config": described[0], "layers": described[1:]})

    def index(self, repository: str, tag: str, *architectures: str) -> str:
        """An index of images for Linux; returns its digest."""
        entries = []
        for architecture in architectures:
            digest = self.image(repository, "", architecture)
            platform = {"os": "linux", "architecture": architecture}
            entries.append({"mediaType": MANIFEST, "digest": digest, "size": 2, "platform": platform})
        return self._manifest(repository, tag, INDEX, {"manifests": entries})

    def _manifest(self, repository: str, tag: str, media_type: str, parts: dict[str, Any]) -> str:
        body = json.dumps({"schemaVersion": 2, "mediaType": media_type, **parts})
        digest = _digest(body)
        self._send("PUT", f"/v2/{repository}/manifests/{tag or digest}", body, media_type)
        return digest

    def _blob(self, repository: str, body: str | bytes) -> str:
        digest = _digest(body)
        place = urlsplit(self._send("POST", f"/v2/{repository}/blobs/uploads/", "", "text/plain"))
        self._send("PUT", f"{place.path}?{place.query}&digest={digest}", body, "application/octet-stream")
        return digest

    def _send(self, method: str, path: str, body: str | bytes, media_type: str) -> str:
        connection = http.client.HTTPSConnection(self._host, timeout=20, context=self._tls)
        connection.request(method, path, body, {"Authorization": _LOGIN, "Content-Type": media_type})
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status in (201, 202), (answer.status, said)
        connection.close()
        return answer.headers.get("Location", "")


def _digest(body: str | bytes) -> str:
    content = body.encode() if isinstance(body, str) else body
    return "sha256:" + hashlib.sha256(content).hexdigest()
