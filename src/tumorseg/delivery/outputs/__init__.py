"""What `predict` writes."""
