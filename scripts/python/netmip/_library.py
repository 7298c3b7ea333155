"""The functions of netmip.h, by ctypes: where the library is found, their prototypes, a job, errors as exceptions.

A job owns what the library hands out; it is freed when the Python object that holds it goes. Calls that can take long run in
a thread of their own, while the main thread waits for signals: control-C sets the job's flag, the library ends soon, and KeyboardInterrupt is raised.
"""
from __future__ import annotations

import ctypes
import ctypes.util
import logging
import os
import re
import threading
import weakref
from concurrent import futures
from typing import Any, Callable, NoReturn, Optional

from ._version import __version__

log = logging.getLogger("netmip")

PROTOTYPES = """
const char *nm_version(void)
nm_job *nm_job_new(void)
void nm_job_free(nm_job *job)
const char *nm_job_message(const nm_job *job)
void nm_job_on_note(nm_job *job, void (*note)(void *arg, const char *text), void *arg)
void nm_job_stop_flag(nm_job *job, const volatile sig_atomic_t *stop)
void nm_job_limit(nm_job *job, size_t bytes)
int nm_options_new(nm_job *job, nm_options **o)
int nm_options_set(nm_options *o, const char *name, const char *value)
int nm_options_image(nm_options *o, const double *x, int rank, const int64_t *size)
int nm_net_load(nm_job *job, const char *path, const nm_options *o, const nm_net **net)
int nm_net_parse(nm_job *job, const char *name, const void *bytes, size_t n, const nm_options *o, const nm_net **net)
int nm_net_pair(nm_job *job, const nm_net *a, const nm_net *b, const nm_net **net)
int nm_net_save(nm_job *job, const nm_net *net, const char *path)
size_t nm_net_inputs(const nm_net *net)
size_t nm_net_outputs(const nm_net *net)
int nm_net_input_sizes(const nm_net *net, int64_t size[8])
int nm_net_run(nm_job *job, const nm_net *net, const double *x, double *y, double *err)
size_t nm_net_file_outputs(const nm_net *net)
int nm_net_file_run(nm_job *job, const nm_net *net, const double *x, double *y64, double *y32)
int nm_query_make(nm_job *job, const nm_net *net, const nm_options *o, const nm_query **query)
int nm_query_load(nm_job *job, const nm_net *net, const char *path, const nm_options *o, const nm_query **query)
int nm_query_json(nm_job *job, const nm_query *query, const char **text)
int nm_query_picture(nm_job *job, const nm_query *query, const double *x, const void **png, size_t *n)
int nm_solve(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o, const nm_result **r)
int nm_result_status(const nm_result *r)
const char *nm_result_by(const nm_result *r)
const char *nm_result_why(const nm_result *r)
int nm_result_certified(const nm_result *r)
const char *nm_result_solver(const nm_result *r)
double nm_result_seconds(const nm_result *r)
int64_t nm_result_label(const nm_result *r)
int64_t nm_result_predicted(const nm_result *r)
const double *nm_result_point(const nm_result *r)
const double *nm_result_witness(const nm_result *r)
size_t nm_result_generators(const nm_result *r, const double **g)
double nm_result_margin(const nm_result *r)
double nm_result_margin_error(const nm_result *r)
double nm_result_margin32(const nm_result *r)
double nm_result_linf(const nm_result *r)
double nm_result_l1(const nm_result *r)
double nm_result_l2(const nm_result *r)
double nm_result_l0(const nm_result *r)
double nm_result_value(const nm_result *r)
double nm_result_bound(const nm_result *r)
double nm_result_strict(const nm_result *r)
double nm_result_claim(const nm_result *r)
double nm_result_least(const nm_result *r)
double nm_result_least_bound(const nm_result *r)
const double *nm_result_least_point(const nm_result *r)
double nm_result_most(const nm_result *r)
double nm_result_most_bound(const nm_result *r)
const double *nm_result_most_point(const nm_result *r)
size_t nm_result_targets(const nm_result *r)
const char *nm_result_target_name(const nm_result *r, size_t i)
int64_t nm_result_target_label(const nm_result *r, size_t i)
int nm_result_target_status(const nm_result *r, size_t i)
const char *nm_result_target_by(const nm_result *r, size_t i)
double nm_result_target_bound(const nm_result *r, size_t i)
size_t nm_result_files(const nm_result *r)
const char *nm_result_file(const nm_result *r, size_t i)
const char *nm_result_json(const nm_result *r)
const char *nm_result_text(const nm_result *r)
int nm_bound_units(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o, const nm_units **u)
size_t nm_units_cases(const nm_units *u)
size_t nm_units_blocks(const nm_units *u, size_t icase)
const char *nm_units_kind(const nm_units *u, size_t icase, size_t block)
const char *nm_units_name(const nm_units *u, size_t icase, size_t block)
size_t nm_units_count(const nm_units *u, size_t icase, size_t block)
const double *nm_units_lo(const nm_units *u, size_t icase, size_t block)
const double *nm_units_hi(const nm_units *u, size_t icase, size_t block)
int nm_units_source(const nm_units *u, size_t icase, size_t block)
const unsigned char *nm_units_phase(const nm_units *u, size_t icase, size_t block)
const double *nm_units_output_lo(const nm_units *u, size_t icase)
const double *nm_units_output_hi(const nm_units *u, size_t icase)
int nm_compile(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o, const nm_mips **mips)
size_t nm_mips_count(const nm_mips *mips)
const nm_mip *nm_mips_get(const nm_mips *mips, size_t i)
const nm_result *nm_mips_result(const nm_mips *mips)
int nm_compile_files(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o, const char *out, const nm_result **r)
const char *nm_mip_target(const nm_mip *m)
int nm_mip_relaxation(const nm_mip *m)
size_t nm_mip_columns(const nm_mip *m)
const char *const *nm_mip_column_names(const nm_mip *m)
const double *nm_mip_column_lo(const nm_mip *m)
const double *nm_mip_column_hi(const nm_mip *m)
const double *nm_mip_column_cost(const nm_mip *m)
const unsigned char *nm_mip_integer(const nm_mip *m)
size_t nm_mip_rows(const nm_mip *m)
const char *const *nm_mip_row_names(const nm_mip *m)
const double *nm_mip_row_lo(const nm_mip *m)
const double *nm_mip_row_hi(const nm_mip *m)
const size_t *nm_mip_start(const nm_mip *m)
const uint32_t *nm_mip_index(const nm_mip *m)
const double *nm_mip_value(const nm_mip *m)
const int32_t *nm_mip_when(const nm_mip *m, const unsigned char **on)
size_t nm_mip_sos1(const nm_mip *m, const size_t **start, const uint32_t **column)
size_t nm_mip_products(const nm_mip *m, const int64_t **row, const uint32_t **i, const uint32_t **j, const double **c)
size_t nm_mip_inputs(const nm_mip *m, const int64_t **column)
double nm_mip_measure(const nm_mip *m, double objective)
int nm_solution_new(nm_job *job, const nm_mip *m, const char *status, nm_solution **s)
int nm_solution_values(nm_solution *s, size_t n, const char *const *names, const double *x)
int nm_solution_claims(nm_solution *s, const char *solver, double objective, double bound)
int nm_mip_decode(nm_job *job, const nm_mip *m, const nm_solution *s, const nm_result **r)
int nm_mips_decode(nm_job *job, const nm_mips *mips, const nm_solution *const *s, const nm_result **r)
int nm_decode_files(nm_job *job, const nm_net *net, const char *map, size_t n, const char *const *solutions, const char *log, const nm_options *o, const nm_result **r)
int nm_embed_files(nm_job *job, const nm_net *net, const nm_options *o, const char *out, const nm_mip **m)
"""


