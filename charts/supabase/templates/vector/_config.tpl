{{/* Vector's configuration: the logs of our pods, each to the source of Logflare where Studio looks for it. */}}
{{- define "supabase.vector.config" -}}
{{- $sources := dict "gateway" "cloudflare.logs.prod" "auth" "gotrue.logs.prod" "rest" "postgREST.logs.prod" "realtime" "realtime.logs.prod" "storage" "storage.logs.prod.2" "functions" "deno-relay-logs" -}}
vector.yaml: |
  data_dir: /var/lib/vector
  api: { enabled: true, address: "0.0.0.0:{{ .Values.components.vector.port }}" }
  sources:
    pods:
      type: kubernetes_logs
      self_node_name: ${NODE_NAME}
      extra_namespace_label_selector: kubernetes.io/metadata.name={{ .Release.Namespace }}
      extra_label_selector: app.kubernetes.io/instance={{ .Release.Name }},app.kubernetes.io/component!=vector
  transforms:
    named:
      type: remap
      inputs: [pods]
      source: |
        component = string!(.kubernetes.pod_labels."app.kubernetes.io/component" || "")
        text = string!(.message)
        parsed = object(parse_json(text) ?? {}) ?? {}
        time = .timestamp
        . = {"component": component, "project": "default", "event_message": text, "timestamp": time, "metadata": parsed}
        .event_message = string(parsed.msg) ?? text
        if component == "gateway" {
          .metadata = {"request": {"method": parsed.method, "path": parsed.path}, "response": {"status_code": parsed.status}}
        }
    parted:
      type: route
      inputs: [named]
      route:
        {{- range $component, $_ := $sources }}
        {{ $component }}: .component == "{{ $component }}"
        {{- end }}
  sinks:
    {{- range $component, $source := $sources }}
    {{ $component }}:
      type: http
      inputs: [parted.{{ $component }}]
      method: post
      uri: {{ include "supabase.url" (list $ "analytics") }}/api/logs?source_name={{ $source }}
      encoding: { codec: json, except_fields: [component] }
      request: { headers: { x-api-key: "${ANALYTICS_TOKEN}" }, retry_max_duration_secs: 30 }
    {{- end }}
{{- end -}}
