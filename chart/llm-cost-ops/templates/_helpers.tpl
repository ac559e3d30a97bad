{{/*
Expand the name of the chart.
*/}}
{{- define "llm-cost-ops.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/*
Below which keys of the values this chart's own stand: "costs" in an umbrella chart that has it under that name or alias; "" by itself.
*/}}
{{- define "llm-cost-ops.below" -}}
{{- trimSuffix "/templates" .Template.BasePath | splitList "/charts/" | rest | join "." -}}
{{- end }}

{{/*
Refuses null where nothing can stand in its place: dict "values" VALUES "prefix" "" "paths" LIST of dotted paths. Elsewhere null is no value:
what Kubernetes does by itself.
*/}}
{{- define "llm-cost-ops.required" -}}
{{- $missing := list -}}
{{- range .paths -}}
{{- $here := $.values -}}
{{- $walked := list -}}
{{- $gone := false -}}
{{- range splitList "." . -}}
{{- if not $gone -}}
{{- $walked = append $walked . -}}
{{- $here = index $here . -}}
{{- $gone = kindIs "invalid" $here -}}
{{- end -}}
{{- end -}}
{{- if $gone }}{{ $missing = append $missing (printf "%s%s" $.prefix (join "." $walked)) }}{{ end -}}
{{- end -}}
{{- with uniq $missing -}}
{{- fail (printf "%s: null takes the chart's value away, and it cannot do without one; give one, or leave this out of your values" (join ", " .)) -}}
{{- end -}}
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
helm.sh/chart: {{ include "llm-cost-ops.chart" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
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
Metadata of an object: dict "root" $ "kind" KIND "name" NAME, "component" NAME where it is not the app's, and "labels" and "annotations"
of its own. The chart's labels win, then its own; what global.metadata gives to all of that kind comes after them, and before what is
common to all objects.
*/}}
{{- define "llm-cost-ops.metadata" -}}
{{- $component := default "app" .component -}}
{{- $labels := dict -}}
{{- if eq $component "app" }}{{ $labels = include "llm-cost-ops.labels" .root | fromYaml -}}
{{- else }}{{ $labels = include "llm-cost-ops.component.labels" . | fromYaml }}{{ end -}}
{{- $global := .root.Values.global -}}
{{- $all := default dict $global.metadata -}}
{{- $given := merge (deepCopy (get $all (printf "%s/%s" .kind $component) | default dict)) (get $all .kind | default dict) -}}
{{- $labels = merge $labels (default dict .labels) (default dict $given.labels) -}}
{{- $annotations := merge (dict) (default dict .annotations) (default dict $given.annotations) (default dict $global.commonAnnotations) -}}
{{- $metadata := dict "name" .name "namespace" .root.Release.Namespace "labels" $labels -}}
{{- if $annotations }}{{ $_ := set $metadata "annotations" $annotations }}{{ end -}}
{{- toYaml $metadata -}}
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
app.kubernetes.io/name: {{ include "llm-cost-ops.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: app
{{- end }}

{{/*
Labels of another component: dict "root" $ "component" "postgresql".
*/}}
{{- define "llm-cost-ops.component.selectorLabels" -}}
app.kubernetes.io/name: {{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
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
A scalar as text. YAML numbers arrive as floats, and a large whole one would print as 2.0240101e+07.
*/}}
{{- define "llm-cost-ops.text" -}}
{{- if kindIs "invalid" . -}}
{{- else if not (kindIs "float64" .) }}{{ toString . -}}
{{- else if eq . (int64 . | float64) }}{{ int64 . -}}
{{- else }}{{ toString . }}{{ end -}}
{{- end }}

{{/*
Whether a live object belongs to this release, "true" or nothing: dict "root" $ "live" OBJECT. Helm marks what it makes; what another tool
made from this chart's manifests carries no mark, but the chart's labels, and helm itself refuses it unless it is told to take it over.
*/}}
{{- define "llm-cost-ops.isOurs" -}}
{{- $metadata := get .live "metadata" | default dict -}}
{{- $labels := get $metadata "labels" | default dict -}}
{{- $owner := dig "annotations" "meta.helm.sh/release-name" "" $metadata -}}
{{- $made := and (eq (get $labels "app.kubernetes.io/part-of") "llm-cost-ops")
  (eq (get $labels "app.kubernetes.io/instance") .root.Release.Name)
  (eq (get $labels "app.kubernetes.io/managed-by") .root.Release.Service) -}}
{{- if or (eq $owner .root.Release.Name) (and (not $owner) $made) }}true{{ end -}}
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
