{{/* The release's name, cut to 63 signs. */}}
{{- define "s3proxy.name" -}}
{{- if not (regexMatch "^[a-z]" .Release.Name) -}}
{{- fail (printf "The release name %q must start with a letter, because the Service is named after it." .Release.Name) -}}
{{- end -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "s3proxy.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "s3proxy.metadata" -}}
name: {{ include "s3proxy.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "s3proxy.selector" . | nindent 2 }}
  app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .Release.Service }}
  helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* (list $ "VARIABLE" "secret" "key"): an environment entry from a Secret. */}}
{{- define "s3proxy.secretEnv" -}}
{{- $name := index (index . 0).Values.secrets (index . 2) -}}
- name: {{ index . 1 }}
  valueFrom: { secretKeyRef: { name: {{ required (printf "secrets.%s is required: the name of a Secret that exists already; this chart has no default secrets." (index . 2)) $name | quote }}, key: {{ index . 3 }} } }
{{- end -}}
