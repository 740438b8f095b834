"""Similar slices by an index: what it finds beside all pairs, the same bytes each time, and what it says."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tumorseg.data.search import EQUAL, SKIPPED, Effort, Search, pool
from tumorseg.data.similarity import SIBLING, embed, groups, nearest, relatives
from tumorseg.scratch import IN_MEMORY, scratch

INDEX = Effort(exact=0)  # an index however few they are
FULL = Effort(exact=0, probes=10**6, candidates=10**6)  # which looks through all lists, at all slices
STACK = 6

# Prints a digest of all that is found; its argument is the number of threads.
DIGEST = """
import hashlib, sys
import faiss
import numpy as np
from tumorseg.data.search import Effort
from tumorseg.data.similarity import groups, nearest, relatives
faiss.omp_set_num_threads(int(sys.argv[2]))
slices, effort = np.load(sys.argv[1]), Effort(exact=0, probes=4)
found, recall = relatives(slices, 900, effort)
parts = [*vars(found).values(), groups(slices, effort=effort), *nearest(slices, slices, 3, True, effort)]
print(hashlib.sha256(b"".join(part.tobytes() for part in parts) + str(recall).encode()).hexdigest())
"""


def stacks(count: int, seed: int = 0) -> np.ndarray:
    """Slices, uint8 (count, 32, 32), in stacks that drift; every fiftieth is saved again, brighter."""
    rng, slices = np.random.default_rng(seed), []
    for _ in range(-(-count // STACK)):
        start, end = (cv2.resize(rng.normal(0, 30, (7, 7)), (32, 32)) for _ in range(2))
        slices += [
            start * (1 - share) + end * share + rng.normal(0, 2, (32, 32))
            for share in np.linspace(0, 0.8, STACK)
        ]
    array = np.clip(np.stack(slices[:count]) + 110, 0, 240).astype(np.uint8)
    array[49::50] = array[0::50][: len(array[49::50])] + 9
    return array


@pytest.fixture(scope="module")
def embeddings() -> np.ndarray:
    return embed(stacks(1200))


def test_all_lists_and_all_slices_find_what_all_pairs_find():
    embeddings = embed(stacks(240))
    for first in (180, 240):
        exact, by_index = relatives(embeddings, first)[0], relatives(embeddings, first, FULL)[0]
        for name, values in vars(exact).items():
            np.testing.assert_allclose(vars(by_index)[name], values, atol=EQUAL, err_msg=name)
    assert (groups(embeddings, effort=FULL) == groups(embeddings)).all()
    for skip_self in (True, False):
        pairs = zip(
            nearest(embeddings, embeddings, 5, skip_self),
            nearest(embeddings, embeddings, 5, skip_self, FULL),
            strict=True,
        )
        for exact, by_index in pairs:
            np.testing.assert_allclose(by_index, exact, atol=EQUAL)


def test_little_is_missed(embeddings):
    exact, _ = relatives(embeddings, 900)
    found, recall = relatives(embeddings, 900, Effort(exact=0, probes=16))
    print(f"recall {recall:.3f}")
    assert recall >= 0.9  # slices without a sibling among the first are far from all of them
    alike = exact.similarity >= SIBLING
    assert (found.nearest == exact.nearest)[alike].mean() >= 0.99
    assert (found.neighbor == exact.neighbor).mean() >= 0.98
    assert (found.copy == exact.copy).all()
    labels = groups(embeddings, effort=Effort(exact=0, probes=16))
    together = [np.equal.outer(each, each) for each in (labels, groups(embeddings))]
    assert (together[0] & together[1]).sum() >= 0.97 * (together[0] | together[1]).sum()


def test_similarities_are_exact_and_never_too_high(embeddings):
    index, similarity = nearest(embeddings, embeddings, skip_self=True, effort=Effort(exact=0, probes=1))
    dots = np.einsum("nd,nd->n", embeddings, embeddings[index[:, 0]])
    np.testing.assert_allclose(similarity[:, 0], dots, atol=EQUAL)
    assert (similarity <= nearest(embeddings, embeddings, skip_self=True)[1] + EQUAL).all()


def test_recall_is_measured(embeddings, capsys):
    everyone = np.arange(len(embeddings))
    poor = Search(embeddings, effort=Effort(exact=100, probes=1, candidates=2))
    recall = poor.check(embeddings, everyone)
    rows = np.unique(np.linspace(0, 1199, 500).astype(int))
    best = nearest(embeddings, embeddings, skip_self=True)[1][rows, 0]
    found = nearest(embeddings, poor, skip_self=True)[1][rows, 0]
    assert recall == np.mean(found >= best - EQUAL)
    assert 0.1 < recall < 0.95
    assert capsys.readouterr().out == (
        "similar slices: 1200 are too many to compare all pairs (over 100), so an index gives each slice "
        f"candidates; of 500 slices that were compared with all, {recall:.1%} have the most similar one "
        "among them\n"
    )
    assert np.isnan(Search(embeddings).check(embeddings, everyone))
    assert capsys.readouterr().out == ""


def test_more_copies_than_candidates_are_one_slice_and_have_a_neighbor():
    slices = stacks(300)
    slices[100:200] = slices[100]
    found, _ = relatives(embed(slices), 300, Effort(exact=0, candidates=8))
    assert len(set(found.copy[100:200])) == 1
    exact, _ = relatives(embed(slices), 300)
    np.testing.assert_allclose(
        found.neighbor_similarity[100:200], exact.neighbor_similarity[100:200], atol=EQUAL
    )
    assert (exact.neighbor_similarity > SKIPPED).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_slices_are_enough(count):
    slices = embed(stacks(count))
    assert (groups(slices, effort=INDEX) == groups(slices)).all()
    assert (relatives(slices, 1, INDEX)[0].copy == relatives(slices, 1)[0].copy).all()


def test_whole_numbers_are_pooled_so_that_no_sum_is_rounded(embeddings):
    pooled = pool(embeddings)
    assert (pooled == pooled.round()).all()
    exact = pooled.astype(np.int64) @ pooled.astype(np.int64).T
    assert (pooled @ pooled.T == exact).all()
    assert exact.max() < 2**24


def test_the_same_bytes_with_one_thread_and_with_two(embeddings, tmp_path):
    np.save(tmp_path / "slices.npy", embeddings)
    digests = [
        subprocess.run(
            [sys.executable, "-c", DIGEST, tmp_path / "slices.npy", threads],
            env=os.environ | {"OMP_NUM_THREADS": threads, "PYTHONPATH": str(Path("src").resolve())},
            check=True,
            text=True,
            capture_output=True,
        ).stdout.splitlines()[-1]
        for threads in ("1", "2", "2")
    ]
    assert len(set(digests)) == 1


def test_what_is_large_is_in_a_file_without_a_name(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    small, large = (scratch((rows, 1024), np.float32) for rows in (IN_MEMORY // 4096, IN_MEMORY // 4096 + 1))
    assert not isinstance(small, np.memmap)
    assert isinstance(large, np.memmap)
    assert not list(tmp_path.iterdir())
    large[-1] = 7
    assert large.sum() == 7 * 1024
