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

{{/* The address that people open, or nothing. */}}
{{- define "llm-cost-ops.grafana.rootUrl" -}}
{{- $ingress := .Values.ingress -}}
{{- if .Values.rootUrl -}}
{{- .Values.rootUrl -}}
{{- else if $ingress.enabled -}}
http{{ if $ingress.tls }}s{{ end }}://{{ $ingress.host }}{{ $ingress.path }}
{{- end -}}
{{- end }}

{{/*
Settings of Grafana as variables, a YAML list; an entry of extraEnv takes the place of ours. Nothing is fetched or reported: a cluster
without a way out must start as fast.
*/}}
{{- define "llm-cost-ops.grafana.env" -}}
{{- $admin := default (include "llm-cost-ops.grafana.ownSecret" .) .Values.existingSecret -}}
{{- $secrets := dict
  "GF_SECURITY_ADMIN_USER" (dict "name" $admin "key" .Values.secretKeys.userKey)
  "GF_SECURITY_ADMIN_PASSWORD" (dict "name" $admin "key" .Values.secretKeys.passwordKey) -}}
{{- $plain := dict
  "GF_ANALYTICS_REPORTING_ENABLED" false
  "GF_ANALYTICS_CHECK_FOR_UPDATES" false
  "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES" false
  "GF_PLUGINS_PREINSTALL_DISABLED" true -}}
{{- with include "llm-cost-ops.grafana.rootUrl" . }}{{ $_ := set $plain "GF_SERVER_ROOT_URL" . }}{{ end -}}
{{- if and .Values.ingress.enabled (ne .Values.ingress.path "/") }}{{ $_ := set $plain "GF_SERVER_SERVE_FROM_SUB_PATH" true }}{{ end -}}
{{- with .Values.auth.oauth -}}
{{- if .enabled -}}
{{- $_ := set $secrets "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET" (dict "name" .existingSecret "key" .existingSecretKey) -}}
{{- range $key, $value := dict "ENABLED" true "NAME" .name "CLIENT_ID" .clientId "AUTH_URL" .authUrl "TOKEN_URL" .tokenUrl "API_URL" .apiUrl
  "SCOPES" (join " " .scopes) "ALLOWED_DOMAINS" (join " " .allowedDomains) "ROLE_ATTRIBUTE_PATH" .roleAttributePath
  "ALLOW_SIGN_UP" .allowSignUp "AUTO_LOGIN" .autoLogin -}}
{{- $_ := set $plain (printf "GF_AUTH_GENERIC_OAUTH_%s" $key) $value -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.auth.proxy -}}
{{- if .enabled -}}
{{- range $key, $value := dict "ENABLED" true "HEADER_NAME" .headerName "HEADER_PROPERTY" .headerProperty
  "WHITELIST" (join ", " .allowedAddresses) "AUTO_SIGN_UP" .autoSignUp -}}
{{- $_ := set $plain (printf "GF_AUTH_PROXY_%s" $key) $value -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $env := include "llm-cost-ops.caBundle.env" . | fromYamlArray -}}
{{- range $name, $reference := $secrets }}{{ $env = append $env (dict "name" $name "valueFrom" (dict "secretKeyRef" $reference)) }}{{ end -}}
{{- range $name, $value := $plain -}}
{{- if not (kindIs "invalid" $value) }}{{ $env = append $env (dict "name" $name "value" (toString $value)) }}{{ end -}}
{{- end -}}
{{- include "llm-cost-ops.mergedList" (dict "base" $env "extra" .Values.extraEnv "key" "name") -}}
{{- end }}
