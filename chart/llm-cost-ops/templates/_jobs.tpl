{{/*
Image of PostgreSQL: the server, and the clients in Jobs.
*/}}
{{- define "llm-cost-ops.postgresql.image" -}}
{{- include "llm-cost-ops.image" (dict "root" . "image" .Values.postgresql.image "tag" "16.15") -}}
{{- end }}

{{/*
Where PostgreSQL's programs find the database, as a YAML list of variables. The password is in none of them.
*/}}
{{- define "llm-cost-ops.database.clientEnv" -}}
{{- $db := include "llm-cost-ops.database" . | fromYaml -}}
- name: PGHOST
  value: {{ $db.host | quote }}
- name: PGPORT
  value: {{ $db.port | int | quote }}
- name: PGUSER
  value: {{ $db.user | quote }}
- name: PGDATABASE
  value: {{ $db.database | quote }}
- name: PGSSLMODE
  value: {{ $db.sslmode | quote }}
- name: PGCONNECT_TIMEOUT
  value: "30"
{{- range $name, $path := include "llm-cost-ops.database.certificates.paths" . | fromYaml }}
- name: PG{{ upper $name }}
  value: {{ $path }}
{{- end }}
{{- end }}

{{/* What a client of the database mounts to trust it and to be known by it, and the volumes of that. */}}
{{- define "llm-cost-ops.database.clientMounts" -}}
{{- concat (include "llm-cost-ops.caBundle.mounts" . | fromYamlArray) (include "llm-cost-ops.database.certificates.mounts" . | fromYamlArray) | toYaml -}}
{{- end }}

{{- define "llm-cost-ops.database.clientVolumes" -}}
{{- concat (include "llm-cost-ops.caBundle.volumes" . | fromYamlArray) (include "llm-cost-ops.database.certificates.volumes" . | fromYamlArray) | toYaml -}}
{{- end }}

{{/*
What the Jobs of the backup run. A dump counts once it is whole and readable; only then are old ones removed.
*/}}
{{- define "llm-cost-ops.backup.scripts" -}}
{{- $password := "" -}}
{{- if get (include "llm-cost-ops.database" . | fromYaml) "secret" }}{{ $password = `
  export PGPASSWORD="$(cat /run/secrets/database/password)"` }}{{ end -}}
backup.sh: |
  set -eu
  umask 077
  {{- $password }}
  file="/backups/$PGDATABASE-$(date -u +%Y%m%dT%H%M%SZ).dump"
  rm -f "/backups/$PGDATABASE"-*.part
  trap 'rm -f "$file.part"' EXIT
  pg_dump --format=custom --file="$file.part"
  pg_restore --list "$file.part" > /dev/null
  mv "$file.part" "$file"
  ls -1 "/backups/$PGDATABASE"-????????T??????Z.dump | sort -r | tail -n "+$((KEEP + 1))" | while read -r old; do
    rm -f "$old"
  done
  ls -l /backups
restore.sh: |
  set -eu
  {{- $password }}
  if [ -e /tmp/downloaded ]; then
    RESTORE_FILE="$(cat /tmp/downloaded)"
  fi
  if [ -n "$RESTORE_FILE" ]; then
    file="/backups/$RESTORE_FILE"
  else
    file="$(ls -1 "/backups/$PGDATABASE"-????????T??????Z.dump | sort | tail -n 1)"
  fi
  test -n "$file"
  echo "restoring $file"
  pg_restore --clean --if-exists --no-owner --single-transaction --exit-on-error --dbname="$PGDATABASE" "$file"
  echo "done"
check.sh: |
  set -eu
  touch /backups/.writable
  rm /backups/.writable
{{- if .Values.backup.s3.enabled }}
s3-upload.sh: |
  set -eu
  file="$(ls -1 "/backups/$PGDATABASE"-????????T??????Z.dump | sort | tail -n 1)"
  test -n "$file"
  rclone copyto "$file" "s3:$BUCKET/${file##*/}"
  names="$(rclone lsf --files-only "s3:$BUCKET")"
  echo "$names" | sort -r | while read -r name; do
    case "$name" in "$PGDATABASE"-????????T??????Z.dump) echo "$name" ;; esac
  done | tail -n "+$((KEEP + 1))" | while read -r old; do
    rclone deletefile "s3:$BUCKET/$old"
  done
  rclone lsf --format sp "s3:$BUCKET"
