{{/*
What cannot be null is refused, and what an older release does not have is filled in; before anything else is read.
*/}}
{{- define "llm-cost-ops.app.required" -}}
{{- $paths := list "global.environment" "strategy.type" "serviceAccount" "image.repository" "service.port" "service.targetPort" "ingress" "httpRoute.path"
  "networkPolicy.egress" "autoscaling" "podDisruptionBudget" "postgresql.auth.secretKeys" "postgresql.primary.persistence" "postgresql.primary.initdb"
  "postgresql.image.repository" "postgresql.tls" "externalDatabase" "redis.auth" "redis.master.persistence" "redis.image.repository"
  "prometheus" "grafana" "serviceMonitor" "metrics.port" "metrics.path" "config.features" "jwt" "smtp.port" "secrets" "externalSecret.secretStoreRef"
  "migrations" "backup.persistence" "tests" "prometheusRule" "dashboards" "externalRedis.port" -}}
{{- include "llm-cost-ops.required" (dict "values" .Values "prefix" "" "paths" $paths) -}}
{{- $paths = list -}}
{{- include "llm-cost-ops.filled" (dict "values" .Values "added" (include "llm-cost-ops.addedSettings" . | fromYaml)) -}}
{{- if .Values.postgresql.enabled -}}
{{- range list "auth.username" "auth.database" "auth.secretKeys.userPasswordKey" "auth.secretKeys.adminPasswordKey" "primary.persistence.size"
  "primary.persistence.accessModes" "tls.certKey" "tls.privateKeyKey" }}{{ $paths = append $paths (printf "postgresql.%s" .) }}{{ end -}}
{{- end -}}
{{- if .Values.redis.enabled }}{{ $paths = concat $paths (list "redis.master.persistence.size" "redis.master.persistence.accessModes") }}{{ end -}}
{{- if .Values.backup.enabled -}}
{{- $paths = concat $paths (list "backup.schedule" "backup.keep" "backup.persistence.size" "backup.persistence.accessModes") -}}
{{- end -}}
{{- include "llm-cost-ops.required" (dict "values" .Values "prefix" "" "paths" $paths) -}}
{{- end }}

{{/*
Where the database is, and its owner's login, for migrations and backups: YAML with host, port, user, database, sslmode, with a password
secret, key and urlKey, and with certificates ca and client: {secret, items}. A Secret of this chart carries the password percent-encoded
as well; of an existing one only its owner knows, hence urlPasswordKey. Nothing when there is no database.
*/}}
{{- define "llm-cost-ops.database" -}}
{{- if .Values.postgresql.enabled -}}
{{- $auth := .Values.postgresql.auth -}}
{{- $tls := .Values.postgresql.tls -}}
{{- $checked := and $tls.enabled $tls.caKey -}}
host: {{ include "llm-cost-ops.fullname" . }}-postgresql
port: 5432
user: {{ $auth.username | quote }}
database: {{ $auth.database | quote }}
sslmode: {{ if $checked }}verify-full{{ else if $tls.enabled }}require{{ else }}disable{{ end }}
{{- if $checked }}
ca: {{ dict "secret" $tls.existingSecret "items" (list (dict "key" $tls.caKey "path" "ca.crt")) | toJson }}
{{- end }}
secret: {{ default (include "llm-cost-ops.postgresql.ownSecret" .) $auth.existingSecret | quote }}
key: {{ $auth.secretKeys.userPasswordKey | quote }}
urlKey: {{ $auth.existingSecret | empty | ternary "password-urlencoded" (default $auth.secretKeys.userPasswordKey $auth.secretKeys.urlPasswordKey) | quote }}
{{- else if .Values.externalDatabase.host -}}
{{- $db := .Values.externalDatabase -}}
{{- $tls := $db.tls -}}
host: {{ $db.host | quote }}
port: {{ $db.port }}
user: {{ $db.user | quote }}
database: {{ $db.database | quote }}
sslmode: {{ $db.sslmode }}
{{- if $tls.caSecret }}
ca: {{ dict "secret" $tls.caSecret "items" (list (dict "key" $tls.caKey "path" "ca.crt")) | toJson }}
{{- end }}
{{- if $tls.clientSecret }}
{{- $pair := list (dict "key" $tls.certKey "path" "tls.crt") (dict "key" $tls.privateKeyKey "path" "tls.key") }}
client: {{ dict "secret" $tls.clientSecret "items" $pair | toJson }}
{{- end }}
{{- if not $db.passwordless }}
secret: {{ default (include "llm-cost-ops.externalDatabase.ownSecret" .) $db.existingSecret | quote }}
key: {{ $db.existingSecret | empty | ternary "password" $db.existingSecretPasswordKey | quote }}
urlKey: {{ $db.existingSecret | empty | ternary "password-urlencoded" (default $db.existingSecretPasswordKey $db.existingSecretUrlPasswordKey) | quote }}
{{- end }}
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
Certificates that clients of the database need, as lists of one volume and its mount, or nothing. The key of a client is readable for its
group alone: libpq takes no other.
*/}}
{{- define "llm-cost-ops.database.certificates.volumes" -}}
{{- $db := include "llm-cost-ops.database" . | fromYaml -}}
{{- $sources := list -}}
{{- range list $db.ca $db.client -}}
{{- if . }}{{ $sources = append $sources (dict "secret" (dict "name" .secret "items" .items)) }}{{ end -}}
{{- end -}}
{{- if $sources -}}
{{- list (dict "name" "database-certificates" "projected" (dict "sources" $sources "defaultMode" 288)) | toYaml -}}
{{- end -}}
{{- end }}

