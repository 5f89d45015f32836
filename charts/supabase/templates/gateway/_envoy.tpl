{{/* Envoy's whole configuration; secrets come from the environment when Envoy starts. */}}
{{- define "supabase.gateway.envoy" -}}
admin:
  address: { pipe: { path: /run/gateway/admin.sock, mode: 384 } } # It shows the keys: no network port.

overload_manager:
  resource_monitors:
    - name: envoy.resource_monitors.global_downstream_max_connections
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig
        max_active_downstream_connections: 10000

static_resources:
  listeners:
    - name: public
      address: { socket_address: { address: 0.0.0.0, port_value: {{ .Values.components.gateway.port }} } }
      per_connection_buffer_limit_bytes: 32768
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: public
                normalize_path: true
                merge_slashes: true
                path_with_escaped_slashes_action: REJECT_REQUEST
                use_remote_address: true
                xff_num_trusted_hops: {{ eq .Values.edge.kind "none" | ternary 0 (int .Values.edge.hops) }}
                request_headers_timeout: 10s
                stream_idle_timeout: 300s
                common_http_protocol_options: { headers_with_underscores_action: REJECT_REQUEST }
                upgrade_configs: [{ upgrade_type: websocket }]
                {{- with .Values.telemetry.collector }}
                tracing:
                  random_sampling: { value: {{ $.Values.telemetry.samplePercent }} }
                  provider:
                    name: envoy.tracers.opentelemetry
                    typed_config:
                      "@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig
                      service_name: {{ include "supabase.name" (list $ "gateway") }}
                      grpc_service: { envoy_grpc: { cluster_name: collector }, timeout: 1s }
                {{- end }}
                access_log:
                  - name: envoy.access_loggers.stdout
                    filter: # Load balancers and the kubelet ask for health all the time.
                      header_filter: { header: { name: ":path", string_match: { exact: {{ .Values.components.gateway.health }} }, invert_match: true } }
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
                      log_format:
                        json_format: # The path without its query, which may hold a key.
                          time: "%START_TIME%"
                          method: "%REQ(:METHOD)%"
                          path: "%PATH(NQ:ORIG_OR_PATH)%"
                          status: "%RESPONSE_CODE%"
                          flags: "%RESPONSE_FLAGS%"
                          milliseconds: "%DURATION%"
                          bytes: "%BYTES_SENT%"
                          cluster: "%UPSTREAM_CLUSTER%"
                          client: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
                          request: "%REQ(X-REQUEST-ID)%"
                http_filters:
                  - name: envoy.filters.http.cors
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors
                  - name: envoy.filters.http.basic_auth
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.basic_auth.v3.BasicAuth
                      users: { environment_variable: DASHBOARD_USERS }
                  - name: envoy.filters.http.lua
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
                      default_source_code: { inline_string: {{ .Files.Get "files/gateway.lua" | toJson }} }
                  - name: envoy.filters.http.rbac
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
                      rules: {{- include "supabase.gateway.rules" "[a-z_]+" | nindent 24 }}
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                route_config:
                  virtual_hosts:
                    - name: supabase
                      domains: ["*"]
                      typed_per_filter_config:
                        envoy.filters.http.cors: {{- include "supabase.gateway.cors" (list . "any") | nindent 26 }}
                      # A pod that ends takes no request with it: these never reached it.
                      retry_policy: { retry_on: "connect-failure,refused-stream,reset-before-request", num_retries: 2 }
                      # Links are made for the public name, whatever way a request came.
                      request_headers_to_add:
                        - { header: { key: x-forwarded-host, value: {{ .Values.hostname | quote }} }, append_action: OVERWRITE_IF_EXISTS_OR_ADD }
                        - { header: { key: x-forwarded-port, value: "443" }, append_action: OVERWRITE_IF_EXISTS_OR_ADD }
                        - { header: { key: x-forwarded-proto, value: https }, append_action: OVERWRITE_IF_EXISTS_OR_ADD }
                        - { header: { key: x-client-address, value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" }, append_action: OVERWRITE_IF_EXISTS_OR_ADD }
                      routes:
                        {{- range include "supabase.gateway.routes" . | fromYamlArray }}
                        {{- include "supabase.gateway.route" (list $ .) | trim | nindent 24 }}
                        {{- end }}

    {{- range $name, $shown := dict "status" (list 9901 "/ready") "metrics" (list 9902 "/stats/prometheus") }}
    - name: {{ $name }}
      address: { socket_address: { address: 0.0.0.0, port_value: {{ first $shown }} } }
      ignore_global_conn_limit: true # A gateway that is full lives.
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: {{ $name }}
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                route_config:
                  virtual_hosts:
                    - { name: {{ $name }}, domains: ["*"], routes: [{ match: { path: {{ last $shown }} }, route: { cluster: admin } }] }
    {{- end }}

  clusters:
    - name: admin
      type: STATIC
      load_assignment:
        cluster_name: admin
        endpoints:
          - lb_endpoints:
              - endpoint: { address: { pipe: { path: /run/gateway/admin.sock } } }
    {{- range $name := index (include "supabase.drawn" . | fromYaml) "gateway" }}
    {{- if eq $name "collector" }}
    {{- with $.Values.telemetry.collector }}
    {{- include "supabase.gateway.cluster" (list "collector" (splitList ":" . | first) (splitList ":" . | last)) | nindent 4 }}
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config: { http2_protocol_options: {} }
    {{- end }}
    {{- else }}
    {{- $port := index $.Values.components $name "port" }}
    {{- include "supabase.gateway.cluster" (list $name (include "supabase.host" (list $ $name)) $port) | nindent 4 }}
    {{- if include "supabase.next" (list $ $name) }}
    {{- $next := printf "%s-next" $name }}
    {{- include "supabase.gateway.cluster" (list $next (include "supabase.host" (list $ $next)) $port) | nindent 4 }}
    {{- end }}
    {{- end }}
    {{- end }}
{{- end -}}

{{/* (list <name> <host> <port>): what stands behind a name of the cluster's DNS. */}}
{{- define "supabase.gateway.cluster" -}}
- name: {{ index . 0 }}
  type: STRICT_DNS
  connect_timeout: 5s
  dns_lookup_family: V4_PREFERRED
  # As many as may come in: web sockets and long answers hold theirs, and Envoy's own limit is 1024.
  circuit_breakers: { thresholds: [{ max_connections: 10000, max_pending_requests: 10000, max_requests: 10000, max_retries: 100 }] }
  load_assignment:
    cluster_name: {{ index . 0 }}
    endpoints:
      - lb_endpoints:
          - endpoint: { address: { socket_address: { address: {{ index . 1 }}, port_value: {{ index . 2 }} } } }
{{- end -}}