s3-download.sh: |
  set -eu
  name="$RESTORE_FILE"
  if [ -z "$name" ]; then
    names="$(rclone lsf --files-only "s3:$BUCKET")"
    name="$(echo "$names" | sort | while read -r one; do
      case "$one" in "$PGDATABASE"-????????T??????Z.dump) echo "$one" ;; esac
    done | tail -n 1)"
  fi
  test -n "$name"
  echo "downloading $name"
  rclone copyto "s3:$BUCKET/$name" "/backups/$name"
  echo "$name" > /tmp/downloaded
s3-check.sh: |
  set -eu
  echo | rclone rcat "s3:$BUCKET/.writable"
  rclone deletefile "s3:$BUCKET/.writable"
{{- end }}
{{- end }}

{{/*
One step of a backup Job, a container: dict "root" $ "script" FILE. Scripts called s3-* run in rclone's image.
*/}}
{{- define "llm-cost-ops.backup.container" -}}
{{- $root := .root -}}
{{- $backup := .root.Values.backup -}}
{{- $db := include "llm-cost-ops.database" .root | fromYaml -}}
{{- $remote := hasPrefix "s3-" .script -}}
{{- $image := $remote | ternary $backup.s3.image $root.Values.postgresql.image -}}
name: {{ $remote | ternary "s3" "backup" }}
image: {{ include "llm-cost-ops.image" (dict "root" $root "image" $image "tag" ($remote | ternary "1.75.1" "16.15")) | quote }}
imagePullPolicy: {{ $image.pullPolicy }}
command: [sh, /etc/backup/{{ .script }}]
securityContext:
  {{- toYaml $root.Values.postgresql.primary.securityContext | nindent 2 }}
env:
  {{- if $remote }}
  {{- include "llm-cost-ops.backup.s3Env" $root | nindent 2 }}
  {{- else }}
  {{- include "llm-cost-ops.database.clientEnv" $root | nindent 2 }}
  - name: KEEP
    value: {{ include "llm-cost-ops.text" $backup.keep | quote }}
  {{- end }}
  - name: RESTORE_FILE
    value: {{ $backup.restoreFile | quote }}
resources:
  {{- toYaml $backup.resources | nindent 2 }}
volumeMounts:
  - name: backups
    mountPath: /backups
  - name: scripts
    mountPath: /etc/backup
    readOnly: true
  {{- if $remote }}
  {{- if $backup.s3.ca.existingSecret }}
  - name: s3-ca
    mountPath: /etc/s3-ca
    readOnly: true
  {{- end }}
  {{- with include "llm-cost-ops.caBundle.mounts" $root }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- else }}
  {{- if $db.secret }}
  - name: password
    mountPath: /run/secrets/database
    readOnly: true
  {{- end }}
  {{- with include "llm-cost-ops.database.clientMounts" $root | fromYamlArray }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- end }}
  - name: tmp
    mountPath: /tmp
{{- end }}

{{/*
How rclone finds the bucket, as a YAML list of variables: a remote called s3, and no file, which it would want to write.
*/}}
{{- define "llm-cost-ops.backup.s3Env" -}}
{{- $s3 := .Values.backup.s3 -}}
- name: RCLONE_CONFIG
  value: /dev/null
- name: RCLONE_CONFIG_S3_TYPE
  value: s3
- name: RCLONE_CONFIG_S3_PROVIDER
  value: {{ default ($s3.endpoint | empty | ternary "AWS" "Other") $s3.provider | quote }}
{{- with $s3.endpoint }}
- name: RCLONE_CONFIG_S3_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- with $s3.region }}
- name: RCLONE_CONFIG_S3_REGION
  value: {{ . | quote }}
{{- end }}
- name: RCLONE_CONFIG_S3_NO_CHECK_BUCKET
  value: "true"
- name: RCLONE_CONFIG_S3_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ $s3.existingSecret | quote }}
      key: {{ $s3.secretKeys.accessKeyId | quote }}
