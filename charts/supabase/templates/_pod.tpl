{{/*
The pod of a component: hardened, probed, spread, and restarted when its configuration or its own secrets change.

  root, name     the chart's context and the component
  version        what the pods are called, the component if absent
  image          instead of the component's
  environment    YAML text: `secrets` (VARIABLE: <consumer>/<key>, or @<Secret>/<key>), `settings` (VARIABLE: text)
                 and `fields` (VARIABLE: a field of the pod)
  command, args  lists; the image's own if absent
  init           list of {name, command, args}: containers of the same image that end before the main one starts
  user           numeric user, 1000 if absent
  status         port of the probes where it is not the main one
  front          whether readiness is asked on the main port all the same, as load balancers outside of the cluster ask it
  finish         seconds that requests under way get when the pod goes, 40 if absent
  metrics        port of the metrics where it is not the main one
  ports          further ports: {name: number}
  live           path of the liveness probe where it is not that of readiness
  ready          command of all probes, where the component speaks no HTTP
  writable       list of {name, path, size, memory}: the only places where the container can write
  writableRoot   the reason why the whole file system has to be writable; absent means that it is not
  config         {path, text}: where the component's ConfigMap is mounted, and its content
  mounts         list of {name, path, volume, sub}: further volumes, read-only
  data           {name, path}: the claim that a StatefulSet mounts for writing
  token          whether the component asks the Kubernetes API
*/}}
{{- define "supabase.pod" -}}
{{- $root := .root -}}
{{- $component := index $root.Values.components .name -}}
metadata:
  labels: {{- include "supabase.selector" (list $root (.version | default .name)) | nindent 4 }}
  {{- $annotations := dict }}
  {{- with .config }}{{ $_ := set $annotations "checksum/config" (.text | sha256sum) }}{{ end }}
  {{- with (.environment | fromYaml).secrets }}{{ $_ := set $annotations "checksum/secrets" (include "supabase.secretsRevision" (list $root .)) }}{{ end }}
  {{- with $annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "supabase.name" (list $root .name) }}
  automountServiceAccountToken: {{ .token | default false }}
  enableServiceLinks: false # Variables like SUPABASE_AUTH_PORT would look like settings.
  terminationGracePeriodSeconds: {{ add $root.Values.rollout.drainSeconds (.finish | default 40) 10 }}
  securityContext: {{- include "supabase.podSecurity" (.user | default 1000) | nindent 4 }}
  {{- include "supabase.placement" (list $root $component.scheduling) | nindent 2 }}
  topologySpreadConstraints:
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "supabase.selector" (list $root ($.version | default $.name)) | nindent 10 }}
    {{- end }}
  {{- with .init }}
  initContainers:
    {{- range . }}
    - name: {{ .name }}
      command: {{- toYaml .command | nindent 8 }}
      {{- with .args }}
      args: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- include "supabase.container" $ | nindent 6 }}
    {{- end }}
  {{- end }}
  containers:
    - name: {{ .name }}
      {{- with .command }}
      command: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .args }}
      args: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- include "supabase.container" . | nindent 6 }}
      {{- include "supabase.ports" . | nindent 6 }}
      {{- include "supabase.probes" . | nindent 6 }}
      lifecycle:
        preStop:
          sleep: { seconds: {{ max 1 (int $root.Values.rollout.drainSeconds) }} } # Services stop sending before the process stops answering.
  {{- if or .writable .config .mounts }}
  volumes:
    {{- range .writable }}
    - name: {{ .name }}
      emptyDir: { sizeLimit: {{ .size }}{{ if .memory }}, medium: Memory{{ end }} }
    {{- end }}
    {{- if .config }}
    - name: config
      configMap: { name: {{ include "supabase.name" (list $root .name) }} }
    {{- end }}
    {{- range .mounts }}
    - name: {{ .name }}
      {{- toYaml .volume | nindent 6 }}
    {{- end }}
  {{- end }}
{{- end -}}

