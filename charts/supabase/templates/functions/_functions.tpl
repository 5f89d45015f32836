{{/* The functions of this release: {name: {configMap, secret, verifyJwt, variables}}, complete. */}}
{{- define "supabase.functions.deployed" -}}
{{- $public := list "SUPABASE_URL" "SUPABASE_PUBLIC_URL" "SUPABASE_ANON_KEY" "SUPABASE_PUBLISHABLE_KEYS" -}}
{{- $all := dict -}}
{{- if .Values.functions.hello -}}
{{- $_ := set $all "hello" (dict "configMap" (include "supabase.name" (list . "functions-hello")) "variables" list) -}}
{{- end -}}
{{- range $name, $function := .Values.functions.deployed -}}
{{- if or (eq $name "main") (hasKey $all $name) -}}
{{- fail (printf "functions.deployed.%s: this name is taken; choose another, or set functions.hello to false." $name) -}}
{{- end -}}
{{- $_ := set $all $name (merge (dict) $function (dict "variables" $public)) -}}
{{- end -}}
{{- range $all }}{{ if not (hasKey . "verifyJwt") }}{{ $_ := set . "verifyJwt" $.Values.functions.verifyJwt }}{{ end }}{{ end -}}
{{- toJson $all -}}
{{- end -}}

{{/* What the main function knows about the others. */}}
{{- define "supabase.functions.config" -}}
{{- $told := dict -}}
{{- range $name, $function := include "supabase.functions.deployed" . | fromJson -}}
{{- $_ := set $told $name (pick $function "verifyJwt" "variables") -}}
{{- end -}}
index.ts: | {{- .Files.Get "files/functions/main.ts" | nindent 2 }}
functions.json: {{ dict "memory" (int .Values.functions.workerMemory) "seconds" (int .Values.functions.workerSeconds) "functions" $told | toJson | quote }}
{{- end -}}

{{/* The files of the functions, and the secrets of those that have some. */}}
{{- define "supabase.functions.mounts" -}}
{{- range $name, $function := include "supabase.functions.deployed" . | fromJson }}
- name: function-{{ $name }}
  path: /home/deno/functions/{{ $name }}
  volume: { configMap: { name: {{ $function.configMap }} } }
{{- with $function.secret }}
- name: secrets-{{ $name }}
  path: /run/functions/{{ $name }}
  volume: { secret: { secretName: {{ . }} } }
{{- end }}
{{- end }}
{{- end -}}