{{- define "llm-cost-ops.database.certificates.mounts" -}}
{{- if include "llm-cost-ops.database.certificates.volumes" . -}}
- name: database-certificates
  mountPath: /etc/llm-cost-ops/database
  readOnly: true
{{- end -}}
{{- end }}

{{/*
Where a client of the database finds its certificates: a map of libpq's sslrootcert, sslcert and sslkey to paths, as YAML. Without a CA of
its own a client that verifies uses the bundle of the whole release.
*/}}
{{- define "llm-cost-ops.database.certificates.paths" -}}
{{- $db := include "llm-cost-ops.database" . | fromYaml -}}
{{- if $db.ca }}
sslrootcert: /etc/llm-cost-ops/database/ca.crt
{{- else if and (hasPrefix "verify-" (default "" $db.sslmode)) (include "llm-cost-ops.caBundle.mounts" .) }}
sslrootcert: /etc/llm-cost-ops/ca/ca.crt
{{- end }}
{{- if $db.client }}
sslcert: /etc/llm-cost-ops/database/tls.crt
sslkey: /etc/llm-cost-ops/database/tls.key
{{- end }}
{{- end }}

{{/*
Authorities that the pods trust, from global.caBundle: lists of one volume, its mount and the variable that OpenSSL, Go and Rust's native
roots read, or nothing.
*/}}
{{- define "llm-cost-ops.caBundle.volumes" -}}
{{- $bundle := default dict .Values.global.caBundle -}}
{{- $items := list (dict "key" (default "ca.crt" $bundle.key) "path" "ca.crt") -}}
{{- if $bundle.configMap -}}
{{- list (dict "name" "ca-bundle" "configMap" (dict "name" $bundle.configMap "items" $items)) | toYaml -}}
{{- else if $bundle.secret -}}
{{- list (dict "name" "ca-bundle" "secret" (dict "secretName" $bundle.secret "items" $items)) | toYaml -}}
{{- end -}}
{{- end }}

{{- define "llm-cost-ops.caBundle.mounts" -}}
{{- if include "llm-cost-ops.caBundle.volumes" . -}}
- name: ca-bundle
  mountPath: /etc/llm-cost-ops/ca
  readOnly: true
{{- end -}}
{{- end }}

