"""Options: the flags of the command as Python's keyword arguments.

Which options a function reads, and what their values are, is asked of the library (nm_options_list), whose table is that of the command. Names
are checked before anything else, values before they become texts; what the library says of flags is said of keyword arguments.
"""
from __future__ import annotations

import ctypes
import difflib
import functools
import math
import operator
import os
import re
from typing import Any, Iterable, Mapping, NoReturn, Optional

from ._library import lib, refuse

NORMS = ("linf", "l1", "l2", "l0")
SETS = "linf=0.1, l1=, l2=, l0= or perturb=\"SET\" says how far an input may move"

MANY = 4096  # elements of a list; a longer one is an array that stands in the wrong place

# the methods of Network, and the functions of the library whose options they take
METHODS = {"Network": ("nm_net_load",), "question": ("nm_query_make",), "solve": ("nm_query_make", "nm_solve"), "batch": ("nm_query_make", "nm_solve"),
           "bounds": ("nm_query_make", "nm_bound_units"), "compile": ("nm_query_make", "nm_compile"),
           "compile_files": ("nm_query_make", "nm_compile_files"), "embed": ("nm_embed_files",), "decode": ("nm_decode_files",)}


@functools.lru_cache(None)
def table(function: str) -> Mapping[str, str]:
    """Returns the options of a function: {name: what its value is in the words of help, "" for a switch}."""
    job, text = lib.nm_job_new(), ctypes.c_char_p()
    try:
        if lib.nm_options_list(job, function.encode(), ctypes.byref(text)):
            raise LookupError(function)
        lines = (text.value or b"").decode().splitlines()
    finally:
        lib.nm_job_free(job)
    return {name.replace("-", "_"): value for name, _, value in (line.partition(" ") for line in lines)}


@functools.lru_cache(None)
def flags() -> frozenset[str]:
    """Returns all names of options, as the command writes them."""
    return frozenset(name.replace("_", "-") for functions in METHODS.values() for f in functions for name in table(f))


def names_of(method: str) -> list[str]:
    """Returns the keyword arguments that a method takes as options."""
    names = [name for f in METHODS[method] for name in table(f)]
    if method == "embed":  # --bounds is said by level, since bounds are milp's; into and dialect are the package's
        return ["level" if n == "bounds" else n for n in names if n not in ("into", "inputs", "outputs")]
    return names if method in ("Network", "decode") else [*NORMS, *names]


def check_names(method: str, given: Iterable[str]) -> None:
    """Refuses the options that a method does not take: with the one that was probably meant, or the methods that take it."""
    given, known = list(given), names_of(method)
    for name in given:
        if name not in known:
            _unknown(method, name, known, any(n in given for n in (*NORMS, "perturb")))


def _unknown(method: str, name: str, known: list[str], has_set: bool) -> NoReturn:
    also = [m for m in METHODS if m not in ("Network", "decode", "batch") and name in names_of(m)]
    near = difflib.get_close_matches(name, known, 1, 0.7)
    if also:
        hint = "only of %s" % ", ".join(also)
    elif near:
        hint = "did you mean %s=?" % near[0]
    elif "perturb" in known and not has_set:
        hint = SETS
    else:
        hint = "it takes %s" % ", ".join(sorted(known))
    refuse("%s: not an option of %s; %s" % (name, method, hint))


# ---- values ------------------------------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """Returns a value as a message shows it: arrays by their shapes, texts and others shortened."""
    if getattr(value, "ndim", 0):
        return "an array of shape %s" % (tuple(value.shape),)
    if hasattr(value, "dtype") and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, (list, tuple, dict, set)) and len(value) > 4:
        return "a %s of %d" % (type(value).__name__, len(value))
    text = repr(value)
    return text if len(text) <= 60 else "%s.. (%s)" % (text[:40], type(value).__name__)


def is_name(value: Any) -> bool:
    """Returns whether a value can name a file."""
    return isinstance(value, (str, os.PathLike))


def path_of(what: str, value: Any) -> bytes:
    """Returns the name of a file."""
    if isinstance(value, bytes) or is_name(value):
        return os.fsencode(value)
    refuse("%s: a file name was expected, not %s" % (what, shown(value)))


