{{/* The database: the external server of the values, or `db` for development. Complete or refused. */}}

{{- define "supabase.database.host" -}}
{{- if include "supabase.enabled" (list . "db") -}}
{{- include "supabase.host" (list . "db") -}}
{{- else -}}
{{- required "database.host is required: the PostgreSQL server (components.db is one for development)." .Values.database.host -}}
{{- end -}}
{{- end -}}

{{- define "supabase.database.port" -}}
{{- include "supabase.enabled" (list . "db") | eq "true" | ternary .Values.components.db.port .Values.database.port | int64 -}}
{{- end -}}

{{- define "supabase.database.name" -}}
{{- if include "supabase.enabled" (list . "db") -}}
postgres
{{- else -}}
{{- required "database.name is required: the database that was prepared for Supabase." .Values.database.name -}}
{{- end -}}
{{- end -}}

{{/* Only `db`, which never leaves the cluster, is asked without encryption. */}}
{{- define "supabase.database.sslMode" -}}
{{- include "supabase.enabled" (list . "db") | eq "true" | ternary "disable" "require" -}}
{{- end -}}

{{/* The environment holds PGUSER and PGPASSWORD, which Kubernetes fills in. */}}
{{- define "supabase.database.url" -}}
{{- printf "postgres://$(PGUSER):$(PGPASSWORD)@%s:%s/%s?sslmode=%s" (include "supabase.database.host" .) (include "supabase.database.port" .) (include "supabase.database.name" .) (include "supabase.database.sslMode" .) -}}
{{- end -}}
