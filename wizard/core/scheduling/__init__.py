"""Where pods would be placed, by the rules of the Kubernetes scheduler."""
