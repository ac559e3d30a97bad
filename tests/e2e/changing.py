"""A small chart whose every part can be changed by a value, and one release of it made by plain helm."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.conftest import Bed
from wizard.core.target import Target

VALUES: Final[dict[str, Any]] = {
    "image": "api:1", "replicas": 1, "env": {"A": "1"}, "strategy": "RollingUpdate", "cpu": "50m", "config": {"level": "info"},
    "secret": "first-canary-secret", "port": 80, "targetPort": 8080, "disk": "1Gi", "command": "one", "extra": False, "kept": True,
    "labels": {}, "minReady": 0, "mount": False, "host": "a.example.com", "unknown": False, "taken": False, "grace": 5, "hook": False,
    "pull": "", "budget": 1, "job": True,
}  # fmt: skip

TEMPLATE: Final = """
apiVersion: v1
kind: ConfigMap
metadata: {name: conf, labels: {{ toJson .Values.labels }}}
data: {{ toJson .Values.config }}
---
apiVersion: v1
kind: Secret
metadata: {name: creds}
stringData: {password: {{ .Values.secret | quote }}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: {{ .Values.replicas }}
  minReadySeconds: {{ .Values.minReady }}
  {{- if .Values.unknown }}
  nosuchfield: 1
  {{- end }}
  strategy: {type: {{ .Values.strategy }}}
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      terminationGracePeriodSeconds: {{ .Values.grace }}
      {{- with .Values.pull }}
      imagePullSecrets: [{name: {{ . }}}]
      {{- end }}
      containers:
      - name: api
        image: {{ .Values.image }}
        resources: {limits: {cpu: {{ .Values.cpu }}}}
        envFrom: [{configMapRef: {name: conf}}, {secretRef: {name: creds}}]
        env:
        {{- range $name, $value := .Values.env }}
        - {name: {{ $name }}, value: {{ $value | quote }}}
        {{- end }}
        {{- if .Values.mount }}
        volumeMounts: [{name: tmp, mountPath: /tmp}]
        {{- end }}
      {{- if .Values.mount }}
      volumes: [{name: tmp, emptyDir: {}}]
      {{- end }}
---
apiVersion: v1
kind: Service
metadata: {name: api}
spec:
  selector: {app: api}
  ports: [{name: http, port: {{ .Values.port }}, targetPort: {{ .Values.targetPort }}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 0
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "db:1"}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: {{ .Values.disk }}}}}
{{- if .Values.job }}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  suspend: true
  template:
    spec: {restartPolicy: Never, containers: [{name: c, image: "c:1", args: [{{ .Values.command | quote }}]}]}
{{- end }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: api}
spec:
  rules:
  - host: {{ .Values.host }}
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: api, port: {name: http}}}}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: api}
spec: {maxUnavailable: {{ .Values.budget }}, selector: {matchLabels: {app: api}}}
{{- if .Values.extra }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: extra}
data: {a: b}
{{- end }}
{{- if .Values.kept }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}
data: {a: b}
{{- end }}
{{- if .Values.taken }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: taken}
data: {a: b}
{{- end }}
"""


def chart(folder: Path) -> str:
    """The chart in a folder; returns its path."""
    root = folder / "changing"
    (root / "templates").mkdir(parents=True, exist_ok=True)
    (root / "Chart.yaml").write_text("apiVersion: v2\nname: changing\nversion: 1.0.0\nappVersion: '1'\n")
    (root / "values.yaml").write_text(yaml.safe_dump(VALUES))
    (root / "templates" / "all.yaml").write_text(TEMPLATE)
    return str(root)


@dataclass
class Release:
    """A release of the chart, changed by plain helm as anybody would."""

    bed: Bed
    helm: str
    namespace: str
    chart: str
    folder: Path
    name: str = "rel"

    @property
    def target(self) -> Target:
        """Where it is."""
        context = self.bed.kubectl("config", "current-context").strip()
        return Target(context, self.namespace, self.name, self.bed.kubeconfig)

    def values(self, **changes: Any) -> str:
        """A values file's text."""
        return yaml.safe_dump({**VALUES, **changes})

    def call(self, *words: str, check: bool = True) -> str:
        """What helm prints."""
        done = subprocess.run(
            [self.helm, "--kubeconfig", self.bed.kubeconfig, "--namespace", self.namespace, *words],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr
        self.code = done.returncode
        return done.stdout + done.stderr

    def upgrade(self, check: bool = True, flags: Sequence[str] = (), **changes: Any) -> str:
        """`helm upgrade --install` with values."""
        file = self.folder / "values.yaml"
        file.write_text(self.values(**changes))
        words = ("upgrade", "--install", self.name, self.chart, "--create-namespace", "--reset-values", "-f", str(file))
        return self.call(*words, *flags, check=check)

    def live(self) -> dict[str, Mapping[str, Any]]:
        """Every object that the release may have, by Kind/name."""
        kinds = "configmap,secret,deployment,statefulset,service,job,ingress,pdb"
        found = self.bed.get(kinds, "-n", self.namespace)["items"]
        return {f"{one['kind']}/{one['metadata']['name']}": one for one in found}
