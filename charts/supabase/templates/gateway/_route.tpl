{{/* (list $ <row of supabase.gateway.routes>): one route of Envoy. */}}
{{- define "supabase.gateway.route" -}}
{{- $root := index . 0 -}}
{{- $route := index . 1 -}}
{{- if $route.exact -}}
- match: { path: {{ $route.exact }} }
{{- else if hasSuffix "/" $route.path }}
- match: { prefix: {{ $route.path }} }
{{- else }}
- match: { path_separated_prefix: {{ $route.path }} }
{{- end }}
{{- if eq $route.access "closed" }}
  direct_response: { status: 403 }
{{- else }}
  route:
    cluster: {{ $route.to }}
    {{- if ne ($route.exact | default $route.path) $route.as }}
    prefix_rewrite: {{ $route.as }}
    {{- end }}
    timeout: {{ $route.timeout | default 30 }}s
  {{- with $route.headers }}
  request_headers_to_add:
    {{- range $name, $value := . }}
    - { header: { key: {{ $name }}, value: {{ $value }} }, append_action: OVERWRITE_IF_EXISTS_OR_ADD }
    {{- end }}
  {{- end }}
  {{- if eq $route.access "dashboard" }}
  request_headers_to_remove: [authorization] # Studio would take the password for a token.
  {{- end }}
{{- end }}
  {{- if has $route.access (list "key" "service") }}
  metadata: { filter_metadata: { envoy.filters.http.lua: { key: true } } }
  {{- end }}
  typed_per_filter_config:
    {{- if ne $route.access "dashboard" }}
    envoy.filters.http.basic_auth: {{- include "supabase.gateway.off" . | nindent 6 }}
    {{- end }}
    {{- if has $route.access (list "open" "dashboard" "closed") }}
    envoy.filters.http.rbac: {{- include "supabase.gateway.off" . | nindent 6 }}
    {{- else if eq $route.access "service" }}
    envoy.filters.http.rbac:
      "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute
      rbac:
        rules: {{- include "supabase.gateway.rules" "service_role" | nindent 10 }}
    {{- end }}
    {{- if eq ($route.origins | default "any") "own" }}
    envoy.filters.http.cors: {{- include "supabase.gateway.cors" (list $root "own") | nindent 6 }}
    {{- end }}
{{- end -}}

{{- define "supabase.gateway.off" -}}
"@type": type.googleapis.com/envoy.config.route.v3.FilterConfig
disabled: true
{{- end -}}

{{/* Let pass whom gateway.lua has found to have such a role (a regular expression). */}}
{{- define "supabase.gateway.rules" -}}
action: ALLOW
policies:
  role:
    permissions: [{ any: true }]
    principals:
      - sourced_metadata:
          metadata_source: DYNAMIC
          metadata_matcher:
            filter: supabase
            path: [{ key: role }]
            value: { string_match: { safe_regex: { regex: {{ . | quote }} } } }
{{- end -}}

{{/* (list $ "own"|"any"): from which pages a browser may call. */}}
{{- define "supabase.gateway.cors" -}}
"@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy
allow_origin_string_match:
  {{- if eq (index . 1) "own" }}
  - exact: {{ include "supabase.publicUrl" (index . 0) }}
  - safe_regex: { regex: 'https?://(localhost|127\.0\.0\.1)(:[0-9]+)?' }
  {{- else }}
  - safe_regex: { regex: ".*" }
  {{- end }}
allow_methods: GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS
allow_headers: authorization,* # The star alone leaves out authorization.
expose_headers: "*"
max_age: "3600"
{{- end -}}
