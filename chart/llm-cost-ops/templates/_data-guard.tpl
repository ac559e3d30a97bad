{{/*
The guard of the data: refuses what would make the running database, its volume and its Secrets disagree, or leave a volume behind for an
empty one. It compares what is rendered with the live StatefulSets, claims and Secrets; under `helm template` nothing is live, so nothing
is refused there.

A refusal says what is wrong, the safe way, and the risk to name in postgresql.acceptRisk or redis.acceptRisk. What an accepted risk
would be judged by is not looked up either: who may not read claims or Secrets can still install.

A template below yields the text of its refusals, or nothing. Line breaks in it are for its readers.
*/}}
{{- define "llm-cost-ops.dataGuard" -}}
{{- $v := .Values -}}
{{- $postgresql := dict "root" . "component" "postgresql" "enabled" $v.postgresql.enabled "accepted" ($v.postgresql.acceptRisk | default list)
  "path" "postgresql.primary" "persistence" $v.postgresql.primary.persistence "file" "statefulset-postgres.yaml" "isStore" true -}}
{{- $redis := dict "root" . "component" "redis" "enabled" $v.redis.enabled "accepted" ($v.redis.acceptRisk | default list)
  "path" "redis.master" "persistence" $v.redis.master.persistence "file" "statefulset-redis.yaml"
  "isStore" (eq $v.redis.maxmemoryPolicy "noeviction") -}}
{{- $refusals := list -}}
{{- range list $postgresql $redis -}}
{{- $refusals = append $refusals (include "llm-cost-ops.dataGuard.component" . | trim | trimSuffix ".") -}}
{{- end -}}
{{- with compact $refusals -}}
{{- $said := regexReplaceAll "\\s+" (join "; " .) " " -}}
{{- with include "llm-cost-ops.below" $ -}}
{{- $said = regexReplaceAll "(^|[ ',])((?:postgresql|redis)\\.[a-z]|(?:n|fulln)ameOverride=)" $said (printf "${1}%s.${2}" .) -}}
{{- end -}}
{{- fail $said -}}
{{- end -}}
{{- end }}

