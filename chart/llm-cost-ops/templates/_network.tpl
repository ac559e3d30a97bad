{{/*
Rules of egress, YAML lists: to DNS and the database, and to all that the app's program talks to.
*/}}
{{- define "llm-cost-ops.egress.database" -}}
{{- /* 5353 is where the DNS pods of OpenShift listen. */ -}}
- ports:
    {{- range $port := list 53 5353 }}
    {{- range $protocol := list "UDP" "TCP" }}
    - port: {{ $port }}
      protocol: {{ $protocol }}
    {{- end }}
    {{- end }}
{{- with include "llm-cost-ops.database" . | fromYaml }}
- ports:
    - port: {{ int .port }}
      protocol: TCP
  {{- if $.Values.postgresql.enabled }}
  to:
    - podSelector:
        matchLabels:
          {{- include "llm-cost-ops.component.selectorLabels" (dict "root" $ "component" "postgresql") | nindent 10 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "llm-cost-ops.egress.app" -}}
{{ include "llm-cost-ops.egress.database" . }}
{{- with include "llm-cost-ops.cache" . | fromYaml }}
- ports:
    {{- range .ports }}
    - port: {{ int . }}
      protocol: TCP
    {{- end }}
  {{- if $.Values.redis.enabled }}
  to:
    - podSelector:
        matchLabels:
          {{- include "llm-cost-ops.component.selectorLabels" (dict "root" $ "component" "redis") | nindent 10 }}
  {{- end }}
{{- end }}
{{- if .Values.smtp.host }}
- ports:
    - port: {{ .Values.smtp.port }}
      protocol: TCP
{{- end }}
{{- if .Values.config.features.tracing }}
{{- /* OpenTelemetry over gRPC and over HTTP. */}}
- ports:
    - port: 4317
      protocol: TCP
    - port: 4318
      protocol: TCP
{{- end }}
{{- end }}

{{/* What the Jobs of the backup reach beside the database: the bucket, by the port of its address. */}}
{{- define "llm-cost-ops.egress.s3" -}}
{{- with .Values.backup.s3 -}}
{{- if .enabled -}}
{{- $port := regexFind ":[0-9]+(/|$)" (default "" .endpoint) | trimAll ":/" -}}
- ports:
    - port: {{ default (hasPrefix "http://" (default "" .endpoint) | ternary 80 443) $port | int }}
      protocol: TCP
{{- end -}}
{{- end -}}
{{- end }}
