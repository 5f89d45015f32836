{{/* "true" where the database is an external one that this chart prepares. */}}
{{- define "supabase.database.prepared" -}}
{{- if and .Values.database.bootstrap.enabled (not (include "supabase.enabled" (list . "db"))) }}true{{ end -}}
{{- end -}}

{{/* (list $ <component> <events> <weight> <delete policy>): metadata of a hook. */}}
{{- define "supabase.hook" -}}
{{ include "supabase.metadata" (list (index . 0) (index . 1)) }}
annotations:
  helm.sh/hook: {{ index . 2 }}
  helm.sh/hook-weight: {{ index . 3 | quote }}
  helm.sh/hook-delete-policy: {{ index . 4 }}
{{- end -}}

{{/* (list $ "apply"): the spec of a Job that runs bootstrap.sh so. */}}
{{- define "supabase.database.job" -}}
{{- $root := index . 0 -}}
{{- $verb := index . 1 -}}
{{- $bootstrap := $root.Values.database.bootstrap -}}
{{- $realtime := and (eq $verb "apply") (include "supabase.enabled" (list $root "realtime")) -}}
backoffLimit: 0 # The script waits by itself, and a failure is an answer.
activeDeadlineSeconds: {{ add $bootstrap.patience 60 }}
template:
  metadata:
    labels: {{- include "supabase.selector" (list $root "database") | nindent 6 }}
    annotations:
      checksum/secrets: {{ get $root.Values.secretsRevisions (include "supabase.secretName" (list $root "database")) | quote }}
  spec:
    restartPolicy: Never
    automountServiceAccountToken: false
    enableServiceLinks: false
    # The image's own user: psql wants one with a name.
    securityContext: {{- include "supabase.podSecurity" 999 | nindent 6 }}
    {{- include "supabase.placement" (list $root nil) | nindent 4 }}
    {{- if $realtime }}
    initContainers:
      - name: realtime-schema # What Realtime's migrations lead to, as its own image holds it.
        command: [sh, -c, 'set -- /app/lib/realtime-*/priv/repo/tenant_db_dump_*.sql; test ! -e "$1" || cp "$@" /schemas/']
        {{- include "supabase.database.container" (list $root $root.Values.components.realtime.image) | nindent 8 }}
        volumeMounts:
          - { name: schemas, mountPath: /schemas }
    {{- end }}
    containers:
      - name: database
        command: [sh, /bootstrap/bootstrap.sh, {{ $verb }}]
        {{- include "supabase.database.container" (list $root $bootstrap.image) | nindent 8 }}
        env:
          - { name: PGHOST, value: {{ include "supabase.database.host" $root | quote }} }
          - { name: PGPORT, value: {{ include "supabase.database.port" $root | quote }} }
          - { name: PGDATABASE, value: {{ include "supabase.database.name" $root | quote }} }
          - { name: PGSSLMODE, value: {{ include "supabase.database.sslMode" $root }} }
          - { name: EXTENSIONS, value: {{ join " " $bootstrap.extensions | quote }} }
          - { name: OPTIONAL_EXTENSIONS, value: {{ join " " $bootstrap.optionalExtensions | quote }} }
          - { name: PATIENCE, value: {{ $bootstrap.patience | int64 | quote }} }
          - { name: CHART, value: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | quote }} }
          - { name: SECRETS, value: /secrets }
          {{- if $realtime }}
          - { name: SCHEMAS, value: /schemas }
          {{- end }}
        volumeMounts:
          - { name: steps, mountPath: /bootstrap, readOnly: true }
          - { name: secrets, mountPath: /secrets, readOnly: true }
          {{- if $realtime }}
          - { name: schemas, mountPath: /schemas, readOnly: true }
          {{- end }}
    volumes:
      - name: steps
        configMap: { name: {{ include "supabase.name" (list $root "database") }} }
      - name: secrets
        secret: { secretName: {{ include "supabase.secretName" (list $root "database") | quote }}, defaultMode: 0440 }
      {{- if $realtime }}
      - name: schemas
        emptyDir: { sizeLimit: 16Mi }
      {{- end }}
{{- end -}}

{{/* (list $ <image>) */}}
{{- define "supabase.database.container" -}}
{{- $root := index . 0 -}}
image: {{ include "supabase.image" . | quote }}
imagePullPolicy: {{ $root.Values.images.pullPolicy }}
resources: {{- toYaml $root.Values.database.bootstrap.resources | nindent 2 }}
securityContext: {{- include "supabase.containerSecurity" $root | nindent 2 }}
{{- end -}}
