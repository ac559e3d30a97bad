{{/*
Where the database is, and its owner's login, for migrations and backups: YAML with host, port, user, database, sslmode, secret, key and
urlKey. A Secret of this chart carries the password percent-encoded as well; of an existing one only its owner knows, hence urlPasswordKey.
*/}}
{{- define "llm-cost-ops.database" -}}
{{- if .Values.postgresql.enabled -}}
{{- $auth := .Values.postgresql.auth -}}
host: {{ include "llm-cost-ops.fullname" . }}-postgresql
port: 5432
user: {{ $auth.username | quote }}
database: {{ $auth.database | quote }}
sslmode: {{ .Values.postgresql.tls.enabled | ternary "require" "disable" }}
secret: {{ default (include "llm-cost-ops.postgresql.ownSecret" .) $auth.existingSecret | quote }}
key: {{ $auth.secretKeys.userPasswordKey | quote }}
urlKey: {{ $auth.existingSecret | empty | ternary "password-urlencoded" (default $auth.secretKeys.userPasswordKey $auth.secretKeys.urlPasswordKey) | quote }}
{{- else -}}
{{- $db := .Values.externalDatabase -}}
host: {{ $db.host | quote }}
port: {{ $db.port }}
user: {{ $db.user | quote }}
database: {{ $db.database | quote }}
sslmode: {{ $db.sslmode }}
secret: {{ default (include "llm-cost-ops.externalDatabase.ownSecret" .) $db.existingSecret | quote }}
key: {{ $db.existingSecret | empty | ternary "password" $db.existingSecretPasswordKey | quote }}
urlKey: {{ $db.existingSecret | empty | ternary "password-urlencoded" (default $db.existingSecretPasswordKey $db.existingSecretUrlPasswordKey) | quote }}
{{- end -}}
{{- end }}

{{/*
The same with the login of the app, which may be a role of its own.
*/}}
{{- define "llm-cost-ops.appDatabase" -}}
{{- $db := include "llm-cost-ops.database" . | fromYaml -}}
{{- $role := .Values.postgresql.auth.appUser -}}
{{- if and .Values.postgresql.enabled $role.enabled -}}
{{- $db = merge (dict "user" $role.username
  "secret" (default (include "llm-cost-ops.appUser.ownSecret" .) $role.existingSecret)
  "key" ($role.existingSecret | empty | ternary "password" $role.existingSecretPasswordKey)
  "urlKey" ($role.existingSecret | empty | ternary "password-urlencoded" (default $role.existingSecretPasswordKey $role.existingSecretUrlPasswordKey))
  ) $db -}}
{{- end -}}
{{- toYaml $db -}}
{{- end }}

{{/*
Where the app finds its cache: YAML with scheme, address (host and port, or those of the Sentinels), path, ports, username and, with a
password, secret, key, urlKey; with Sentinels, sentinels and master. A URL in a Secret is only secret, url (its key) and ports. Nothing
when there is no cache.
*/}}
{{- define "llm-cost-ops.cache" -}}
{{- if .Values.redis.enabled -}}
{{- $auth := .Values.redis.auth -}}
scheme: redis
address: {{ include "llm-cost-ops.fullname" . }}-redis:6379
path: "0"
ports: [6379]
username: ""
{{- if $auth.enabled }}
secret: {{ default (include "llm-cost-ops.redis.ownSecret" .) $auth.existingSecret | quote }}
key: {{ $auth.existingSecret | empty | ternary "redis-password" $auth.existingSecretPasswordKey | quote }}
urlKey: {{ $auth.existingSecret | empty | ternary "password-urlencoded" (default $auth.existingSecretPasswordKey $auth.existingSecretUrlPasswordKey) | quote }}
{{- end }}
{{- else if .Values.externalRedis.existingSecretUrlKey -}}
{{- $redis := .Values.externalRedis -}}
secret: {{ $redis.existingSecret | quote }}
url: {{ $redis.existingSecretUrlKey | quote }}
ports: [{{ $redis.port }}]
{{- else if or .Values.externalRedis.host .Values.externalRedis.sentinel.hosts -}}
{{- $redis := .Values.externalRedis -}}
{{- $scheme := $redis.tls | ternary "rediss" "redis" -}}
{{- if $redis.sentinel.hosts -}}
{{- $sentinels := list -}}
{{- $ports := list (int $redis.port) -}}
{{- range $redis.sentinel.hosts -}}
{{- $sentinel := contains ":" . | ternary . (printf "%s:26379" .) -}}
{{- $sentinels = append $sentinels $sentinel -}}
{{- $ports = append $ports (splitList ":" $sentinel | last | int) -}}
{{- end -}}
scheme: {{ $scheme }}+sentinel
address: {{ join "," $sentinels | quote }}
path: {{ printf "%s/%v" $redis.sentinel.masterName $redis.database | quote }}
ports: {{ uniq $ports | toJson }}
sentinels: {{ toJson $sentinels }}
master: {{ $redis.sentinel.masterName | quote }}
{{- else -}}
scheme: {{ $scheme }}
address: {{ printf "%s:%v" $redis.host $redis.port | quote }}
path: {{ $redis.database | quote }}
ports: [{{ $redis.port }}]
{{- end }}
username: {{ $redis.username | quote }}
{{- if $redis.existingSecret }}
secret: {{ $redis.existingSecret | quote }}
key: {{ $redis.existingSecretPasswordKey | quote }}
urlKey: {{ default $redis.existingSecretPasswordKey $redis.existingSecretUrlPasswordKey | quote }}
{{- else if include "llm-cost-ops.externalRedis.value" . }}
secret: {{ include "llm-cost-ops.externalRedis.ownSecret" . | quote }}
key: redis-password
urlKey: password-urlencoded
{{- end }}
{{- end -}}
{{- end }}

