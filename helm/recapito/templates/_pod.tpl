{{/* A pod of a service. Argument: dict "root" $ "service" ... "process" ... "settings" the process's values */}}

{{- define "recapito.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "recapito.podSecurityContext" -}}
runAsNonRoot: true
{{- if not .Values.openshift }}
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "recapito.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if include "recapito.secretSources" . | trim }}
- name: secrets
  mountPath: /run/secrets/recapito
  readOnly: true
{{- end }}
{{- if .root.Values.internalTls.enabled }}
- name: tls
  mountPath: /run/tls
  readOnly: true
{{- end }}
{{- if and (eq .service "notifications") .root.Values.mail.caSecret }}
- name: mail-ca
  mountPath: /run/mail-ca
  readOnly: true
{{- end }}
{{- with .settings.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "recapito.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ .settings.tmpSize }}
{{- with include "recapito.secretSources" . | trim }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- . | nindent 6 }}
{{- end }}
{{- if .root.Values.internalTls.enabled }}
- name: tls
  secret:
    secretName: {{ include "recapito.fullname" .root }}-{{ .service }}-tls
    defaultMode: 0440
{{- end }}
{{- with and (eq .service "notifications") .root.Values.mail.caSecret }}
- name: mail-ca
  secret:
    secretName: {{ . }}
    items: [{key: ca.crt, path: ca.crt}]
{{- end }}
{{- with .settings.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A container that runs one command of the service's program. Further argument: "name", "command" list */}}
{{- define "recapito.container" -}}
- name: {{ .name }}
  image: {{ include "recapito.image" . }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args: {{ prepend .command (printf "services.%s" .service) | toJson }}
  env:
    {{- include "recapito.env" . | trim | nindent 4 }}
  {{- with .settings.envFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- mergeOverwrite (include "recapito.securityContext" .root | fromYaml) (deepCopy .settings.securityContext) | toYaml | nindent 4 }}
  resources:
    {{- toYaml .settings.resources | nindent 4 }}
  volumeMounts:
    {{- include "recapito.volumeMounts" . | trim | nindent 4 }}
{{- end }}

{{/* What pods of processes and of migrations have in common. */}}
{{- define "recapito.podBase" -}}
serviceAccountName: {{ include "recapito.fullname" .root }}-{{ .service }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- mergeOverwrite (include "recapito.podSecurityContext" .root | fromYaml) (deepCopy .settings.podSecurityContext) | toYaml | nindent 2 }}
dnsConfig:
  options: [{name: ndots, value: "2"}]
{{- with .settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
volumes:
  {{- include "recapito.volumes" . | trim | nindent 2 }}
{{- end }}

{{/*
How the kubelet asks. A server is asked over gRPC; behind mutual TLS, which the kubelet does not speak, and elsewhere over the admin port.
Only readiness of workers and of the web asks what the process needs: a server without its database answers UNAVAILABLE by itself, which is
sooner and clearer than a name without addresses. Liveness never depends on anything else. Further argument: "probe" startup|liveness|readiness
*/}}
{{- define "recapito.probe" -}}
{{- $ports := (include "recapito.catalogue" .root | fromYaml).ports }}
{{- if eq .process "server" }}
{{- if .root.Values.internalTls.enabled }}
httpGet: {path: /livez, port: admin}
{{- else }}
grpc: {port: {{ $ports.grpc }}}
{{- end }}
{{- else }}
httpGet: {path: {{ eq .probe "readiness" | ternary "/readyz" "/livez" }}, port: admin}
{{- end }}
{{ index .settings.probes .probe | toYaml }}
{{- end }}

{{- define "recapito.pod" -}}
{{- $ports := (include "recapito.catalogue" .root | fromYaml).ports -}}
{{- $name := printf "%s-%s" .service .process -}}
{{ include "recapito.podBase" . }}
terminationGracePeriodSeconds: {{ .settings.terminationGracePeriodSeconds }}
topologySpreadConstraints:
  {{- if kindIs "slice" .settings.topologySpreadConstraints }}
  {{- toYaml .settings.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "recapito.selector" $ | nindent 8 }}
  {{- end }}
  {{- end }}
{{- $waits := has "database" (index (include "recapito.catalogue" .root | fromYaml) "services" .service).uses }}
{{- if or $waits .settings.initContainers }}
initContainers:
  {{- if $waits }}
  {{- include "recapito.container" (merge (dict "name" "await-schema" "command" (list "await-schema")) .) | nindent 2 }}
  {{- end }}
  {{- with .settings.initContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
containers:
  {{- include "recapito.container" (merge (dict "name" .process "command" (list .process)) .) | nindent 2 }}
    ports:
      {{- if eq .process "server" }}
      - {name: grpc, containerPort: {{ $ports.grpc }}}
      {{- else if eq .process "web" }}
      - {name: http, containerPort: {{ $ports.http }}}
      {{- end }}
      - {name: admin, containerPort: {{ $ports.admin }}}
    {{- range $probe := list "startup" "liveness" "readiness" }}
    {{ $probe }}Probe:
      {{- include "recapito.probe" (merge (dict "probe" $probe) $) | trim | nindent 6 }}
    {{- end }}
    {{- if .settings.preStopSleepSeconds }}
    lifecycle:
      preStop: {sleep: {seconds: {{ .settings.preStopSleepSeconds }}}}
    {{- end }}
  {{- with .settings.extraContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "recapito.podMetadata" -}}
labels:
  {{- include "recapito.labels" . | nindent 2 }}
  {{- with .settings.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) .settings.podAnnotations .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
