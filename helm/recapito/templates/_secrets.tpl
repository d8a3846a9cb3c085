{{/*
The name of the Secret that holds a credential: what values name, else what the External Secrets operator makes, else what the
database's or the broker's operator makes, else (for the application's own secrets) what this chart makes.
Argument: dict "root" $ "name" "application | database-<service> | broker-<service> | mail | storage | providers"
*/}}
{{- define "recapito.secretName" -}}
{{- $values := .root.Values -}}
{{- $fullname := include "recapito.fullname" .root -}}
{{- $service := regexReplaceAll "^(database|broker)-" .name "" -}}
{{- $given := "" -}}
{{- if eq .name "application" }}{{ $given = $values.secrets.existingSecret }}
{{- else if hasPrefix "database-" .name }}{{ $given = index $values.database.existingSecrets $service }}
{{- else if hasPrefix "broker-" .name }}{{ $given = index $values.broker.existingSecrets $service | default $values.broker.existingSecret }}
{{- else if eq .name "mail" }}{{ $given = $values.mail.existingSecret }}
{{- else if eq .name "storage" }}{{ $given = $values.storage.existingSecret }}
{{- else if eq .name "providers" }}{{ $given = $values.identity.providersSecret }}
{{- end }}
{{- if $given }}{{ $given }}
{{- else if and $values.externalSecrets.enabled (hasKey $values.externalSecrets.keys .name) }}{{ $fullname }}-{{ .name }}
{{- else if and (hasPrefix "broker-" .name) $values.externalSecrets.enabled (hasKey $values.externalSecrets.keys "broker") }}{{ $fullname }}-broker
{{- else if and (hasPrefix "database-" .name) (eq $values.database.mode "cnpg") }}{{ $fullname }}-db-{{ $service }}-app
{{- else if and (hasPrefix "broker-" .name) (eq $values.broker.mode "operator") }}{{ $fullname }}-broker-default-user
{{- else if eq .name "application" }}{{ $fullname }}-application
{{- end }}
{{- end }}

{{/* The key of the URL in the Secrets of databases and broker: operators have names of their own. */}}
{{- define "recapito.databaseKey" -}}
{{- if and (eq .root.Values.database.mode "cnpg") (not (index .root.Values.database.existingSecrets .service)) }}uri{{ else }}{{ .root.Values.database.secretKey }}{{ end }}
{{- end }}

{{- define "recapito.brokerKey" -}}
{{- $given := index .root.Values.broker.existingSecrets .service | default .root.Values.broker.existingSecret }}
{{- if and (eq .root.Values.broker.mode "operator") (not $given) }}connection_string{{ else }}{{ .root.Values.broker.secretKey }}{{ end }}
{{- end }}

{{/* What a service reads from /run/secrets/recapito: only its own. The name of each file is that of the setting. */}}
{{- define "recapito.secretSources" -}}
{{- $root := .root }}
{{- $service := .service }}
{{- $uses := (index (include "recapito.catalogue" $root | fromYaml) "services" $service).uses }}
{{- $keys := $root.Values.secrets.keys }}
{{- $own := list }}
{{- if not $root.Values.internalTls.enabled }}{{ $own = append $own (dict "key" $keys.internal "path" "recapito_internal_secret") }}{{ end }}
{{- if eq $service "identity" }}{{ $own = append $own (dict "key" $keys.identity "path" "recapito_identity_secret") }}{{ end }}
{{- if eq $service "portal" }}{{ $own = append $own (dict "key" $keys.web "path" "recapito_web_secret") }}{{ end }}
{{- with $own }}
- secret:
    name: {{ include "recapito.secretName" (dict "root" $root "name" "application") }}
    items:
      {{- toYaml . | nindent 6 }}
{{- end }}
{{- if has "database" $uses }}
- secret:
    name: {{ include "recapito.secretName" (dict "root" $root "name" (printf "database-%s" $service)) }}
    items:
      - key: {{ include "recapito.databaseKey" (dict "root" $root "service" $service) }}
        path: recapito_database_url
{{- end }}
{{- if has "broker" $uses }}
- secret:
    name: {{ include "recapito.secretName" (dict "root" $root "name" (printf "broker-%s" $service)) }}
    items:
      - key: {{ include "recapito.brokerKey" (dict "root" $root "service" $service) }}
        path: recapito_bus_url
{{- end }}
{{- with and (has "mail" $uses) (include "recapito.secretName" (dict "root" $root "name" "mail")) }}
- secret:
    name: {{ . }}
    items:
      - key: {{ $root.Values.mail.secretKeys.user }}
        path: recapito_smtp_user
      - key: {{ $root.Values.mail.secretKeys.password }}
        path: recapito_smtp_password
{{- end }}
{{- with and (has "storage" $uses) (include "recapito.secretName" (dict "root" $root "name" "storage")) }}
- secret:
    name: {{ . }}
    items:
      - key: {{ $root.Values.storage.secretKeys.accessKeyId }}
        path: recapito_storage_access_key_id
      - key: {{ $root.Values.storage.secretKeys.secretAccessKey }}
        path: recapito_storage_secret_access_key
{{- end }}
{{- with and (eq $service "identity") (include "recapito.secretName" (dict "root" $root "name" "providers")) }}
- secret:
    name: {{ . }}
    items:
      - key: providers
        path: recapito_identity_providers
{{- end }}
{{- end }}