{{/*
One component: dict "root" $ "component" NAME "enabled" BOOL "accepted" RISKS "path" VALUES-PATH "persistence" SECTION "file" TEMPLATE
"isStore" BOOL. A Redis that evicts keys is a cache: losing its volume loses no data.
*/}}
{{- define "llm-cost-ops.dataGuard.component" -}}
{{- $ns := .root.Release.Namespace -}}
{{- if .enabled -}}
{{- $name := printf "%s-%s" (include "llm-cost-ops.fullname" .root) .component -}}
{{- $live := lookup "apps/v1" "StatefulSet" $ns $name | default dict -}}
{{- if not (include "llm-cost-ops.isOurs" (dict "root" .root "live" $live)) }}{{ $live = dict }}{{ end -}}
{{- $this := merge (dict "name" $name "ns" $ns "live" $live) . -}}
{{- $template := "" -}}
{{- if $live }}{{ $template = include "llm-cost-ops.dataGuard.template" $this | trim }}{{ end -}}
{{- if $template -}}
{{- $template -}}
{{- else if .isStore -}}
{{- $rendered := include (printf "%s/%s" .root.Template.BasePath .file) .root -}}
{{- $_ := set $this "after" (regexSplit "\n---\n" $rendered -1 | last | fromYaml | include "llm-cost-ops.dataGuard.facts" | fromJson) -}}
{{- if $live -}}
{{- $_ := set $this "before" (include "llm-cost-ops.dataGuard.facts" $live | fromJson) -}}
{{- include "llm-cost-ops.dataGuard.running" $this -}}
{{- else -}}
{{- include "llm-cost-ops.dataGuard.kept" $this -}}
{{- end -}}
{{- end -}}
{{- else if and .isStore .root.Release.IsUpgrade (not (has "switch-off" .accepted)) -}}
{{- range include "llm-cost-ops.dataGuard.statefulSets" . | fromJsonArray -}}
{{- $before := include "llm-cost-ops.dataGuard.facts" . | fromJson -}}
{{- if $before.claim }}{{ include "llm-cost-ops.dataGuard.switchOff" (merge (dict "before" $before "ns" $ns) $) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
What a StatefulSet of ours fixes about the data, as JSON: claim ("" is a directory of the pod), place in it, user, database, image, and
the Secret and key of the password. One function for the live one and the rendered one.
*/}}
{{- define "llm-cost-ops.dataGuard.facts" -}}
{{- $facts := dict "name" .metadata.name "claim" "" "place" "" "user" "" "database" "" "image" "" "secret" "" "key" "" -}}
{{- range .spec.template.spec.containers -}}
{{- if has .name (list "postgresql" "redis") -}}
{{- $_ := set $facts "image" .image -}}
{{- range .volumeMounts }}{{ if eq .name "data" }}{{ $_ := set $facts "place" .mountPath }}{{ end }}{{ end -}}
{{- range .env -}}
{{- if not .value -}}
{{- else if eq .name "POSTGRES_USER" }}{{ $_ := set $facts "user" .value -}}
{{- else if eq .name "POSTGRES_DB" }}{{ $_ := set $facts "database" .value -}}
{{- else if eq .name "PGDATA" }}{{ $_ := set $facts "place" (printf "%s, %s" $facts.place .value) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range .spec.template.spec.volumes -}}
{{- if and (eq .name "password") .secret -}}
{{- $_ := set $facts "secret" .secret.secretName -}}
{{- range .secret.items }}{{ $_ := set $facts "key" .key }}{{ end -}}
{{- else if eq .name "data" -}}
{{- $_ := set $facts "claim" (dig "persistentVolumeClaim" "claimName" "" .) -}}
{{- end -}}
{{- end -}}
{{- if .spec.volumeClaimTemplates }}{{ $_ := set $facts "claim" (printf "data-%s-0" .metadata.name) }}{{ end -}}
{{- $_ := set $facts "goesWithIt" (eq "Delete" (get (get .spec "persistentVolumeClaimRetentionPolicy" | default dict) "whenDeleted")) -}}
{{- toJson $facts -}}
{{- end }}

