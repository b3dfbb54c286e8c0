{{ define "who" }}parent for {{ .Chart.Name }} {{ .Chart.Version }}{{ end }}
