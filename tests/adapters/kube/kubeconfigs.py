"""Kubeconfigs as people have them, good and bad, in a folder with certificates, a token and login plugins."""

from __future__ import annotations

import base64
import codecs
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.adapters import loopback

SECRET: Final = "C4n4ry-of-a-token"
API: Final = "client.authentication.k8s.io/v1"
BETA: Final = "client.authentication.k8s.io/v1beta1"
SERVER: Final = "https://api.example:6443"
OIDC: Final = {"idp-issuer-url": "https://issuer", "client-id": "me", "id-token": "e30.eyJleHAiOjk5OTk5OTk5OTl9.sig"}
PEM: Final = "@"
"""In a case: begins the name of a file whose content stands there in base64, "@ca.crt"."""

_PATH: Final = os.environ["PATH"]
_PLUGIN: Final = r"""#!/bin/sh
version=$(printf %s "$KUBERNETES_EXEC_INFO" | sed 's/.*client\.authentication\.k8s\.io.\(v[0-9a-z]*\)".*/\1/')
told=$(printf '%s\n' "$0" "$MARK" "$*" "$KUBERNETES_EXEC_INFO" | base64 | tr -d '\n')
printf '{"apiVersion":"client.authentication.k8s.io/%s","kind":"ExecCredential","status":{"token":"%s"}}' "$version" "$told"
"""
"""A login plugin whose token is how it was called."""


@dataclass(frozen=True)
class Case:
    """Files of a folder by name, and how a command is called there; `says`: what the refusal says, "" where there is none."""

    name: str
    files: Mapping[str, Any]
    """Each a tree, a text or bytes."""
    says: str = ""
    listed: str = "config"
    """$KUBECONFIG; names that begin with a letter are made absolute."""
    explicit: str = ""
    """--kubeconfig."""
    context: str = ""
    path: str = ""
    """What $PATH begins with instead of the folder bin."""


def material(folder: Path) -> dict[str, bytes]:
    """What is in each case's folder, by name."""
    (authority, _), pair = (loopback.certificate(folder, name, days=3650) for name in ("ca", "client"))
    bundle = {"ca.crt": authority, "client.crt": pair[0], "client.key": pair[1]}
    made = {name: path.read_bytes() for name, path in bundle.items()}
    made |= {f"sub/{name}": content for name, content in made.items()}
    made |= {"token": f" {SECRET}\n\n".encode(), "empty": b"\n", "not.pem": b"no certificate\n"}
    return made | {name: _PLUGIN.encode() for name in ("plugin", "sub/plugin", "bin/on-path")}


def lay(case: Case, folder: Path, known: Mapping[str, bytes]) -> tuple[str, str, str, str]:
    """Write the files of a case into its folder; returns --kubeconfig, --context, $KUBECONFIG and $PATH."""
    for name, content in {**known, **case.files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else _text(content, known).encode())
        if "plugin" in name or name.startswith("bin/"):
            path.chmod(0o755)
    listed = os.pathsep.join(
        str(folder / name) if name[:1].isalpha() else name for name in case.listed.split(os.pathsep)
    )
    explicit = str(folder / case.explicit) if case.explicit[:1].isalpha() else case.explicit
    return explicit, case.context, listed, os.pathsep.join((case.path or str(folder / "bin"), _PATH))


def _text(content: Any, known: Mapping[str, bytes]) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    for name, raw in known.items():
        text = text.replace(f'"{PEM}{name}"', f'"{base64.b64encode(raw).decode()}"')
    return text


def tree(
    user: Any = None, cluster: Any = None, context: Any = None, *, name: str = "here", **top: Any
) -> dict[str, Any]:
    """A kubeconfig of one context."""
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": name,
        "clusters": [{"name": f"{name}-c", "cluster": {"server": SERVER, **(cluster or {})}}],
        "users": [{"name": f"{name}-u", "user": {"token": SECRET} if user is None else user}],
        "contexts": [{"name": name, "context": {"cluster": f"{name}-c", "user": f"{name}-u", "namespace": "ns", **(context or {})}}],
        **top,
    }  # fmt: skip