{{/* Live StatefulSets of a component of this release, under any name, as a JSON list: dict "root" $ "component" NAME. */}}
{{- define "llm-cost-ops.dataGuard.statefulSets" -}}
{{- $found := list -}}
{{- range get (lookup "apps/v1" "StatefulSet" .root.Release.Namespace "") "items" | default list -}}
{{- if and (include "llm-cost-ops.isOurs" (dict "root" $.root "live" .))
  (eq (dig "labels" "app.kubernetes.io/component" "" .metadata) $.component) }}{{ $found = append $found . }}{{ end -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{/* The option that accepts one more risk: dict "root" $ "component" NAME "accepted" RISKS "risk" RISK. */}}
{{- define "llm-cost-ops.dataGuard.accept" -}}
--set '{{ .component }}.acceptRisk={ {{- join "," (append .accepted .risk) -}} }'
{{- end }}

{{/*
A claim template that would change: Kubernetes refuses it for a running StatefulSet whatever is accepted, so the way out is said here.
*/}}
{{- define "llm-cost-ops.dataGuard.template" -}}
{{- $templates := dig "spec" "volumeClaimTemplates" list .live -}}
{{- $path := .path -}}
{{- $claimName := printf "data-%s-0" .name -}}
{{- $inPod := or (not .persistence.enabled) .persistence.existingClaim -}}
{{- $anew := printf "kubectl delete statefulset %s -n %s --cascade=orphan" .name .ns -}}
{{- $copy := printf "save the data (README, \"Backup and restore\"), run kubectl delete statefulset/%s pvc/%s -n %s, run this again and put the data back"
  .name $claimName .ns -}}
{{- if and $templates $inPod -}}
{{- $path }}.persistence.enabled and {{ $path }}.persistence.existingClaim cannot change on a running StatefulSet: its data is in the claim
{{ $claimName }}; put back persistence.enabled=true without an existing claim, or, to go on without that data, run {{ $anew }}, then this
again with {{ include "llm-cost-ops.dataGuard.accept" (merge (dict "risk" "new-volume") .) }}.
{{- else if and (not $templates) (not $inPod) -}}
{{- $path }}.persistence now asks for a claim, and the running StatefulSet has none of its own; put the old setting back, or, to begin
with an empty claim, run {{ $anew }}, then this again.
{{- else if $templates -}}
{{- $claim := index $templates 0 -}}
{{- $wanted := index (include "llm-cost-ops.component.claims" . | fromYamlArray) 0 -}}
{{- $had := $claim.spec.resources.requests.storage -}}
{{- $hadBytes := include "llm-cost-ops.bytes" $had | float64 -}}
{{- $bytes := include "llm-cost-ops.bytes" .persistence.size | float64 -}}
{{- $grow := dict "spec" (dict "resources" (dict "requests" (dict "storage" (toString .persistence.size)))) | toJson -}}
{{- if gt $bytes $hadBytes -}}
{{- $path }}.persistence.size={{ .persistence.size }}: the volume was made with {{ $had }}, and a StatefulSet cannot change that. Grow the
volume (its storage class must allow it) and let the chart make the StatefulSet again; its data stays
{{- if eq .component "postgresql" }}, its pod restarts (how long a start may take follows the size){{ else }} and so does its pod{{ end }}:
kubectl patch pvc {{ $claimName }} -n {{ .ns }} -p '{{ $grow }}' && {{ $anew }}, then run this again.
Before a later helm rollback over this change, that kubectl delete is needed once more; the volume stays as large as it is.
Or keep {{ $path }}.persistence.size={{ $had }}
{{- else if lt $bytes $hadBytes -}}
{{- $path }}.persistence.size={{ .persistence.size }}: the volume was made with {{ $had }}, and no volume can shrink.
Keep {{ $path }}.persistence.size={{ $had }}; for a smaller one {{ $copy }}
{{- else if ne (pick $claim.spec "storageClassName" | toJson) (pick $wanted.spec "storageClassName" | toJson) -}}
{{- $class := get $claim.spec "storageClassName" | default "" -}}
{{- if and (hasKey $claim.spec "storageClassName") (not $class) }}{{ $class = "-" }}{{ end -}}
{{- $path }}.persistence.storageClass (or global.storageClass) now gives another class than the volume was made with
({{ default "none named" $class }}), and a volume cannot move. Keep {{ $path }}.persistence.storageClass={{ $class }}; for another class
{{ $copy }}
{{- else if or (ne (toJson $claim.spec.accessModes) (toJson $wanted.spec.accessModes))
  (ne (get $claim.metadata "annotations" | default dict | toJson) (get $wanted.metadata "annotations" | default dict | toJson)) -}}
{{- $path }}.persistence.accessModes and {{ $path }}.persistence.annotations cannot change on a running StatefulSet; put the old ones
back, or change the claim {{ $claimName }} itself, run {{ $anew }} and then this again
{{- end -}}
{{- end }}
{{ end }}

{{/*
The StatefulSet runs under its name: "before" is what it was made with, "after" what is rendered. On another volume nothing else can
disagree; without a volume the data ends with the pod, so that only a Secret that changes under the running pod matters.
*/}}
{{- define "llm-cost-ops.dataGuard.running" -}}
{{- $before := .before -}}
{{- $after := .after -}}
{{- $moved := or (ne $before.claim $after.claim) (ne $before.place $after.place) -}}
{{- if and $before.claim $moved -}}
{{- if not (has "new-volume" .accepted) }}{{ include "llm-cost-ops.dataGuard.moved" . }}{{ end -}}
{{- else if eq .component "postgresql" -}}
{{- $restarts := ne (omit $before "goesWithIt" | toJson) (omit $after "goesWithIt" | toJson) -}}
{{- if and (or $before.claim (not $restarts)) (not (has "password-change" .accepted)) -}}
{{- include "llm-cost-ops.dataGuard.password" . -}}
{{- end -}}
{{- if $before.claim -}}
{{- if and $before.user (ne $before.user $after.user) (not (has "user-change" .accepted)) }}{{ include "llm-cost-ops.dataGuard.user" . }}{{ end -}}
{{- if and $before.database (ne $before.database $after.database) (not (has "database-change" .accepted)) -}}
{{- include "llm-cost-ops.dataGuard.database" . -}}
{{- end -}}
{{- $image := .root.Values.postgresql.image -}}
{{- $asked := $image.digest | empty | ternary $after.image (printf ":%s" (include "llm-cost-ops.text" $image.tag)) -}}
{{- $majors := list (include "llm-cost-ops.dataGuard.major" $before.image) (include "llm-cost-ops.dataGuard.major" $asked) -}}
{{- if and (first $majors) (last $majors) (ne (first $majors) (last $majors)) (not (has "version-change" .accepted)) -}}
{{- include "llm-cost-ops.dataGuard.version" (merge (dict "majors" $majors) .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
No StatefulSet of ours runs under the name: an install, a reinstall, or another name. The data is where a StatefulSet of this release runs
under another name; without one, the claims of this component tell what an earlier install has left.
*/}}
{{- define "llm-cost-ops.dataGuard.kept" -}}
{{- $claim := .after.claim -}}
{{- $volume := not (has "new-volume" .accepted) -}}
{{- $password := and (eq .component "postgresql") (not (has "password-change" .accepted)) (not .root.Values.postgresql.auth.existingSecret) -}}
{{- $running := list -}}
{{- if .root.Release.IsUpgrade -}}
{{- range include "llm-cost-ops.dataGuard.statefulSets" . | fromJsonArray -}}
{{- $other := include "llm-cost-ops.dataGuard.facts" . | fromJson -}}
{{- if and $claim (eq $claim $other.claim) }}
Claim {{ $claim }} is still in use by StatefulSet {{ $other.name }}, and two servers would write to it at once. Run
kubectl delete statefulset {{ $other.name }} -n {{ $.ns }} --cascade=foreground, which ends its pod and keeps the claim, then this again.
{{ else if $other.claim }}{{ $running = append $running $other.claim }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $kept := list -}}
{{- if or $volume $password -}}
{{- range get (lookup "v1" "PersistentVolumeClaim" .ns "") "items" | default list -}}
{{- $labels := get .metadata "labels" | default dict -}}
{{- $ours := and (eq (get $labels "app.kubernetes.io/instance") $.root.Release.Name) (eq (get $labels "app.kubernetes.io/component") $.component) -}}
{{- if and $ours (not (get .metadata "deletionTimestamp")) }}{{ $kept = append $kept .metadata.name }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if and $password (has $claim $kept) -}}
{{- $before := dict "claim" $claim "user" .after.user "database" .after.database "secret" "" "key" "" -}}
{{- include "llm-cost-ops.dataGuard.password" (merge (dict "before" $before) .) -}}
{{- end -}}
{{- $left := has $claim $kept | ternary $running (default $kept $running) -}}
{{- if and $left $volume }}{{ include "llm-cost-ops.dataGuard.left" (merge (dict "left" $left) .) }}{{ end -}}
{{- end }}

