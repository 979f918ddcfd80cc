{{- define "touchstone.name" -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{- end }}

{{- define "touchstone.labels" -}}
app.kubernetes.io/name: touchstone
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "touchstone.selector" -}}
app.kubernetes.io/name: touchstone
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "touchstone.image" -}}
{{- if .Values.image.digest -}}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}{{ .Values.image.repository }}:{{ .Values.image.tag }}{{- end -}}
{{- end }}

{{- define "touchstone.claim" -}}
{{ .Values.persistence.existingClaim | default (printf "%s-home" (include "touchstone.name" .)) }}
{{- end }}

{{- define "touchstone.env" -}}
- {name: PUBLIC_URL, value: {{ .Values.publicUrl | quote }}}
- {name: ALLOWED_HOSTS, value: {{ .Values.allowedHosts | quote }}}
- {name: CSRF_TRUSTED_ORIGINS, value: {{ .Values.publicUrl | quote }}}
- {name: BEHIND_TLS_PROXY, value: "1"}
- {name: TRUSTED_PROXY_COUNT, value: "1"}
- {name: SECRET_KEY_FILE, value: /run/secrets/touchstone/secret-key}
- {name: DATABASE_URL_FILE, value: /run/secrets/touchstone/database-app-url}
- {name: BROKER_URL_FILE, value: /run/secrets/touchstone/broker-url}
- {name: METRICS_TOKEN_FILE, value: /run/secrets/touchstone/metrics-token}
- {name: BLOB_STORAGE, value: {{ .Values.blobs.storage | quote }}}
- {name: BLOB_STORAGE_OPTIONS, value: {{ .Values.blobs.options | toJson | quote }}}
{{- if .Values.secrets.keys }}
- {name: AUDIT_SIGNING_KEY_FILE, value: /run/secrets/touchstone-keys/audit_signing.key}
- {name: AUDIT_SUBJECT_KEY_FILE, value: /run/secrets/touchstone-keys/audit_subjects.key}
- {name: REPORT_SIGNING_KEY_FILE, value: /run/secrets/touchstone-keys/report_signing.key}
- {name: AUDIT_MARK_FILE, value: /var/lib/touchstone/audit.mark}
{{- end }}
{{- range $name, $value := .Values.env }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "touchstone.envFrom" -}}
{{- with .Values.blobs.credentialsSecret }}
envFrom:
  - secretRef: {name: {{ . }}}
{{- end }}
{{- end }}

{{- define "touchstone.mounts" -}}
- {name: home, mountPath: /var/lib/touchstone}
- {name: tmp, mountPath: /tmp}
- {name: site, mountPath: /run/secrets/touchstone, readOnly: true}
{{- if .Values.secrets.keys }}
- {name: keys, mountPath: /run/secrets/touchstone-keys, readOnly: true}
{{- end }}
{{- end }}

{{- define "touchstone.volumes" -}}
- name: home
  persistentVolumeClaim: {claimName: {{ include "touchstone.claim" . }}}
- name: tmp
  emptyDir: {sizeLimit: 8Gi}
- name: site
  secret: {secretName: {{ .Values.secrets.site }}, defaultMode: 0440}
{{- if .Values.secrets.keys }}
- name: keys
  secret: {secretName: {{ .Values.secrets.keys }}, defaultMode: 0440}
{{- end }}
{{- end }}

{{- define "touchstone.pod" -}}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "touchstone.container" -}}
image: {{ include "touchstone.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}
