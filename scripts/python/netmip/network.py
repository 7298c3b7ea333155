"""Networks, and what is asked of them."""
from __future__ import annotations

import collections
import ctypes
import gzip
import io
import itertools
import json
import operator
import os
from concurrent import futures
from typing import Any, Iterable, Iterator, Optional, Union

import numpy as np

from ._arrays import doubles, inputs, is_batch, said
from ._job import Job
from ._library import Error, lib, refuse
from ._options import NORMS, SETS, check_names, is_name, names_of, path_of, radius_of, shown, table
from .bounds import Bounds, bounds_of
from .embedding import Embedded, embed
from .models import Models
from .result import Result

_MISSING = object()


class Network:
    """A network. `source` is the path of a .onnx, .nnet or .json file, also gzipped; the bytes of one; an onnx.ModelProto; or a torch.nn.Module,
    which is exported by torch.onnx for `example`, an input (a tensor, an array, or a tuple of tensors), or for zeros of shape `input_shape`.

    input_shape, output_name, channels, mean, std and against are the flags of the command; with mean and std inputs are pixels. `inputs` and
    `outputs` count elements; a Softmax, Sigmoid, Tanh or ArgMax at an output is left out of `outputs`, since questions are about what it reads, and
    part of `file_outputs`, which a call of the network computes.
    """

    def __init__(self, source: Any, *, name: Optional[str] = None, example: Any = None, input_shape: Optional[Iterable[int]] = None,
                 output_name: Optional[str] = None, channels: Optional[str] = None, mean: Any = None, std: Any = None, against: Any = None):
        self._job = Job()
        if hasattr(source, "state_dict"):
            source, input_shape, name = _exported(source, example, input_shape), None, name or "module.onnx"
        elif example is not None:
            refuse("example: only of a torch.nn.Module, which is exported for it")
        elif hasattr(source, "SerializeToString"):
            source, name = source.SerializeToString(), name or "model.onnx"
        o = self._job.options("nm_net_load", {"input_shape": None if input_shape is None else _shape_of(input_shape), "output_name": output_name, "channels": channels,
                               "mean": mean, "std": std, "against": against})
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)
            data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            self._p = self._job.make(lib.nm_net_parse, path_of("name", name or "network"), data, len(data), o)
        elif is_name(source):
            self._p = self._job.make(lib.nm_net_load, os.fsencode(source), o)
        else:
            refuse("a network: a file name, bytes, an onnx.ModelProto or a torch.nn.Module was expected, not %s" % shown(source))
        self._facts()

    def _facts(self) -> None:
        size = (ctypes.c_int64 * 8)()
        rank = lib.nm_net_input_sizes(self._p, ctypes.byref(size))
        self.input_shape: tuple[int, ...] = tuple(size[:rank])  # of the first input
        self.inputs: int = lib.nm_net_inputs(self._p)
        self.outputs: int = lib.nm_net_outputs(self._p)
        self.file_outputs: int = lib.nm_net_file_outputs(self._p)

    @classmethod
    def pair(cls, a: "Network", b: "Network") -> "Network":
        """Returns two networks over the same inputs as one: the outputs of a, then those of b. It can be asked about, not saved."""
        for net in (a, b):
            if not isinstance(net, Network):
                refuse("pair: two Networks were expected, not %s" % shown(net))
        both = cls.__new__(cls)
        both._job = Job(a, b)
        both._p = both._job.make(lib.nm_net_pair, a._p, b._p)
        both._facts()
        return both

    def __repr__(self) -> str:
        return "<Network: %s inputs, %d outputs>" % ("x".join(map(str, self.input_shape)), self.file_outputs)

    def save(self, path: Union[str, os.PathLike]) -> None:
        """Writes it as .json or .onnx, to the same bits."""
        self._job.check(lib.nm_net_save(self._job.p, self._p, path_of("path", path)))

    # ---- evaluation ----

    def __call__(self, x: Any, dtype: Any = np.float64) -> np.ndarray:
        """Returns what the file computes, [file_outputs], in float64 or float32; of a batch (one more axis in front) [n, file_outputs], also where n is 1:
        an axis of 1 in front of an input is a batch's, unless the input has exactly the network's own axes, as [1, 28, 28] may."""
        try:
            kind = np.dtype(dtype)
        except TypeError:
            refuse("dtype %s: float64 or float32 was expected" % shown(dtype))
        if kind not in (np.dtype(np.float64), np.dtype(np.float32)):
            refuse("dtype %s: float64 or float32 was expected" % kind)
        single = kind == np.float32

        def one(job: Job, at: int, y: np.ndarray) -> int:
            return lib.nm_net_file_run(job.p, self._p, at, None if single else y.ctypes.data, y.ctypes.data if single else None)

        return self._each(x, self.file_outputs, one).astype(kind)

    def scores(self, x: Any) -> np.ndarray:
        """Returns the outputs that questions are about, [outputs], in float64: what a Softmax at the end reads."""
        return self._each(x, self.outputs, lambda job, at, y: lib.nm_net_run(job.p, self._p, at, y.ctypes.data, None))

    def rounding(self, x: Any) -> np.ndarray:
        """Returns for each output a bound of the rounding error in `scores`."""
        z = np.empty(self.outputs)
        return self._each(x, self.outputs, lambda job, at, y: lib.nm_net_run(job.p, self._p, at, z.ctypes.data, y.ctypes.data))

    def _each(self, x: Any, outputs: int, run: Any) -> np.ndarray:
        x, job = inputs(x, self.input_shape), Job(self)
        batch = is_batch(x, self.input_shape, self.inputs)
        n = len(x) if batch else 1
        if x.size != n * self.inputs:
            refuse("an input of shape %s; the network has %d inputs" % (x.shape, self.inputs))
        rows, y = x.reshape(n, self.inputs), np.empty((n, outputs))
        for i in range(n):
            job.check(run(job, rows[i].ctypes.data, y[i]))
        return y if batch else y[0]

    # ---- questions and answers ----

    def question(self, x: Any = None, **ask: Any) -> "Question":
        """Returns a question: around x, an image (an array of as many elements as the network has inputs), or from x, the path of a VNN-LIB or JSON
        file. perturb="linf:0.1" is the input set, or shorter linf=0.1, l1=.., l2=.., l0=..; label, labels, image (a file), domain, target, margin,
        objective, differ and guard are the flags of the command."""
        check_names("question", ask)
        return Question(self, x, ask)

    def solve(self, x: Any = None, **options: Any) -> Result:
        """Answers a question: `x` is a Question, or what `question` takes, with its options beside those of the command's solve: time_limit, seed,
        threads, bounds, encoding, no_attack, .. A question that is violated or stays unknown is no error. Control-C raises KeyboardInterrupt."""
        return self._solve(x, options, Job)

    def _solve(self, x: Any, options: dict[str, Any], job_of: Any) -> Result:
        q, how = self._asked("solve", x, options)
        job = job_of(q)
        return q._result(job, job.work(lib.nm_solve, self._p, q._p, job.options("nm_solve", how)))

    def bounds(self, x: Any = None, **options: Any) -> Bounds:
        """Returns bounds of every unit over the question's input set. Options beside the question's: bounds, threads, all_rows. If x has the axis of
        a batch, of one image, bounds of the outputs have it, as the outputs have."""
        q, how = self._asked("bounds", x, options)
        job = Job(q)
        return bounds_of(job, job.work(lib.nm_bound_units, self._p, q._p, job.options("nm_bound_units", how)), (1,) * q.batch + (self.outputs,))

    def compile(self, x: Any = None, **options: Any) -> Models:
        """Returns a model for each target that bounds leave open, as arrays. Options beside the question's: threads, bounds, split, encoding,
        one_sided, fold, no_units, always_write, dialect (whose tolerances the model is guarded against: "highs" for scipy)."""
        q, how = self._asked("compile", x, options)
        job = Job(q)
        return Models(job, job.work(lib.nm_compile, self._p, q._p, job.options("nm_compile", how)), q)

    def compile_files(self, out: Union[str, os.PathLike], x: Any = None, **options: Any) -> Result:
        """Writes the models as files: OUT.mps or OUT.lp, also with .gz, each beside its map, and a manifest if there are several; the result's `files`
        names them. Further options: mps, cuts, start, priorities, options, comments. `netmip.decode` reads solutions back."""
        name = path_of("out", out)
        q, how = self._asked("compile_files", x, options)
        job = Job(q)
        return q._result(job, job.work(lib.nm_compile_files, self._p, q._p, job.options("nm_compile_files", how), name))

    def embed(self, c: Any, *, inputs: Any, outputs: Any, constraints: Any = (), bounds: Any = None, integrality: Any = None, **options: Any) -> Embedded:
        """Returns an optimisation model of your own, in the words of scipy.optimize.milp (c, constraints, bounds, integrality), with this network in it:
        `inputs` are the columns that it reads, `outputs` those that equal its outputs, None for one that the model does not need. Input columns
        need two finite ends, their own or such as the rows imply. Options: level (the flag --bounds), encoding (bigm, partition:N), threads."""
        check_names("embed", options)
        how = {"bounds" if k == "level" else k: v for k, v in options.items()}
        return embed(self, c, inputs, outputs, constraints, bounds, integrality, how)

    def batch(self, images: Iterable[Any], labels: Optional[Iterable[int]] = None, *, workers: int = 1, progress: bool = True,
              errors: str = "raise", **options: Any) -> Iterator[Result]:
        """Asks the same of many images: an iterator over results, in their order. workers: threads that solve at once; progress: a bar, where tqdm is
        installed; errors="yield" gives a sample's netmip.Error in place of its result, and goes on. Such an error says which image, and
        has its number as `index`."""
        if errors not in ("raise", "yield"):
            refuse("errors=%s: raise or yield was expected" % shown(errors))
        if isinstance(workers, bool) or not isinstance(workers, (int, np.integer)) or workers < 1:
            refuse("workers=%s: a whole number of 1 or more was expected" % shown(workers))
        for what, many in (("images", images), ("labels", labels)):
            if isinstance(many, (str, bytes, os.PathLike)) or (what == "images" and many is None) or not (many is None or hasattr(many, "__iter__")):
                refuse("%s: an array or a list was expected, not %s" % (what, shown(many)))
        check_names("batch", options)
        total = len(images) if hasattr(images, "__len__") else None  # type: ignore[arg-type]
        found = self._batch(images, labels, workers, errors, options)
        return _bar(found, total) if progress else found

    def _batch(self, images: Iterable[Any], labels: Optional[Iterable[int]], workers: int, errors: str, options: dict[str, Any]) -> Iterator[Any]:
        stop = ctypes.c_int(0)

        def one(i: int, x: Any, label: Any) -> Any:
            try:
                return self._solve(x, {**options, **({} if labels is None else {"label": label})}, lambda *keep: Job(*keep, stop=stop))
            except Error as e:
                of = type(e)(e.code, "image %d: %s" % (i, e.message))
                of.index = i
                if errors == "raise":
                    raise of from e
                return of

        waiting: collections.deque[futures.Future[Any]] = collections.deque()
        with futures.ThreadPoolExecutor(workers) as pool:
            try:
                pairs = zip(images, itertools.repeat(None)) if labels is None else itertools.zip_longest(images, labels, fillvalue=_MISSING)
                for i, (x, label) in enumerate(pairs):
                    if x is _MISSING or label is _MISSING:
                        refuse("not as many labels as images: %s %d has no %s" % (("label", i, "image") if x is _MISSING else ("image", i, "label")))
                    waiting.append(pool.submit(one, i, x, label))
                    if len(waiting) > workers:
                        yield _waited(waiting.popleft())
                while waiting:
                    yield _waited(waiting.popleft())
            finally:  # of a loop that was left as well
                stop.value = 1
                for f in waiting:
                    f.cancel()

    def _asked(self, method: str, x: Any, options: dict[str, Any]) -> tuple["Question", dict[str, Any]]:
        """Returns the question, and the options that are not its own; refuses names that the method does not take before anything else."""
        check_names(method, options)
        own = names_of("question")
        ask = {k: v for k, v in options.items() if k in own}
        how = {k: v for k, v in options.items() if k not in own}
        if not isinstance(x, Question):
            return Question(self, x, ask), how
        if ask:
            refuse("%s: an option of the question, which was made before" % ", ".join(ask))
        if x.network is not self:
            refuse("a question about another network")
        return x, how


