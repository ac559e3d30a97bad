{{- define "llm-cost-ops.grafana.config" -}}
datasources.yaml: |
  apiVersion: 1
  datasources:
    - name: Prometheus
      uid: prometheus
      type: prometheus
      access: proxy
      isDefault: true
      url: {{ default (printf "http://%s-prometheus:9090" (include "llm-cost-ops.release" .)) .Values.prometheusUrl }}
dashboards.yaml: |
  apiVersion: 1
  providers:
    - name: llm-cost-ops
      folder: LLM Cost Ops
      type: file
      options:
        path: /etc/llm-cost-ops/dashboards
{{- end }}

{{/* The printed changeme is known to everybody, so it counts as no password. */}}
{{- define "llm-cost-ops.grafana.value" -}}
{{- $given := .Values.adminPassword -}}
{{- if eq $given "changeme" }}{{ $given = "" }}{{ end -}}
{{- include "llm-cost-ops.secret.value" (dict "root" . "secret" (include "llm-cost-ops.grafana.ownSecret" .) "key" .Values.secretKeys.passwordKey
  "given" $given "path" "grafana.adminPassword" "existing" .Values.existingSecret "existingPath" "grafana.existingSecret" "generate" true) -}}
{{- end }}