def plugin(command: str = "./plugin", **more: Any) -> dict[str, Any]:
    """A user with a login plugin."""
    return {"exec": {"apiVersion": API, "command": command, "interactiveMode": "Never", **more}}


def of_user(name: str, user: Any, says: str = "", **more: Any) -> Case:
    return Case(name, {"config": tree(user)}, says, **more)


def of_cluster(name: str, cluster: Any, says: str = "", **more: Any) -> Case:
    return Case(name, {"config": tree(None, cluster)}, says, **more)


def of_text(name: str, text: Any, says: str = "", **more: Any) -> Case:
    return Case(name, {"config": text}, says, **more)


CERTIFICATE: Final = {"client-certificate": "client.crt", "client-key": "client.key"}
DATA: Final = {"client-certificate-data": "@client.crt", "client-key-data": "@client.key"}
PLAIN: Final = json.dumps(tree(), indent=1)
BLOCK: Final = f"""\
apiVersion: v1
kind: Config
current-context: here
clusters:
- name: c
  cluster: &c
    server: {SERVER}
users:
- name: u
  user:
    token: {SECRET}
contexts:
- name: here
  context:
    cluster: c
    user: u
    namespace: ns
"""

_FILES: Final = (
    Case("one file", {"config": tree()}),
    Case("explicit", {"other": tree()}, listed="", explicit="other"),
    Case("explicit wins over the list", {"config": tree(), "other": tree(name="there")}, explicit="other"),
    Case("explicit missing", {"config": tree()}, "There is no kubeconfig", explicit="gone"),
    Case("explicit with a ~", {"config": tree()}, "There is no kubeconfig", explicit="~/config"),
    Case("first file wins", {"config": tree(), "two": tree({"token": "x"}, {"server": "https://x"})}, listed="config:two"),
    Case("current of the first that names one", {"config": tree(**{"current-context": ""}), "two": tree(name="b")}, listed="config:two"),
    Case("current of the first, entries of the second", {"config": {"current-context": "b"}, "two": tree(name="b")}, listed="config:two"),
    Case("no field of a later entry", {"config": tree({}), "two": tree({"token": "x"}, {"insecure-skip-tls-verify": True})}, listed="config:two"),
    Case("missing files", {"config": tree()}, listed="gone:config:gone2"),
    Case("all missing", {}, "There is no kubeconfig", listed="gone:gone2"),
    Case("empty entries", {"config": tree()}, listed="::config::"),
    Case("only empty entries", {}, "There is no kubeconfig", listed="::"),
    Case("the same file twice", {"config": tree()}, listed="config:config"),
    Case("list with a ~", {"config": tree()}, "There is no kubeconfig", listed="~/config"),
    Case("relative list", {"sub/config": tree(CERTIFICATE)}, listed="./sub/config"),
    Case("a broken second file", {"config": tree(), "two": "a: [1\n"}, r"two, line 2", listed="config:two"),
    Case("a file for a folder", {"config": tree()}, "config/x cannot be read: Not a directory", listed="config/x"),
    Case("a folder", {"config/x": ""}, "it is a folder, not a file"),
    Case("empty file", {"config": ""}, "names no context"),
    Case("blank file", {"config": " \n# nothing\n"}, "names no context"),
    Case("empty first file", {"config": "", "two": tree()}, listed="config:two"),
    Case("paths of the second file", {"config": {"current-context": "here"}, "sub/two": tree(CERTIFICATE, {"certificate-authority": "ca.crt"})}, listed="config:sub/two"),
    Case("another context", {"config": tree(), "two": tree({"token": "x"}, name="b")}, listed="config:two", context="b"),
    Case("a context that is not there", {"config": tree()}, 'There is no context "b"', context="b"),
    Case("dangling current context", {"config": tree(**{"current-context": "b"})}, 'current context "b" is not in'),
    Case("dangling current context, another chosen", {"config": tree(**{"current-context": "b"})}, context="here"),
    Case("no current context", {"config": tree(**{"current-context": ""})}, "names no current context"),
)  # fmt: skip

