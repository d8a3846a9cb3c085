{{/* Names and labels. Selector labels never change: they hold no version and nothing that values may add. */}}

{{- define "recapito.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 30 | trimSuffix "-" }}
{{- end }}

{{/* 30 characters leave room for "-notifications-migrate-12345678" within the 63 of a label. */}}
{{- define "recapito.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 30 | trimSuffix "-" }}
{{- else if contains (include "recapito.name" .) .Release.Name }}
{{- .Release.Name | trunc 30 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "recapito.name" .) | trunc 30 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "recapito.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "recapito.tag" -}}
{{- .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Of every object. Argument: dict "root" $ ["service" ...] ["process" ...] */}}
{{- define "recapito.labels" -}}
helm.sh/chart: {{ include "recapito.chart" .root }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: recapito
app.kubernetes.io/version: {{ include "recapito.tag" .root | replace "+" "_" | replace ":" "_" | trunc 63 | trimSuffix "-" | quote }}
{{ include "recapito.selector" . }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Of selectors. Same argument; without service: all pods of the release. */}}
{{- define "recapito.selector" -}}
app.kubernetes.io/name: {{ include "recapito.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .service }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- with .process }}
recapito/process: {{ . }}
{{- end }}
{{- end }}

{{/* metadata of an object. Argument: dict "root" $ "name" "suffix of its name" ["service" ...] ["process" ...] ["annotations" dict] */}}
{{- define "recapito.metadata" -}}
{{- $fullname := include "recapito.fullname" .root -}}
name: {{ list $fullname .name | compact | join "-" }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "recapito.labels" . | nindent 2 }}
{{- $annotations := merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "recapito.image" -}}
{{- $image := .root.Values.image -}}
{{- $path := printf "%s/%s" $image.repository .service -}}
{{- with .root.Values.global.imageRegistry }}{{ $path = printf "%s/%s" . $path }}{{ end -}}
{{- $digest := index $image.digests .service | default "" -}}
{{- if $digest }}{{ $path }}@{{ $digest }}{{ else }}{{ $path }}:{{ include "recapito.tag" .root }}{{ end }}
{{- end }}

{{- define "recapito.catalogue" -}}
{{- .Files.Get "files/catalogue.yaml" }}
{{- end }}

{{- define "recapito.portalUrl" -}}
{{ .Values.hosts.scheme }}://{{ .Values.hosts.portal }}
{{- end }}

{{- define "recapito.apiUrl" -}}
{{ .Values.hosts.scheme }}://{{ .Values.hosts.api | default .Values.hosts.portal }}
{{- end }}

{{/* The values of one process: the defaults, overridden by its own. Argument: dict "root" $ "service" ... "process" ... */}}
{{- define "recapito.process" -}}
{{- mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy (index .root.Values.services .service .process | default dict)) | toYaml }}
{{- end }}
