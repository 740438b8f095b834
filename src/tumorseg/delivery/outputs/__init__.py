"""What `predict` writes: the files of a slice, the record of an input, and tables and pages of all records."""