class Error(RuntimeError):
    """What the library refuses, or cannot do. `message` is its own; `code` the exit code of the command (see libnetmip(3))."""

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code, self.message = code, message


class UseError(Error, ValueError):
    """Code 2: an option, a size or an index is wrong."""


class InputError(Error, ValueError):
    """Code 3: a file breaks its format, or does not fit the network."""


class UnsupportedError(Error, NotImplementedError):
    """Code 4: something that is not supported; the message names it."""


class FileError(Error):
    """Code 5: a file cannot be read or written, or memory ends."""


class AuditError(Error):
    """Code 6: a solution breaks its model, or a witness does not replay."""


ERRORS = {2: UseError, 3: InputError, 4: UnsupportedError, 5: FileError, 6: AuditError}


def failed(code: int, message: str) -> NoReturn:
    """Raises the exception of a code."""
    raise ERRORS.get(code, Error)(code, message)


# ---- the library -------------------------------------------------------------------------------------------------


def _type(text: str) -> Any:
    """Returns the ctypes type of what a C function takes or gives: a type, perhaps with a name behind it."""
    if "(" in text or "[" in text:
        return ctypes.c_void_p
    text = re.match(r"(.*?[ *])\w*$", text).group(1).strip()  # type: ignore[union-attr]
    if text == "const char *":
        return ctypes.c_char_p
    if text.endswith("*"):
        return ctypes.c_void_p
    return {"void": None, "int": ctypes.c_int, "size_t": ctypes.c_size_t, "int64_t": ctypes.c_int64, "double": ctypes.c_double}[text]


