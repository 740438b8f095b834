"""Find brain tumours in MRI slices, pixel by pixel, and say what the score is worth."""

SPLITS = ("train", "valid", "test")