{{- define "llm-cost-ops.caBundle.env" -}}
{{- if include "llm-cost-ops.caBundle.volumes" . -}}
- name: SSL_CERT_FILE
  value: /etc/llm-cost-ops/ca/ca.crt
{{- end -}}
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
{{- else if or .Values.externalRedis.host .Values.externalRedis.sentinel.hosts .Values.externalRedis.existingSecretUrlKey -}}
{{- $redis := .Values.externalRedis -}}
{{- $scheme := $redis.tls | ternary "rediss" "redis" -}}
{{- $database := default 0 $redis.database -}}
{{- $ports := list (int $redis.port) -}}
{{- if $redis.caSecret }}
ca: {{ dict "secret" $redis.caSecret "items" (list (dict "key" $redis.caKey "path" "ca.crt")) | toJson }}
{{- end }}
{{- if $redis.existingSecretUrlKey }}
url: {{ $redis.existingSecretUrlKey | quote }}
{{- else if $redis.sentinel.hosts }}
{{- $sentinels := list -}}
{{- range $redis.sentinel.hosts -}}
{{- $sentinel := contains ":" . | ternary . (printf "%s:26379" .) -}}
{{- $sentinels = append $sentinels $sentinel -}}
{{- $ports = append $ports (splitList ":" $sentinel | last | int) -}}
{{- end }}
scheme: {{ $scheme }}+sentinel
address: {{ join "," $sentinels | quote }}
path: {{ printf "%s/%v" $redis.sentinel.masterName $database | quote }}
sentinels: {{ toJson $sentinels }}
master: {{ $redis.sentinel.masterName | quote }}
{{- else }}
scheme: {{ $scheme }}
address: {{ printf "%s:%v" $redis.host $redis.port | quote }}
path: {{ $database | quote }}
{{- end }}
ports: {{ uniq $ports | toJson }}
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

{{/* The CA of the cache, likewise. */}}
{{- define "llm-cost-ops.cache.certificates.volumes" -}}
{{- with get (include "llm-cost-ops.cache" . | fromYaml) "ca" -}}
{{- list (dict "name" "cache-certificates" "secret" (dict "secretName" .secret "items" .items)) | toYaml -}}
{{- end -}}
{{- end }}

{{- define "llm-cost-ops.cache.certificates.mounts" -}}
{{- if include "llm-cost-ops.cache.certificates.volumes" . -}}
- name: cache-certificates
  mountPath: /etc/llm-cost-ops/cache
  readOnly: true
{{- end -}}
{{- end }}

{{/* Where the password of the Sentinels is, as a valueFrom, or nothing. */}}
{{- define "llm-cost-ops.sentinelPassword" -}}
{{- $redis := .Values.externalRedis -}}
{{- with $redis.sentinel.existingSecretPasswordKey -}}
secretKeyRef:
  name: {{ $redis.existingSecret | quote }}
  key: {{ . | quote }}
{{- end -}}
{{- end }}

{{/*
Where the program finds its cache, a YAML list of variables.
*/}}
{{- define "llm-cost-ops.cache.env" -}}
{{- $env := list -}}
{{- with include "llm-cost-ops.cache" . | fromYaml -}}
{{- if .url -}}
{{- $env = append $env (dict "name" "REDIS_URL" "valueFrom" (dict "secretKeyRef" (dict "name" .secret "key" .url))) -}}
{{- else -}}
{{- $login := "" -}}
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
{{- if .ca }}{{ $env = append $env (dict "name" "REDIS_CA_FILE" "value" "/etc/llm-cost-ops/cache/ca.crt") }}{{ end -}}
{{- end -}}
{{- toYaml $env -}}
{{- end }}

