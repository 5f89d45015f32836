{{/* (list $ <what is called>): one egress rule. */}}
{{- define "supabase.egress" -}}
{{- $root := index . 0 -}}
{{- $called := index . 1 -}}
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
{{- with $root.Values.auth.smtp -}}
{{- if .host -}}
- to:
    - ipBlock: { cidr: 0.0.0.0/0, except: [169.254.169.254/32] } # Anywhere but the node's identity.
  ports: [{ port: {{ .port }} }]
{{- end -}}
{{- end -}}
{{- else -}}
- to:
    - podSelector:
        matchLabels: {{- include "supabase.selector" . | nindent 10 }}
  ports: [{ port: http }]
{{- end -}}
{{- end -}}

{{/* Who may come in from outside the namespace. */}}
{{- define "supabase.edge.peers" -}}
{{- $edge := .Values.edge -}}
{{- if and (ne $edge.kind "none") (not $edge.namespaces) (not $edge.cidrs) -}}
{{- fail (printf "edge.kind is %q, but nobody may reach the gateway: set edge.namespaces or edge.cidrs." $edge.kind) -}}
{{- end -}}
{{- range $edge.namespaces }}
- namespaceSelector:
    matchLabels: { kubernetes.io/metadata.name: {{ . }} }
{{- end }}
{{- range $edge.cidrs }}
- ipBlock: { cidr: {{ . }} }
{{- end }}
{{- end -}}
