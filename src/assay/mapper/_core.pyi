from collections.abc import Callable

import numpy as np
import numpy.typing as npt

def search(
    ints: npt.NDArray[np.int64],
    floats: npt.NDArray[np.float64],
    slide: Callable[[int, int, int, int, int, int, tuple[int, ...]], tuple[float, ...]],
    tick: Callable[[int, int, int, float], object],
) -> tuple[int, int, float, float, list[tuple[tuple[float, ...], list[int]]]]: ...
def reach(
    table: npt.NDArray[np.float64], other: npt.NDArray[np.float64], steps: npt.NDArray[np.int64], tiles: int
) -> None: ...