def _declare(library: ctypes.CDLL) -> None:
    """Gives each function of the header its types; AttributeError where the library lacks one."""
    for line in PROTOTYPES.strip().splitlines():
        result, name, parameters = re.match(r"(.*?)(nm_\w+)\((.*)\)$", line).groups()  # type: ignore[union-attr]
        function = getattr(library, name)
        function.restype = _type(result)
        parts = [] if parameters == "void" else re.split(r",\s*(?![^()]*\))", parameters)
        function.argtypes = [_type(p) for p in parts]


def _places() -> list[str]:
    """Returns where the library may be, the first one first."""
    named = os.environ.get("NETMIP_LIBRARY")
    if named:
        return [named]
    here = os.path.dirname(os.path.abspath(__file__))
    tree = os.path.dirname(os.path.dirname(os.path.dirname(here)))
    found = [os.path.join(here, "libnetmip.so.0")]
    if os.path.exists(os.path.join(tree, "include", "netmip.h")):
        found.append(os.path.join(tree, "build", "libnetmip.so.0"))
    return [f for f in found if os.path.exists(f)] + ["libnetmip.so.0"]


def _load() -> ctypes.CDLL:
    path = _places()[0]
    try:
        library = ctypes.CDLL(path)
    except OSError as e:
        raise ImportError("netmip: no library: %s; make and make install provide it, and NETMIP_LIBRARY says where it is" % e) from None
    try:
        _declare(library)
    except AttributeError as e:
        raise ImportError("netmip: %s is of another version: %s" % (path, e)) from None
    version = library.nm_version().decode()
    if version != __version__:
        raise ImportError("netmip: %s has version %s; this package needs %s" % (path, version, __version__))
    return library


lib = _load()


# ---- jobs --------------------------------------------------------------------------------------------------------

_NOTE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)


@_NOTE
def _note(_: Any, text: bytes) -> None:
    said = text.decode("utf-8", "replace")
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
            failed(code, lib.nm_job_message(self.p).decode("utf-8", "replace"))

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

    def options(self, values: dict[str, Any]) -> Optional[int]:
        """Returns options made of Python values: None and False are not set, True is a switch; None if there are none."""
        made = None
        for name, value in values.items():
            if isinstance(value, bool) and name in ("one_sided", "fold", "comments"):
                value = "on" if value else "off"
            if value is None or value is False:
                continue
            made = made or self.make(lib.nm_options_new)
            text = None if value is True else text_of(value).encode()
            self.check(lib.nm_options_set(made, name.replace("_", "-").encode(), text))
        return made


def _free(pointer: int, *_: Any) -> None:  # the other arguments are what must live until then
    lib.nm_job_free(pointer)


def text_of(value: Any) -> str:
    """Returns an option's value as the command line has it: numbers with all their digits, sequences with commas."""
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    if isinstance(value, (list, tuple)) or getattr(value, "ndim", 0):
        return ",".join(text_of(v) for v in value)
    if isinstance(value, int) or (hasattr(value, "dtype") and value.dtype.kind in "iu"):
        return "%d" % value
    return repr(float(value))