{{/* Where the password of the Sentinels is, as a valueFrom, or nothing: dict "root" $. */}}
{{- define "llm-cost-ops.sentinelPassword" -}}
{{- $redis := .root.Values.externalRedis -}}
{{- with $redis.sentinel.existingSecretPasswordKey -}}
secretKeyRef:
  name: {{ $redis.existingSecret | quote }}
  key: {{ . | quote }}
{{- end -}}
{{- end }}

{{/*
Environment of the app's program, a YAML list: dict "root" $ "database" LOGIN as YAML. A variable stands before the ones that mention it as $(NAME), and a name
appears once: an entry of extraEnv takes the place of ours.
*/}}
{{- define "llm-cost-ops.env" -}}
{{- $env := list -}}
{{- $db := .database | fromYaml -}}
{{- with .root -}}
{{- $env = append $env (dict "name" "DATABASE_URL_PASSWORD" "valueFrom" (dict "secretKeyRef" (dict "name" $db.secret "key" $db.urlKey))) -}}
{{- $user := include "llm-cost-ops.urlEncode" $db.user -}}
{{- $database := include "llm-cost-ops.urlEncode" $db.database -}}
{{- $url := printf "postgres://%s:$(DATABASE_URL_PASSWORD)@%s:%v/%s?sslmode=%s" $user $db.host $db.port $database $db.sslmode -}}
{{- $env = append $env (dict "name" "DATABASE_URL" "value" $url) -}}
{{- with include "llm-cost-ops.cache" . | fromYaml -}}
{{- $login := "" -}}
{{- if .url -}}
{{- $env = append $env (dict "name" "REDIS_URL" "valueFrom" (dict "secretKeyRef" (dict "name" .secret "key" .url))) -}}
{{- else -}}
{{- if .secret -}}
{{- $env = append $env (dict "name" "REDIS_PASSWORD" "valueFrom" (dict "secretKeyRef" (dict "name" .secret "key" .key))) -}}
{{- $env = append $env (dict "name" "REDIS_URL_PASSWORD" "valueFrom" (dict "secretKeyRef" (dict "name" .secret "key" .urlKey))) -}}
{{- $login = printf "%s:$(REDIS_URL_PASSWORD)@" (include "llm-cost-ops.urlEncode" .username) -}}
{{- end -}}
{{- $env = append $env (dict "name" "REDIS_URL" "value" (printf "%s://%s%s/%s" .scheme $login .address .path)) -}}
{{- if .sentinels -}}
{{- $env = append $env (dict "name" "REDIS_SENTINELS" "value" .address) -}}
{{- $env = append $env (dict "name" "REDIS_SENTINEL_MASTER" "value" .master) -}}
{{- with include "llm-cost-ops.sentinelPassword" $ -}}
{{- $env = append $env (dict "name" "REDIS_SENTINEL_PASSWORD" "valueFrom" (fromYaml .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $jwt := include "llm-cost-ops.jwt.existingSecret" . -}}
{{- $jwtRef := dict "name" (default (include "llm-cost-ops.app.ownSecret" .) $jwt) "key" (empty $jwt | ternary "jwt-secret" .Values.jwt.existingSecretKey) -}}
{{- $env = append $env (dict "name" "JWT_SECRET" "valueFrom" (dict "secretKeyRef" $jwtRef)) -}}
{{- $smtpRef := dict -}}
{{- if .Values.smtp.existingSecret -}}
{{- $smtpRef = dict "name" .Values.smtp.existingSecret "key" .Values.smtp.existingSecretKey -}}
{{- else if and .Values.secrets.existingSecret .Values.smtp.host -}}
{{- $smtpRef = dict "name" .Values.secrets.existingSecret "key" .Values.smtp.existingSecretKey "optional" true -}}
{{- else if include "llm-cost-ops.smtp.value" . -}}
{{- $smtpRef = dict "name" (include "llm-cost-ops.app.ownSecret" .) "key" "smtp-password" -}}
{{- end -}}
{{- if $smtpRef -}}
{{- $env = append $env (dict "name" "SMTP_PASSWORD" "valueFrom" (dict "secretKeyRef" $smtpRef)) -}}
{{- end -}}
{{- include "llm-cost-ops.mergedList" (dict "base" $env "extra" .Values.extraEnv "key" "name") -}}
{{- end -}}
{{- end }}

{{/* Name of the ConfigMap with the program's own file, or nothing. */}}
{{- define "llm-cost-ops.configFile.configMap" -}}
{{- if .Values.config.existingConfigMap -}}
{{- .Values.config.existingConfigMap -}}
{{- else if .Values.config.file -}}
{{- include "llm-cost-ops.fullname" . }}-config-file
{{- end -}}
{{- end }}

{{/*
Where the app may write although its root is read-only, and what the user mounts beside or in place of it: a volume goes by
its name, a mount by its path.
*/}}
{{- define "llm-cost-ops.volumes" -}}
{{- $base := list -}}
{{- with include "llm-cost-ops.configFile.configMap" . -}}
{{- $base = append $base (dict "name" "config-file" "configMap" (dict "name" .)) -}}
{{- end -}}
{{- if .Values.securityContext.readOnlyRootFilesystem -}}
{{- range $name, $size := dict "tmp" "256Mi" "data" "1Gi" "logs" "256Mi" -}}
{{- $base = append $base (dict "name" $name "emptyDir" (dict "sizeLimit" $size)) -}}
{{- end -}}
{{- end -}}
{{- include "llm-cost-ops.mergedList" (dict "base" $base "extra" .Values.extraVolumes "key" "name") -}}
{{- end }}

{{- define "llm-cost-ops.volumeMounts" -}}
{{- $base := list -}}
{{- if include "llm-cost-ops.configFile.configMap" . -}}
{{- $config := .Values.config -}}
{{- $key := $config.existingConfigMap | empty | ternary "" $config.existingConfigMapKey | default (base $config.filePath) -}}
{{- $base = append $base (dict "name" "config-file" "mountPath" $config.filePath "subPath" $key "readOnly" true) -}}
{{- end -}}
{{- if .Values.securityContext.readOnlyRootFilesystem -}}
{{- range $name, $path := dict "tmp" "/tmp" "data" "/app/data" "logs" "/app/logs" -}}
{{- $base = append $base (dict "name" $name "mountPath" $path) -}}
{{- end -}}
{{- end -}}
{{- include "llm-cost-ops.mergedList" (dict "base" $base "extra" .Values.extraVolumeMounts "key" "mountPath") -}}
{{- end }}

{{/*
Hooks of the app container. The image needs no shell for the sleep, but the cluster must be 1.30 or newer; a preStop of the
user's own takes its place.
*/}}
{{- define "llm-cost-ops.lifecycle" -}}
{{- $ours := dict -}}
{{- if and (gt (int .Values.preStopSleepSeconds) 0) (semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version) -}}
{{- $ours = dict "preStop" (dict "sleep" (dict "seconds" .Values.preStopSleepSeconds)) -}}
{{- end -}}
{{- $given := default dict .Values.lifecycle -}}
{{- if get $given "preStop" }}{{ $ours = dict }}{{ end -}}
{{- with merge (dict) $given $ours }}{{ toYaml . }}{{ end -}}
{{- end }}

{{/*
Spread constraints; one without a labelSelector counts the pods of the app.
*/}}
{{- define "llm-cost-ops.topologySpread" -}}
{{- $selector := dict "labelSelector" (dict "matchLabels" (include "llm-cost-ops.selectorLabels" . | fromYaml)) -}}
{{- $all := list -}}
{{- range .Values.topologySpreadConstraints }}
{{- if hasKey . "labelSelector" }}{{ $all = append $all . }}{{ else }}{{ $all = append $all (merge (dict) . $selector) }}{{ end -}}
{{- end -}}
{{- with $all }}{{ toYaml . }}{{ end -}}
{{- end }}

{{/*
The disruption budget as YAML: maxUnavailable or minAvailable, or nothing when there is only one replica to disturb. A
minAvailable that allows no disruption would block every node drain for ever, so it becomes maxUnavailable 1.
*/}}
{{- define "llm-cost-ops.disruptionBudget" -}}
{{- $floor := int (.Values.autoscaling.enabled | ternary .Values.autoscaling.minReplicas .Values.replicaCount) -}}
{{- $pdb := .Values.podDisruptionBudget -}}
{{- if and $pdb.enabled (gt $floor 1) -}}
{{- if not (kindIs "invalid" $pdb.maxUnavailable) -}}
maxUnavailable: {{ $pdb.maxUnavailable }}
{{- else -}}
{{- $min := include "llm-cost-ops.text" $pdb.minAvailable -}}
{{- $needed := int $min -}}
{{- if hasSuffix "%" $min }}{{ $needed = divf (mul (int (trimSuffix "%" $min)) $floor) 100 | ceil | int }}{{ end -}}
{{- if or (not $min) (ge $needed $floor) -}}
maxUnavailable: 1
{{- else -}}
minAvailable: {{ $pdb.minAvailable }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
Settings of the app that are no secret, as variables.
*/}}
{{- define "llm-cost-ops.config" -}}
{{- $features := .Values.config.features -}}
ENVIRONMENT: {{ .Values.global.environment | quote }}
PORT: {{ .Values.service.targetPort | quote }}
LOG_LEVEL: {{ .Values.config.logLevel | quote }}
RUST_LOG: {{ .Values.config.logLevel | quote }}
LOG_FORMAT: json
{{- if include "llm-cost-ops.configFile.configMap" . }}
CONFIG_PATH: {{ .Values.config.filePath | quote }}
{{- end }}
ENABLE_COMPRESSION: {{ $features.compression | quote }}
ENABLE_RATE_LIMITING: {{ $features.rateLimiting | quote }}
ENABLE_METRICS: {{ $features.metrics | quote }}
METRICS_ENABLED: {{ $features.metrics | quote }}
{{- if $features.metrics }}
METRICS_PORT: {{ .Values.metrics.port | quote }}
METRICS_ENDPOINT: {{ .Values.metrics.path | quote }}
{{- end }}
ENABLE_TRACING: {{ $features.tracing | quote }}
TRACING_ENABLED: {{ $features.tracing | quote }}
{{- with .Values.smtp }}
{{- if .host }}
SMTP_HOST: {{ .host | quote }}
SMTP_PORT: {{ .port | quote }}
SMTP_USERNAME: {{ .username | quote }}
SMTP_FROM: {{ .from | quote }}
SMTP_TLS: {{ .tls | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/*
The container port that serves metrics: http where the program serves both on one port; nothing with metrics off.
*/}}
{{- define "llm-cost-ops.metricsPortName" -}}
{{- if .Values.config.features.metrics -}}
{{- eq (int .Values.metrics.port) (int .Values.service.targetPort) | ternary "http" "metrics" -}}
{{- end -}}
{{- end }}

{{/*
Whether the route of the Gateway API is rendered: asked for, or all of it is there and the Ingress is not.
*/}}
{{- define "llm-cost-ops.httpRoute.wanted" -}}
{{- $route := .Values.httpRoute -}}
{{- $known := .Capabilities.APIVersions.Has "gateway.networking.k8s.io/v1/HTTPRoute" -}}
{{- if eq (toString $route.enabled) "true" -}}
true
{{- else if and (eq (toString $route.enabled) "auto") $known $route.parentRefs (not .Values.ingress.enabled) -}}
true
{{- end -}}
{{- end }}
