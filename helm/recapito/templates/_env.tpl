{{/* The settings of a service that are no secret, as environment variables. Argument: dict "root" $ "service" ... "settings" the process's values */}}
{{- define "recapito.env" -}}
{{- $root := .root }}
{{- $values := $root.Values }}
{{- $service := .service }}
{{- $catalogue := include "recapito.catalogue" $root | fromYaml }}
{{- $uses := (index $catalogue.services $service).uses }}
{{- $set := dict
  "RECAPITO_ENVIRONMENT" $values.environment
  "RECAPITO_LOG_LEVEL" $values.logLevel
  "RECAPITO_ADMIN_PORT" (toString $catalogue.ports.admin)
  "RECAPITO_SECRETS" "/run/secrets/recapito"
}}
{{- range (index $catalogue.services $service).calls }}
{{- $_ := set $set (printf "RECAPITO_%s_ADDRESS" (upper .)) (printf "%s-%s:%v" (include "recapito.fullname" $root) . $catalogue.ports.grpc) }}
{{- end }}
{{- with $values.telemetry.otlpEndpoint }}{{ $_ := set $set "RECAPITO_OTLP_ENDPOINT" . }}{{ end }}
{{- if $values.internalTls.enabled }}
{{- $_ := set $set "RECAPITO_TLS_CERTIFICATE_FILE" "/run/tls/tls.crt" }}
{{- $_ := set $set "RECAPITO_TLS_KEY_FILE" "/run/tls/tls.key" }}
{{- $_ := set $set "RECAPITO_TLS_CA_FILE" "/run/tls/ca.crt" }}
{{- end }}
{{- if has $service (list "identity" "notifications" "portal") }}{{ $_ := set $set "RECAPITO_PUBLIC_URL" (include "recapito.portalUrl" $root) }}{{ end }}
{{- if eq $service "identity" }}
{{- $_ := set $set "RECAPITO_API_URL" (include "recapito.apiUrl" $root) }}
{{- $_ := set $set "RECAPITO_SIGNING_KEY_DAYS" (toString $values.identity.signingKeyDays) }}
{{- end }}
{{- if eq $service "documents" }}{{ $_ := set $set "RECAPITO_TIME_ZONE" $values.timeZone }}{{ end }}
{{- if has $service (list "portal" "gateway") }}{{ $_ := set $set "RECAPITO_TRUSTED_PROXIES" (toString $values.trustedProxies) }}{{ end }}
{{- if eq $service "gateway" }}
{{- $_ := set $set "RECAPITO_PUBLIC_URL" (include "recapito.apiUrl" $root) }}
{{- $_ := set $set "RECAPITO_DOCUMENTS" (toString $values.apiDocuments) }}
{{- with $values.corsOrigins }}{{ $_ := set $set "RECAPITO_CORS_ORIGINS" (toJson .) }}{{ end }}
{{- end }}
{{- if has "mail" $uses }}
{{- $mail := $values.mail }}
{{- $_ := set $set "RECAPITO_SMTP_HOST" $mail.host }}
{{- $_ := set $set "RECAPITO_SMTP_PORT" (toString $mail.port) }}
{{- $_ := set $set "RECAPITO_SMTP_SECURITY" $mail.security }}
{{- with $mail.fromName }}{{ $_ := set $set "RECAPITO_MAIL_FROM_NAME" . }}{{ end }}
{{- with $mail.fromAddress }}{{ $_ := set $set "RECAPITO_MAIL_FROM_ADDRESS" . }}{{ end }}
{{- with $mail.replyTo }}{{ $_ := set $set "RECAPITO_MAIL_REPLY_TO" . }}{{ end }}
{{- with $mail.caSecret }}{{ $_ := set $set "RECAPITO_SMTP_CA_FILE" "/run/mail-ca/ca.crt" }}{{ end }}
{{- end }}
{{- if has "storage" $uses }}
{{- $_ := set $set "RECAPITO_STORAGE_URL" $values.storage.url }}
{{- with $values.storage.region }}{{ $_ := set $set "RECAPITO_STORAGE_REGION" . }}{{ end }}
{{- with $values.storage.endpoint }}{{ $_ := set $set "RECAPITO_STORAGE_ENDPOINT" . }}{{ end }}
{{- end }}
{{- range $name, $value := merge (dict) .settings.env $set }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- if $values.telemetry.otlpEndpoint }}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ printf "k8s.namespace.name=%s,k8s.pod.name=$(POD_NAME),service.version=%s,deployment.environment.name=%s" $root.Release.Namespace (include "recapito.tag" $root) $values.environment | quote }}
{{- end }}
{{- with .settings.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
