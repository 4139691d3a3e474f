"""Decoding ahead: the same items in the same order, never more than so many in advance, errors in their place."""

import threading
import time

import pytest

from presage.homecage.pose.stream import ahead


@pytest.mark.parametrize("n", [0, 1, 3, 500])
def test_same_items(n):
    assert list(ahead(range(n), 3)) == list(range(n))


def test_no_more_than_the_depth_in_advance():
    taken = []

    def source():
        for i in range(100):
            taken.append(i)
            yield i

    stream = ahead(source(), 4)
    for i in stream:
        time.sleep(0.001)
        assert len(taken) <= i + 1 + 4 + 1  # those in the queue, and one in the hand
    assert len(taken) == 100


def test_an_error_comes_where_it_happened():
    def source():
        yield 1
        raise ValueError("second")

    stream = ahead(source(), 4)
    assert next(stream) == 1
    with pytest.raises(ValueError, match="second"):
        next(stream)


def test_closing_ends_the_thread():
    before = threading.active_count()
    stream = ahead(iter(int, 1), 2)
    assert next(stream) == 0
    stream.close()
    assert threading.active_count() == before
