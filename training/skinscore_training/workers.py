"""Processes that render beside this one, and leave with it.

Whoever stops the stage stops them: Ctrl-C reaches a whole terminal, and a worker that answered it
too would print a traceback of its own; SIGTERM and a kill reach the stage alone, and a worker that
went on would write the shard that the next start writes too.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Yield ``count`` processes of one thread each; an error in the block ends them at once."""
    # spawn: a forked child inherits torch's thread pools in an unusable state
    context = multiprocessing.get_context("spawn")
    bystanders = set(multiprocessing.active_children())
    with ProcessPoolExecutor(count, context, _begin) as processes:
        try:
            yield processes
        except BaseException:
            workers = set(multiprocessing.active_children()) - bystanders
            for process in workers:
                process.kill()
            processes.shutdown(wait=False, cancel_futures=True)
            for process in workers:
                process.join()
            raise


def _begin() -> None:
    """Prepare a worker: one thread, deaf to Ctrl-C, gone when its parent is."""
    import cv2
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
