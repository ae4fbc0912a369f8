"""NumPy's matrix products, held to one thread."""

from __future__ import annotations

from functools import cache


@cache
def hold_to_one_thread() -> None:
    """Lets NumPy multiply matrices in the calling thread only, for the whole process.

    Its OpenBLAS would use every core for the small products of log-mel spectrograms, and its
    threads then spin for some 25 ms in case there is more: beside the turn model, which has such a
    product as well, the recogniser took 245 ms and not 200, the turn model 97 ms and not 48
    (docs/decisions.md).
    """
    import numpy as np  # loads the library that is limited here
    from threadpoolctl import threadpool_limits

    del np
    threadpool_limits(limits=1, user_api="blas")
