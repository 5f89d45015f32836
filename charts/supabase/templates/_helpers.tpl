{{/* Names, labels, addresses and environment entries. Each takes what it needs as a list or dict: (list $ "auth"). */}}

{{/* <release>-<component>, cut to 63 signs including the component. */}}
{{- define "supabase.name" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- if not (regexMatch "^[a-z]" $root.Release.Name) -}}
{{- fail (printf "The release name %q must start with a letter, because Services are named after it." $root.Release.Name) -}}
{{- end -}}
{{- printf "%s-%s" ($root.Release.Name | trunc (int (sub 62 (len $component))) | trimSuffix "-") $component -}}
{{- end -}}

{{- define "supabase.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "supabase.labels" -}}
{{- $root := index . 0 -}}
{{ include "supabase.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "supabase.metadata" -}}
name: {{ include "supabase.name" . }}
namespace: {{ (index . 0).Release.Namespace }}
labels: {{- include "supabase.labels" . | nindent 2 }}
{{- end -}}

{{- define "supabase.host" -}}
{{- printf "%s.%s.svc.cluster.local" (include "supabase.name" .) (index . 0).Release.Namespace -}}
{{- end -}}

{{- define "supabase.url" -}}
{{- $component := index (index . 0).Values.components (index . 1) -}}
{{- printf "http://%s:%d" (include "supabase.host" .) (int $component.port) -}}
{{- end -}}

{{- define "supabase.publicUrl" -}}
{{- printf "https://%s" (required "hostname is required: the name under which clients reach Supabase." .Values.hostname) -}}
{{- end -}}

{{/* Database host, port and name of the values, complete or refused. */}}
{{- define "supabase.database.host" -}}
{{- required "database.host is required: this chart works with an external PostgreSQL only." .Values.database.host -}}
{{- end -}}

{{- define "supabase.database.name" -}}
{{- required "database.name is required: the database that was prepared for Supabase." .Values.database.name -}}
{{- end -}}

{{/* (list $ "role"): the environment holds PGPASSWORD, which Kubernetes fills in. */}}
{{- define "supabase.database.url" -}}
{{- $root := index . 0 -}}
{{- printf "postgres://%s:$(PGPASSWORD)@%s:%d/%s?sslmode=require" (index . 1) (include "supabase.database.host" $root) (int $root.Values.database.port) (include "supabase.database.name" $root) -}}
{{- end -}}

{{/* (list $ "jwt"): the name of a Secret, complete or refused. */}}
{{- define "supabase.secretName" -}}
{{- $name := index (index . 0).Values.secrets (index . 1) -}}
{{- required (printf "secrets.%s is required: the name of a Secret that exists already; this chart has no default secrets." (index . 1)) $name -}}
{{- end -}}

{{/* (dict "root" $ "secrets" {VARIABLE: <secret>/<key>} "settings" {VARIABLE: text}), secrets first: settings may refer to them. */}}
{{- define "supabase.env" -}}
{{- $root := .root -}}
{{- range $variable, $reference := .secrets }}
{{- $parts := splitList "/" $reference }}
- name: {{ $variable }}
  valueFrom: { secretKeyRef: { name: {{ include "supabase.secretName" (list $root (first $parts)) | quote }}, key: {{ last $parts }} } }
{{- end }}
{{- range $variable, $value := .settings }}
- { name: {{ $variable }}, value: {{ $value | quote }} }
{{- end }}
{{- end -}}
