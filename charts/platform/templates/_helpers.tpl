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