def radius_of(norm: str, value: Any) -> Optional[str]:
    """Returns an input set as a text, "linf:0.1"; None for None."""
    if value is None:
        return None
    if isinstance(value, (str, bytes)):
        refuse("%s=%s: a number was expected, not a text; such as %s=8/255" % (norm, shown(value), norm))
    number = _number(value)
    if number is None:
        refuse("%s: a number was expected, not %s" % (norm, shown(value)))
    if not 0 <= number < math.inf:
        refuse("%s=%s: a radius of 0 or more was expected" % (norm, shown(value)))
    return "%s:%s" % (norm, repr(number))


def _number(value: Any) -> Optional[float]:
    """Returns a real number, of Python, numpy or torch; None for anything else, a truth value too."""
    if isinstance(value, (bool, str, bytes)) or getattr(value, "ndim", 0) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool"):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _whole(name: str, value: Any) -> str:
    if isinstance(value, bool) or str(getattr(value, "dtype", "")) in ("bool", "torch.bool"):
        refuse("%s=%s: a whole number was expected" % (name, shown(value)))
    try:
        return "%d" % operator.index(value)
    except TypeError:
        refuse("%s=%s: a whole number was expected%s" % (name, shown(value), ", not a text" if isinstance(value, str) else ""))


def _plain(name: str, value: Any, says: str) -> str:
    """Returns a text, a number with all its digits, or several of them with commas."""
    if is_name(value):
        return os.fspath(value)
    if isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) == 1:
        most = says.count(",") + 1 if ".." not in says else MANY
        if "," not in says or not 0 < len(value) <= most or any(isinstance(v, (list, tuple)) for v in value):
            refuse("%s: %s was expected, not %s" % (name, says, shown(value)))
        return ",".join(_plain(name, v, says) for v in value)
    if not isinstance(value, bool) and (isinstance(value, int) or getattr(getattr(value, "dtype", None), "kind", "") in ("i", "u")) and not getattr(value, "ndim", 0):
        return "%d" % value
    number = _number(value)
    if number is None:
        refuse("%s: %s was expected, not %s" % (name, says, shown(value)))
    return repr(number)


def text_of(function: str, name: str, value: Any) -> Optional[str]:
    """Returns an option's value as the command line has it, by what the library's table says that it is; None where nothing is set."""
    says = table(function)[name]
    if value is None:
        return None
    if hasattr(value, "item") and str(getattr(value, "dtype", "")) == "bool" and not getattr(value, "ndim", 0):
        value = bool(value)
    if not says or says == "on|off":
        return _switch(name, value, says)
    if re.match(r"FILE|NET|DIR|OUT|MODEL|\[NAME=\]NET", says):
        if is_name(value):
            return os.fspath(value)
        more = "; an array is the first argument" if name == "image" else "; Network.pair joins two networks" if name == "against" else ""
        refuse("%s: a file name was expected, not %s%s" % (name, shown(value), more))
    if says == "N":
        return _whole(name, value)
    if name == "perturb" and not isinstance(value, str):
        refuse("perturb=%s: a text such as \"linf:0.1\" was expected; linf=0.1 is shorter" % shown(value))
    return _plain(name, value, says)


def _switch(name: str, value: Any, says: str) -> Optional[str]:
    if says and isinstance(value, str):
        return value
    if not isinstance(value, bool):
        refuse("%s=%s: True or False was expected" % (name, shown(value)))
    return ("on" if value else "off") if says else "" if value else None


# ---- messages ----------------------------------------------------------------------------------------------------


def in_python(text: str) -> str:
    """Returns what the library says of flags as said of keyword arguments: "--time-limit x: .." is "time_limit=x: ..", and "--perturb is missing"
    "perturb= is missing". Values that are long are cut."""

    def one(m: "re.Match[str]") -> str:
        flag, value, colon = m.group(1), m.group(2) or "", m.group(3) or m.group(4) or ""
        if flag not in flags():
            return m.group(0)
        name = flag.replace("-", "_")
        if not value:
            return name + (colon or "=")
        if not colon and re.fullmatch(r"[a-z]+[,;.]?", value):  # a word of the sentence
            return "%s= %s" % (name, value)
        return "%s=%s%s" % (name, value if len(value) <= 80 else value[:60] + "..", colon)

    return re.sub(r"(?<![\w-])--([a-z][a-z0-9-]*[a-z0-9])(?: ((?!--)\S+?)(?:(:)(?=\s|$)|(?=\s|$))|(:)(?=\s|$)|(?=[\s,;.)]|$))", one, text)