- name: RCLONE_CONFIG_S3_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ $s3.existingSecret | quote }}
      key: {{ $s3.secretKeys.secretAccessKey | quote }}
{{- if $s3.ca.existingSecret }}
- name: RCLONE_CA_CERT
  value: /etc/s3-ca/ca.crt
{{- end }}
{{- with include "llm-cost-ops.caBundle.env" . }}
{{ . }}
{{- end }}
- name: BUCKET
  value: {{ list $s3.bucket $s3.prefix | compact | join "/" | quote }}
- name: KEEP
  value: {{ default .Values.backup.keep $s3.keep | include "llm-cost-ops.text" | quote }}
- name: PGDATABASE
  value: {{ get (include "llm-cost-ops.database" . | fromYaml) "database" | quote }}
{{- end }}

{{/*
Pod template of a backup Job: dict "root" $ "scripts" LIST, one after the other.
*/}}
{{- define "llm-cost-ops.backup.pod" -}}
{{- $root := .root -}}
{{- $backup := .root.Values.backup -}}
{{- $component := dict "root" .root "component" "backup" -}}
{{- $primary := .root.Values.postgresql.primary -}}
{{- $db := include "llm-cost-ops.database" .root | fromYaml -}}
metadata:
  labels:
    {{- include "llm-cost-ops.component.podLabels" (merge (dict "labels" $backup.podLabels) $component) | nindent 4 }}
  {{- with $backup.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  restartPolicy: Never
  {{- with include "llm-cost-ops.imagePullSecrets" (list $root.Values.global.imagePullSecrets $root.Values.imagePullSecrets) }}
  {{- . | nindent 2 }}
  {{- end }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  securityContext:
    {{- toYaml $primary.podSecurityContext | nindent 4 }}
  {{- with initial .scripts }}
  initContainers:
    {{- range . }}
    - {{- include "llm-cost-ops.backup.container" (dict "root" $root "script" .) | nindent 6 }}
    {{- end }}
  {{- end }}
  containers:
    - {{- include "llm-cost-ops.backup.container" (dict "root" $root "script" (last .scripts)) | nindent 6 }}
  volumes:
    - name: backups
      persistentVolumeClaim:
        claimName: {{ default (printf "%s-backup" (include "llm-cost-ops.fullname" $root)) $backup.persistence.existingClaim | quote }}
    - name: scripts
      configMap:
        name: {{ include "llm-cost-ops.fullname" $root }}-backup
    {{- if $db.secret }}
    - name: password
      secret:
        secretName: {{ $db.secret | quote }}
        defaultMode: 0440
        items:
          - key: {{ $db.key | quote }}
            path: password
    {{- end }}
    {{- with $backup.s3.ca }}
    {{- if and $backup.s3.enabled .existingSecret }}
    - name: s3-ca
      secret:
        secretName: {{ .existingSecret | quote }}
        items:
          - key: {{ .key | quote }}
            path: ca.crt
    {{- end }}
    {{- end }}
    {{- with include "llm-cost-ops.database.clientVolumes" $root | fromYamlArray }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
  {{- with include "llm-cost-ops.component.placement" (merge (dict "values" $backup) $component) }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}

{{/*
Makes the app's role as the superuser, or brings it up to date; safe to run again and by several pods at once. The app may read and write
rows of all tables, those that later migrations make included, and changes none. The password comes from the environment, and the
server is told not to log it. Kubernetes makes one dollar of two, so no body of a DO stands between dollars.
*/}}
{{- define "llm-cost-ops.appRole.script" -}}
psql -wXqtA -v ON_ERROR_STOP=1 -v role="$APP_ROLE" -v database="$PGDATABASE" <<'SQL'
\set password `printf %s "$APP_PASSWORD"`
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
SELECT format('DO %L', format('BEGIN RAISE EXCEPTION %L; END',
  'role ' || rolname || ' is a superuser; give the app another in postgresql.auth.appUser.username'))
  FROM pg_roles WHERE rolname = :'role' AND rolsuper \gexec
SELECT pg_advisory_lock(hashtext('llm-cost-ops app role')) \g /dev/null
SELECT format('CREATE ROLE %I', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO :"role";
SELECT format('GRANT USAGE ON SCHEMA %1$I TO %2$I; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %1$I TO %2$I;'
  ' GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA %1$I TO %2$I', nspname, :'role')
  FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' \gexec
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO :"role";
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"role";
ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO :"role";
SQL
echo "role $APP_ROLE is up to date"
{{- end }}

{{/*
Init containers of whoever migrates the database, and of the app where its role is made there too, a YAML list: one that waits for the
server (five minutes at most), so that its start is no failure of what follows, one for the app's role, and, with mode initContainer,
the migration.
*/}}
{{- define "llm-cost-ops.migrations.initContainers" -}}
{{- $role := .Values.postgresql.auth.appUser -}}
- name: wait-for-database
  image: {{ include "llm-cost-ops.postgresql.image" . | quote }}
  imagePullPolicy: {{ .Values.postgresql.image.pullPolicy }}
  command: [sh, -ec, 'tries=150; until pg_isready -t 3; do tries=$((tries - 1)); test $tries -gt 0; sleep 2; done']
  securityContext:
    {{- toYaml .Values.securityContext | nindent 4 }}
  env:
    {{- include "llm-cost-ops.database.clientEnv" . | nindent 4 }}
  resources:
    {{- toYaml .Values.migrations.resources | nindent 4 }}
  {{- with include "llm-cost-ops.database.clientMounts" . | fromYamlArray }}
  volumeMounts:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- if $role.enabled }}
{{- $db := include "llm-cost-ops.database" . | fromYaml }}
{{- $app := include "llm-cost-ops.appDatabase" . | fromYaml }}
- name: app-role
  image: {{ include "llm-cost-ops.postgresql.image" . | quote }}
  imagePullPolicy: {{ .Values.postgresql.image.pullPolicy }}
  command:
    - sh
    - -ec
    - |
      {{- include "llm-cost-ops.appRole.script" . | nindent 6 }}
  securityContext:
    {{- toYaml .Values.securityContext | nindent 4 }}
  env:
    {{- include "llm-cost-ops.database.clientEnv" . | nindent 4 }}
    - name: PGPASSWORD
      valueFrom:
        secretKeyRef:
          name: {{ $db.secret | quote }}
          key: {{ $db.key | quote }}
    - name: APP_ROLE
      value: {{ $app.user | quote }}
    - name: APP_PASSWORD
      valueFrom:
        secretKeyRef:
          name: {{ $app.secret | quote }}
          key: {{ $app.key | quote }}
  resources:
    {{- toYaml .Values.migrations.resources | nindent 4 }}
  {{- with include "llm-cost-ops.database.clientMounts" . | fromYamlArray }}
  volumeMounts:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- if eq .Values.migrations.mode "initContainer" }}
- {{- include "llm-cost-ops.migrations.container" . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
The container that migrates: the app's image, environment and volumes with a command of its own.
*/}}
{{- define "llm-cost-ops.migrations.container" -}}
name: migrate
image: {{ include "llm-cost-ops.appImage" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.migrations.command }}
command:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.migrations.args }}
args:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
envFrom:
  - configMapRef:
      name: {{ include "llm-cost-ops.fullname" . }}
  {{- with .Values.extraEnvFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
env:
  {{- include "llm-cost-ops.env" (dict "root" . "login" (include "llm-cost-ops.database" . | fromYaml)) | nindent 2 }}
resources:
  {{- toYaml .Values.migrations.resources | nindent 2 }}
{{- with include "llm-cost-ops.volumeMounts" . }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
Pod template of the migration Job; its hash is the Job's name.
*/}}
{{- define "llm-cost-ops.migrations.template" -}}
{{- $component := dict "root" . "component" "migrations" -}}
metadata:
  labels:
    {{- include "llm-cost-ops.component.podLabels" (merge (dict "labels" .Values.migrations.podLabels) $component) | nindent 4 }}
  {{- with .Values.migrations.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  restartPolicy: Never
  {{- with include "llm-cost-ops.imagePullSecrets" (list .Values.global.imagePullSecrets .Values.imagePullSecrets .Values.image.pullSecrets) }}
  {{- . | nindent 2 }}
  {{- end }}
  serviceAccountName: {{ include "llm-cost-ops.serviceAccountName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  initContainers:
    {{- include "llm-cost-ops.migrations.initContainers" . | nindent 4 }}
  containers:
    - {{- include "llm-cost-ops.migrations.container" . | nindent 6 }}
  {{- with include "llm-cost-ops.volumes" . }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with include "llm-cost-ops.component.placement" (merge (dict "values" .Values.migrations) $component) }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}
