"""What the slices have in common in which a net misses the tumour."""