class Question:
    """A question about a network: input sets and output conditions. Made by Network.question; `json` reads back to the same question."""

    def __init__(self, network: Network, x: Any, ask: dict[str, Any]):
        self.network, self._job = network, Job(network)
        self.shape: Optional[tuple[int, ...]] = network.input_shape
        self.batch = False  # whether the image has the axis of a batch, of one
        ask = {k: v for k, v in ask.items() if v is not None}
        image = None if x is None or is_name(x) else self._image(x)
        radii = [r for n in NORMS for r in [radius_of(n, ask.pop(n, None))] if r]
        whole = ask.get("perturb")
        if radii and (whole is None or isinstance(whole, str)):
            ask["perturb"] = "+".join([whole, *radii] if whole else radii)
        if is_name(x):
            foreign = [k for k in ask if k not in table("nm_query_load")]
            if foreign:
                refuse("%s: a file is the whole question; beside it only %s can be said" % (", ".join(foreign), ", ".join(sorted(table("nm_query_load")))))
            self._p = self._job.make(lib.nm_query_load, network._p, os.fsencode(x), self._job.options("nm_query_load", ask))
            return
        if image is None and "image" not in ask:
            refuse("no image: an array, or image=FILE, was expected")
        if "perturb" not in ask:
            refuse("no input set: %s" % SETS)
        o = self._job.options("nm_query_make", ask)
        if image is not None:
            o = o or self._job.make(lib.nm_options_new)
            sizes = (ctypes.c_int64 * max(image.ndim, 1))(*image.shape)
            self._job.check(lib.nm_options_image(o, image.ctypes.data, image.ndim, sizes))
        self._p = self._job.make(lib.nm_query_make, network._p, o)

    def _image(self, x: Any) -> np.ndarray:
        """Returns an image as an array, and notes its shape."""
        net, image = self.network, inputs(x, self.network.input_shape)
        self.shape, self.batch = image.shape, is_batch(image, net.input_shape, net.inputs)
        if self.batch and len(image) != 1:
            refuse("a batch of %d inputs; one was expected, and Network.batch asks about many" % len(image))
        if image.size != net.inputs:
            refuse("an input of shape %s; the network has %d inputs" % (image.shape, net.inputs))
        return image

    @property
    def json(self) -> dict[str, Any]:
        """The question as netmip's own JSON."""
        return json.loads(self.text)

    @property
    def text(self) -> str:
        """The same as a text, which can be written to a file and read back by Network.question."""
        job, text = Job(self), ctypes.c_char_p()
        job.check(lib.nm_query_json(job.p, self._p, ctypes.byref(text)))
        return said(text.value) or ""

    def _result(self, job: Job, r: Any) -> Result:
        return Result(r, self, self.shape)


