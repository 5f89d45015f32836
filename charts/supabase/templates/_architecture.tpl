{{/*
Who talks to whom: component -> what it calls. NetworkPolicies are this table and nothing else; so is the picture in
docs/pictures/arrows.svg. Arrows from and to a component that is off do not exist.

Outside the chart stand `edge` (clients), `sql` (clients of the pooler), `monitoring` (asks for metrics), `database`,
`s3`, `mail`, `web` (HTTPS anywhere, the Kubernetes API among it) and `collector` (takes traces). `test` is the job of
`helm test`, `tenant` the one that tells Realtime of its database. `db`, where it is on, takes the place of `database`.
*/}}
{{- define "supabase.arrows" -}}
edge: [gateway]
sql: [supavisor]
monitoring: [gateway, auth, rest, realtime, storage, imgproxy]
test: [gateway, s3]
gateway: [auth, rest, realtime, storage, functions, meta, studio, collector]
auth: [database, mail, web, collector]
rest: [database]
realtime: [realtime, database]
tenant: [realtime]
storage: [rest, imgproxy, database, s3, collector]
imgproxy: [s3, collector]
meta: [database]
studio: [gateway, meta, analytics]
functions: [gateway, database, web]
supavisor: [database]
analytics: [database]
vector: [analytics, web]
db: []
{{- end -}}

{{/* (list $ <component>): "true" where it is part of the release, nothing else. */}}
{{- define "supabase.enabled" -}}
{{- $component := index (index . 0).Values.components (index . 1) | default dict -}}
{{- if and $component (dig "enabled" true $component) }}true{{ end -}}
{{- end -}}

{{/* The arrows of this release: of the table, those whose both ends are there. */}}
{{- define "supabase.drawn" -}}
{{- $outside := list "edge" "sql" "monitoring" "test" "tenant" "database" "s3" "mail" "web" "collector" -}}
{{- $drawn := dict -}}
{{- range $caller, $calls := include "supabase.arrows" . | fromYaml -}}
{{- if or (has $caller $outside) (include "supabase.enabled" (list $ $caller)) -}}
{{- $there := list -}}
{{- range $called := $calls -}}
{{- if and (eq . "database") (include "supabase.enabled" (list $ "db")) }}{{ $called = "db" }}{{ end -}}
{{- if or (has $called $outside) (include "supabase.enabled" (list $ $called)) }}{{ $there = append $there $called }}{{ end -}}
{{- end -}}
{{- if or $there (not (has $caller $outside)) }}{{ $drawn = set $drawn $caller $there }}{{ end -}}
{{- end -}}
{{- end -}}
{{- toYaml $drawn -}}
{{- end -}}