_ENTRIES: Final = (
    of_text("two users of one name", tree(users=[{"name": "here-u", "user": {"token": SECRET}}] * 2), r"config names two users 'here-u'"),
    of_text("two clusters of one name", tree(clusters=[{"name": "here-c", "cluster": {"server": SERVER}}] * 2), "names two clusters"),
    of_text("two contexts of one name", tree(contexts=[{"name": "here", "context": {"user": "here-u"}}] * 2), "names two contexts"),
    of_text("two other users of one name", tree(users=[*tree()["users"], {"name": "x"}, {"name": "x"}]), "names two users 'x'"),
    of_text("two users without a name", tree(users=[*tree()["users"], None, None]), "names two users ''"),
    of_text("a null entry", tree(users=[*tree()["users"], None])),
    of_cluster("two extensions of one name", {"extensions": [{"name": "a", "extension": {"b": 1}}] * 2}, "names two clusters"),
    of_cluster("extensions", {"extensions": [{"name": "a", "extension": {"b": 1}}, {"name": "b", "extension": "c"}]}),
    of_text("no users", tree(users=None)),
    of_text("a context without a user", tree(context={"user": ""})),
    of_text("a context with a missing user", tree(context={"user": "gone"})),
    of_text("a context without a user and a user without a name", tree(context={"user": None}, users=[{"user": {"token": "t"}}])),
    of_text("a context with a missing cluster", tree(context={"cluster": "gone"}), 'names a cluster "gone" that the kubeconfig .*config does not have'),
    of_text("a context without a cluster", tree(context={"cluster": ""}), 'names a cluster ""'),
    of_text("a null context", tree(contexts=[{"name": "here", "context": None}]), 'names a cluster ""'),
    of_text("a user of null", tree(users=[{"name": "here-u", "user": None}])),
    of_text("a cluster of null", tree(clusters=[{"name": "here-c", "cluster": None}]), 'cluster "here-c" of the kubeconfig .* has no server'),
    of_text("contexts that are a mapping", tree(contexts={}), "contexts is a mapping, not a list"),
    of_text("clusters that are a mapping", tree(clusters={"c": {"server": SERVER}}), "clusters is a mapping, not a list"),
    of_text("users that are a text", tree(users=""), "users is a text, not a list"),
    of_text("an entry that is a text", tree(users=["x"]), r"users\[0\] is a text, not a mapping"),
    of_text("unknown fields", tree({"token": "t", "x": 1}, {"y": [2]}, {"z": None}, w={})),
    of_text("fields in another case", tree({"Token": "t", "tokenfile": "x"}, {"Certificate-Authority": "x"})),
    of_text("preferences", tree(preferences={"colors": True})),
    of_text("preferences that are wrong", tree(preferences={"colors": "yes"}), "preferences.colors is a text, not true or false"),
    of_text("another kind", tree(kind="Deployment"), "it is a Deployment of v1, not a Config"),
    of_text("another version", tree(apiVersion="v2"), "it is a Config of v2"),
    of_text("another group", tree(apiVersion="apps/v1"), "it is a Config of apps/v1"),
    of_text("without kind", tree(kind=None)),
    of_text("without version", tree(apiVersion=None)),
    of_text("a kind that is a number", tree(kind=1), "kind is a number, not a text"),
    of_text("a list", "- a\n- b\n", "is not a kubeconfig"),
    of_text("a text", "hello\n", "is not a kubeconfig"),
    of_text("a namespace of digits in quotes", tree(context={"namespace": "123"})),
    of_text("a namespace that is a number", tree(context={"namespace": 123}), r'contexts\["here"\].context.namespace is a number'),
    of_text("no namespace", tree(context={"namespace": ""})),
    of_text("an odd namespace", tree(context={"namespace": "A b"})),
)  # fmt: skip

