{{/* Names, labels, addresses and images. Each takes what it needs as a list: (list $ "auth"). */}}

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
app.kubernetes.io/part-of: supabase
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

{{/* (list $ <image>): the image itself, or its copy in the registry of the values. */}}
{{- define "supabase.image" -}}
{{- $registry := (index . 0).Values.images.registry -}}
{{- $image := index . 1 -}}
{{- if $registry -}}
{{- $first := splitList "/" $image | first -}}
{{- $hasHost := and (contains "/" $image) (or (contains "." $first) (contains ":" $first)) -}}
{{- printf "%s/%s" $registry (ternary (trimPrefix (printf "%s/" $first) $image) $image $hasHost) -}}
{{- else -}}
{{- $image -}}
{{- end -}}
{{- end -}}

{{/* The components of this release, as JSON. */}}
{{- define "supabase.components" -}}
{{- $there := dict -}}
{{- range $name, $component := .Values.components -}}
{{- if include "supabase.enabled" (list $ $name) }}{{ $_ := set $there $name $component }}{{ end -}}
{{- end -}}
{{- toJson $there -}}
{{- end -}}
