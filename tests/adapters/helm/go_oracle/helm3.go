package main

import "helm.sh/helm/v3/pkg/chartutil"

func read(document []byte) (map[string]any, error) {
	return chartutil.ReadValues(document)
}
