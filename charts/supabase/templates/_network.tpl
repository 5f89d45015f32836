{{/* (list $ <component>): the pods of a component, those of its next version among them. */}}
{{- define "supabase.pods" -}}
{{- $root := index . 0 -}}
{{- if include "supabase.next" . -}}
matchLabels:
  app.kubernetes.io/name: {{ $root.Chart.Name }}
  app.kubernetes.io/instance: {{ $root.Release.Name }}
matchExpressions:
  - { key: app.kubernetes.io/component, operator: In, values: [{{ index . 1 }}, {{ index . 1 }}-next] }
{{- else -}}
matchLabels: {{- include "supabase.selector" . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* (list $ <caller> <what is called>): one egress rule, or nothing. */}}
{{- define "supabase.egress" -}}
{{- $root := index . 0 -}}
{{- $called := index . 2 -}}
{{- if eq $called "database" -}}
- to:
    {{- range $root.Values.database.cidrs }}
    - ipBlock: { cidr: {{ . }} }
    {{- end }}
  ports: [{ port: {{ $root.Values.database.port }} }]
{{- else if eq $called "s3" -}}
- to:
    - podSelector:
        matchLabels: { app.kubernetes.io/name: s3proxy }
  ports: [{ port: {{ $root.Values.storage.port }} }]
{{- else if eq $called "mail" -}}
{{- with $root.Values.auth.smtp }}{{ if .host }}{{ include "supabase.anywhere" .port }}{{ end }}{{ end -}}
{{- else if eq $called "collector" -}}
{{- with $root.Values.telemetry.collector -}}
{{ include "supabase.anywhere" (splitList ":" . | last) }}
    - namespaceSelector: {}
{{- end -}}
{{- else if and (eq $called "web") (eq (index . 1) "functions") -}}
- ports: [{ port: 443 }]
  to:
    - ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16] }
    {{- range $root.Values.functions.networks }}
    - ipBlock: { cidr: {{ . }} }
    {{- end }}
{{- else if eq $called "web" -}}
{{- if or (ne (index . 1) "auth") (include "supabase.auth.asksOthers" $root) }}{{ include "supabase.anywhere" 443 }}{{ end -}}
{{- else -}}
- to:
    - podSelector: {{- include "supabase.pods" (list $root $called) | nindent 8 }}
  {{- if ne $called (index . 1) }}
  ports: [{ port: {{ index $root.Values.components $called "port" }} }] # No name: Cilium looks for it in the whole cluster.
  {{- end }} {{/* Pods of one component form a cluster, on ports of its own choice. */}}
{{- end -}}
{{- end -}}

{{/* <port>: any address but that of the node's identity; more peers may follow. */}}
{{- define "supabase.anywhere" -}}
- ports: [{ port: {{ . }} }]
  to:
    - ipBlock: { cidr: 0.0.0.0/0, except: [169.254.169.254/32] }
{{- end -}}

{{/* (list $ <component> <caller>): one ingress rule, or nothing. */}}
{{- define "supabase.ingress" -}}
{{- $root := index . 0 -}}
{{- $caller := index . 2 -}}
{{- if eq $caller "edge" -}}
{{- with include "supabase.edge.peers" $root | trim -}}
- from: {{- nindent 4 . }}
  ports: [{ port: http }]
{{- end -}}
{{- else if eq $caller "monitoring" -}}
{{- with $root.Values.telemetry.metrics | ternary $root.Values.telemetry.scrapers list -}}
- from:
    {{- range . }}
    - namespaceSelector:
        matchLabels: { kubernetes.io/metadata.name: {{ . }} }
    {{- end }}
  ports: [{ port: {{ has (index $ 1) (list "realtime" "storage") | ternary "http" "metrics" }} }] # These two show them beside their API.
{{- end -}}
{{- else if eq $caller "sql" -}}
{{- with $root.Values.supavisor.namespaces -}}
- from:
    {{- range . }}
    - namespaceSelector:
        matchLabels: { kubernetes.io/metadata.name: {{ . }} }
    {{- end }}
  ports: [{ port: session }, { port: transaction }]
{{- end -}}
{{- else -}}
- from:
    - podSelector: {{- include "supabase.pods" (list $root $caller) | nindent 8 }}
  {{- if ne $caller (index . 1) }}
  ports: [{ port: http }]
  {{- end }}
{{- end -}}
{{- end -}}

{{/* Who may come in from outside the namespace. */}}
{{- define "supabase.edge.peers" -}}
{{- $edge := .Values.edge -}}
{{- $beside := include "supabase.edge.proxies" . -}}
{{- if and (ne $edge.kind "none") (not $edge.namespaces) (not $edge.cidrs) (not $beside) -}}
{{- fail (printf "edge.kind is %q, but nobody may reach the gateway: set edge.namespaces or edge.cidrs." $edge.kind) -}}
{{- end -}}
{{- range $edge.namespaces }}
- namespaceSelector:
    matchLabels: { kubernetes.io/metadata.name: {{ . }} }
{{- end }}
{{- range $edge.cidrs }}
- ipBlock: { cidr: {{ . }} }
{{- end }}
{{- with $beside }}
- podSelector: {{- nindent 4 . }}
{{- end }}
{{- end -}}

{{/* The pods that carry our own Gateway, or nothing where it stands outside of the cluster. */}}
{{- define "supabase.edge.proxies" -}}
{{- $create := .Values.edge.httpRoute.create -}}
{{- if and (eq .Values.edge.kind "httpRoute") $create.className $create.controlPlane -}}
matchLabels: { gateway.networking.k8s.io/gateway-name: {{ include "supabase.name" (list . "gateway") }} }
{{- end -}}
{{- end -}}

{{/* The pods that answer HTTP-01 challenges, as cert-manager labels them. */}}
{{- define "supabase.edge.solvers" -}}
matchLabels: { acme.cert-manager.io/http01-solver: "true" }
{{- end -}}

{{/* "true" where auth calls providers of sign-in or hooks by HTTPS. */}}
{{- define "supabase.auth.asksOthers" -}}
{{- $hooks := list -}}
{{- range .Values.auth.hooks }}{{ if hasPrefix "http" .uri }}{{ $hooks = append $hooks .uri }}{{ end }}{{ end -}}
{{- if or .Values.auth.providers $hooks }}true{{ end -}}
{{- end -}}
