"""The nets, one file an architecture, and `registry`, which finds them by name."""
