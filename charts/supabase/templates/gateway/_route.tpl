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
{{- else if eq $route.access "health" }}
  direct_response: { status: 200, body: { inline_string: "ready\n" } }
{{- else if not (include "supabase.enabled" (list $root $route.to)) }}
  direct_response: { status: 404, body: { inline_string: '{"message":"{{ $route.to }} is not part of this platform"}' } }
{{- else }}
  route:
    {{- include "supabase.gateway.target" (list $root $route.to) | trim | nindent 4 }}
    {{- if ne ($route.exact | default $route.path) $route.as }}
    prefix_rewrite: {{ $route.as }}
    {{- end }}
    {{- with $route.host }}
    host_rewrite_literal: {{ . }}
    {{- end }}
    timeout: {{ hasKey $route "timeout" | ternary $route.timeout 30 }}s
    {{- with $route.idle }}
    idle_timeout: {{ . }}s
    {{- end }}
  {{- with $route.headers }}
  request_headers_to_add:
    {{- range $name, $value := . }}
    - { header: { key: {{ $name }}, value: {{ $value }} }, append_action: OVERWRITE_IF_EXISTS_OR_ADD }
    {{- end }}
  {{- end }}
  {{- if eq $route.access "dashboard" }}
  request_headers_to_remove: [authorization] # Studio would take the password for a token.
  {{- end }}
  {{- $told := dict }}
  {{- if has $route.access (list "key" "service") }}{{ $_ := set $told "key" true }}{{ end }}
  {{- with $route.carrier }}{{ $_ := set $told "carrier" . }}{{ end }}
  {{- with $told }}
  metadata: { filter_metadata: { envoy.filters.http.lua: {{ toJson . }} } }
  {{- end }}
{{- end }}
  typed_per_filter_config:
    {{- if ne $route.access "dashboard" }}
    envoy.filters.http.basic_auth: {{- include "supabase.gateway.off" . | nindent 6 }}
    {{- end }}
    {{- if has $route.access (list "open" "dashboard" "closed" "health") }}
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

{{/* (list $ <component>): where requests go, split by weight while a next version is tried. */}}
{{- define "supabase.gateway.target" -}}
{{- $next := include "supabase.next" . | fromYaml -}}
{{- if $next }}
weighted_clusters:
  clusters:
    - { name: {{ index . 1 }}, weight: {{ sub 100 (int $next.weight) }} }
    - { name: {{ index . 1 }}-next, weight: {{ $next.weight }} }
{{- else }}
cluster: {{ index . 1 }}
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