_YAML: Final = (
    of_text("JSON", PLAIN),
    of_text("JSON with tabs", json.dumps(tree(), indent="\t")),
    of_text("YAML", BLOCK),
    of_text("CRLF", BLOCK.replace("\n", "\r\n")),
    of_text("a byte order mark", "\ufeff" + BLOCK),
    of_text("UTF-16 as PowerShell writes it", codecs.BOM_UTF16_LE + BLOCK.encode("utf-16-le")),
    of_text("UTF-16, the other end first", codecs.BOM_UTF16_BE + BLOCK.encode("utf-16-be")),
    of_text("half of UTF-16", codecs.BOM_UTF16_LE + BLOCK.encode("utf-16-le")[:-1], "is not a text file"),
    of_text("bytes that are no text", b"\xff\xfe\x00\x80", "kubeconfig"),
    of_text("Latin-1", BLOCK.replace("ns\n", "n\u00e4\n").encode("latin-1"), "is not a text file"),
    of_text("a zero byte", BLOCK + "\x00", "is not a text file"),
    of_text("a tab that indents", BLOCK.replace("    token", "\ttoken"), r"config, line 11, column \d+ is not YAML"),
    of_text("an anchor and a merge", BLOCK.replace("- name: c\n", "- name: b\n  cluster: &b {tls-server-name: x}\n- name: c\n").replace("&c\n", "\n    <<: *b\n")),
    of_text("an unknown alias", BLOCK.replace(SECRET, f"*{SECRET}"), "config.* is not"),
    of_text("several documents", BLOCK + "---\ncurrent-context: other\n"),
    of_text("several documents, the second broken", BLOCK + "---\na: [\n"),
    of_text("an empty first document", "---\n---\n" + BLOCK, "names no context"),
    of_text("a directive", "%YAML 1.1\n---\n" + BLOCK),
    of_text("a document that goes on behind its mark", "--- {current-context: here}\n", "names no context"),
    of_text("a key twice", BLOCK + "current-context: x\ncurrent-context: here\n"),
    of_text("an unclosed bracket", "a: [1\nb: 2\n", "line 2, column 2"),
    of_text("a token that is a number", BLOCK.replace(SECRET, "12345"), r'users\["u"\].user.token is a number, not a text'),
    of_text("a token that is a number in quotes", BLOCK.replace(SECRET, "'12345'")),
    of_text("a token that is yes", BLOCK.replace(SECRET, "yes"), "token is true or false, not a text"),
    of_text("a token that is a date", BLOCK.replace(SECRET, "2026-01-01")),
    of_text("a token that is nothing", BLOCK.replace(SECRET, "")),
    of_text("a token that is a list", BLOCK.replace(SECRET, f"[{SECRET}]"), "token is a list, not a text"),
    of_text("a context named by a number", BLOCK.replace("name: here", "name: 1"), r"contexts\[0\].name is a number"),
    of_text("a current context that is a number", BLOCK.replace("current-context: here", "current-context: 1"), "current-context is a number"),
    of_text("a flag that is a text", BLOCK.replace("&c\n", "\n    insecure-skip-tls-verify: 'true'\n"), "insecure-skip-tls-verify is a text, not true or false"),
    of_text("a flag that is a number", BLOCK.replace("&c\n", "\n    insecure-skip-tls-verify: 1\n"), "is a number, not true or false"),
    of_text("a flag that is yes", BLOCK.replace("&c\n", "\n    insecure-skip-tls-verify: yes\n")),
    of_text("many clusters", tree(clusters=[*tree()["clusters"], *({"name": f"c{n}", "cluster": {"server": f"https://c{n}"}} for n in range(2000))])),
)  # fmt: skip

