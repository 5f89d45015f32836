{{/*
What containers find in their environment: secrets by reference, fields of the pod, settings. Secrets come first:
settings may refer to them as $(NAME).
*/}}

{{/* (list $ "auth"): the name of a consumer's Secret, complete or refused. */}}
{{- define "supabase.secretName" -}}
{{- $name := index (index . 0).Values.secrets (index . 1) -}}
{{- required (printf "secrets.%s is required: the name of a Secret that exists already; this chart has no default secrets." (index . 1)) $name -}}
{{- end -}}

{{/* (list $ "auth/jwt-secret"): where a secret stands; @<Secret>/<key> names a Secret of the operator's own. */}}
{{- define "supabase.secretKeyRef" -}}
{{- $parts := splitList "/" (index . 1) -}}
{{- $name := first $parts -}}
{{- if hasPrefix "@" $name -}}
secretKeyRef: { name: {{ trimPrefix "@" $name | quote }}, key: {{ last $parts }} }
{{- else -}}
secretKeyRef: { name: {{ include "supabase.secretName" (list (index . 0) $name) | quote }}, key: {{ last $parts }} }
{{- end -}}
{{- end -}}

{{/* (list $ {VARIABLE: <consumer>/<key>}): what changes with a Secret that these refer to, and with no other. */}}
{{- define "supabase.secretsRevision" -}}
{{- $root := index . 0 -}}
{{- $revisions := dict -}}
{{- range index . 1 -}}
{{- $reference := splitList "/" . | first -}}
{{- $name := trimPrefix "@" $reference -}}
{{- if not (hasPrefix "@" $reference) }}{{ $name = include "supabase.secretName" (list $root $reference) }}{{ end -}}
{{- with get $root.Values.secretsRevisions $name }}{{ $_ := set $revisions $name . }}{{ end -}}
{{- end -}}
{{- $told := list -}}
{{- range keys $revisions | sortAlpha }}{{ $told = append $told (get $revisions .) }}{{ end -}}
{{- join "." $told -}}
{{- end -}}

{{/*
(dict "root" $ "secrets" {VARIABLE: <consumer>/<key>} "fields" {VARIABLE: field} "settings" {VARIABLE: text}
"override" {VARIABLE: text}): what the operator says last counts.
*/}}
{{- define "supabase.env" -}}
{{- $root := .root -}}
{{- $override := .override | default dict -}}
{{- range $variable, $reference := .secrets }}
{{- if not (hasKey $override $variable) }}
- name: {{ $variable }}
  valueFrom: { {{ include "supabase.secretKeyRef" (list $root $reference) }} }
{{- end }}
{{- end }}
{{- range $variable, $field := .fields }}
{{- if not (hasKey $override $variable) }}
- name: {{ $variable }}
  valueFrom: { fieldRef: { fieldPath: {{ $field }} } }
{{- end }}
{{- end }}
{{- range $variable, $value := merge (dict) $override (.settings | default dict) }}
- { name: {{ $variable }}, value: {{ $value | quote }} }
{{- end }}
{{- end -}}

{{/* (list $ "auth"): what the OpenTelemetry libraries of a service read; nothing without a collector. */}}
{{- define "supabase.opentelemetry" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.telemetry.collector -}}
OTEL_EXPORTER_OTLP_ENDPOINT: http://{{ . }}
OTEL_EXPORTER_OTLP_PROTOCOL: grpc
OTEL_SERVICE_NAME: {{ include "supabase.name" $ }}
OTEL_RESOURCE_ATTRIBUTES: service.namespace={{ $root.Release.Namespace }}
{{- end -}}
{{- end -}}
