{{/*
Targets come from DNS: the headless Service lists every app pod and its port, and no right on the Kubernetes API is needed.
*/}}
{{- define "llm-cost-ops.prometheus.config" -}}
prometheus.yml: |
  global:
    scrape_interval: {{ .Values.scrapeInterval }}
  scrape_configs:
    - job_name: llm-cost-ops
      metrics_path: {{ .Values.metricsPath }}
      dns_sd_configs:
        - names: [_metrics._tcp.{{ include "llm-cost-ops.release" . }}-metrics]
          type: SRV
          refresh_interval: 15s
    - job_name: prometheus
      static_configs:
        - targets: ["localhost:9090"]
{{- end }}
