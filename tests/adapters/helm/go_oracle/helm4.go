package main

import (
	"bytes"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
)

func read(document []byte) (map[string]any, error) {
	return loader.LoadValues(bytes.NewReader(document))
}
