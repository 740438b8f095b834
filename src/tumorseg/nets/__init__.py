"""One file an architecture, and nothing else; `tumorseg.models.registry` finds them by name."""
