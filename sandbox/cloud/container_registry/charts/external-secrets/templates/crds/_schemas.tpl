{{/* What the definitions share. The schemas hold the fields that the sandbox understands. */}}

{{/* Call with (dict "root" . "kind" "SecretStore" "short" "ss" "scope" "Namespaced"). */}}
{{- define "external-secrets.crd" -}}
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {{ lower .kind }}s.external-secrets.io
  labels:
    external-secrets.io/component: controller
  {{- with .root.Values.crds.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  group: external-secrets.io
  names:
    categories: [external-secrets]
    kind: {{ .kind }}
    listKind: {{ .kind }}List
    plural: {{ lower .kind }}s
    shortNames: [{{ .short }}]
    singular: {{ lower .kind }}
  scope: {{ .scope }}
{{- end }}

{{- define "external-secrets.object" -}}
apiVersion:
  type: string
kind:
  type: string
metadata:
  type: object
{{- end }}

{{- define "external-secrets.conditions" -}}
type: array
items:
  type: object
  required: [status, type]
  properties:
    type:
      type: string
    status:
      type: string
    reason:
      type: string
    message:
      type: string
    lastTransitionTime:
      type: string
      format: date-time
{{- end }}

{{- define "external-secrets.strings" -}}
type: object
additionalProperties:
  type: string
{{- end }}

{{- define "external-secrets.secretKeySelector" -}}
type: object
properties:
  name:
    type: string
    minLength: 1
    maxLength: 253
  namespace:
    type: string
    minLength: 1
    maxLength: 63
  key:
    type: string
    minLength: 1
    maxLength: 253
    pattern: ^[-._a-zA-Z0-9]+$
{{- end }}

{{- define "external-secrets.storeColumns" -}}
- name: AGE
  type: date
  jsonPath: .metadata.creationTimestamp
- name: Status
  type: string
  jsonPath: .status.conditions[?(@.type=="Ready")].reason
- name: Capabilities
  type: string
  jsonPath: .status.capabilities
- name: Ready
  type: string
  jsonPath: .status.conditions[?(@.type=="Ready")].status
{{- end }}

{{- define "external-secrets.storeSpec" -}}
type: object
required: [provider]
properties:
  controller:
    type: string
  refreshInterval:
    type: integer
  retrySettings:
    type: object
    properties:
      maxRetries:
        type: integer
        format: int32
      retryInterval:
        type: string
  conditions:
    type: array
    items:
      type: object
      properties:
        namespaces:
          type: array
          items:
            type: string
        namespaceRegexes:
          type: array
          items:
            type: string
        namespaceSelector:
          type: object
          x-kubernetes-map-type: atomic
          x-kubernetes-preserve-unknown-fields: true
  provider:
    type: object
    minProperties: 1
    maxProperties: 1
    properties:
      azurekv:
        type: object
        required: [vaultUrl]
        properties:
          authType:
            type: string
            default: ServicePrincipal
            enum: [ServicePrincipal, ManagedIdentity, WorkloadIdentity]
          vaultUrl:
            type: string
          tenantId:
            type: string
          environmentType:
            type: string
            default: PublicCloud
            enum: [PublicCloud, USGovernmentCloud, ChinaCloud, GermanCloud, AzureStackCloud]
          identityId:
            type: string
          useAzureSDK:
            type: boolean
            default: false
          authSecretRef:
            type: object
            properties:
              {{- range list "clientId" "clientSecret" "clientCertificate" "tenantId" }}
              {{ . }}:
                {{- include "external-secrets.secretKeySelector" $ | nindent 16 }}
              {{- end }}
          serviceAccountRef:
            type: object
            required: [name]
            properties:
              name:
                type: string
                minLength: 1
                maxLength: 253
              namespace:
                type: string
                minLength: 1
                maxLength: 63
              audiences:
                type: array
                items:
                  type: string
          customCloudConfig:
            type: object
            required: [activeDirectoryEndpoint]
            properties:
              activeDirectoryEndpoint:
                type: string
              keyVaultEndpoint:
                type: string
              keyVaultDNSSuffix:
                type: string
              resourceManagerEndpoint:
                type: string
{{- end }}

{{- define "external-secrets.storeStatus" -}}
type: object
properties:
  capabilities:
    type: string
  conditions:
    {{- include "external-secrets.conditions" . | nindent 4 }}
{{- end }}

{{- define "external-secrets.storeRef" -}}
type: object
properties:
  name:
    type: string
    minLength: 1
    maxLength: 253
  kind:
    type: string
    enum: [SecretStore, ClusterSecretStore]
{{- end }}

{{- define "external-secrets.strategies" -}}
conversionStrategy:
  type: string
  default: Default
  enum: [Default, Unicode]
decodingStrategy:
  type: string
  default: None
  enum: [Auto, Base64, Base64URL, None]
{{- end }}

{{- define "external-secrets.remoteRef" -}}
type: object
required: [key]
properties:
  key:
    type: string
  property:
    type: string
  version:
    type: string
  metadataPolicy:
    type: string
    default: None
    enum: [None, Fetch]
  nullBytePolicy:
    type: string
    enum: [Ignore, Fail]
  {{- include "external-secrets.strategies" . | nindent 2 }}
{{- end }}

{{- define "external-secrets.sourceRef" -}}
type: object
maxProperties: 1
minProperties: 1
properties:
  storeRef:
    {{- include "external-secrets.storeRef" . | nindent 4 }}
  generatorRef:
    type: object
    required: [kind, name]
    properties:
      apiVersion:
        type: string
        default: generators.external-secrets.io/v1alpha1
      kind:
        type: string
      name:
        type: string
{{- end }}

{{- define "external-secrets.secretSpec" -}}
type: object
properties:
  refreshPolicy:
    type: string
    enum: [CreatedOnce, Periodic, OnChange]
  refreshInterval:
    type: string
    default: 1h0m0s
  secretStoreRef:
    {{- include "external-secrets.storeRef" . | nindent 4 }}
  syncWindows:
    type: array
    items:
      type: object
      x-kubernetes-preserve-unknown-fields: true
  target:
    type: object
    default:
      creationPolicy: Owner
      deletionPolicy: Retain
    properties:
      name:
        type: string
        minLength: 1
        maxLength: 253
      creationPolicy:
        type: string
        default: Owner
        enum: [Owner, Orphan, Merge, CreateOrMerge, None]
      deletionPolicy:
        type: string
        default: Retain
        enum: [Delete, Merge, Retain]
      immutable:
        type: boolean
      template:
        type: object
        properties:
          engineVersion:
            type: string
            default: v2
            enum: [v2]
          mergePolicy:
            type: string
            default: Replace
            enum: [Replace, Merge]
          type:
            type: string
          data:
            {{- include "external-secrets.strings" . | nindent 12 }}
          metadata:
            type: object
            properties:
              annotations:
                {{- include "external-secrets.strings" . | nindent 16 }}
              labels:
                {{- include "external-secrets.strings" . | nindent 16 }}
              finalizers:
                type: array
                items:
                  type: string
          templateFrom:
            type: array
            items:
              type: object
              x-kubernetes-preserve-unknown-fields: true
  data:
    type: array
    items:
      type: object
      required: [remoteRef, secretKey]
      properties:
        secretKey:
          type: string
          minLength: 1
          maxLength: 253
          pattern: ^[-._a-zA-Z0-9]+$
        remoteRef:
          {{- include "external-secrets.remoteRef" . | nindent 10 }}
        sourceRef:
          {{- include "external-secrets.sourceRef" . | nindent 10 }}
  dataFrom:
    type: array
    items:
      type: object
      properties:
        extract:
          {{- include "external-secrets.remoteRef" . | nindent 10 }}
        find:
          type: object
          properties:
            path:
              type: string
            name:
              type: object
              properties:
                regexp:
                  type: string
            tags:
              {{- include "external-secrets.strings" . | nindent 14 }}
            {{- include "external-secrets.strategies" . | nindent 12 }}
        rewrite:
          type: array
          items:
            type: object
            x-kubernetes-preserve-unknown-fields: true
        sourceRef:
          {{- include "external-secrets.sourceRef" . | nindent 10 }}
{{- end }}
