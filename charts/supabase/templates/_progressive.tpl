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
{{ toYaml (dict "image" $image "weight" (eq ($plan.active | default "present") "next" | ternary 100 0) "replicas" (int $component.replicas) "scaled" true) }}
{{- end }}
{{- end -}}
{{- end -}}

{{/*
(list $ <component>): refuses to take a next version away that the deployed release still sends requests to. Gateways
that have not been replaced yet would go on sending them there, to nobody.
*/}}
{{- define "supabase.next.ended" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $deployed := lookup "apps/v1" "Deployment" $root.Release.Namespace (include "supabase.name" (list $root (printf "%s-next" $name))) -}}
{{- $weight := dig "metadata" "annotations" "weight" "0" ($deployed | default dict) -}}
{{- if gt (int $weight) 0 -}}
{{- fail (printf "progressive.%s: %s of 100 requests still go to the next version. Release once with `weight: 0` (blueGreen: `active: present`), with the component's image if it is promoted; then take the entry away." $name $weight) -}}
{{- end -}}
{{- end -}}
