"""The expectation of a delivered net from the slices that it was trained and chosen on."""

import numpy as np

from tumorseg.data.similarity import embed
from tumorseg.delivery.expectation import CODES, Band, Expectation, Rule, described
from tumorseg.delivery.features import gradients, measure

Core = tuple[float, float]  # a band before it is widened

MOST_ALARMS = 0.01  # share of clean valid slices that may have a warning
CORE = (0.2, 99.8)  # per cent of the training slices, between which a band lies before it is widened
LEARNT = {"gamma": (1, 99), "upright": (1, 99)}  # likewise of the valid slices: rules know those of train
EXAMPLES = 400  # training slices that a rule is learnt from, at most
DIGITS = 6  # of weights: the last bits depend on the number of threads
STRENGTH = 1.0  # of scikit-learn's C, over the number of values: small, so that weights stay small


def fit_expectation(
    train: np.ndarray, valid: np.ndarray, bent: np.ndarray, train_masks: np.ndarray
) -> Expectation:
    """What the training slices look like, with limits at which at most 1 % of the valid slices warn.

    Each band holds nearly all training slices (valid slices for the learnt rules, since a rule flatters the
    slices it was learnt from). All are then widened by the same multiple of their width, the smallest that
    leaves few enough warnings in valid, and in train, which counts where valid is small.

    Args:
        train: uint8 (N, S, S), at the working size, after preprocessing.
        valid: uint8 (M, S, S), likewise.
        bent: uint8 (K, S, S), training slices with gamma 2, preprocessed after that.
        train_masks: (N, S, S), 0 for background.
    """
    examples = train[spaced(len(train), EXAMPLES)]
    turned = [np.ascontiguousarray(np.rot90(image, turns)) for image in examples for turns in (1, 2, 3)]
    largest = max(np.count_nonzero(mask) for mask in train_masks)
    start = Expectation(
        bands={},
        centre=[round(float(value), DIGITS) for value in embed(train).mean(axis=0)],
        upright=_learn(*(np.stack([gradients(image) for image in part]) for part in (examples, turned))),
        gamma=_learn(*(np.stack([measure(image)[1] for image in part]) for part in (examples, bent))),
        largest_mask=max(largest, 1) / train_masks[0].size,
    )
    known, checked = ([described(start, image) for image in images] for images in (train, valid))
    cores = {name: _core(checked if name in LEARNT else known, name) for name in CODES}
    widths = max(_needed(cores, known), _needed(cores, checked))
    return start.model_copy(update={"bands": {name: _widened(name, cores[name], widths) for name in CODES}})


def spaced(count: int, most: int) -> np.ndarray:
    """Indices of `most` of `count` things, evenly spaced, or of all."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def _core(rows: list[dict[str, float]], name: str) -> Core:
    low, high = np.percentile([row[name] for row in rows], LEARNT.get(name, CORE))
    return float(low), float(high)


def _learn(alike: np.ndarray, different: np.ndarray) -> Rule:
    """A rule that parts two sets of vectors, float (N, D) and (M, D), by logistic regression."""
    from sklearn.linear_model import LogisticRegression

    vectors = np.concatenate([alike, different]).astype(float)
    mean, spread = vectors.mean(axis=0), vectors.std(axis=0) + 1e-3
    kinds = np.repeat([1, 0], [len(alike), len(different)])
    model = LogisticRegression(C=STRENGTH / vectors.shape[1], class_weight="balanced", max_iter=5000)
    model.fit((vectors - mean) / spread, kinds)
    weights = model.coef_[0] / spread
    offset = float(model.intercept_[0] - weights @ mean)
    return Rule(weights=[round(float(weight), DIGITS) for weight in weights], offset=round(offset, DIGITS))


def _needed(cores: dict[str, Core], rows: list[dict[str, float]]) -> float:
    """By how many of their widths bands must be widened for MOST_ALARMS, at least 0."""
    excess = sorted(max(_excess(name, row[name], core) for name, core in cores.items()) for row in rows)
    return max(0.0, excess[-1 - int(MOST_ALARMS * len(excess))])


def _excess(name: str, value: float, core: Core) -> float:
    """How many widths of its band a value lies outside, on a side that is a surprise."""
    (low, high), (below, above) = core, CODES[name]
    distances = [low - value] * (below is not None) + [value - high] * (above is not None)
    return max(distances) / max(high - low, 1e-6)


def _widened(name: str, core: Core, widths: float) -> Band:
    (low, high), (below, above) = core, CODES[name]
    spare = widths * (high - low) + 1e-6
    return (low - spare if below else None, high + spare if above else None)
