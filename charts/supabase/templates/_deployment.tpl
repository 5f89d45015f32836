{{/*
The Deployment of a component, and that of its next version where one is tried; the arguments are those of the pod.

  root, name     the chart's context and the component
*/}}
{{- define "supabase.deployment" -}}
{{- include "supabase.deployment.version" (merge (dict "version" .name) .) }}
{{- with include "supabase.next" (list .root .name) | fromYaml }}
---
{{ include "supabase.deployment.version" (merge (dict "version" (printf "%s-next" $.name) "next" .) $) }}
{{- else }}
{{- include "supabase.next.ended" (list .root .name) }}
{{- end }}
{{- end -}}

{{/* One of the two: `version` is the component or its next version, `next` what is said of the latter. */}}
{{- define "supabase.deployment.version" -}}
{{- $root := .root -}}
apiVersion: apps/v1
kind: Deployment
metadata: {{- include "supabase.metadata" (list $root .version) | nindent 2 }}
  {{- $annotations := dict }}
  {{- if $root.Values.rollout.reloader }}{{ $_ := set $annotations "reloader.stakater.com/auto" "true" }}{{ end }}
  {{- with .next }}{{ $_ := set $annotations "weight" (toString .weight) }}{{ end }}
  {{- with $annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- if or (and .next (not .next.scaled)) (not (include "supabase.scaled" (list $root .name))) }}
  replicas: {{ (.next | default (index $root.Values.components .name)).replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  minReadySeconds: {{ $root.Values.rollout.minReadySeconds }}
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
  selector:
    matchLabels: {{- include "supabase.selector" (list $root .version) | nindent 6 }}
  template: {{- include "supabase.pod" (merge (dict "image" (.next | default dict).image) .) | nindent 4 }}
{{- end -}}

{{/* (list $ <component>): the bounds of its autoscaler, if it has one. */}}
{{- define "supabase.scaled" -}}
{{- $bounds := get (index . 0).Values.autoscaling (index . 1) | default dict -}}
{{- if and $bounds (dig "enabled" true $bounds) (include "supabase.enabled" .) }}{{ toYaml $bounds }}{{ end -}}
{{- end -}}
