{{- define "ovn.image" -}}
{{ .Values.global.image.repository }}:{{ .Values.global.image.tag }}
{{- end -}}

{{- define "ovn.pullSecrets" -}}
{{- with .Values.global.imagePullSecretName }}
imagePullSecrets:
- name: {{ . }}
{{- end }}
{{- end -}}

{{- /* A container that runs one component: dict "root" $ "name" container "run" [component, arguments…] "env" extra "mounts" extra */ -}}
{{- define "ovn.container" -}}
- name: {{ .name }}
  image: {{ include "ovn.image" .root }}
  imagePullPolicy: {{ .root.Values.global.image.pullPolicy }}
  command: ["dpf", "run"{{ range .run }}, {{ . | quote }}{{ end }}]
  securityContext:
    privileged: true
  envFrom:
  - configMapRef:
      name: ovn-config
  env:
  - name: K8S_NODE
    valueFrom:
      fieldRef:
        fieldPath: spec.nodeName
  - name: NODE_NAME
    valueFrom:
      fieldRef:
        fieldPath: spec.nodeName
  {{- range $key, $value := .env }}
  - name: {{ $key }}
    value: {{ $value | quote }}
  {{- end }}
  volumeMounts:
  - name: run-openvswitch
    mountPath: /run/openvswitch
  - name: run-ovn
    mountPath: /run/ovn
  - name: var-lib-ovn
    mountPath: /var/lib/ovn
  {{- with .mounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "ovn.volumes" -}}
- name: run-openvswitch
  hostPath:
    path: /run/openvswitch
    type: DirectoryOrCreate
- name: run-ovn
  hostPath:
    path: /run/ovn
    type: DirectoryOrCreate
- name: var-lib-ovn
  hostPath:
    path: /var/lib/ovn
    type: DirectoryOrCreate
{{- end -}}

{{- /* The CNI's places on a host. */ -}}
{{- define "ovn.cniMounts" -}}
- name: cni-conf
  mountPath: /etc/cni/net.d
- name: cni-bin
  mountPath: /opt/cni/bin
- name: run-netns
  mountPath: /run/netns
  mountPropagation: HostToContainer
- name: run-ovn-kubernetes
  mountPath: /run/ovn-kubernetes
- name: var-lib-ovn-kubernetes
  mountPath: /var/lib/ovn-kubernetes
{{- end -}}

{{- define "ovn.cniVolumes" -}}
- name: cni-conf
  hostPath:
    path: /etc/cni/net.d
    type: DirectoryOrCreate
- name: cni-bin
  hostPath:
    path: /opt/cni/bin
    type: DirectoryOrCreate
- name: run-netns
  hostPath:
    path: /run/netns
    type: DirectoryOrCreate
- name: run-ovn-kubernetes
  hostPath:
    path: /run/ovn-kubernetes
    type: DirectoryOrCreate
- name: var-lib-ovn-kubernetes
  hostPath:
    path: /var/lib/ovn-kubernetes
    type: DirectoryOrCreate
{{- end -}}
