{{/*
Targets come from DNS: a headless Service lists every pod and its port, and no right on the Kubernetes API is needed.
*/}}
{{- define "llm-cost-ops.prometheus.config" -}}
prometheus.yml: |
  global:
    scrape_interval: {{ .Values.scrapeInterval }}
    evaluation_interval: {{ .Values.scrapeInterval }}
  rule_files: [/etc/prometheus/rules.yml]
  {{- with .Values.alertmanagers }}
  alerting:
    alertmanagers:
      - static_configs:
          - targets:
              {{- toYaml . | nindent 14 }}
  {{- end }}
  scrape_configs:
    - job_name: llm-cost-ops
      metrics_path: {{ .Values.metricsPath }}
      dns_sd_configs:
        - names: [_metrics._tcp.{{ include "llm-cost-ops.release" . }}-metrics]
          type: SRV
          refresh_interval: 15s
      relabel_configs:
        {{- range $label, $value := include "llm-cost-ops.targetLabels" . | fromYaml }}
        - target_label: {{ $label }}
          replacement: {{ $value | quote }}
        {{- end }}
    {{- /* Without an exporter there is no such name, and no target. */}}
    {{- range $component := list "postgresql" "redis" }}
    - job_name: llm-cost-ops-{{ $component }}
      dns_sd_configs:
        - names: [_metrics._tcp.{{ include "llm-cost-ops.release" $ }}-{{ $component }}-metrics]
          type: SRV
          refresh_interval: 15s
      relabel_configs:
        {{- range $label, $value := include "llm-cost-ops.exporter.targetLabels" (dict "root" $ "component" $component) | fromYaml }}
        - target_label: {{ $label }}
          replacement: {{ $value | quote }}
        {{- end }}
    {{- end }}
    - job_name: prometheus
      static_configs:
        - targets: ["localhost:9090"]
    {{- with .Values.extraScrapeConfigs }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
rules.yml: |
  groups:
    {{- include "llm-cost-ops.rules" . | nindent 4 }}
    {{- include "llm-cost-ops.exporterRules" . | nindent 4 }}
    {{- with .Values.extraRuleGroups }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
