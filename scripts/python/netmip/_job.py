"""Jobs of the library: what owns the objects that it hands out.

A job is freed when the Python object that holds it goes. Calls that can take long run in a thread of their own, while the main thread waits for
signals: control-C sets the job's flag, the library ends soon, and KeyboardInterrupt is raised.
"""
from __future__ import annotations

import ctypes
import logging
import threading
import weakref
from concurrent import futures
from typing import Any, Callable, NoReturn, Optional

from ._library import failed, lib
from ._options import in_python, text_of

log = logging.getLogger("netmip")

_NOTE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)


@_NOTE
def _note(_: Any, text: bytes) -> None:
    said = in_python(text.decode("utf-8", "replace"))
    log.warning("%s", said[9:]) if said.startswith("warning: ") else log.info("%s", said)


class Job:
    """Memory of the library, and its last error. `keep`: objects whose jobs must live as long as this one; `stop`: a flag that several jobs share."""

    def __init__(self, *keep: Any, stop: Optional[ctypes.c_int] = None):
        self.p = lib.nm_job_new()
        if not self.p:
            raise MemoryError("netmip")
        self.keep = keep
        self.stop = ctypes.c_int(0) if stop is None else stop
        lib.nm_job_on_note(self.p, _note, None)
        lib.nm_job_stop_flag(self.p, ctypes.byref(self.stop))
        weakref.finalize(self, _free, self.p, self.stop, keep)

    def __reduce__(self) -> NoReturn:
        raise TypeError("objects of the library cannot be pickled or copied: load the network again, make the question again from its text")

    def check(self, code: int) -> None:
        """Raises what a code that is not 0 means."""
        if code:
            failed(code, in_python(lib.nm_job_message(self.p).decode("utf-8", "replace")))

    def make(self, function: Callable[..., int], *args: Any) -> int:
        """Calls function(job, *args, &object) and returns the object, a pointer."""
        made = ctypes.c_void_p()
        self.check(function(self.p, *args, ctypes.byref(made)))
        return made.value  # type: ignore[return-value]

    def work(self, function: Callable[..., int], *args: Any) -> int:
        """The same of a function that can take long: control-C ends it."""
        if threading.current_thread() is not threading.main_thread():
            return self.make(function, *args)
        with futures.ThreadPoolExecutor(1) as pool:
            future = pool.submit(self.make, function, *args)
            try:
                while True:
                    try:
                        return future.result(0.2)  # without an end it would not see signals
                    except futures.TimeoutError:
                        if future.done():
                            raise
            except KeyboardInterrupt:
                self.stop.value = 1
                raise

    def options(self, function: str, values: dict[str, Any]) -> Optional[int]:
        """Returns options for a function of the library, made of Python values: None is not set; None if there are none."""
        made = None
        for name, value in values.items():
            text = text_of(function, name, value)
            if text is None:
                continue
            made = made or self.make(lib.nm_options_new)
            self.check(lib.nm_options_set(made, name.replace("_", "-").encode(), text.encode()))
        return made


def _free(pointer: int, *_: Any) -> None:  # the other arguments are what must live until then
    lib.nm_job_free(pointer)