{{/* Major version of PostgreSQL in a reference such as postgres:16.15, pgvector:0.8.0-pg16; nothing where it names none. */}}
{{- define "llm-cost-ops.dataGuard.major" -}}
{{- $tag := regexFind ":[^:/]+$" (splitList "@" . | first) | trimPrefix ":" -}}
{{- $named := regexFind "pg[0-9]+" $tag | trimPrefix "pg" -}}
{{- default (regexFind "^v?[0-9]+" $tag | trimPrefix "v") $named -}}
{{- end }}

{{/* The password under a key of a Secret, as PostgreSQL's image reads it: dict "ns" NAME "secret" NAME "key" KEY. */}}
{{- define "llm-cost-ops.dataGuard.stored" -}}
{{- if .secret -}}
{{- $data := get (lookup "v1" "Secret" .ns .secret) "data" | default dict -}}
{{- regexReplaceAll "\n+$" (get $data .key | default "" | b64dec) "" -}}
{{- end -}}
{{- end }}

{{- define "llm-cost-ops.dataGuard.psql" -}}
kubectl exec -it -n {{ .ns }} {{ .name }}-0 -c postgresql -- psql -U {{ .before.user }} -d {{ .before.database }}
{{- end }}

{{/*
Whether what the pods will read is the password of the running database. That one is what its pod reads now; where no pod runs, what
the chart's own Secret holds. Where it cannot be known, a given one or a named Secret passes: that is the way to bring it back.
*/}}
{{- define "llm-cost-ops.dataGuard.password" -}}
{{- $auth := .root.Values.postgresql.auth -}}
{{- $before := .before -}}
{{- $after := .after -}}
{{- $source := dict "ns" .ns "secret" (default $after.secret $before.secret) "key" (default $after.key $before.key) -}}
{{- $old := include "llm-cost-ops.dataGuard.stored" $source -}}
{{- $accept := include "llm-cost-ops.dataGuard.accept" (merge (dict "risk" "password-change") .) -}}
{{- $psql := printf "%s -c '\\password'" (include "llm-cost-ops.dataGuard.psql" .) -}}
{{- $same := and (eq $source.secret $after.secret) (eq $source.key $after.key) -}}
{{- $own := include "llm-cost-ops.postgresql.ownSecret" .root -}}
{{- $keep := list -}}
{{- if and (ne $source.secret $after.secret) (eq $source.secret $own) -}}
{{- $keep = append $keep "postgresql.auth.existingSecret empty" -}}
{{- else if ne $source.secret $after.secret -}}
{{- $keep = append $keep (printf "postgresql.auth.existingSecret=%s" $source.secret) -}}
{{- end -}}
{{- if ne $source.key $after.key }}{{ $keep = append $keep (printf "postgresql.auth.secretKeys.userPasswordKey=%s" $source.key) }}{{ end -}}
{{- $keep = join " and " $keep -}}
{{- $show := printf "kubectl get secret %s -n %s -o go-template='{{index .data %q | base64decode}}'" $source.secret .ns $source.key -}}
{{- if $auth.existingSecret -}}
{{- $new := include "llm-cost-ops.dataGuard.stored" (dict "ns" .ns "secret" $after.secret "key" $after.key) -}}
{{- $operator := and (include "llm-cost-ops.externalSecret.wanted" .root) .root.Values.externalSecret.remoteRefs.postgresql -}}
{{- if and (not $new) (not $operator) }}
Secret {{ $after.secret }}, which postgresql.auth.existingSecret names, is not in namespace {{ .ns }} or has no key {{ $after.key }}:
the database would wait for it and nobody could log in.
{{- if and $old (not $same) }} Keep {{ $keep }}; or fill it with the same password: {{ $show }} > FILE,{{ else }} Make it
with the password that the database has (lost? {{ $psql }} asks for a new one, not for the old):{{ end }}
kubectl create secret generic {{ $after.secret }} -n {{ .ns }} --from-file={{ $after.key }}=FILE --dry-run=client -o yaml | kubectl apply -f -,
then this again.
To go on without it: {{ $accept }}
{{ else if and $new $old (ne $new $old) }}
Key {{ $after.key }} of Secret {{ $after.secret }} holds another password than the database was made with (key {{ $source.key }}
of Secret {{ $source.secret }}), and the app would be locked out. Keep {{ $keep }}. To change it: {{ $psql }} (asks for the new
password), then this again with {{ $accept }}
{{ end -}}
{{- else -}}
{{- $new := include "llm-cost-ops.postgresql.value" .root -}}
{{- $origin := get .root.Values.settledSecrets (printf "%s/%s origin" $after.secret $after.key) -}}
{{- if eq $origin "generated" }}
Secret {{ $after.secret }} has no key {{ $after.key }} or is gone, and {{ with $before.claim }}claim {{ . }}{{ else }}the pod{{ end }} holds a database that
has a password already: a new one would lock the app out.
{{- if $old }} Keep {{ $keep }}; or hand the password over to the chart: {{ $show }} > FILE, then this again
with --set-file postgresql.auth.password=FILE.
{{- else }} Give the password that it has, with --set-file postgresql.auth.password=FILE.
{{- if $before.secret }} Lost? {{ $psql }} asks for a new one, not for the old; then give that one.
{{- else }} Lost? Run this again with {{ $accept }} and, while the pod starts, {{ $psql }}: type what {{ $show }} says.
{{- end }}{{ end }} To go on with a new one: {{ $accept }}
{{ else if and $old (ne $new $old) }}
{{ if eq $origin "given" }}postgresql.auth.password{{ else }}Key {{ $after.key }} of Secret {{ $after.secret }}{{ end }} differs from the
password the database was made with (key {{ $source.key }} of Secret {{ $source.secret }}), and the app would be locked out.
{{ if and $same (eq $origin "given") }}Leave postgresql.auth.password empty to keep the old one{{ else }}Keep {{ $keep }}{{ end }}.
To change it: {{ $psql }} (asks for the new password), then this again with {{ $accept }}
{{ end -}}
{{- end -}}
{{- end }}

