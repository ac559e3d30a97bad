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
{{- end }}

{{/*
Pod template of a backup Job: dict "root" $ "script" FILE.
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
  containers:
    - name: backup
      image: {{ include "llm-cost-ops.postgresql.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.postgresql.image.pullPolicy }}
      command: [sh, /etc/backup/{{ .script }}]
      securityContext:
        {{- toYaml $primary.securityContext | nindent 8 }}
      env:
        {{- include "llm-cost-ops.database.clientEnv" $root | nindent 8 }}
        - name: KEEP
          value: {{ include "llm-cost-ops.text" $backup.keep | quote }}
        - name: RESTORE_FILE
          value: {{ $backup.restoreFile | quote }}
      resources:
        {{- toYaml $backup.resources | nindent 8 }}
      volumeMounts:
        - name: backups
          mountPath: /backups
        - name: scripts
          mountPath: /etc/backup
          readOnly: true
        {{- if $db.secret }}
        - name: password
          mountPath: /run/secrets/database
          readOnly: true
        {{- end }}
        {{- with include "llm-cost-ops.database.clientMounts" $root | fromYamlArray }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        - name: tmp
          mountPath: /tmp
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
Init containers of whoever migrates the database, a YAML list: one that waits for the server (five minutes at most), so that
its start is no failure of the migration, and, with mode initContainer, the migration.
*/}}
{{- define "llm-cost-ops.migrations.initContainers" -}}
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
  {{- include "llm-cost-ops.env" . | nindent 2 }}
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
