"""What `predict` writes: files of a slice, the record of an input; tables and pages of all records."""