_CLUSTERS: Final = (
    of_cluster("a CA file", {"certificate-authority": "ca.crt"}),
    of_cluster("a CA file above", {"certificate-authority": "sub/../ca.crt"}),
    of_cluster("a CA file with a ~", {"certificate-authority": "~/ca.crt"}, r"/~/ca.crt cannot be read"),
    of_cluster("a missing CA file", {"certificate-authority": "gone.crt"}, "certificate authority .*/gone.crt cannot be read"),
    of_cluster("a CA file that is none", {"certificate-authority": "not.pem"}, "is not a certificate"),
    of_cluster("CA data", {"certificate-authority-data": "@ca.crt"}),
    of_cluster("CA data that are none", {"certificate-authority-data": "QUJD"}, "is not a certificate"),
    of_cluster("CA data that are not base64", {"certificate-authority-data": SECRET}, r'clusters\["here-c"\].cluster.certificate-authority-data is not base64'),
    of_text("data of another cluster that are not base64", tree(clusters=[*tree()["clusters"], {"name": "x", "cluster": {"certificate-authority-data": "-"}}]), "is not base64"),
    of_cluster("CA file and data", {"certificate-authority": "ca.crt", "certificate-authority-data": "@ca.crt"}, "has both certificate-authority and"),
    of_cluster("insecure", {"insecure-skip-tls-verify": True}),
    of_cluster("insecure with a CA", {"insecure-skip-tls-verify": True, "certificate-authority": "ca.crt"}, "insecure-skip-tls-verify"),
    of_cluster("insecure with CA data over http", {"server": "http://a", "insecure-skip-tls-verify": True, "certificate-authority-data": "@ca.crt"}),
    of_cluster("a server name", {"tls-server-name": "name.example"}),
    of_cluster("a proxy", {"proxy-url": "http://proxy.example:3128"}),
    of_cluster("a proxy without a scheme", {"proxy-url": "proxy.example:3128"}, "has a proxy-url that is not an address"),
    of_cluster("compression off", {"disable-compression": True}),
    of_cluster("http", {"server": "http://127.0.0.1:8001"}),
    of_cluster("http with a missing CA", {"server": "http://127.0.0.1:8001", "certificate-authority": "gone"}, "gone cannot be read"),
    of_cluster("no scheme", {"server": "api.example:6443"}),
    of_cluster("an address without a scheme", {"server": "10.0.0.1:6443"}),
    of_cluster("a host alone", {"server": "localhost"}),
    of_cluster("a path without a scheme", {"server": "api.example/k8s"}, "not the address of an API server"),
    of_cluster("a server without a port", {"server": "https://api.example"}),
    of_cluster("a slash at the end", {"server": "https://api.example:6443/"}),
    of_cluster("a path", {"server": "https://rancher.example/k8s/clusters/c-1/"}),
    of_cluster("a query", {"server": "https://rancher.example/k8s?x=1#y"}),
    of_cluster("IPv6", {"server": "https://[::1]:6443"}),
    of_cluster("IPv6 without brackets", {"server": "https://::1:6443"}, "not the address"),
    of_cluster("a scheme in capitals", {"server": "HTTPS://api.example"}),
    of_cluster("another scheme", {"server": "unix:///run/api.sock"}, "not the address"),
    of_cluster("ftp", {"server": "ftp://api.example"}, "not the address"),
    of_cluster("a port that is none", {"server": "https://api.example:x"}, "not the address"),
    of_cluster("a blank before the server", {"server": " https://api.example"}, "not the address"),
    of_cluster("a line break in the server", {"server": "https://api.example\n"}, "not the address"),
    of_cluster("an empty server", {"server": ""}, "has no server address"),
    of_cluster("a server that is a number", {"server": 1}, r'clusters\["here-c"\].cluster.server is a number'),
)  # fmt: skip

