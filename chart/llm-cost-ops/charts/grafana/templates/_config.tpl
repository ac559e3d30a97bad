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

{{/*
Environment of Grafana, a YAML list; an entry of extraEnv takes the place of ours. Nothing is fetched or reported: a cluster without a way
out must start as fast.
*/}}
{{- define "llm-cost-ops.grafana.env" -}}
{{- $secret := default (include "llm-cost-ops.grafana.ownSecret" .) .Values.existingSecret -}}
{{- $user := dict "secretKeyRef" (dict "name" $secret "key" .Values.secretKeys.userKey) -}}
{{- $password := dict "secretKeyRef" (dict "name" $secret "key" .Values.secretKeys.passwordKey) -}}
{{- $env := list
  (dict "name" "GF_SECURITY_ADMIN_USER" "valueFrom" $user)
  (dict "name" "GF_SECURITY_ADMIN_PASSWORD" "valueFrom" $password)
  (dict "name" "GF_ANALYTICS_REPORTING_ENABLED" "value" "false")
  (dict "name" "GF_ANALYTICS_CHECK_FOR_UPDATES" "value" "false")
  (dict "name" "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES" "value" "false")
  (dict "name" "GF_PLUGINS_PREINSTALL_DISABLED" "value" "true") -}}
{{- $env = concat $env (include "llm-cost-ops.caBundle.env" . | fromYamlArray) -}}
{{- include "llm-cost-ops.mergedList" (dict "base" $env "extra" .Values.extraEnv "key" "name") -}}
{{- end }}

{{/* The printed changeme is known to everybody, so it counts as no password. */}}
{{- define "llm-cost-ops.grafana.value" -}}
{{- $given := .Values.adminPassword -}}
{{- if eq $given "changeme" }}{{ $given = "" }}{{ end -}}
{{- include "llm-cost-ops.secret.value" (dict "root" . "secret" (include "llm-cost-ops.grafana.ownSecret" .) "key" .Values.secretKeys.passwordKey
  "given" $given "path" "grafana.adminPassword" "existing" .Values.existingSecret "existingPath" "grafana.existingSecret" "generate" true) -}}
{{- end }}