{{- define "llm-cost-ops.dataGuard.user" }}
postgresql.auth.username is {{ .after.user }}, and the database in claim {{ .before.claim }} was made for {{ .before.user }}: the user is
made once, on an empty volume, so nobody could log in. Keep postgresql.auth.username={{ .before.user }}. For another user make it first,
with the password that the Secret holds: {{ include "llm-cost-ops.dataGuard.psql" . }} -c 'CREATE ROLE "{{ .after.user }}" SUPERUSER LOGIN'
-c '\password "{{ .after.user }}"', then this again with {{ include "llm-cost-ops.dataGuard.accept" (merge (dict "risk" "user-change") .) }}
{{ end }}

{{- define "llm-cost-ops.dataGuard.database" }}
{{- $old := .before.database -}}
{{- $new := .after.database }}
postgresql.auth.database is {{ $new }}, and claim {{ .before.claim }} was made with {{ $old }}: the database is made once, on an empty
volume, so the app would not find it. Keep postgresql.auth.database={{ $old }}. To rename it:
kubectl exec -n {{ .ns }} {{ .name }}-0 -c postgresql -- psql -U {{ .before.user }} -d template1
-c 'ALTER DATABASE "{{ $old }}" ALLOW_CONNECTIONS false'
-c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{{ $old }}'"
-c 'ALTER DATABASE "{{ $old }}" RENAME TO "{{ $new }}"'
-c 'ALTER DATABASE "{{ $new }}" ALLOW_CONNECTIONS true',
then this again with {{ include "llm-cost-ops.dataGuard.accept" (merge (dict "risk" "database-change") .) }}
{{ end }}

