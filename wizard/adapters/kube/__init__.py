"""The API server: connection, lists, watches, logs, and the person's kubeconfig."""
