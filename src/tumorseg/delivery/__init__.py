"""A trained net as something that other people can use: the artifact, its contract, `predict`."""
