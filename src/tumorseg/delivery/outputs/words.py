"""What each warning means, in words."""

WORDS = {
    "colour": "was in colour; brightness alone was used",
    "over-8-bits": "had more than 8 bits; its greys were mapped to 256",
    "window-guessed": "the file says no window; it was taken from the greys",
    "spacing-unknown": "the file says no size of its pixels; areas are in pixels alone",
    "aspect": "far from square; the net sees it squeezed",
    "no-head": "no head found; the mask means nothing",
    "contrast": "greys are not as in the training slices; check window and contrast",
    "inverted": "looks inverted; the net expects dark air and a brighter head",
    "noise": "more noise than in the training slices",
    "framing": "the head fills more or less of the slice than in the training slices",
    "turned": "looks turned or mirrored",
    "unlike": "not like the training slices; do not trust the mask unseen",
    "all-tumour": "the mask covers more than any training mask",
}


def in_words(code: str) -> str:
    return WORDS.get(code, "see the card of the net")
