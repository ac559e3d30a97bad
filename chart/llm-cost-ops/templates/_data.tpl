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
        storage: {{ .persistence.size }}
{{- end }}

{{/*
Refuses what Kubernetes would refuse, a changed claim template, while the way out can still be said: dict "root" $ "component"
NAME "name" STATEFULSET "path" VALUES-PATH "persistence" SECTION. Sees nothing where Helm may not look things up.
*/}}
{{- define "llm-cost-ops.component.volumeGuard" -}}
{{- $ns := .root.Release.Namespace -}}
{{- $live := lookup "apps/v1" "StatefulSet" $ns .name | default dict -}}
{{- if eq (dig "metadata" "annotations" "meta.helm.sh/release-name" "" $live) .root.Release.Name -}}
{{- $templates := dig "spec" "volumeClaimTemplates" list $live -}}
{{- $path := .path -}}
{{- $inPod := or (not .persistence.enabled) .persistence.existingClaim -}}
{{- $anew := printf "kubectl delete statefulset %s -n %s --cascade=orphan" .name $ns -}}
{{- $copy := printf "save the data (README, \"Backup and restore\"), run kubectl delete statefulset/%s pvc/data-%s-0 -n %s, run this again and put the data back" .name .name $ns -}}
{{- if and $templates $inPod -}}
{{- fail (printf "%s.persistence.enabled and %s.persistence.existingClaim cannot change on a running StatefulSet: its data is in the claim data-%s-0; put back persistence.enabled=true without an existing claim, or, to go on without that data, run %s, then this again" $path $path .name $anew) -}}
{{- else if and (not $templates) (not $inPod) -}}
{{- fail (printf "%s.persistence now asks for a claim, and the running StatefulSet has none of its own; put the old setting back, or, to begin with an empty claim, run %s, then this again" $path $anew) -}}
{{- else if $templates -}}
{{- $claim := index $templates 0 -}}
{{- $wanted := index (include "llm-cost-ops.component.claims" . | fromYamlArray) 0 -}}
{{- $had := $claim.spec.resources.requests.storage -}}
{{- $hadBytes := include "llm-cost-ops.bytes" $had | float64 -}}
{{- $bytes := include "llm-cost-ops.bytes" .persistence.size | float64 -}}
{{- if gt $bytes $hadBytes -}}
{{- fail (printf "%s.persistence.size=%v: the volume was made with %v, and a StatefulSet cannot change that. Grow the volume (its storage class must allow it) and let the chart make the StatefulSet again; pod and data stay: kubectl patch pvc data-%s-0 -n %s -p '{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"%v\"}}}}' && %s, then run this again. Or keep %s.persistence.size=%v" $path .persistence.size $had .name $ns .persistence.size $anew $path $had) -}}
{{- else if lt $bytes $hadBytes -}}
{{- fail (printf "%s.persistence.size=%v: the volume was made with %v, and no volume can shrink. Keep %s.persistence.size=%v; for a smaller one %s" $path .persistence.size $had $path $had $copy) -}}
{{- else if ne (pick $claim.spec "storageClassName" | toJson) (pick $wanted.spec "storageClassName" | toJson) -}}
{{- $class := get $claim.spec "storageClassName" | default "" -}}
{{- if and (hasKey $claim.spec "storageClassName") (not $class) }}{{ $class = "-" }}{{ end -}}
{{- fail (printf "%s.persistence.storageClass (or global.storageClass) now gives another class than the volume was made with (%s), and a volume cannot move. Keep %s.persistence.storageClass=%s; for another class %s" $path (default "none named" $class) $path $class $copy) -}}
{{- else if or (ne (toJson $claim.spec.accessModes) (toJson $wanted.spec.accessModes)) (ne (get $claim.metadata "annotations" | default dict | toJson) (get $wanted.metadata "annotations" | default dict | toJson)) -}}
{{- fail (printf "%s.persistence.accessModes and %s.persistence.annotations cannot change on a running StatefulSet; put the old ones back, or change the claim data-%s-0 itself, run %s and then this again" $path $path .name $anew) -}}
{{- end -}}
{{- end -}}
{{- end -}}
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
