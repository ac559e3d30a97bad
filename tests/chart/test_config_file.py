"""A configuration file of the program's own: from the values or from a ConfigMap of the person's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chart.conftest import Chart, Manifest, Rendered

NAME = "llm-cost-ops"
FILE = f"{NAME}-config-file"
TEXT = '[api]\n# {{ no template }}\n\tport = 8080  \r\n\nkey = "$HOME"\n'


def given(**config: Any) -> dict[str, Any]:
    """Values of the section."""
    return {"config": config}


def pods(rendered: Rendered) -> list[Manifest]:
    """Specifications of the app's pod and of the migration's."""
    owners = [rendered.one("Deployment", NAME), *rendered.kinds("Job")]
    return [owner["spec"]["template"]["spec"] for owner in owners]


def test_there_is_none_unless_asked_for(chart: Chart, preset: str | None) -> None:
    rendered = chart.render(preset=preset)
    assert not rendered.has("ConfigMap", FILE)
    assert "CONFIG_PATH" not in rendered.one("ConfigMap", NAME)["data"]
    assert "config-file" not in str(pods(rendered))


@pytest.mark.parametrize("text", [TEXT, pytest.param(TEXT.rstrip(), marks=pytest.mark.full), "\n\nx\n\n"])
def test_the_text_arrives_byte_for_byte(chart_on_both: Chart, tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(text.encode())
    rendered = chart_on_both.render(options=("--set-file", f"config.file={file}"))
    assert rendered.one("ConfigMap", FILE)["data"] == {"config.toml": text}


def test_app_and_migrations_find_it_where_the_variable_says(chart: Chart) -> None:
    rendered = chart.render("migrations.enabled=true", values=given(file=TEXT, filePath="/etc/cost-ops/my.toml"))
    assert rendered.one("ConfigMap", NAME)["data"]["CONFIG_PATH"] == "/etc/cost-ops/my.toml"
    assert list(rendered.one("ConfigMap", FILE)["data"]) == ["my.toml"]
    assert len(pods(rendered)) == 2
    for pod in pods(rendered):
        assert {"name": "config-file", "configMap": {"name": FILE}} in pod["volumes"]
        mounts = pod["containers"][0]["volumeMounts"]
        assert {
            "name": "config-file",
            "mountPath": "/etc/cost-ops/my.toml",
            "subPath": "my.toml",
            "readOnly": True,
        } in mounts


@pytest.mark.parametrize(("key", "read"), [("", "config.toml"), ("costs", "costs")])
def test_a_config_map_of_the_person_takes_its_place(chart: Chart, key: str, read: str) -> None:
    rendered = chart.render(values=given(existingConfigMap="mine", existingConfigMapKey=key))
    assert not rendered.has("ConfigMap", FILE)
    (pod,) = pods(rendered)
    assert {"name": "config-file", "configMap": {"name": "mine"}} in pod["volumes"]
    mount = next(m for m in pod["containers"][0]["volumeMounts"] if m["name"] == "config-file")
    assert (mount["mountPath"], mount["subPath"]) == ("/app/config/config.toml", read)


@pytest.mark.full
def test_pods_restart_when_the_text_changes_and_only_then(chart: Chart) -> None:
    def annotation(values: dict[str, Any]) -> str:
        template = chart.render(values=values).one("Deployment", NAME)["spec"]["template"]
        found: str = template["metadata"]["annotations"]["checksum/config"]
        return found

    assert annotation(given(file="a")) == annotation(given(file="a") | {"replicaCount": 7})
    assert annotation(given(file="a")) != annotation(given(file="b"))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"file": "a", "existingConfigMap": "mine"}, "config.file and config.existingConfigMap are both set"),
        (
            {"existingConfigMapKey": "a"},
            "config.existingConfigMap is empty; name the ConfigMap there, or clear the key",
        ),
        ({"file": "a", "filePath": "/tmp"}, "name a file, such as /app/config/config.toml"),
        ({"file": "a", "filePath": "config.toml"}, "at '/config/filePath': 'config.toml' does not match pattern"),
        ({"file": "a", "filePath": "/app/../etc/x"}, "at '/config/filePath'"),
        ({"file": {"api": {"port": 8080}}}, "at '/config/file': got object, want string"),
    ],
)
def test_a_wrong_value_is_refused(chart_on_both: Chart, config: dict[str, Any], said: str) -> None:
    assert said in chart_on_both.refusal(values=given(**config))
