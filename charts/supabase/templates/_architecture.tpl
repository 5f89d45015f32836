{{/*
Who talks to whom: component -> what it calls. NetworkPolicies are this table and nothing else.
`database`, `s3` and `mail` stand outside the chart; `smoke` is the test Job.
*/}}
{{- define "supabase.arrows" -}}
smoke: [gateway]
gateway: [auth, rest, storage, meta, studio]
auth: [database, mail]
rest: [database]
meta: [database]
studio: [gateway, meta]
storage: [rest, database, s3]
{{- end -}}
