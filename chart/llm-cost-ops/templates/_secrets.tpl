{{/*
Where each Secret lives. The names hang on the release, so that an installer can make them before the chart is rendered.
*/}}
{{- define "llm-cost-ops.app.ownSecret" -}}{{ .Release.Name }}-app-credentials{{- end }}
{{- define "llm-cost-ops.postgresql.ownSecret" -}}{{ .Release.Name }}-postgresql-credentials{{- end }}
{{- define "llm-cost-ops.appUser.ownSecret" -}}{{ .Release.Name }}-app-database-credentials{{- end }}
{{- define "llm-cost-ops.externalDatabase.ownSecret" -}}{{ .Release.Name }}-external-database-credentials{{- end }}
{{- define "llm-cost-ops.redis.ownSecret" -}}{{ .Release.Name }}-redis-credentials{{- end }}
{{- define "llm-cost-ops.externalRedis.ownSecret" -}}{{ .Release.Name }}-external-redis-credentials{{- end }}
{{- define "llm-cost-ops.grafana.ownSecret" -}}{{ .Release.Name }}-grafana-credentials{{- end }}

{{/* What documentations, examples and images bring as passwords. */}}
{{- define "llm-cost-ops.knownPasswords" -}}
changeme change-me change_me changeit change-me-in-production password passw0rd secret default example test admin root
postgres redis grafana prom-operator 123456 12345678
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
{{- else if and (eq $values.global.environment "production")
  (has (lower $given) (include "llm-cost-ops.knownPasswords" . | replace "\n" " " | splitList " ")) -}}
{{- $said := list
  "%s is a password that everybody knows, and global.environment is production;"
  "leave %s empty to have one generated, or set %s" | join " " -}}
{{- fail (printf $said .path .path .existingPath) -}}
{{- else if not .existing -}}
{{- $live := lookup "v1" "Secret" .root.Release.Namespace .secret | default dict -}}
{{- if and $live (not (include "llm-cost-ops.isOurs" (dict "root" .root "live" $live))) -}}
{{- if or $given .generate -}}
{{- $said := "Secret %s is already in namespace %s and is not this release's; set %s=%s to use it, or delete it" -}}
{{- fail (printf $said .secret .root.Release.Namespace .existingPath .secret) -}}
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
A checksum of credentials for a pod annotation, so that pods restart when one of them changes and only then. Annotations
are readable by many, so a short credential goes through a slow hash first.
*/}}
{{- define "llm-cost-ops.secret.checksum" -}}
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
{{- if and .Values.secrets.existingSecret (not $existing) -}}
{{- $existing = .Values.secrets.existingSecret -}}
{{- $existingPath = "secrets.existingSecret" -}}
{{- end -}}
{{- include "llm-cost-ops.secret.value" (dict "root" . "secret" (include "llm-cost-ops.app.ownSecret" .) "key" "smtp-password"
  "given" .Values.secrets.smtpPassword "path" "secrets.smtpPassword" "existing" $existing "existingPath" $existingPath "generate" false) -}}
{{- end }}

{{- define "llm-cost-ops.postgresql.value" -}}
{{- $auth := .Values.postgresql.auth -}}
{{- include "llm-cost-ops.secret.value" (dict "root" . "secret" (include "llm-cost-ops.postgresql.ownSecret" .) "key" $auth.secretKeys.userPasswordKey
  "given" $auth.password "path" "postgresql.auth.password" "existing" $auth.existingSecret
  "existingPath" "postgresql.auth.existingSecret" "generate" true) -}}
{{- end }}

{{- define "llm-cost-ops.appUser.value" -}}
{{- $role := .Values.postgresql.auth.appUser -}}
{{- include "llm-cost-ops.secret.value" (dict "root" . "secret" (include "llm-cost-ops.appUser.ownSecret" .) "key" "password"
  "given" $role.password "path" "postgresql.auth.appUser.password" "existing" $role.existingSecret
  "existingPath" "postgresql.auth.appUser.existingSecret" "generate" true) -}}
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
Checksum of the credentials this chart holds for the app; nothing when all of them are somebody else's.
*/}}
{{- define "llm-cost-ops.credentialsChecksum" -}}
{{- $values := list -}}
{{- if .Values.postgresql.enabled -}}
{{- $values = append $values (include "llm-cost-ops.postgresql.value" .) -}}
{{- if .Values.postgresql.auth.appUser.enabled }}{{ $values = append $values (include "llm-cost-ops.appUser.value" .) }}{{ end -}}
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
{{- include "llm-cost-ops.secret.checksum" $values -}}
{{- end -}}
{{- end }}

{{- define "llm-cost-ops.externalSecret.wanted" -}}
{{- $external := .Values.externalSecret -}}
{{- $apis := .Capabilities.APIVersions -}}
{{- $known := or ($apis.Has "external-secrets.io/v1/ExternalSecret") ($apis.Has "external-secrets.io/v1beta1/ExternalSecret") -}}
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
  (dict
    "name" "jwt"
    "path" "jwt.existingSecret"
    "secret" (include "llm-cost-ops.jwt.existingSecret" .)
    "key" $v.jwt.existingSecretKey)
  (dict
    "name" "smtp"
    "path" "smtp.existingSecret"
    "secret" (default $v.secrets.existingSecret $v.smtp.existingSecret)
    "key" $v.smtp.existingSecretKey)
  (dict
    "name" "postgresql"
    "path" "postgresql.auth.existingSecret"
    "secret" $v.postgresql.auth.existingSecret
    "key" $v.postgresql.auth.secretKeys.userPasswordKey
    "urlKey" $v.postgresql.auth.secretKeys.urlPasswordKey)
  (dict
    "name" "appUser"
    "path" "postgresql.auth.appUser.existingSecret"
    "secret" $v.postgresql.auth.appUser.existingSecret
    "key" $v.postgresql.auth.appUser.existingSecretPasswordKey
    "urlKey" $v.postgresql.auth.appUser.existingSecretUrlPasswordKey)
  (dict
    "name" "redis"
    "path" "redis.auth.existingSecret"
    "secret" $v.redis.auth.existingSecret
    "key" $v.redis.auth.existingSecretPasswordKey
    "urlKey" $v.redis.auth.existingSecretUrlPasswordKey)
  (dict
    "name" "externalDatabase"
    "path" "externalDatabase.existingSecret"
    "secret" $db.existingSecret
    "key" $db.existingSecretPasswordKey
    "urlKey" $db.existingSecretUrlPasswordKey)
  (dict
    "name" "externalRedis"
    "path" "externalRedis.existingSecret"
    "secret" $redis.existingSecret
    "key" $redis.existingSecretPasswordKey
    "urlKey" $redis.existingSecretUrlPasswordKey)
-}}
{{- /* A subchart that is switched off leaves none of its values. */ -}}
{{- if $grafana.enabled -}}
{{- $all = append $all (dict
    "name" "grafana"
    "path" "grafana.existingSecret"
    "secret" $grafana.existingSecret
    "key" $grafana.secretKeys.passwordKey
    "fixed" (dict $grafana.secretKeys.userKey $grafana.adminUser)) -}}
{{- end -}}
{{- toYaml $all -}}
{{- end }}
