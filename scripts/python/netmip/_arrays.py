"""Arrays: between numpy and the library, and whatever can be made an array of."""
from __future__ import annotations

import ctypes
from typing import Any, Optional

import numpy as np

from ._library import refuse
from ._options import shown

def doubles(x: Any, what: str = "an input") -> np.ndarray:
    """Returns x (numpy, torch, lists) as float64 in row-major order. what: its name in messages."""
    if x is None or isinstance(x, (str, bytes, dict, set)):
        refuse("%s: an array of numbers was expected, not %s" % (what, shown(x)))
    if hasattr(x, "detach"):  # a torch tensor
        x = x.detach().cpu()
        x = (x.float() if "bfloat16" in str(x.dtype) else x).numpy()
    try:
        x = np.asarray(x)
    except ValueError:
        refuse("%s: rows of different lengths; an array of numbers was expected" % what)
    if x.dtype.kind not in "fiub":
        refuse("%s: elements of type %s; real numbers were expected" % (what, x.dtype))
    shape = x.shape  # ascontiguousarray makes rank 0 rank 1
    return np.ascontiguousarray(x, dtype=np.float64).reshape(shape)


def inputs(x: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Returns x as float64, an input of a network whose first input has that shape, or a batch. Refused are bytes, since files of them are divided by
    255 and arrays are not, and axes in another order than the network's: a flat input or a flat network goes with any."""
    if getattr(x, "dtype", None) == np.uint8 or str(getattr(x, "dtype", "")) == "torch.uint8":
        refuse("an array of bytes: floats were expected, such as x / 255.0 for pixels from 0 to 1, or x.astype(float) for 0 to 255")
    x = doubles(x)
    want, own = [d for d in shape if d != 1], [d for d in x.shape if d != 1]
    if len(want) > 1 and len(own) > 1 and x.size == int(np.prod(shape)) and own != want:
        refuse("an input of shape %s; the network's is %s, with its axes in that order" % (x.shape, shape))
    if len(want) > 1 and len(own) > 2 and x.size != int(np.prod(shape)) and own[1:] != want:
        refuse("inputs of shape %s; the network's is %s, with its axes in that order" % (x.shape[1:], shape))
    return x


def is_batch(x: np.ndarray, shape: tuple[int, ...], count: int) -> bool:
    """Returns whether the first axis of x counts inputs, of a network that reads `count` numbers and whose first input has that shape. One input in
    its own shape, such as [channels, rows, columns], has no such axis even where the first one is 1."""
    if x.ndim < 2 or x.size != len(x) * count:
        return False
    return len(x) != 1 or x.shape != (shape[1:] if len(shape) > 1 and shape[0] == 1 else shape)


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
