{{- define "platform.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* (list $ "name"): names are a contract with Azure's federated credential and with the other charts. */}}
{{- define "platform.metadata" -}}
{{- $root := index . 0 -}}
name: {{ index . 1 }}
namespace: {{ $root.Release.Namespace }}
labels: {{- include "platform.labels" $root | nindent 2 }}
{{- end -}}

{{/* (list $ "key" "what it is"): a value that comes from Terraform, complete or refused. */}}
{{- define "platform.output" -}}
{{- required (printf "%s is required: %s." (index . 1) (index . 2)) (index (index . 0).Values (index . 1)) -}}
{{- end -}}

{{/* Whose metrics are read, and where; `namespace` where it is not this one, `token` where they ask for one. */}}
{{- define "platform.monitors" -}}
{{- range $component, $at := dict "auth" "metrics /metrics" "gateway" "metrics /stats/prometheus" "imgproxy" "metrics /metrics" "realtime" "http /metrics" "rest" "metrics /metrics" "storage" "http /metrics" }}
{{ $component }}:
  selector:
    matchLabels: { app.kubernetes.io/name: supabase }
    matchExpressions: # A next version that is tried is watched as well.
      - { key: app.kubernetes.io/component, operator: In, values: [{{ $component }}, {{ $component }}-next] }
  port: {{ splitList " " $at | first }}
  path: {{ splitList " " $at | last }}
  {{- if eq $component "realtime" }}
  token: { secret: supabase-metrics, key: realtime-metrics-token }
  {{- end }}
{{- end }}
external-secrets:
  namespace: external-secrets
  selector:
    matchLabels: { app.kubernetes.io/name: external-secrets }
  port: metrics
  path: /metrics
{{- end -}}