{{/* <user>: what holds for all containers of a pod. */}}
{{- define "supabase.podSecurity" -}}
{{- if gt (int .) 0 -}}
runAsNonRoot: true
{{- end }}
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{/* What one container may do: nothing that needs a privilege. */}}
{{- define "supabase.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* (list $ <scheduling, or nothing>): where a pod runs, and who may bring its images there. */}}
{{- define "supabase.placement" -}}
{{- $root := index . 0 -}}
{{- $scheduling := index . 1 | default $root.Values.scheduling -}}
{{- $placement := dict -}}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "priorityClassName" -}}
{{- with get $scheduling $key }}{{ $_ := set $placement $key . }}{{ end -}}
{{- end -}}
{{- range $root.Values.images.pullSecrets -}}
{{- $_ := set $placement "imagePullSecrets" (append ($placement.imagePullSecrets | default list) (dict "name" .)) -}}
{{- end -}}
{{- with $placement }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{/* What the containers of a pod have in common. */}}
{{- define "supabase.container" -}}
{{- $component := index .root.Values.components .name -}}
{{- $environment := .environment | fromYaml -}}
{{- with $environment.Error }}{{ fail (printf "%s: the environment is no YAML: %s" $.name .) }}{{ end -}}
image: {{ include "supabase.image" (list .root (.image | default $component.image)) | quote }}
imagePullPolicy: {{ .root.Values.images.pullPolicy }}
{{- with include "supabase.env" (merge (dict "root" .root "override" $component.env) $environment) | trim }}
env: {{- . | nindent 2 }}
{{- end }}
resources: {{- toYaml $component.resources | nindent 2 }}
securityContext:
  {{- include "supabase.containerSecurity" . | replace "readOnlyRootFilesystem: true" (printf "readOnlyRootFilesystem: %t" (not .writableRoot)) | nindent 2 }}
{{- if or .writable .config .mounts .data }}
volumeMounts:
  {{- range .writable }}
  - { name: {{ .name }}, mountPath: {{ .path }} }
  {{- end }}
  {{- with .data }}
  - { name: {{ .name }}, mountPath: {{ .path }} }
  {{- end }}
  {{- with .config }}
  - { name: config, mountPath: {{ .path }}, readOnly: true }
  {{- end }}
  {{- range .mounts }}
  - { name: {{ .name }}, mountPath: {{ .path }}, {{ with .sub }}subPath: {{ . }}, {{ end }}readOnly: true }
  {{- end }}
{{- end }}
{{- end -}}

{{- define "supabase.ports" -}}
{{- $component := index .root.Values.components .name -}}
ports:
  - { name: http, containerPort: {{ $component.port }} }
  {{- if and .status (ne (int .status) (int .metrics)) }}
  - { name: status, containerPort: {{ .status }} }
  {{- end }}
  {{- with .metrics }}
  - { name: metrics, containerPort: {{ . }} }
  {{- end }}
  {{- range $name, $number := .ports }}
  - { name: {{ $name }}, containerPort: {{ $number }} }
  {{- end }}
{{- end -}}

{{/* Time to start, then: is it ready for requests, and does it live at all? */}}
{{- define "supabase.probes" -}}
{{- $component := index .root.Values.components .name -}}
{{- $port := "http" -}}
{{- if .status }}{{ $port = eq (int .status) (int .metrics) | ternary "metrics" "status" }}{{ end -}}
{{- $front := ternary "http" $port (.front | default false) -}}
startupProbe:
  {{- include "supabase.probe" (list $ $component.health $front) | nindent 2 }}
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 90
readinessProbe:
  {{- include "supabase.probe" (list $ $component.health $front) | nindent 2 }}
  periodSeconds: 5
  timeoutSeconds: 3
livenessProbe:
  {{- include "supabase.probe" (list $ (.live | default $component.health) $port) | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end -}}

{{/* (list <arguments> <path> <port>) */}}
{{- define "supabase.probe" -}}
{{- with (index . 0).ready -}}
exec: { command: {{ toJson . }} }
{{- else -}}
httpGet: { path: {{ index . 1 | quote }}, port: {{ index . 2 }} }
{{- end -}}
{{- end -}}
