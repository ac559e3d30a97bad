{{/*
Puts into "values" what they do not have of "added"; yields nothing. Not sprig's merge, which takes false and 0 for missing.
*/}}
{{- define "llm-cost-ops.filled" -}}
{{- range $key, $value := .added -}}
{{- if not (hasKey $.values $key) -}}
{{- $_ := set $.values $key $value -}}
{{- else if and (kindIs "map" $value) (kindIs "map" (get $.values $key)) -}}
{{- include "llm-cost-ops.filled" (dict "values" (get $.values $key) "added" $value) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
Settings that came after 1.0.0, with their values in values.yaml: `helm upgrade --reuse-values` takes the values of the old release in
place of the chart's, so that they would be missing.
*/}}
{{- define "llm-cost-ops.addedSettings" -}}
global:
  caBundle:
    configMap: ''
    secret: ''
    key: ca.crt
  metadata: {}
networkPolicy:
  egress:
    extraStores: []
    extraJobs: []
autoscaling:
  keda:
    enabled: false
    triggers: []
    pollingInterval: 30
    cooldownPeriod: 300
    idleReplicaCount: null
    fallback: {}
    annotations: {}
postgresql:
  auth:
    appUser:
      enabled: false
      username: llm_cost_ops
      password: ''
      existingSecret: ''
      existingSecretPasswordKey: password
      existingSecretUrlPasswordKey: ''
  primary:
    startupProbe: {}
    livenessProbe: {}
    readinessProbe: {}
  tls:
    caKey: ''
  metrics:
    enabled: false
    image:
      registry: ''
      repository: prometheuscommunity/postgres-exporter
      tag: v0.20.1
      digest: ''
      pullPolicy: IfNotPresent
    resources:
      limits:
        cpu: 200m
        memory: 64Mi
      requests:
        cpu: 10m
        memory: 32Mi
externalDatabase:
  passwordless: false
  tls:
    caSecret: ''
    caKey: ca.crt
    clientSecret: ''
    certKey: tls.crt
    privateKeyKey: tls.key
backup:
  restoreFrom: volume
  s3:
    enabled: false
    endpoint: ''
    provider: ''
    region: ''
    bucket: ''
    prefix: ''
    keep: null
    existingSecret: ''
    secretKeys:
      accessKeyId: access-key-id
      secretAccessKey: secret-access-key
    ca:
      existingSecret: ''
      key: ca.crt
    image:
      registry: ''
      repository: rclone/rclone
      tag: 1.75.1
      digest: ''
      pullPolicy: IfNotPresent
redis:
  master:
    startupProbe: {}
    livenessProbe: {}
    readinessProbe: {}
  metrics:
    enabled: false
    image:
      registry: ''
      repository: oliver006/redis_exporter
      tag: v1.91.1
      digest: ''
      pullPolicy: IfNotPresent
    resources:
      limits:
        cpu: 200m
        memory: 64Mi
      requests:
        cpu: 10m
        memory: 32Mi
externalRedis:
  caSecret: ''
  caKey: ca.crt
  existingSecretUrlKey: ''
  sentinel:
    hosts: []
    masterName: ''
    existingSecretPasswordKey: ''
config:
  features:
    database: true
  file: ''
  filePath: /app/config/config.toml
  existingConfigMap: ''
  existingConfigMapKey: ''
{{- end }}
