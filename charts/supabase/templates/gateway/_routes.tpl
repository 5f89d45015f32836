{{/*
The public paths, first match wins: where they lead, and who may pass.

  path      this path and what lies below it; with a slash at the end: what lies below it only
  exact     this path only
  to, as    the component, and the path there; while the component is off, the answer is 404
  access    open       anybody
            key        a holder of an anon or a service key
            service    a holder of a service key
            dashboard  a person with the dashboard's password
            closed     nobody
            health     anybody; Envoy itself says that it can be asked
  carrier   header in which the component reads the caller's token; a bearer token if absent
  host      name under which the component is asked, if it minds
  timeout   seconds for one answer, 30 if absent, 0 for as long as it takes
  idle      seconds of silence after which an answer counts as lost, 300 if absent
  headers   added on the way
  origins   `own`: browsers may call from our own pages only
*/}}
{{- define "supabase.gateway.routes" -}}
- { exact: {{ .Values.components.gateway.health }}, access: health }
- { path: /auth/v1/verify, to: auth, as: /verify, access: open }
- { path: /auth/v1/callback, to: auth, as: /callback, access: open }
- { path: /auth/v1/authorize, to: auth, as: /authorize, access: open }
- { exact: /auth/v1/.well-known/jwks.json, to: auth, as: /.well-known/jwks.json, access: open }
- { path: /auth/v1/sso/saml/acs, to: auth, as: /sso/saml/acs, access: open }
- { path: /auth/v1/sso/saml/metadata, to: auth, as: /sso/saml/metadata, access: open }
- { exact: /.well-known/oauth-authorization-server/auth/v1, to: auth, as: /.well-known/oauth-authorization-server, access: open }
- { exact: /.well-known/oauth-authorization-server, to: auth, as: /.well-known/oauth-authorization-server, access: open }
- { path: /auth/v1/, to: auth, as: /, access: key }
- { exact: /rest/v1/, to: rest, as: /, access: service }
- { path: /rest/v1/, to: rest, as: /, access: key }
- { path: /graphql/v1, to: rest, as: /rpc/graphql, access: key, headers: { content-profile: graphql_public } }
- { path: /realtime/v1/api/openapi, access: closed }
- { path: /realtime/v1/api/tenants, access: closed }
- { path: /realtime/v1/api, to: realtime, as: /api, access: key, host: {{ .Values.realtime.tenant }}.realtime }
- { path: /realtime/v1/, to: realtime, as: /socket/, access: key, host: {{ .Values.realtime.tenant }}.realtime, carrier: x-api-key, timeout: 0, idle: 3600 }
- { path: /storage/v1/metrics, access: closed } # Storage shows its metrics beside its API.
- { path: /storage/v1/, to: storage, as: /, access: open, timeout: 3600, headers: { x-forwarded-prefix: /storage/v1 } }
- { path: /functions/v1/, to: functions, as: /, access: open, carrier: sb-api-key, timeout: 410, idle: 160 }
- { path: /pg/, to: meta, as: /, access: service, origins: own }
- { path: /analytics, access: closed }
- { path: /api/mcp, access: closed }
- { path: /mcp, access: closed }
- { path: /, to: studio, as: /, access: dashboard }
{{- end -}}