def _exported(module: Any, example: Any, shape: Optional[Iterable[int]]) -> bytes:
    """Returns a torch module as ONNX."""
    import torch

    if (example is None) == (shape is None):
        refuse("a torch module: example, an input, or input_shape was expected%s" % (", not both" if example is not None else ""))
    weights = next((p for p in module.parameters() if p.is_floating_point()), torch.zeros(1))
    if example is None:
        example = torch.zeros(_shape_of(shape), dtype=weights.dtype, device=weights.device)
    elif not isinstance(example, (torch.Tensor, tuple, dict)):  # an array, or lists
        example = torch.as_tensor(doubles(example, "example"), dtype=weights.dtype, device=weights.device)
    training, out = module.training, io.BytesIO()
    module.eval()
    try:
        torch.onnx.export(module, example, out)
    except (RuntimeError, IndexError, TypeError, ValueError) as e:
        refuse("a torch module that torch.onnx does not export for an input of shape %s: %s" % (tuple(getattr(example, "shape", ())), str(e).split("\n")[0]))
    finally:
        module.train(training)
    return out.getvalue()


def _shape_of(shape: Any) -> list[int]:
    """Returns an input's shape."""
    try:
        sides = [operator.index(d) for d in shape]
    except TypeError:
        sides = []
    if not sides or isinstance(shape, (str, bytes)) or min(sides) < 1:
        refuse("input_shape=%s: whole numbers of 1 or more were expected, such as (1, 28, 28)" % shown(shape))
    return sides


def _waited(future: futures.Future) -> Any:
    """Returns a result; the main thread sees signals while it waits."""
    while True:
        try:
            return future.result(0.2)
        except futures.TimeoutError:
            if future.done():
                raise


def _bar(found: Iterator[Any], total: Optional[int]) -> Iterator[Any]:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return found
    return iter(tqdm(found, total=total, unit="image"))