_USERS: Final = (
    of_user("nobody", {}),
    of_user("a token with a line break", {"token": f"{SECRET}\n"}, "holds a line break"),
    Case("a token over http", {"config": tree(None, {"server": "http://a"})}),
    of_user("a token file", {"tokenFile": "token"}),
    of_user("an absolute token file that is missing", {"tokenFile": "/gone/token"}, "token file /gone/token cannot be read"),
    of_user("an empty token file", {"tokenFile": "empty"}, "is empty"),
    of_user("a token and its file", {"token": "old", "tokenFile": "token"}),
    of_user("a token and a missing file", {"token": SECRET, "tokenFile": "gone"}),
    of_user("a token and an empty file", {"token": SECRET, "tokenFile": "empty"}),
    of_user("a password", {"username": "me", "password": SECRET}),
    of_user("a password without a name", {"password": SECRET}),
    of_user("a name without a password", {"username": "me"}),
    of_user("a token and a password", {"token": "t", "username": "me", "password": SECRET}, 'user "here-u" of the kubeconfig .*/config has both a token and a username'),
    of_user("a token file and a password", {"tokenFile": "token", "username": "me"}, "has both a tokenFile and"),
    of_user("a certificate", CERTIFICATE),
    of_user("certificate data", DATA),
    of_user("a certificate's file and its key's data", {"client-certificate": "client.crt", "client-key-data": "@client.key"}),
    of_user("a certificate and a token", {**CERTIFICATE, "token": SECRET}),
    of_user("a certificate twice", {**CERTIFICATE, **DATA}, "has both client-certificate and client-certificate-data"),
    of_user("a client key twice", {**CERTIFICATE, "client-key-data": "@client.key"}, "has both client-key and client-key-data"),
    of_user("a certificate without a key", {"client-certificate": "client.crt"}, "without a client key"),
    of_user("a key without a certificate", {"client-key": "gone"}),
    of_user("a missing certificate", {"client-certificate": "gone", "client-key": "client.key"}, "client certificate .*/gone cannot be read"),
    of_user("a missing key", {"client-certificate": "client.crt", "client-key": "gone"}, "client key .*/gone cannot be read"),
    of_user("a damaged certificate", {"client-certificate-data": "QUJD", "client-key-data": "QUJD"}, "do not belong together or are damaged"),
    of_user("data in lines", {"client-certificate-data": "QU\nJD", "client-key-data": "QUJD"}, "damaged"),
    of_user("data with blanks", {"client-certificate-data": "QU JD", "client-key-data": "QUJD"}, "is not base64"),
    of_user("data without its end", {"client-certificate-data": "QUI", "client-key-data": "QUJD"}, "is not base64"),
    of_user("as", {"token": "t", "as": "jane", "as-uid": "7", "as-groups": ["a", "b"], "as-user-extra": {"Scopes": ["x", "y"], "a/b %c": ["z"]}}),
    of_user("groups without as", {"token": "t", "as-groups": ["a"]}, "without as"),
    of_user("a uid without as", {"token": "t", "as-uid": "7"}, "without as"),
    of_user("groups that are a text", {"as": "jane", "as-groups": "a"}, "as-groups is a text, not a list"),
    of_user("extra that is a text", {"as": "jane", "as-user-extra": {"a": "b"}}, "as-user-extra.a is a text, not a list"),
    of_user("auth-provider gcp", {"auth-provider": {"name": "gcp", "config": {"cmd-path": "./plugin"}}}, 'auth-provider "gcp", which .* Use the login plugin gke-gcloud'),
    of_user("auth-provider azure", {"auth-provider": {"name": "azure"}}, "Use the login plugin kubelogin"),
    of_user("auth-provider of another name", {"auth-provider": {"name": "openstack"}}, 'auth-provider "openstack", which'),
    of_user("auth-provider without a name", {"auth-provider": {}}, 'auth-provider "", which'),
    of_user("auth-provider gcp beside a token", {"token": "t", "auth-provider": {"name": "gcp"}}, 'auth-provider "gcp", which'),
    of_user("auth-provider oidc", {"auth-provider": {"name": "oidc", "config": OIDC}}),
    of_user("auth-provider oidc beside a token", {"token": "t", "auth-provider": {"name": "oidc", "config": OIDC}}),
    of_user("auth-provider oidc without an issuer", {"auth-provider": {"name": "oidc", "config": {"client-id": "me"}}}, "without idp-issuer-url"),
    of_user("auth-provider oidc without a client", {"auth-provider": {"name": "oidc", "config": {"idp-issuer-url": "https://x"}}}, "without client-id"),
    of_user("auth-provider oidc without a token", {"auth-provider": {"name": "oidc", "config": {**OIDC, "client-id": "other", "id-token": ""}}}, "There is no token"),
    of_user("auth-provider config that is a number", {"auth-provider": {"name": "oidc", "config": {"a": 1}}}, "auth-provider.config.a is a number"),
    Case("auth-provider gcp over http", {"config": tree({"auth-provider": {"name": "gcp"}}, {"server": "http://a"})}),
    Case("a password over http", {"config": tree({"username": "me", "password": SECRET, "as": "jane"}, {"server": "http://a"})}),
    Case("a missing certificate over http", {"config": tree({"client-certificate": "gone", "client-key": "client.key"}, {"server": "http://a"})}, "gone cannot be read"),
)  # fmt: skip