{{- define "llm-cost-ops.dataGuard.version" }}
postgresql.image is of PostgreSQL {{ last .majors }} ({{ .after.image }}), and the files in claim {{ .before.claim }} are of PostgreSQL
{{ first .majors }} ({{ .before.image }}): it does not start on files of another major version. Keep that image. To move, save the data
by a dump (README, "Backup and restore"), run kubectl delete statefulset/{{ .name }} pvc/{{ .before.claim }} -n {{ .ns }}, this again, and
restore the dump. To go on all the same: {{ include "llm-cost-ops.dataGuard.accept" (merge (dict "risk" "version-change") .) }}
{{ end }}

{{- define "llm-cost-ops.dataGuard.moved" }}
{{- $old := .before }}
{{- $new := .after }}
The data of {{ .name }} is in claim {{ $old.claim }}, {{ $old.place }}, and this would start it
{{ if $new.claim }}in claim {{ $new.claim }}{{ else }}in an empty directory of its pod{{ end }}, {{ $new.place }}; the old data would stay behind.
Keep {{ if ne $old.claim $new.claim }}{{ .path }}.persistence.existingClaim={{ $old.claim }}{{ else }}the old version of the chart{{ end }}.
To leave it behind: {{ include "llm-cost-ops.dataGuard.accept" (merge (dict "risk" "new-volume") .) }}
{{ end }}

