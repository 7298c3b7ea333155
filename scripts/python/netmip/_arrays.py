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


def inputs(x: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Returns x as float64, an input of a network whose first input has that shape, or a batch. Refused are bytes, since files of them are divided by
    255 and arrays are not, and axes in another order than the network's: a flat input or a flat network goes with any."""
    if getattr(x, "dtype", None) == np.uint8 or str(getattr(x, "dtype", "")) == "torch.uint8":
        raise TypeError("an array of bytes: floats were expected, such as x / 255.0 for pixels from 0 to 1, or x.astype(float) for 0 to 255")
    x = doubles(x)
    want, own = [d for d in shape if d != 1], [d for d in x.shape if d != 1]
    if len(want) > 1 and len(own) > 1 and x.size == int(np.prod(shape)) and own != want:
        raise ValueError("an input of shape %s; the network's is %s, with its axes in that order" % (x.shape, shape))
    if len(want) > 1 and len(own) > 2 and x.size != int(np.prod(shape)) and own[1:] != want:
        raise ValueError("inputs of shape %s; the network's is %s, with its axes in that order" % (x.shape[1:], shape))
    return x


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