_PLUGINS: Final = (
    of_user("a plugin beside its file", plugin("./plugin", args=["a", "b c"])),
    Case("a plugin of a file in another folder", {"sub/config": tree(plugin("./plugin"))}, listed="sub/config"),
    of_user("a plugin below its file", plugin("sub/plugin")),
    of_user("a plugin above", plugin("sub/../plugin")),
    of_user("a plugin in PATH", plugin("on-path")),
    of_user("a plugin in PATH alone", plugin("plugin"), "The login plugin plugin is not installed"),
    of_user("a plugin in the env's PATH", plugin("plugin", env=[{"name": "PATH", "value": "."}]), "is not installed"),
    Case("a plugin in the working folder", {"config": tree(plugin("plugin"))}, "found in the current folder only", path="."),
    of_user("a missing plugin", plugin("./gone", installHint="See https://example.com"), "is not installed. See https://example.com"),
    of_user("a plugin with a ~", plugin("~/plugin"), "is not installed"),
    of_user("a plugin with an env", plugin(env=[{"name": "MARK", "value": "x"}, {"name": "MARK", "value": "y"}])),
    of_user("a plugin with an env of null", plugin(env=[{"name": "MARK", "value": None}])),
    of_user("a plugin with an env without a name", plugin(env=[{"value": "x"}]), "env variable without a name"),
    of_user("a plugin with an env that is a mapping", plugin(env={"A": "b"}), "exec.env is a mapping, not a list"),
    of_user("a plugin with a number", plugin(args=[1]), r"exec.args\[0\] is a number, not a text"),
    of_user("a plugin with null", plugin(args=["a", None])),
    of_user("a plugin of v1beta1", plugin(apiVersion=BETA, interactiveMode=None)),
    of_user("a plugin of v1alpha1", plugin(apiVersion=BETA.replace("beta", "alpha"), interactiveMode=None), "v1alpha1\", which kubectl and helm do not know"),
    of_user("a plugin of no version", plugin(apiVersion=""), "without an apiVersion"),
    of_user("a plugin without a command", plugin(""), "without a command"),
    of_user("a plugin of null", {"exec": None}),
    of_user("a plugin of nothing", {"exec": {}}, "login plugin"),
    of_user("a plugin without a mode", plugin(interactiveMode=None), "without an interactiveMode"),
    of_user("a plugin of another mode", plugin(interactiveMode="never"), "with an unknown interactiveMode"),
    of_user("a plugin that asks if it can", plugin(interactiveMode="IfAvailable")),
    of_user("a plugin that must ask", plugin(interactiveMode="Always"), "wants to ask you something"),
    of_user("a plugin beside a token", {**plugin("./gone"), "token": SECRET}),
    of_user("a plugin beside a token file", {**plugin("./gone"), "tokenFile": "token"}),
    of_user("a plugin beside a password", {**plugin("./gone"), "username": "me", "password": SECRET}),
    of_user("a plugin beside a certificate", {**plugin("./gone"), **CERTIFICATE}),
    of_user("a plugin beside an auth-provider", {**plugin(), "auth-provider": {"name": "oidc", "config": OIDC}}, "has both exec and auth-provider"),
    Case("a plugin over http", {"config": tree(plugin("./gone"), {"server": "http://a"})}),
    Case("a plugin that gets the cluster", {"config": tree(plugin(provideClusterInfo=True), {
        "certificate-authority": "ca.crt", "tls-server-name": "x", "proxy-url": "http://p:1", "disable-compression": True,
        "extensions": [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}, {"name": "y", "extension": 1}],
    })}),
    Case("a plugin that gets another cluster", {"config": tree(plugin(provideClusterInfo=True, apiVersion=BETA), {"insecure-skip-tls-verify": True})}),
    Case("a plugin that gets a cluster with data", {"config": tree(plugin(provideClusterInfo=True), {"certificate-authority-data": "@ca.crt", "server": SERVER + "/"})}),
    of_user("a plugin that gets no cluster", plugin(provideClusterInfo=False)),
)  # fmt: skip

CASES: Final = (*_FILES, *_ENTRIES, *_YAML, *_CLUSTERS, *_USERS, *_PLUGINS)
