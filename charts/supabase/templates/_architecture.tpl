{{/*
Who talks to whom: component -> what it calls. NetworkPolicies are this table and nothing else; so is the picture in
docs/pictures/arrows.svg. Arrows from and to a component that is off do not exist.

Outside the chart stand `edge` (clients), `monitoring` (asks for metrics), `database`, `s3`, `mail`, `web` (the
internet by HTTPS) and `collector` (takes traces). `test` is the job of `helm test`.
*/}}
{{- define "supabase.arrows" -}}
edge: [gateway]
monitoring: [gateway]
test: [gateway]
gateway: [auth, rest, realtime, storage, functions, meta, studio, collector]
auth: [database, mail]
rest: [database]
realtime: [realtime, database]
storage: [rest, imgproxy, database, s3]
imgproxy: [s3]
meta: [database]
studio: [gateway, meta]
functions: [gateway, database, web]
{{- end -}}

{{/* (list $ <component>): "true" where it is part of the release, nothing else. */}}
{{- define "supabase.enabled" -}}
{{- $component := index (index . 0).Values.components (index . 1) | default dict -}}
{{- if and $component (dig "enabled" true $component) }}true{{ end -}}
{{- end -}}

{{/* The arrows of this release: of the table, those whose both ends are there. */}}
{{- define "supabase.drawn" -}}
{{- $outside := list "edge" "monitoring" "test" "database" "s3" "mail" "web" "collector" -}}
{{- $drawn := dict -}}
{{- range $caller, $calls := include "supabase.arrows" . | fromYaml -}}
{{- if or (has $caller $outside) (include "supabase.enabled" (list $ $caller)) -}}
{{- $there := list -}}
{{- range $calls -}}
{{- if or (has . $outside) (include "supabase.enabled" (list $ .)) }}{{ $there = append $there . }}{{ end -}}
{{- end -}}
{{- $drawn = set $drawn $caller $there -}}
{{- end -}}
{{- end -}}
{{- toYaml $drawn -}}
{{- end -}}
