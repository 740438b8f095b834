"""What each warning means, in words."""

from tumorseg.delivery.expectation import ADVICE

OF_READING = {
    "alpha": "had transparency, which was left out",
    "burned-in": "may have text burned into its pixels",
    "clipped": "has values outside the range of the training slices; they were cut to it",
    "colour": "was in colour; brightness alone was used",
    "duplicate": "a slice was there twice; one is left out",
    "orientation": "is stored mirrored or turned; it is segmented as stored",
    "orientation-unknown": "the file says no orientation; it is segmented as stored",
    "over-8-bits": "had more than 8 bits; its greys were mapped to 256",
    "position-unknown": "the file says no position; slices are in the order of their numbers",
    "spacing-unknown": "the file says no size of its pixels; areas are in pixels alone",
    "uneven": "the slices of the series are not evenly apart",
    "units-guessed": "the file says no unit of length; mm was assumed",
    "window-guessed": "the file says no window; it was taken from the greys",
}
WORDS = OF_READING | {"aspect": "far from square; the net sees it squeezed"} | ADVICE


def in_words(code: str) -> str:
    """What a code of `inputs` or of the contract means."""
    return WORDS[code]
