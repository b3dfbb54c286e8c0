{{ define "who" }}child{{ end }}
