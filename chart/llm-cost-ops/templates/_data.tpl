{{/*
Helpers of the pods beside the app: PostgreSQL, Redis, Prometheus, Grafana and the Jobs.
*/}}

{{/*
Labels of a component's pods: dict "root" $ "component" NAME "labels" VALUES. What selects them cannot be overridden.
*/}}
{{- define "llm-cost-ops.component.podLabels" -}}
{{- $selector := include "llm-cost-ops.component.selectorLabels" . | fromYaml -}}
{{- toYaml (merge $selector (default dict .labels) (include "llm-cost-ops.podLabels" .root | fromYaml)) -}}
{{- end }}

{{/*
Where a component's pods may run: dict "root" $ "component" NAME "values" SECTION. A field that is empty is left out; a spread
constraint without a selector counts the component's own pods.
*/}}
{{- define "llm-cost-ops.component.placement" -}}
{{- $fields := pick .values "priorityClassName" "runtimeClassName" "nodeSelector" "affinity" "tolerations" -}}
{{- $selector := dict "labelSelector" (dict "matchLabels" (include "llm-cost-ops.component.selectorLabels" . | fromYaml)) -}}
{{- $spread := list -}}
{{- range .values.topologySpreadConstraints }}{{ $spread = append $spread (merge (dict) . $selector) }}{{ end -}}
{{- $_ := set $fields "topologySpreadConstraints" $spread -}}
{{- range $name, $value := $fields }}{{ if not $value }}{{ $_ := unset $fields $name }}{{ end }}{{ end -}}
{{- with $fields }}{{ toYaml . }}{{ end -}}
{{- end }}

{{/*
A probe as YAML: dict "ours" PROBE "given" VALUES. What is given wins field by field, and another way to ask takes the place of ours.
*/}}
{{- define "llm-cost-ops.component.probe" -}}
{{- $ways := list "exec" "httpGet" "tcpSocket" "grpc" -}}
{{- $given := default dict .given -}}
{{- $ours := .ours -}}
{{- range $ways }}{{ if get $given . }}{{ range $ways }}{{ $ours = omit $ours . }}{{ end }}{{ end }}{{ end -}}
{{- toYaml (merge (dict) $given $ours) -}}
{{- end }}

{{/*
Refuses what the live claim of a component cannot become: dict "root" $ "name" CLAIM "persistence" SECTION "path" VALUES-PATH.
*/}}
{{- define "llm-cost-ops.component.claimGuard" -}}
{{- if and .root.Release.IsUpgrade (not .persistence.existingClaim) -}}
{{- $live := lookup "v1" "PersistentVolumeClaim" .root.Release.Namespace .name | default dict -}}
{{- $had := dig "spec" "resources" "requests" "storage" "" $live -}}
{{- $size := include "llm-cost-ops.text" .persistence.size -}}
{{- if and $had (lt (include "llm-cost-ops.bytes" $size | float64) (include "llm-cost-ops.bytes" $had | float64)) -}}
{{- $said := list
  "%s.size=%s: claim %s has %s, and no volume can shrink; keep %s.size=%s, or, to lose what is on it,"
  "run kubectl delete pvc %s -n %s and then this again" | join " " -}}
{{- fail (printf $said .path $size .name $had .path $had .name .root.Release.Namespace) -}}
{{- end -}}
{{- $class := include "llm-cost-ops.storageClass" (dict "root" .root "storageClass" .persistence.storageClass) | fromYaml -}}
{{- $made := dig "spec" "storageClassName" "" $live -}}
{{- if and $had (hasKey $class "storageClassName") (ne $class.storageClassName $made) -}}
{{- $said := list
  "%s.storageClass (or global.storageClass) now gives the class %s, and claim %s was made with %s: a volume cannot move;"
  "keep %s.storageClass=%s, or, to lose what is on it, run kubectl delete pvc %s -n %s and then this again" | join " " -}}
{{- fail (printf $said .path (default "-" $class.storageClassName) .name (default "-" $made) .path (default "-" $made) .name .root.Release.Namespace) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
A quantity in bytes, so that 1024Mi and 1Gi are one size.
*/}}
{{- define "llm-cost-ops.bytes" -}}
{{- $text := include "llm-cost-ops.text" . -}}
{{- $number := regexFind "^[0-9.]+" $text -}}
{{- $factors := dict "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18
  "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 -}}
{{- $unit := trimPrefix $number $text -}}
{{- if regexMatch "^e[0-9]+$" $unit -}}
{{- printf "%.0f" (float64 $text) -}}
{{- else -}}
{{- printf "%.0f" (mulf (float64 $number) (get $factors $unit | default 1.0)) -}}
{{- end -}}
{{- end }}

{{/*
The claim template of a StatefulSet as a list: dict "root" $ "component" NAME "persistence" SECTION. Immutable once made, so
nothing in it may depend on versions, environments or lookups.
*/}}
{{- define "llm-cost-ops.component.claims" -}}
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata:
    name: data
    labels:
      {{- include "llm-cost-ops.component.selectorLabels" . | nindent 6 }}
    {{- with .persistence.annotations }}
    annotations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    accessModes:
      {{- toYaml .persistence.accessModes | nindent 6 }}
    {{- with include "llm-cost-ops.storageClass" (dict "root" .root "storageClass" .persistence.storageClass) }}
    {{- . | nindent 4 }}
    {{- end }}
    resources:
      requests:
        storage: {{ include "llm-cost-ops.text" .persistence.size }}
{{- end }}

{{/*
Files of Redis, or of Valkey, whose programs may have names of their own. The password goes into a file in memory rather than
onto a command line, where every process could read it. It is a cache, so a full one forgets instead of being killed; a quarter
of the limit is for snapshots and clients. A probe that fails says what Redis answered, since the event shows that.
*/}}
{{- define "llm-cost-ops.redis.config" -}}
{{- $redis := .Values.redis -}}
redis.conf: |
  dir /data
  appendonly yes
  protected-mode no
  maxmemory-policy {{ $redis.maxmemoryPolicy }}
  {{- with $redis.configuration }}
  {{- . | nindent 2 }}
  {{- end }}
start.sh: |
  set -eu
  umask 077
  {
    echo 'include /etc/redis/redis.conf'
    {{- with include "llm-cost-ops.text" $redis.maxmemory }}
    echo 'maxmemory {{ include "llm-cost-ops.bytes" . }}'
    {{- else }}
    echo "maxmemory $((MEMORY_LIMIT / 4 * 3))"
    {{- end }}
    if [ -n "${REDISCLI_AUTH:-}" ]; then
      printf 'requirepass "%s"\n' "$(printf %s "$REDISCLI_AUTH" | sed 's/[\\"]/\\&/g')"
    fi
  } > /run/redis/redis.conf
  unset REDISCLI_AUTH
  exec "$(command -v redis-server || command -v valkey-server)" /run/redis/redis.conf
ping.sh: |
  answer=$("$(command -v redis-cli || command -v valkey-cli)" -h 127.0.0.1 ping 2>&1)
  echo "$answer"
  echo "$answer" | grep -qE "$1"
{{- end }}
