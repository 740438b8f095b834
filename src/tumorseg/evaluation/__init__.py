"""Scores of one model. Nothing is imported here, since `predict` uses a file of this folder without torch."""
