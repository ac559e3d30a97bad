{{/*
Expand the name of the chart.
*/}}
{{- define "llm-cost-ops.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/*
A name usable for every kind, from any string: a DNS label of at most 41 characters. The longest suffix that ends in a
label value is "-postgresql" plus the 11 characters of a StatefulSet's revision hash: 41 + 11 + 11 = 63. Whatever had to be
changed gets a hash of the original, so that two long names with one beginning stay two names.
*/}}
{{- define "llm-cost-ops.dnsLabel" -}}
{{- $name := regexReplaceAll "[^a-z0-9-]+" (lower .) "-" | trimAll "-" -}}
{{- if not (regexMatch "^[a-z]" $name) }}{{ $name = printf "r%s" $name }}{{ end -}}
{{- if or (gt (len $name) 41) (ne $name .) -}}
{{- printf "%s-%s" (trunc 32 $name | trimSuffix "-") (sha256sum . | trunc 8) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end }}

{{/*
Create a default fully qualified app name.
*/}}
{{- define "llm-cost-ops.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- include "llm-cost-ops.dnsLabel" .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- include "llm-cost-ops.dnsLabel" .Release.Name -}}
{{- else -}}
{{- include "llm-cost-ops.dnsLabel" (printf "%s-%s" .Release.Name $name) -}}
{{- end -}}
{{- end }}

{{/*
The release's name as a DNS label. What parent chart and subcharts must agree on is named after it, because a subchart does
not see the parent's overrides.
*/}}
{{- define "llm-cost-ops.release" -}}
{{- include "llm-cost-ops.dnsLabel" .Release.Name -}}
{{- end }}

{{- define "llm-cost-ops.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/*
Common labels
*/}}
{{- define "llm-cost-ops.labels" -}}
{{ include "llm-cost-ops.selectorLabels" . }}
{{ include "llm-cost-ops.commonLabels" . }}
{{- if .Chart.AppVersion }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}
{{- end }}

{{/*
Labels that describe and never select: they change with versions and environments, so they stay out of selectors, pod
templates and volume claim templates.
*/}}
{{- define "llm-cost-ops.commonLabels" -}}
helm.sh/chart: {{ include "llm-cost-ops.chart" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: llm-cost-ops
environment: {{ regexReplaceAll "[^A-Za-z0-9._-]+" (toString .Values.global.environment) "-" | trunc 63 | trimAll "-_." | quote }}
{{- with .Values.global.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
Labels of every pod beside those that select it: only what the user asks to have there, since a change restarts the pods.
*/}}
{{- define "llm-cost-ops.podLabels" -}}
app.kubernetes.io/part-of: llm-cost-ops
{{- with .Values.global.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
Annotations of an object: dict "root" $ "own" DICT. Its own win over the common ones; nothing when there are none.
*/}}
{{- define "llm-cost-ops.annotations" -}}
{{- with merge (dict) (default dict .own) (default dict .root.Values.global.commonAnnotations) -}}
{{- toYaml . -}}
{{- end -}}
{{- end }}

{{/*
Two lists as one, as YAML: dict "base" LIST "extra" LIST "key" FIELD. An entry of the second takes the place of the first's
entry with that key, so that no key appears twice: server-side apply refuses a list that has one twice.
*/}}
{{- define "llm-cost-ops.mergedList" -}}
{{- $key := .key -}}
{{- $extra := dict -}}
{{- range .extra }}{{ $_ := set $extra (get . $key) . }}{{ end -}}
{{- $merged := list -}}
{{- range concat (default list .base) (default list .extra) -}}
{{- $name := get . $key -}}
{{- if not (hasKey $extra $name) -}}
{{- $merged = append $merged . -}}
{{- else if get $extra $name -}}
{{- $merged = append $merged (get $extra $name) -}}
{{- $_ := set $extra $name dict -}}
{{- end -}}
{{- end -}}
{{- with $merged }}{{ toYaml . }}{{ end -}}
{{- end }}

{{- define "llm-cost-ops.selectorLabels" -}}
app.kubernetes.io/name: {{ include "llm-cost-ops.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: app
{{- end }}

{{/*
Labels of another component: dict "root" $ "component" "postgresql".
*/}}
{{- define "llm-cost-ops.component.selectorLabels" -}}
app.kubernetes.io/name: {{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "llm-cost-ops.component.labels" -}}
{{ include "llm-cost-ops.component.selectorLabels" . }}
{{ include "llm-cost-ops.commonLabels" .root }}
{{- end }}

{{- define "llm-cost-ops.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "llm-cost-ops.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{/*
A scalar as text. YAML numbers arrive as floats, and a large one would print as 2.0240101e+07.
*/}}
{{- define "llm-cost-ops.text" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else if kindIs "invalid" . }}{{ else }}{{ toString . }}{{ end -}}
{{- end }}

{{/*
Image reference: dict "root" $ "image" VALUES "tag" DEFAULT. A repository that begins with a registry host stands as it is.
*/}}
{{- define "llm-cost-ops.image" -}}
{{- $first := first (splitList "/" .image.repository) -}}
{{- $named := and (contains "/" .image.repository) (or (contains "." $first) (contains ":" $first) (eq $first "localhost")) -}}
{{- $registry := default .root.Values.global.imageRegistry .image.registry -}}
{{- if and $registry (not $named) }}{{ trimSuffix "/" $registry }}/{{ end -}}
{{- .image.repository -}}
{{- if .image.digest -}}
@{{ .image.digest }}
{{- else -}}
:{{ default .tag (include "llm-cost-ops.text" .image.tag) }}
{{- end -}}
{{- end }}

{{- define "llm-cost-ops.appImage" -}}
{{- include "llm-cost-ops.image" (dict "root" . "image" .Values.image "tag" (printf "v%s" .Chart.AppVersion)) -}}
{{- end }}

{{/*
imagePullSecrets of a pod, from a list of lists whose items are names or {name: ...}.
*/}}
{{- define "llm-cost-ops.imagePullSecrets" -}}
{{- $names := list -}}
{{- range . }}
{{- range . }}
{{- if kindIs "string" . }}{{ $names = append $names . }}{{ else }}{{ $names = append $names .name }}{{ end -}}
{{- end }}
{{- end }}
{{- with uniq $names -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/*
storageClassName of a claim: dict "root" $ "storageClass" VALUE. The component's class wins over the global one; nothing
named leaves the choice to the cluster. Never looked up: the answer may not change between two renders.
*/}}
{{- define "llm-cost-ops.storageClass" -}}
{{- $class := default .root.Values.global.storageClass .storageClass -}}
{{- if eq $class "-" -}}
storageClassName: ""
{{- else if $class -}}
storageClassName: {{ $class | quote }}
{{- end }}
{{- end }}

{{/*
Where each Secret lives. The names hang on the release, so that an installer can make them before the chart is rendered.
*/}}
{{- define "llm-cost-ops.app.ownSecret" -}}{{ .Release.Name }}-app-credentials{{- end }}
{{- define "llm-cost-ops.postgresql.ownSecret" -}}{{ .Release.Name }}-postgresql-credentials{{- end }}
{{- define "llm-cost-ops.externalDatabase.ownSecret" -}}{{ .Release.Name }}-external-database-credentials{{- end }}
{{- define "llm-cost-ops.redis.ownSecret" -}}{{ .Release.Name }}-redis-credentials{{- end }}
{{- define "llm-cost-ops.externalRedis.ownSecret" -}}{{ .Release.Name }}-external-redis-credentials{{- end }}
{{- define "llm-cost-ops.grafana.ownSecret" -}}{{ .Release.Name }}-grafana-credentials{{- end }}

{{/* What documentations, examples and images bring as passwords. */}}
{{- define "llm-cost-ops.knownPasswords" -}}
changeme change-me change_me changeit change-me-in-production password passw0rd secret default example test admin root postgres redis grafana prom-operator 123456 12345678
{{- end }}

{{/*
One credential as plain text: dict "root" $ "secret" NAME "key" KEY "given" VALUE "path" VALUES-PATH "existing" NAME
"existingPath" VALUES-PATH "generate" BOOL.
Precedence: existing Secret (yields nothing here) > given value > value stored by an earlier revision > generated.
Each is settled once per render and remembered with its origin, since a second call would generate another one.
*/}}
{{- define "llm-cost-ops.secret.value" -}}
{{- $values := .root.Values -}}
{{- if not (hasKey $values "settledSecrets") }}{{ $_ := set $values "settledSecrets" dict }}{{ end -}}
{{- $settled := $values.settledSecrets -}}
{{- $id := printf "%s/%s" .secret .key -}}
{{- if not (hasKey $settled $id) -}}
{{- $given := regexReplaceAll "[\r\n]+$" (default "" .given) "" -}}
{{- $value := "" -}}
{{- if and .existing .given -}}
{{- fail (printf "%s and %s are both set; keep %s and remove %s, or the other way round" .existingPath .path .existingPath .path) -}}
{{- else if and .given (not $given) -}}
{{- fail (printf "%s holds nothing but a line break; check the file it was read from" .path) -}}
{{- else if regexMatch "[\r\n\x00]" $given -}}
{{- fail (printf "%s has a line break inside; a secret is one line" .path) -}}
{{- else if and (eq $values.global.environment "production") (has (lower $given) (include "llm-cost-ops.knownPasswords" . | splitList " ")) -}}
{{- fail (printf "%s is a password that everybody knows, and global.environment is production; leave %s empty to have one generated, or set %s" .path .path .existingPath) -}}
{{- else if not .existing -}}
{{- $live := lookup "v1" "Secret" .root.Release.Namespace .secret | default dict -}}
{{- $owner := dig "metadata" "annotations" "meta.helm.sh/release-name" "" $live -}}
{{- if and $live (ne $owner .root.Release.Name) -}}
{{- if or $given .generate -}}
{{- fail (printf "Secret %s is already in namespace %s and is not this release's; set %s=%s to use it, or delete it" .secret .root.Release.Namespace .existingPath .secret) -}}
{{- end -}}
{{- $live = dict -}}
{{- end -}}
{{- $stored := index (get $live "data" | default dict) .key | default "" | b64dec -}}
{{- $value = $given | default $stored -}}
{{- $origin := $given | empty | ternary "stored" "given" -}}
{{- if and (not $value) .generate }}{{ $value = randAlphaNum 32 }}{{ $origin = "generated" }}{{ end -}}
{{- $_ := set $settled (printf "%s origin" $id) $origin -}}
{{- end -}}
{{- $_ := set $settled $id $value -}}
{{- end -}}
{{- get $settled $id -}}
{{- end }}

{{/*
A fingerprint of credentials for a pod annotation, so that pods restart when one of them changes and only then. Annotations
are readable by many, so a short credential goes through a slow hash first.
*/}}
{{- define "llm-cost-ops.secret.fingerprint" -}}
{{- $text := join "\n" . -}}
{{- if lt (len $text) 32 }}{{ $text = derivePassword 1 "long" $text "llm-cost-ops" "fingerprint" }}{{ end -}}
{{- sha256sum $text | trunc 16 -}}
{{- end }}

{{- define "llm-cost-ops.urlEncode" -}}
{{- urlquery . | replace "+" "%20" -}}
{{- end }}

{{/*
The credentials themselves; all take the root context and yield plain text, or nothing where an existing Secret is named.
*/}}
{{- define "llm-cost-ops.jwt.existingSecret" -}}
{{- default .Values.secrets.existingSecret .Values.jwt.existingSecret -}}
{{- end }}

{{- define "llm-cost-ops.jwt.value" -}}
{{- $path := "secrets.jwtSecret" -}}
{{- if .Values.jwt.secret }}{{ $path = "jwt.secret" }}{{ end -}}
{{- $existingPath := "jwt.existingSecret" -}}
{{- if and .Values.secrets.existingSecret (not .Values.jwt.existingSecret) }}{{ $existingPath = "secrets.existingSecret" }}{{ end -}}
{{- include "llm-cost-ops.secret.value" (dict "root" . "secret" (include "llm-cost-ops.app.ownSecret" .) "key" "jwt-secret"
  "given" (default .Values.secrets.jwtSecret .Values.jwt.secret) "path" $path
  "existing" (include "llm-cost-ops.jwt.existingSecret" .) "existingPath" $existingPath "generate" true) -}}
{{- end }}

{{/* Never generated: the mail server knows the right one. */}}
{{- define "llm-cost-ops.smtp.value" -}}
{{- $existing := .Values.smtp.existingSecret -}}
{{- $existingPath := "smtp.existingSecret" -}}
{{- if and .Values.secrets.existingSecret (not $existing) }}{{ $existing = .Values.secrets.existingSecret }}{{ $existingPath = "secrets.existingSecret" }}{{ end -}}
{{- include "llm-cost-ops.secret.value" (dict "root" . "secret" (include "llm-cost-ops.app.ownSecret" .) "key" "smtp-password"
  "given" .Values.secrets.smtpPassword "path" "secrets.smtpPassword" "existing" $existing "existingPath" $existingPath "generate" false) -}}
{{- end }}

{{- define "llm-cost-ops.postgresql.value" -}}
{{- include "llm-cost-ops.secret.value" (dict "root" . "secret" (include "llm-cost-ops.postgresql.ownSecret" .) "key" .Values.postgresql.auth.secretKeys.userPasswordKey
  "given" .Values.postgresql.auth.password "path" "postgresql.auth.password" "existing" .Values.postgresql.auth.existingSecret
  "existingPath" "postgresql.auth.existingSecret" "generate" true) -}}
{{- end }}

{{- define "llm-cost-ops.externalDatabase.value" -}}
{{- include "llm-cost-ops.secret.value" (dict "root" . "secret" (include "llm-cost-ops.externalDatabase.ownSecret" .) "key" "password"
  "given" .Values.externalDatabase.password "path" "externalDatabase.password" "existing" .Values.externalDatabase.existingSecret
  "existingPath" "externalDatabase.existingSecret" "generate" false) -}}
{{- end }}

{{- define "llm-cost-ops.redis.value" -}}
{{- include "llm-cost-ops.secret.value" (dict "root" . "secret" (include "llm-cost-ops.redis.ownSecret" .) "key" "redis-password"
  "given" .Values.redis.auth.password "path" "redis.auth.password" "existing" .Values.redis.auth.existingSecret
  "existingPath" "redis.auth.existingSecret" "generate" true) -}}
{{- end }}

{{- define "llm-cost-ops.externalRedis.value" -}}
{{- include "llm-cost-ops.secret.value" (dict "root" . "secret" (include "llm-cost-ops.externalRedis.ownSecret" .) "key" "redis-password"
  "given" .Values.externalRedis.password "path" "externalRedis.password" "existing" .Values.externalRedis.existingSecret
  "existingPath" "externalRedis.existingSecret" "generate" false) -}}
{{- end }}

{{/*
Where the app finds its database: YAML with host, port, user, database, sslmode, secret, key and urlKey. A Secret of this
chart carries the password percent-encoded as well; of an existing one only its owner knows, hence urlPasswordKey.
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
Where the app finds its cache: YAML with scheme, host, port, database, username and, with a password, secret, key, urlKey.
Nothing when there is no cache.
*/}}
{{- define "llm-cost-ops.cache" -}}
{{- if .Values.redis.enabled -}}
{{- $auth := .Values.redis.auth -}}
scheme: redis
host: {{ include "llm-cost-ops.fullname" . }}-redis
port: 6379
database: 0
username: ""
{{- if $auth.enabled }}
secret: {{ default (include "llm-cost-ops.redis.ownSecret" .) $auth.existingSecret | quote }}
key: {{ $auth.existingSecret | empty | ternary "redis-password" $auth.existingSecretPasswordKey | quote }}
urlKey: {{ $auth.existingSecret | empty | ternary "password-urlencoded" (default $auth.existingSecretPasswordKey $auth.existingSecretUrlPasswordKey) | quote }}
{{- end }}
{{- else if .Values.externalRedis.host -}}
{{- $redis := .Values.externalRedis -}}
scheme: {{ $redis.tls | ternary "rediss" "redis" }}
host: {{ $redis.host | quote }}
port: {{ $redis.port }}
database: {{ $redis.database }}
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

{{/*
Environment of the app container, a YAML list. A variable stands before the ones that mention it as $(NAME), and a name
appears once: an entry of extraEnv takes the place of ours.
*/}}
{{- define "llm-cost-ops.env" -}}
{{- $env := list -}}
{{- $db := include "llm-cost-ops.database" . | fromYaml -}}
{{- $env = append $env (dict "name" "DATABASE_URL_PASSWORD" "valueFrom" (dict "secretKeyRef" (dict "name" $db.secret "key" $db.urlKey))) -}}
{{- $url := printf "postgres://%s:$(DATABASE_URL_PASSWORD)@%s:%v/%s?sslmode=%s" (include "llm-cost-ops.urlEncode" $db.user) $db.host $db.port (include "llm-cost-ops.urlEncode" $db.database) $db.sslmode -}}
{{- $env = append $env (dict "name" "DATABASE_URL" "value" $url) -}}
{{- with include "llm-cost-ops.cache" . | fromYaml -}}
{{- $login := "" -}}
{{- if .secret -}}
{{- $env = append $env (dict "name" "REDIS_PASSWORD" "valueFrom" (dict "secretKeyRef" (dict "name" .secret "key" .key))) -}}
{{- $env = append $env (dict "name" "REDIS_URL_PASSWORD" "valueFrom" (dict "secretKeyRef" (dict "name" .secret "key" .urlKey))) -}}
{{- $login = printf "%s:$(REDIS_URL_PASSWORD)@" (include "llm-cost-ops.urlEncode" .username) -}}
{{- end -}}
{{- $env = append $env (dict "name" "REDIS_URL" "value" (printf "%s://%s%s:%v/%v" .scheme $login .host .port .database)) -}}
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
{{- end }}

{{/*
Where the app may write although its root is read-only, and what the user mounts beside or in place of it: a volume goes by
its name, a mount by its path.
*/}}
{{- define "llm-cost-ops.volumes" -}}
{{- $base := list -}}
{{- if .Values.securityContext.readOnlyRootFilesystem -}}
{{- range $name, $size := dict "tmp" "256Mi" "data" "1Gi" "logs" "256Mi" -}}
{{- $base = append $base (dict "name" $name "emptyDir" (dict "sizeLimit" $size)) -}}
{{- end -}}
{{- end -}}
{{- include "llm-cost-ops.mergedList" (dict "base" $base "extra" .Values.extraVolumes "key" "name") -}}
{{- end }}

{{- define "llm-cost-ops.volumeMounts" -}}
{{- $base := list -}}
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
Fingerprint of the credentials this chart holds for the app; nothing when all of them are somebody else's.
*/}}
{{- define "llm-cost-ops.credentialsFingerprint" -}}
{{- $values := list -}}
{{- if .Values.postgresql.enabled -}}
{{- $values = append $values (include "llm-cost-ops.postgresql.value" .) -}}
{{- else -}}
{{- $values = append $values (include "llm-cost-ops.externalDatabase.value" .) -}}
{{- end -}}
{{- if and .Values.redis.enabled .Values.redis.auth.enabled -}}
{{- $values = append $values (include "llm-cost-ops.redis.value" .) -}}
{{- else if not .Values.redis.enabled -}}
{{- $values = append $values (include "llm-cost-ops.externalRedis.value" .) -}}
{{- end -}}
{{- $values = append $values (include "llm-cost-ops.jwt.value" .) -}}
{{- $values = append $values (include "llm-cost-ops.smtp.value" .) -}}
{{- if compact $values -}}
{{- include "llm-cost-ops.secret.fingerprint" $values -}}
{{- end -}}
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

{{- define "llm-cost-ops.externalSecret.wanted" -}}
{{- $external := .Values.externalSecret -}}
{{- $known := or (.Capabilities.APIVersions.Has "external-secrets.io/v1/ExternalSecret") (.Capabilities.APIVersions.Has "external-secrets.io/v1beta1/ExternalSecret") -}}
{{- if eq (toString $external.enabled) "true" -}}
true
{{- else if and (eq (toString $external.enabled) "auto") $known $external.secretStoreRef.name -}}
true
{{- end -}}
{{- end }}

{{/*
The credentials that may come from outside, a YAML list: name, the value that names its existing Secret, that Secret, the key
the pods read, the key of the percent-encoded twin if one is wanted, and what else must stand in the Secret.
*/}}
{{- define "llm-cost-ops.externalSecret.credentials" -}}
{{- $v := .Values -}}
{{- $db := $v.externalDatabase -}}
{{- $redis := $v.externalRedis -}}
{{- $grafana := $v.grafana -}}
{{- $all := list
  (dict "name" "jwt" "path" "jwt.existingSecret" "secret" (include "llm-cost-ops.jwt.existingSecret" .) "key" $v.jwt.existingSecretKey)
  (dict "name" "smtp" "path" "smtp.existingSecret" "secret" (default $v.secrets.existingSecret $v.smtp.existingSecret) "key" $v.smtp.existingSecretKey)
  (dict "name" "postgresql" "path" "postgresql.auth.existingSecret" "secret" $v.postgresql.auth.existingSecret "key" $v.postgresql.auth.secretKeys.userPasswordKey "urlKey" $v.postgresql.auth.secretKeys.urlPasswordKey)
  (dict "name" "redis" "path" "redis.auth.existingSecret" "secret" $v.redis.auth.existingSecret "key" $v.redis.auth.existingSecretPasswordKey "urlKey" $v.redis.auth.existingSecretUrlPasswordKey)
  (dict "name" "externalDatabase" "path" "externalDatabase.existingSecret" "secret" $db.existingSecret "key" $db.existingSecretPasswordKey "urlKey" $db.existingSecretUrlPasswordKey)
  (dict "name" "externalRedis" "path" "externalRedis.existingSecret" "secret" $redis.existingSecret "key" $redis.existingSecretPasswordKey "urlKey" $redis.existingSecretUrlPasswordKey)
  (dict "name" "grafana" "path" "grafana.existingSecret" "secret" $grafana.existingSecret "key" $grafana.secretKeys.passwordKey "fixed" (dict $grafana.secretKeys.userKey $grafana.adminUser))
-}}
{{- toYaml $all -}}
{{- end }}
