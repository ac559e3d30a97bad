{{/*
What tells this release's series from another's in one Prometheus; targets get these labels, rules and dashboards ask for them.
*/}}
{{- define "llm-cost-ops.targetLabels" -}}
job: llm-cost-ops
namespace: {{ .Release.Namespace | quote }}
release: {{ .Release.Name | quote }}
{{- end }}

{{- define "llm-cost-ops.seriesSelector" -}}
job="llm-cost-ops",namespace="{{ .Release.Namespace }}",release="{{ .Release.Name }}"
{{- end }}

{{/*
The same for the exporter beside a server: dict "root" $ "component" NAME.
*/}}
{{- define "llm-cost-ops.exporter.targetLabels" -}}
{{- toYaml (merge (dict "job" (printf "llm-cost-ops-%s" .component)) (include "llm-cost-ops.targetLabels" .root | fromYaml)) -}}
{{- end }}

{{/*
Servers with an exporter beside them, a YAML list of components.
*/}}
{{- define "llm-cost-ops.exporters" -}}
{{- range $component := list "postgresql" "redis" }}
{{- $server := get $.Values $component }}
{{- if and $server.enabled $server.metrics.enabled }}
- {{ $component }}
{{- end }}
{{- end }}
{{- end }}

{{/*
The Service that lists an exporter for the bundled Prometheus and for a ServiceMonitor: dict "root" $ "component" NAME.
*/}}
{{- define "llm-cost-ops.exporter.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- $name := printf "%s-%s-metrics" (include "llm-cost-ops.release" .root) .component }}
  {{- include "llm-cost-ops.metadata" (merge (dict "kind" "Service" "name" $name "labels" (dict "llm-cost-ops/scrape" "true")) .) | nindent 2 }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  ports:
    - name: metrics
      port: {{ .port }}
      targetPort: metrics
      protocol: TCP
  selector:
    {{- include "llm-cost-ops.component.selectorLabels" . | nindent 4 }}
{{- end }}

{{/*
The exporter's container, a list of one: dict "root" $ "metrics" SECTION "tag" DEFAULT "port" NUMBER "securityContext" SECTION
"env" LIST "mounts" LIST. It has no readiness probe: a server whose exporter is stuck still serves.
*/}}
{{- define "llm-cost-ops.exporter.container" -}}
- name: metrics
  image: {{ include "llm-cost-ops.image" (dict "root" .root "image" .metrics.image "tag" .tag) | quote }}
  imagePullPolicy: {{ .metrics.image.pullPolicy }}
  securityContext:
    {{- toYaml .securityContext | nindent 4 }}
  env:
    {{- toYaml .env | nindent 4 }}
  ports:
    - name: metrics
      containerPort: {{ .port }}
      protocol: TCP
  livenessProbe:
    httpGet:
      path: /
      port: metrics
    periodSeconds: 30
    timeoutSeconds: 5
  resources:
    {{- toYaml .metrics.resources | nindent 4 }}
  {{- with .mounts }}
  volumeMounts:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/*
Alert rules on what the program exports and on `up`: the source of the bundled Prometheus's file and of the PrometheusRule.
A line that begins with an empty action goes on with the line before it.
*/}}
{{- define "llm-cost-ops.rules" -}}
{{- $s := include "llm-cost-ops.seriesSelector" . -}}
- name: llm-cost-ops
  rules:
    - alert: LLMCostOpsDown
      expr: (sum(up{ {{- $s -}} }) or vector(0)) == 0
      for: 2m
      labels: {severity: critical}
      annotations:
        summary: No instance of LLM Cost Ops answers Prometheus.
        runbook: Look at the pods and their last words with kubectl get pods and kubectl logs --previous.
          {{- "" }} When the API works all the same, the image serves no metrics; set config.features.metrics=false.
    - alert: LLMCostOpsInstanceDown
      expr: up{ {{- $s -}} } == 0
      for: 5m
      labels: {severity: warning}
      annotations:
        summary: 'Instance {{ "{{ $labels.instance }}" }} of LLM Cost Ops does not answer Prometheus.'
        runbook: Look at that pod's events and log. A node that is gone, a full memory limit and a failing probe are the usual reasons.
    - alert: LLMCostOpsRestarts
      expr: resets(llm_cost_ops_uptime_seconds{ {{- $s -}} }[30m]) > 2
      labels: {severity: warning}
      annotations:
        summary: 'Instance {{ "{{ $labels.instance }}" }} started more than twice in half an hour.'
        runbook: kubectl describe pod says how it ended. OOMKilled asks for a higher resources.limits.memory.
    - alert: LLMCostOpsErrors
      expr: sum(rate(llm_cost_ops_http_requests_total{ {{- $s -}} ,status=~"5.."}[5m])) / sum(rate(llm_cost_ops_http_requests_total{ {{- $s -}} }[5m])) > 0.01
      for: 10m
      labels: {severity: critical}
      annotations:
        summary: 'The API answers {{ "{{ $value | humanizePercentage }}" }} of its requests with an error of its own.'
        runbook: The dashboard "LLM Cost Ops, traffic" shows which path. The log has the reason; database and cache are the first to look at.
    - alert: LLMCostOpsSlow
      expr: histogram_quantile(0.95, sum by (le) (rate(llm_cost_ops_http_request_duration_seconds_bucket{ {{- $s -}} }[5m]))) > 2
      for: 10m
      labels: {severity: warning}
      annotations:
        summary: 'One request in twenty takes longer than {{ "{{ $value | humanizeDuration }}" }}.'
        runbook: Compare with the duration of database queries on the dashboard "LLM Cost Ops, database and cache".
          {{- "" }} When the CPU is at its limit, raise autoscaling.maxReplicas or resources.limits.cpu.
    - alert: LLMCostOpsIngestionErrors
      expr: sum(rate(llm_cost_ops_ingestion_errors_total{ {{- $s -}} }[15m])) / sum(rate(llm_cost_ops_ingestion_requests_total{ {{- $s -}} }[15m])) > 0.05
      for: 15m
      labels: {severity: warning}
      annotations:
        summary: '{{ "{{ $value | humanizePercentage }}" }} of the usage records that come in are refused.'
        runbook: The log says why. A sender with a new format is more likely than a fault here.
    - alert: LLMCostOpsDeadLetters
      expr: sum(increase(llm_cost_ops_dlq_failures_total{ {{- $s -}} }[30m])) > 0
      for: 10m
      labels: {severity: warning}
      annotations:
        summary: Records in the dead letter queue fail again when they are retried.
        runbook: They stay there and their cost is missing from the sums. Find the reason in the log, then retry them.
    - alert: LLMCostOpsLoginFailures
      {{- $failures := printf "sum(rate(llm_cost_ops_auth_failures_total{%s}[10m]))" $s }}
      {{- $attempts := printf "sum(rate(llm_cost_ops_auth_attempts_total{%s}[10m]))" $s }}
      expr: {{ $failures }} > 0.5 * {{ $attempts }} and {{ $attempts }} > 0.1
      for: 10m
      labels: {severity: warning}
      annotations:
        summary: More than half of the logins fail.
        runbook: A changed signing key locks every client out until it has a new token. Otherwise somebody is guessing; the log has the addresses.
    - alert: LLMCostOpsNoFreeConnection
      expr: llm_cost_ops_db_connections_idle{ {{- $s -}} } == 0 and llm_cost_ops_db_connections_active{ {{- $s -}} } > 0
      for: 10m
      labels: {severity: warning}
      annotations:
        summary: 'Instance {{ "{{ $labels.instance }}" }} has had no free database connection for ten minutes.'
        runbook: Slow queries hold them, or the pool is too small. The database's own max_connections is the limit of all pools together.
    - alert: LLMCostOpsCostAnomaly
      expr: sum(increase(llm_cost_ops_anomalies_detected_total{ {{- $s -}} }[1h])) > 0
      labels: {severity: info}
      annotations:
        summary: Costs of the last hour do not look like those before.
        runbook: The dashboard "LLM Cost Ops, costs" shows provider and model.
{{- end }}

{{/*
Rules on what the exporters beside PostgreSQL and Redis export. The bundled Prometheus always has them, since it does not see the
parent's values: without an exporter there are no such series.
*/}}
{{- define "llm-cost-ops.exporterRules" -}}
{{- $release := printf "namespace=%q,release=%q" .Release.Namespace .Release.Name -}}
{{- $pg := printf "job=\"llm-cost-ops-postgresql\",%s" $release -}}
{{- $redis := printf "job=\"llm-cost-ops-redis\",%s" $release -}}
- name: llm-cost-ops-servers
  rules:
    - alert: LLMCostOpsExporterDown
      expr: up{job=~"llm-cost-ops-(postgresql|redis)",{{ $release }}} == 0
      for: 5m
      labels: {severity: warning}
      annotations:
        summary: 'The exporter of {{ "{{ $labels.job }}" }} does not answer Prometheus.'
        runbook: kubectl logs of that pod with -c metrics. The server itself may be well.
    - alert: LLMCostOpsPostgreSQLDown
      expr: pg_up{ {{- $pg -}} } == 0
      for: 2m
      labels: {severity: critical}
      annotations:
        summary: PostgreSQL takes no login.
        runbook: The log of its pod says why. A full volume and a recovery that is not done yet are the usual reasons.
    - alert: LLMCostOpsPostgreSQLConnections
      expr: sum(pg_stat_database_numbackends{ {{- $pg -}} }) / max(pg_settings_max_connections{ {{- $pg -}} }) > 0.8
      for: 10m
      labels: {severity: warning}
      annotations:
        summary: '{{ "{{ $value | humanizePercentage }}" }} of the connections that PostgreSQL allows are in use.'
        runbook: Fewer replicas or smaller pools need fewer; postgresql.primary.configuration.max_connections allows more, for more memory.
    - alert: LLMCostOpsPostgreSQLIdleTransaction
      expr: max by (datname) (pg_stat_activity_max_tx_duration{ {{- $pg -}} ,state=~"idle in transaction.*"}) > 1800
      for: 5m
      labels: {severity: warning}
      annotations:
        summary: 'A transaction in {{ "{{ $labels.datname }}" }} is open and does nothing for half an hour.'
        runbook: It keeps locks, and dead rows pile up. pg_stat_activity says whose it is; pg_terminate_backend ends it.
    - alert: LLMCostOpsPostgreSQLDeadlocks
      expr: sum by (datname) (increase(pg_stat_database_deadlocks{ {{- $pg -}} }[30m])) > 3
      labels: {severity: warning}
      annotations:
        summary: 'Transactions in {{ "{{ $labels.datname }}" }} block each other and are ended.'
        runbook: The log of PostgreSQL names both statements of each.
    - alert: LLMCostOpsRedisDown
      expr: redis_up{ {{- $redis -}} } == 0
      for: 2m
      labels: {severity: critical}
      annotations:
        summary: Redis takes no login.
        runbook: The log of its pod says why. It is a cache, so the API goes on with more load on the database.
    - alert: LLMCostOpsRedisDiskRefuses
      expr: redis_rdb_last_bgsave_status{ {{- $redis -}} } == 0 or redis_aof_last_write_status{ {{- $redis -}} } == 0
      for: 5m
      labels: {severity: warning}
      annotations:
        summary: Redis cannot write to its volume, and refuses writes then.
        runbook: A full volume is the usual reason; redis.master.persistence says how large it is.
    - alert: LLMCostOpsRedisRejects
      expr: increase(redis_rejected_connections_total{ {{- $redis -}} }[10m]) > 0
      labels: {severity: warning}
      annotations:
        summary: Redis turns connections away, since as many as it allows are open.
        runbook: Look for a client that opens them and never closes; maxclients in redis.configuration is the limit.
{{- end }}

{{/*
Rules on series of kube-state-metrics, which the bundled Prometheus does not scrape.
*/}}
{{- define "llm-cost-ops.kubeRules" -}}
{{- $name := include "llm-cost-ops.fullname" . -}}
{{- $ns := printf "namespace=%q" .Release.Namespace -}}
- name: llm-cost-ops-kubernetes
  rules:
    - alert: LLMCostOpsReplicasMissing
      {{- $deployment := printf "%s,deployment=%q" $ns $name }}
      expr: kube_deployment_status_replicas_available{ {{- $deployment -}} } < kube_deployment_spec_replicas{ {{- $deployment -}} }
      for: 15m
      labels: {severity: warning}
      annotations:
        summary: Fewer pods of LLM Cost Ops are available than wanted.
        runbook: kubectl get pods shows which; a rollout that stalls is undone with helm rollback.
    - alert: LLMCostOpsDataStoreMissing
      {{- $stores := printf "%s,statefulset=~\"%s-(postgresql|redis)\"" $ns $name }}
      expr: kube_statefulset_status_replicas_ready{ {{- $stores -}} } < kube_statefulset_replicas{ {{- $stores -}} }
      for: 5m
      labels: {severity: critical}
      annotations:
        summary: '{{ "{{ $labels.statefulset }}" }} is not ready.'
        runbook: kubectl describe its pod. A wrong password, a full volume and a node that is gone each say so in the events.
    - alert: LLMCostOpsCrashes
      expr: increase(kube_pod_container_status_restarts_total{ {{- $ns -}} ,pod=~"({{ $name }}|{{ include "llm-cost-ops.release" . }})-.+"}[30m]) > 2
      labels: {severity: warning}
      annotations:
        summary: 'Container {{ "{{ $labels.container }}" }} of {{ "{{ $labels.pod }}" }} ends again and again.'
        runbook: kubectl logs --previous has its last words, kubectl describe pod its exit code.
    - alert: LLMCostOpsJobFailed
      {{- $jobs := printf "%s,job_name=~\"%s-(migrate|backup|restore)-.+\"" $ns $name }}
      expr: kube_job_status_failed{ {{- $jobs -}} } > 0 unless kube_job_status_succeeded{ {{- $jobs -}} } > 0
      for: 5m
      labels: {severity: critical}
      annotations:
        summary: 'Job {{ "{{ $labels.job_name }}" }} failed.'
        runbook: kubectl logs job/NAME has the reason. Delete the Job once it is dealt with.
    {{- if and .Values.backup.enabled (not .Values.backup.suspend) }}
    - alert: LLMCostOpsBackupOld
      expr: time() - kube_cronjob_status_last_successful_time{ {{- $ns -}} ,cronjob="{{ $name }}-backup"} > 2 * 86400
      for: 1h
      labels: {severity: critical}
      annotations:
        summary: The newest dump of the database is older than two days.
        runbook: The last Jobs of the CronJob say why. A full volume is the usual reason; lower backup.keep or use a larger claim.
    {{- end }}
{{- end }}
