"""Reads ahead: the sandbox decodes the next frames while the engine examines the current one."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

T = TypeVar("T")
_END = object()


def read_ahead(source: Iterator[T], *, depth: int, stop: Callable[[], None]) -> Generator[T]:
    """The items of `source`, read by a thread of its own, at most `depth` of them waiting.

    `stop` must make the source end soon; it is called when the reader leaves early, and the
    thread is always joined, so that nothing reads a descriptor that has been closed."""
    waiting: queue.Queue[object] = queue.Queue(maxsize=depth)
    left = threading.Event()

    def put(item: object) -> bool:
        while not left.is_set():
            try:
                waiting.put(item, timeout=0.05)
                return True
            except queue.Full:
                continue
        return False

    def read() -> None:
        try:
            for item in source:
                if not put(item):
                    return
            put(_END)
        except BaseException as error:  # handed over, and raised where it can be answered
            put(_Raised(error))

    thread = threading.Thread(target=read, name="read-ahead", daemon=True)
    thread.start()
    finished = False
    try:
        while True:
            item = waiting.get()
            if item is _END:
                finished = True
                return
            if isinstance(item, _Raised):
                finished = True
                raise item.error
            yield item  # type: ignore[misc]
    finally:
        left.set()
        if not finished:
            stop()
        thread.join()


def read_now(source: Iterator[T]) -> Generator[T]:
    """The same without a thread, for a source of one item."""
    yield from source


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error
