import threading

import pytest

from tumorseg.threads import AHEAD, in_threads, usable_cores


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_order_and_all_of_them(threads):
    count = 3 * AHEAD * threads + 1
    assert list(in_threads(lambda number: number**2, range(count), threads)) == [n**2 for n in range(count)]
    assert list(in_threads(str, [], threads)) == []


def test_the_error_is_that_of_the_first_item_and_little_runs_after_it():
    done = []

    def work(number: int) -> int:
        if number >= 5:
            raise ValueError(number)
        done.append(number)
        return number

    results = in_threads(work, range(10_000), 2)
    assert [next(results) for _ in range(5)] == list(range(5))
    with pytest.raises(ValueError, match=r"^5$"):
        next(results)
    assert sorted(done) == list(range(5))


def test_items_are_worked_on_at_the_same_time():
    together = threading.Barrier(2, timeout=20)
    assert len(list(in_threads(lambda _: together.wait(), range(2), 2))) == 2


def test_there_is_a_core():
    assert usable_cores() >= 1
