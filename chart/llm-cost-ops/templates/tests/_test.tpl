{{/*
One pod of `helm test`: dict "root" $ "name" NAME "image" REFERENCE "policy" PULL-POLICY "pod" POD-SECURITY "container"
CONTAINER-SECURITY "command" LIST "env" LIST "mounts" LIST "volumes" LIST. It runs in an image the release uses anyway, so that a closed network needs no
other; it stays until the next test, so that its log can be read.
*/}}
{{- define "llm-cost-ops.test" -}}
{{- $component := dict "root" .root "component" "test" -}}
{{- $hook := dict "helm.sh/hook" "test" "helm.sh/hook-delete-policy" "before-hook-creation" -}}
apiVersion: v1
kind: Pod
metadata:
  {{- include "llm-cost-ops.metadata" (merge (dict "kind" "Pod" "name" (printf "%s-test-%s" (include "llm-cost-ops.fullname" .root) .name)
    "annotations" $hook) $component) | nindent 2 }}
spec:
  {{- with include "llm-cost-ops.imagePullSecrets" (list .root.Values.global.imagePullSecrets .root.Values.imagePullSecrets) }}
  {{- . | nindent 2 }}
  {{- end }}
  restartPolicy: Never
  activeDeadlineSeconds: {{ include "llm-cost-ops.text" .root.Values.tests.timeoutSeconds }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  securityContext:
    {{- toYaml .pod | nindent 4 }}
  containers:
    - name: test
      image: {{ .image | quote }}
      imagePullPolicy: {{ .policy }}
      command:
        {{- toYaml .command | nindent 8 }}
      {{- with .env }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .mounts }}
      volumeMounts:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml .container | nindent 8 }}
      resources:
        {{- toYaml .root.Values.tests.resources | nindent 8 }}
  {{- with .volumes }}
  volumes:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
