"""Cross-validation: every fold of a split trained, and all slices scored by nets that have not seen them."""