{{/*
What names the StatefulSet "old" again. Below an umbrella chart under an alias the name of the chart is the alias: then the app has to keep
the label that its selector has, too.
*/}}
{{- define "llm-cost-ops.dataGuard.oldName" -}}
{{- $base := trimSuffix (printf "-%s" .component) .old -}}
{{- $keep := list -}}
{{- $values := pick .root.Values "nameOverride" "fullnameOverride" -}}
{{- $label := dig "metadata" "labels" "app.kubernetes.io/name" "" (lookup "apps/v1" "Deployment" .ns $base | default dict) -}}
{{- if and $label (ne $label (include "llm-cost-ops.name" .root)) -}}
{{- $keep = append $keep (printf "nameOverride=%s" $label) -}}
{{- $_ := set $values "nameOverride" $label -}}
{{- end -}}
{{- if ne $base (include "llm-cost-ops.fullname" (dict "Values" $values "Chart" .root.Chart "Release" .root.Release)) -}}
{{- $keep = append $keep (printf "fullnameOverride=%s" $base) -}}
{{- end -}}
{{- join "," $keep -}}
{{- end }}

{{- define "llm-cost-ops.dataGuard.left" }}
{{- $claim := first .left -}}
{{- $old := trimSuffix "-0" $claim | trimPrefix "data-" }}
This release has the data of {{ .component }} in claim {{ join ", " .left }}, and under the name {{ .name }} it would begin with
{{ with .after.claim }}claim {{ . }}{{ else }}an empty directory of its pod{{ end }}: the old data would stay behind, or go with
its StatefulSet where whenDeleted is Delete.
{{ if and .after.claim (ne $old .name) -}}
Keep the old name: --set {{ include "llm-cost-ops.dataGuard.oldName" (merge (dict "old" $old) .) }}. To take the volume along, run
kubectl delete statefulset {{ $old }} -n {{ .ns }} --cascade=foreground --ignore-not-found, then this again with
--set {{ .path }}.persistence.existingClaim={{ $claim }}.
{{ else -}}
Keep {{ .path }}.persistence.enabled=true without an existing claim.
{{ end -}}
To begin anew: {{ include "llm-cost-ops.dataGuard.accept" (merge (dict "risk" "new-volume") .) }}
{{ end }}

{{- define "llm-cost-ops.dataGuard.switchOff" }}
{{- $outside := eq .component "postgresql" | ternary .root.Values.externalDatabase.host .root.Values.externalRedis.host }}
{{ .component }}.enabled is false, and this release keeps data in claim {{ .before.claim }}: {{ .before.name }} would end, the claim
{{ .before.goesWithIt | ternary "would be deleted with it (whenDeleted is Delete)" "would stay behind" }}, and the app would go to
{{ default "no other" $outside }}. Keep {{ .component }}.enabled=true; or bring the data there first
(README, "Backup and restore"), then this again with {{ include "llm-cost-ops.dataGuard.accept" (merge (dict "risk" "switch-off") .) }}
{{ end }}
