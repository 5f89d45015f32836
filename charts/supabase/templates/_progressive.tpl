{{/* (list $ <component>): the next version that runs beside the present one, with its share of requests; or nothing. */}}
{{- define "supabase.next" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $plan := get $root.Values.progressive $name | default dict -}}
{{- $strategy := $plan.strategy | default "none" -}}
{{- if and (ne $strategy "none") (include "supabase.enabled" .) -}}
{{- $say := printf "progressive.%s.%%s is required for the strategy %s: %%s." $name $strategy -}}
{{- $image := required (printf $say "image" "the version to try") $plan.image -}}
{{- $component := index $root.Values.components $name -}}
{{- if eq $strategy "canary" }}
{{- if not (hasKey $plan "weight") }}{{ fail (printf $say "weight" "the share of requests in percent that it gets") }}{{ end }}
{{ toYaml (dict "image" $image "weight" (int $plan.weight) "replicas" (int ($plan.replicas | default 1))) }}
{{- else }}
{{ toYaml (dict "image" $image "weight" (eq ($plan.active | default "present") "next" | ternary 100 0) "replicas" (int $component.replicas)) }}
{{- end }}
{{- end -}}
{{- end -}}
