"""Arrays: between numpy and the library, and whatever can be made an array of."""
from __future__ import annotations

import ctypes
from typing import Any, Optional

import numpy as np


def doubles(x: Any) -> np.ndarray:
    """Returns x (numpy, torch, lists) as float64 in row-major order."""
    if hasattr(x, "detach"):  # a torch tensor
        x = x.detach().cpu().numpy()
    return np.ascontiguousarray(x, dtype=np.float64)


def copied(pointer: Optional[int], n: int, dtype: Any = np.float64) -> Optional[np.ndarray]:
    """Returns a copy of the n elements at a pointer of the library; None where there are none."""
    if not pointer:
        return None
    size = n * np.dtype(dtype).itemsize
    return np.frombuffer(ctypes.string_at(pointer, size), dtype=dtype).copy()


def texts(pointer: int, n: int) -> list[str]:
    """Returns the n texts of an array of them."""
    return [t.decode() for t in ctypes.cast(pointer, ctypes.POINTER(ctypes.c_char_p * n)).contents] if n else []


def known(x: float) -> Optional[float]:
    """Returns a number of the library, None for its NAN: it does not apply, or is not known."""
    return None if x != x else x


def said(text: Optional[bytes]) -> Optional[str]:
    """Returns a text of the library."""
    return None if text is None else text.decode("utf-8", "replace")