{{/*
Environment of the app's program, a YAML list: dict "root" $ "login" DATABASE. A variable stands before the ones that mention it as
$(NAME), and a name appears once: an entry of extraEnv takes the place of ours.
*/}}
{{- define "llm-cost-ops.env" -}}
{{- $root := .root -}}
{{- $env := list -}}
{{- with .login -}}
{{- $login := include "llm-cost-ops.urlEncode" .user -}}
{{- if .secret -}}
{{- $env = append $env (dict "name" "DATABASE_URL_PASSWORD" "valueFrom" (dict "secretKeyRef" (dict "name" .secret "key" .urlKey))) -}}
{{- $login = printf "%s:$(DATABASE_URL_PASSWORD)" $login -}}
{{- end -}}
{{- $url := printf "postgres://%s@%s:%v/%s?sslmode=%s" $login .host .port (include "llm-cost-ops.urlEncode" .database) .sslmode -}}
{{- range $name, $path := include "llm-cost-ops.database.certificates.paths" $root | fromYaml }}{{ $url = printf "%s&%s=%s" $url $name $path }}{{ end -}}
{{- $env = append $env (dict "name" "DATABASE_URL" "value" $url) -}}
{{- end -}}
{{- $env = concat $env (include "llm-cost-ops.cache.env" $root | fromYamlArray) -}}
{{- $jwt := include "llm-cost-ops.jwt.existingSecret" $root -}}
{{- $jwtRef := dict "name" (default (include "llm-cost-ops.app.ownSecret" $root) $jwt)
  "key" (empty $jwt | ternary "jwt-secret" $root.Values.jwt.existingSecretKey) -}}
{{- $env = append $env (dict "name" "JWT_SECRET" "valueFrom" (dict "secretKeyRef" $jwtRef)) -}}
{{- $smtpRef := dict -}}
{{- if $root.Values.smtp.existingSecret -}}
{{- $smtpRef = dict "name" $root.Values.smtp.existingSecret "key" $root.Values.smtp.existingSecretKey -}}
{{- else if and $root.Values.secrets.existingSecret $root.Values.smtp.host -}}
{{- $smtpRef = dict "name" $root.Values.secrets.existingSecret "key" $root.Values.smtp.existingSecretKey "optional" true -}}
{{- else if include "llm-cost-ops.smtp.value" $root -}}
{{- $smtpRef = dict "name" (include "llm-cost-ops.app.ownSecret" $root) "key" "smtp-password" -}}
{{- end -}}
{{- if $smtpRef -}}
{{- $env = append $env (dict "name" "SMTP_PASSWORD" "valueFrom" (dict "secretKeyRef" $smtpRef)) -}}
{{- end -}}
{{- $env = concat $env (include "llm-cost-ops.caBundle.env" $root | fromYamlArray) -}}
{{- include "llm-cost-ops.mergedList" (dict "base" $env "extra" $root.Values.extraEnv "key" "name") -}}
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
{{- if get (default dict .Values.securityContext) "readOnlyRootFilesystem" -}}
{{- range $name, $size := dict "tmp" "256Mi" "data" "1Gi" "logs" "256Mi" -}}
{{- $base = append $base (dict "name" $name "emptyDir" (dict "sizeLimit" $size)) -}}
{{- end -}}
{{- end -}}
{{- $base = concat $base (include "llm-cost-ops.caBundle.volumes" . | fromYamlArray) -}}
{{- $base = concat $base (include "llm-cost-ops.database.certificates.volumes" . | fromYamlArray) -}}
{{- $base = concat $base (include "llm-cost-ops.cache.certificates.volumes" . | fromYamlArray) -}}
{{- include "llm-cost-ops.mergedList" (dict "base" $base "extra" .Values.extraVolumes "key" "name") -}}
{{- end }}

