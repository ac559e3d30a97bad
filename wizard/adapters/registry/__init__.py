"""Image registries over the network (ports/registries)."""
