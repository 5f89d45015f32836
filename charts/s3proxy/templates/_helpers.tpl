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

{{/* (list $ "VARIABLE" "key"): an environment entry from the Secret. */}}
{{- define "s3proxy.secretEnv" -}}
- name: {{ index . 1 }}
  valueFrom: { secretKeyRef: { name: {{ required "secret is required: the name of a Secret that exists already; this chart has no default secrets." (index . 0).Values.secret | quote }}, key: {{ index . 2 }} } }
{{- end -}}

{{/* "true" where an identity signs in; the account's key is not read then. */}}
{{- define "s3proxy.identity" -}}
{{- if eq .Values.storage.signIn "workloadIdentity" }}true{{ end -}}
{{- end -}}

{{/* The image as it is written, or from the registry into which it was imported, in the place of its host. */}}
{{- define "s3proxy.image" -}}
{{- $image := .Values.image -}}
{{- $first := splitList "/" $image | first -}}
{{- if and .Values.images.registry (contains "/" $image) (or (contains "." $first) (contains ":" $first)) -}}
{{- $image = trimPrefix (printf "%s/" $first) $image -}}
{{- end -}}
{{- with .Values.images.registry }}{{ . }}/{{ end }}{{ $image -}}
{{- end -}}