{{- define "llm-cost-ops.volumeMounts" -}}
{{- $base := list -}}
{{- if include "llm-cost-ops.configFile.configMap" . -}}
{{- $config := .Values.config -}}
{{- $key := $config.existingConfigMap | empty | ternary "" $config.existingConfigMapKey | default (base $config.filePath) -}}
{{- $base = append $base (dict "name" "config-file" "mountPath" $config.filePath "subPath" $key "readOnly" true) -}}
{{- end -}}
{{- if get (default dict .Values.securityContext) "readOnlyRootFilesystem" -}}
{{- range $name, $path := dict "tmp" "/tmp" "data" "/app/data" "logs" "/app/logs" -}}
{{- $base = append $base (dict "name" $name "mountPath" $path) -}}
{{- end -}}
{{- end -}}
{{- $base = concat $base (include "llm-cost-ops.caBundle.mounts" . | fromYamlArray) -}}
{{- $base = concat $base (include "llm-cost-ops.database.certificates.mounts" . | fromYamlArray) -}}
{{- $base = concat $base (include "llm-cost-ops.cache.certificates.mounts" . | fromYamlArray) -}}
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
Number of pods to ask for; nothing where an autoscaler decides, the chart's or with replicaCount null another. A number that an earlier
revision asked for would be taken back by helm, and Kubernetes would go down to one pod; so the live number is asked for again. By
server-side apply it stays once the autoscaler has set it, and asking for it could be a conflict.
*/}}
{{- define "llm-cost-ops.replicas" -}}
{{- if not (or .Values.autoscaling.enabled (kindIs "invalid" .Values.replicaCount)) -}}
{{- int64 .Values.replicaCount -}}
{{- else -}}
{{- $live := lookup "apps/v1" "Deployment" .Release.Namespace (include "llm-cost-ops.fullname" .) | default dict -}}
{{- $applied := false -}}
{{- $scaled := false -}}
{{- range dig "metadata" "managedFields" list $live -}}
{{- if eq .operation "Apply" }}{{ $applied = true }}{{ end -}}
{{- if and (eq (get . "subresource" | toString) "scale") (hasKey (dig "fieldsV1" "f:spec" dict .) "f:replicas") }}{{ $scaled = true }}{{ end -}}
{{- end -}}
{{- if and $live (not (and $applied $scaled)) }}{{ int64 $live.spec.replicas }}{{ end -}}
{{- end -}}
{{- end }}

{{/*
The disruption budget as YAML: maxUnavailable or minAvailable, or nothing when there is only one replica to disturb. A
minAvailable that allows no disruption would block every node drain for ever, so it becomes maxUnavailable 1; likewise where the number
of replicas is not known here.
*/}}
{{- define "llm-cost-ops.disruptionBudget" -}}
{{- $floor := .Values.replicaCount -}}
{{- if .Values.autoscaling.enabled }}{{ $floor = .Values.autoscaling.minReplicas }}{{ end -}}
{{- $unknown := kindIs "invalid" $floor -}}
{{- $floor = $unknown | ternary 2 (int $floor) -}}
{{- $pdb := .Values.podDisruptionBudget -}}
{{- if and $pdb.enabled (gt $floor 1) -}}
{{- if not (kindIs "invalid" $pdb.maxUnavailable) -}}
maxUnavailable: {{ include "llm-cost-ops.text" $pdb.maxUnavailable }}
{{- else -}}
{{- $min := include "llm-cost-ops.text" $pdb.minAvailable -}}
{{- $needed := int $min -}}
{{- if hasSuffix "%" $min }}{{ $needed = divf (mul (int (trimSuffix "%" $min)) $floor) 100 | ceil | int }}{{ end -}}
{{- if or $unknown (not $min) (ge $needed $floor) -}}
maxUnavailable: 1
{{- else -}}
minAvailable: {{ include "llm-cost-ops.text" $pdb.minAvailable }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
Settings of the app that are no secret, as variables; null leaves one to the program.
*/}}
{{- define "llm-cost-ops.config" -}}
{{- regexReplaceAll "(?m)^\\w+: *$\n?" (include "llm-cost-ops.config.given" .) "" | trim -}}
{{- end }}

{{- define "llm-cost-ops.config.given" -}}
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
