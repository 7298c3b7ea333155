"""The functions of netmip.h, by ctypes: where the library is found, their prototypes, errors as exceptions."""
from __future__ import annotations

import ctypes
import glob
import os
import re
import shutil
import subprocess
import sys
from typing import Any, Iterator, NoReturn

from ._version import __version__

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
int nm_options_list(nm_job *job, const char *function, const char **text)
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
size_t nm_result_inputs(const nm_result *r)
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
int nm_solution_load(nm_job *job, const nm_mip *m, const char *path, const char *log, nm_solution **s)
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


class UseError(Error, ValueError, TypeError):
    """Code 2: an option, a size, an index or a type is wrong."""


class InputError(Error, ValueError):
    """Code 3: a file breaks its format, or does not fit the network."""


class UnsupportedError(Error, NotImplementedError):
    """Code 4: something that is not supported; the message names it."""


class FileError(Error):
    """Code 5: a file cannot be read or written, or memory ends."""


class AuditError(Error):
    """Code 6: a solution breaks its model, or a witness does not replay."""


ERRORS = {2: UseError, 3: InputError, 4: UnsupportedError, 5: FileError, 6: AuditError}


def refuse(text: str) -> NoReturn:
    """Raises a UseError: what a caller gave cannot be used."""
    raise UseError(2, text)


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


NAME = "libnetmip.so.0"


def _places() -> Iterator[tuple[str, str]]:
    """Yields where the library may be, the likeliest place first, and what each place is."""
    here = os.path.dirname(os.path.abspath(__file__))
    tree = os.path.dirname(os.path.dirname(os.path.dirname(here)))
    yield os.path.join(here, NAME), "beside the package, where a wheel has it"
    if os.path.exists(os.path.join(tree, "include", "netmip.h")):
        yield os.path.join(tree, "build", NAME), "the build folder of this tree"
    yield NAME, "the system's loader: LD_LIBRARY_PATH, ldconfig"
    folder = _said_by("pkg-config", "--variable=libdir", "netmip")
    if folder:
        yield os.path.join(folder, NAME), "pkg-config netmip"
    program = shutil.which("netmip")
    for prefix, why in ((program and os.path.dirname(os.path.dirname(os.path.realpath(program))), "the prefix of the program netmip on PATH"),
                        (sys.prefix, "Python's prefix"), ("/usr/local", "the prefix of make install")):
        for found in _below(prefix) if prefix else ():
            yield found, why


def _below(prefix: str) -> list[str]:
    """Returns the library's places under a prefix; its lib alone if it is in none."""
    lib = os.path.join(prefix, "lib", NAME)
    return [f for f in (lib, os.path.join(prefix, "lib64", NAME), *glob.glob(os.path.join(prefix, "lib", "*", NAME))) if os.path.exists(f)] or [lib]


def _said_by(*command: str) -> str:
    """Returns the first line that a command prints; "" where it cannot be run or fails."""
    try:
        told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return told.stdout.strip().split("\n")[0] if told.returncode == 0 else ""


def _opened(path: str) -> ctypes.CDLL:
    """Returns the library at a path; ImportError says why it is not one, or not the one."""
    if os.path.dirname(path) and not os.path.exists(path):
        raise ImportError("not there")
    try:
        library = ctypes.CDLL(path)
    except OSError as e:
        raise ImportError("not there" if path == NAME and "No such file" in str(e) else str(e)) from None
    try:
        version = _version(library)
        if version == __version__:
            _declare(library)
    except AttributeError as e:
        raise ImportError("is of another version: %s" % e) from None
    if version != __version__:
        raise ImportError("has version %s; this package needs %s" % (version, __version__))
    return library


def _version(library: ctypes.CDLL) -> str:
    library.nm_version.restype = ctypes.c_char_p
    return library.nm_version().decode()


def _load() -> ctypes.CDLL:
    named, tried = os.environ.get("NETMIP_LIBRARY"), []
    for path, what in [(named, "NETMIP_LIBRARY, which says where it is")] if named else _places():
        try:
            return _opened(path)
        except ImportError as e:
            tried.append("  %s (%s): %s" % (path, what, e))
    raise ImportError("netmip: the shared library %s was not found, or is of another version; looked for it at\n%s\n"
                      "Build it (make, in the source tree) or install it (make install PREFIX=DIR); if it is elsewhere, set the environment variable\n"
                      "NETMIP_LIBRARY to its path: NETMIP_LIBRARY=DIR/lib/%s python3 ..." % (NAME, "\n".join(dict.fromkeys(tried)), NAME))


lib = _load()
