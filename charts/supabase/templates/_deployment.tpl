{{/*
The whole Deployment of a component: hardened, probed, spread, and restarted when its configuration or secrets change.

  root, name     the chart's context and the component
  environment    YAML text: `secrets` (VARIABLE: <secret>/<key>) and `settings` (VARIABLE: text)
  command        list; the image's own if absent
  user           numeric user, 1000 if absent
  status         port of the probes where it is not the main one
  metrics        port of the metrics, for those whom `telemetry.scrapers` names
  live           path of the liveness probe where it is not that of readiness
  writable       list of {name, path, size, memory}: the only places where the container can write
  config         {path, text}: where the component's ConfigMap is mounted, and its content
*/}}
{{- define "supabase.deployment" -}}
{{- $component := index .root.Values.components .name -}}
{{- $present := dict "version" .name "image" $component.image "replicas" (hasKey .root.Values.autoscaling .name | ternary nil $component.replicas) -}}
{{- include "supabase.deployment.version" (merge $present .) }}
{{- with include "supabase.next" (list .root .name) | fromYaml }}
---
{{ include "supabase.deployment.version" (merge (dict "version" (printf "%s-next" $.name) "image" .image "replicas" .replicas) $) }}
{{- end }}
{{- end -}}

{{/* The same with `version` (the component, or its next version), `image` and `replicas` of one of the two. */}}
{{- define "supabase.deployment.version" -}}
{{- $component := index .root.Values.components .name -}}
{{- $environment := .environment | fromYaml -}}
{{- with $environment.Error }}{{ fail (printf "%s: the environment is no YAML: %s" $.name .) }}{{ end -}}
{{- $port := ternary "status" "http" (hasKey . "status") -}}
apiVersion: apps/v1
kind: Deployment
metadata: {{- include "supabase.metadata" (list .root .version) | nindent 2 }}
spec:
  {{- with .replicas }}
  replicas: {{ . }}
  {{- end }}
  revisionHistoryLimit: 3
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
  selector:
    matchLabels: {{- include "supabase.selector" (list .root .version) | nindent 6 }}
  template:
    metadata:
      labels: {{- include "supabase.selector" (list .root .version) | nindent 8 }}
      annotations:
        {{- with .config }}
        checksum/config: {{ .text | sha256sum }}
        {{- end }}
        checksum/secrets: {{ .root.Values.secretsRevision | quote }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false # Variables like SUPABASE_AUTH_PORT would look like settings.
      terminationGracePeriodSeconds: 60
      securityContext:
        runAsNonRoot: true
        runAsUser: {{ .user | default 1000 }}
        runAsGroup: {{ .user | default 1000 }}
        fsGroup: {{ .user | default 1000 }}
        seccompProfile: { type: RuntimeDefault }
      topologySpreadConstraints:
        {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "supabase.selector" (list $.root $.version) | nindent 14 }}
        {{- end }}
      containers:
        - name: {{ .name }}
          image: {{ .image | quote }}
          {{- with .command }}
          command: {{- toYaml . | nindent 12 }}
          {{- end }}
          ports:
            - { name: http, containerPort: {{ $component.port }} }
            {{- with .status }}
            - { name: status, containerPort: {{ . }} }
            {{- end }}
            {{- with .metrics }}
            - { name: metrics, containerPort: {{ . }} }
            {{- end }}
          env: {{- include "supabase.env" (dict "root" .root "secrets" $environment.secrets "settings" $environment.settings) | trim | nindent 12 }}
          startupProbe:
            httpGet: { path: {{ $component.health | quote }}, port: {{ $port }} }
            periodSeconds: 2
            timeoutSeconds: 3
            failureThreshold: 90
          readinessProbe:
            httpGet: { path: {{ $component.health | quote }}, port: {{ $port }} }
            periodSeconds: 5
            timeoutSeconds: 3
          livenessProbe:
            httpGet: { path: {{ .live | default $component.health | quote }}, port: {{ $port }} }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          lifecycle:
            preStop:
              sleep: { seconds: 10 } # The Service stops sending before the process stops answering.
          resources: {{- toYaml $component.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          {{- if or .writable .config }}
          volumeMounts:
            {{- range .writable }}
            - { name: {{ .name }}, mountPath: {{ .path }} }
            {{- end }}
            {{- with .config }}
            - { name: config, mountPath: {{ .path }}, readOnly: true }
            {{- end }}
          {{- end }}
      {{- if or .writable .config }}
      volumes:
        {{- range .writable }}
        - name: {{ .name }}
          emptyDir: { sizeLimit: {{ .size }}{{ if .memory }}, medium: Memory{{ end }} }
        {{- end }}
        {{- if .config }}
        - name: config
          configMap: { name: {{ include "supabase.name" (list .root .name) }} }
        {{- end }}
      {{- end }}
{{- end -}}
