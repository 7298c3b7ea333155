"""Networks, and what is asked of them."""
from __future__ import annotations

import collections
import ctypes
import gzip
import io
import itertools
import json
import os
from concurrent import futures
from typing import Any, Iterable, Iterator, Optional, Union

import numpy as np

from ._arrays import inputs, said
from ._library import Error, Job, lib
from .bounds import Bounds, bounds_of
from .embedding import Embedded, embed
from .models import Models
from .result import Result

_NORMS = ("linf", "l1", "l2", "l0")
_ASK = ("perturb", *_NORMS, "label", "labels", "image", "domain", "target", "margin", "objective", "differ", "guard")
_MISSING = object()


class Network:
    """A network. `source` is the path of a .onnx, .nnet or .json file, also gzipped; the bytes of one; an onnx.ModelProto; or a torch.nn.Module,
    which is exported by torch.onnx for `example`, an input, or for zeros of shape `input_shape`.

    input_shape, output_name, channels, mean, std and against are the flags of the command; with mean and std inputs are pixels. `inputs` and
    `outputs` count elements; a Softmax, Sigmoid, Tanh or ArgMax at an output is left out of `outputs`, since questions are about what it reads, and
    part of `file_outputs`, which a call of the network computes.
    """

    def __init__(self, source: Any, *, name: Optional[str] = None, example: Any = None, input_shape: Optional[Iterable[int]] = None,
                 output_name: Optional[str] = None, channels: Optional[str] = None, mean: Any = None, std: Any = None, against: Any = None):
        self._job = Job()
        if hasattr(source, "state_dict"):
            source, input_shape, name = _exported(source, example, input_shape), None, name or "module.onnx"
        elif hasattr(source, "SerializeToString"):
            source, name = source.SerializeToString(), name or "model.onnx"
        o = self._job.options({"input_shape": list(input_shape) if input_shape is not None else None, "output_name": output_name, "channels": channels,
                               "mean": mean, "std": std, "against": against})
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)
            data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            self._p = self._job.make(lib.nm_net_parse, os.fsencode(name or "network"), data, len(data), o)
        else:
            self._p = self._job.make(lib.nm_net_load, os.fsencode(source), o)
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
        both = cls.__new__(cls)
        both._job = Job(a, b)
        both._p = both._job.make(lib.nm_net_pair, a._p, b._p)
        both._facts()
        return both

    def __repr__(self) -> str:
        return "<Network: %s inputs, %d outputs>" % ("x".join(map(str, self.input_shape)), self.file_outputs)

    def save(self, path: Union[str, os.PathLike]) -> None:
        """Writes it as .json or .onnx, to the same bits."""
        self._job.check(lib.nm_net_save(self._job.p, self._p, os.fsencode(path)))

    # ---- evaluation ----

    def __call__(self, x: Any, dtype: Any = np.float64) -> np.ndarray:
        """Returns what the file computes, [file_outputs], in float64 or float32; of a batch (one more axis in front) [n, file_outputs]."""
        if np.dtype(dtype) not in (np.dtype(np.float64), np.dtype(np.float32)):
            raise ValueError("dtype %s: float64 or float32 was expected" % np.dtype(dtype))
        single = np.dtype(dtype) == np.float32

        def one(job: Job, at: int, y: np.ndarray) -> int:
            return lib.nm_net_file_run(job.p, self._p, at, None if single else y.ctypes.data, y.ctypes.data if single else None)

        return self._each(x, self.file_outputs, one).astype(dtype)

    def scores(self, x: Any) -> np.ndarray:
        """Returns the outputs that questions are about, [outputs], in float64: what a Softmax at the end reads."""
        return self._each(x, self.outputs, lambda job, at, y: lib.nm_net_run(job.p, self._p, at, y.ctypes.data, None))

    def rounding(self, x: Any) -> np.ndarray:
        """Returns for each output a bound of the rounding error in `scores`."""
        z = np.empty(self.outputs)
        return self._each(x, self.outputs, lambda job, at, y: lib.nm_net_run(job.p, self._p, at, z.ctypes.data, y.ctypes.data))

    def _each(self, x: Any, outputs: int, run: Any) -> np.ndarray:
        x, job = inputs(x, self.input_shape), Job(self)
        n = 1 if x.size == self.inputs else len(x) if x.ndim else 0
        if x.size != n * self.inputs or (n != 1 and x.ndim < 2):
            raise ValueError("an input of shape %s; the network has %d inputs" % (x.shape, self.inputs))
        rows, y = x.reshape(n, self.inputs), np.empty((n, outputs))
        for i in range(n):
            job.check(run(job, rows[i].ctypes.data, y[i]))
        return y[0] if x.size == self.inputs else y

    # ---- questions and answers ----

    def question(self, x: Any = None, **ask: Any) -> "Question":
        """Returns a question: around x, an image (an array of as many elements as the network has inputs), or from x, the path of a VNN-LIB or JSON
        file. perturb="linf:0.1" is the input set, or shorter linf=0.1, l1=.., l2=.., l0=..; label, labels, image (a file), domain, target, margin,
        objective, differ and guard are the flags of the command."""
        return Question(self, x, ask)

    def solve(self, x: Any = None, **options: Any) -> Result:
        """Answers a question: `x` is a Question, or what `question` takes, with its options beside those of the command's solve: time_limit, seed,
        threads, bounds, encoding, no_attack, .. A question that is violated or stays unknown is no error. Control-C raises KeyboardInterrupt."""
        return self._solve(x, options, Job)

    def _solve(self, x: Any, options: dict[str, Any], job_of: Any) -> Result:
        q, how = self._asked(x, options)
        job = job_of(q)
        return q._result(job, job.work(lib.nm_solve, self._p, q._p, job.options(how)))

    def bounds(self, x: Any = None, **options: Any) -> Bounds:
        """Returns bounds of every unit over the question's input set. Options beside the question's: bounds, threads, all_rows."""
        q, how = self._asked(x, options)
        job = Job(q)
        return bounds_of(job, job.work(lib.nm_bound_units, self._p, q._p, job.options(how)), self.outputs)

    def compile(self, x: Any = None, **options: Any) -> Models:
        """Returns a model for each target that bounds leave open, as arrays. Options beside the question's: threads, bounds, split, encoding,
        one_sided, fold, no_units, always_write, dialect (whose tolerances the model is guarded against: "highs" for scipy)."""
        q, how = self._asked(x, options)
        job = Job(q)
        return Models(job, job.work(lib.nm_compile, self._p, q._p, job.options(how)), q)

    def compile_files(self, out: Union[str, os.PathLike], x: Any = None, **options: Any) -> Result:
        """Writes the models as files: OUT.mps or OUT.lp, also with .gz, each beside its map; the result's `files` names them. Further options: mps,
        cuts, start, priorities, options, comments. `netmip.decode` reads solutions back."""
        q, how = self._asked(x, options)
        job = Job(q)
        made = ctypes.c_void_p()
        o = job.options(how)
        job.check(lib.nm_compile_files(job.p, self._p, q._p, o, os.fsencode(out), ctypes.byref(made)))
        return q._result(job, made.value)

    def embed(self, c: Any, *, inputs: Any, outputs: Any, constraints: Any = (), bounds: Any = None, integrality: Any = None, **options: Any) -> Embedded:
        """Returns an optimisation model of your own, in the words of scipy.optimize.milp (c, constraints, bounds, integrality), with this network in it:
        `inputs` are the columns that it reads, `outputs` those that equal its outputs, None for one that the model does not need. Input columns
        need two finite ends, their own or such as the rows imply. Options: level (the flag --bounds), encoding (bigm, partition:N), threads."""
        how = {"bounds" if k == "level" else k: v for k, v in options.items()}
        return embed(self, c, inputs, outputs, constraints, bounds, integrality, how)

    def batch(self, images: Iterable[Any], labels: Optional[Iterable[int]] = None, *, workers: int = 1, progress: bool = True,
              errors: str = "raise", **options: Any) -> Iterator[Result]:
        """Asks the same of many images: an iterator over results, in their order. workers: threads that solve at once; progress: a bar, where tqdm is
        installed; errors="yield" gives a sample's netmip.Error in place of its result, and goes on."""
        if errors not in ("raise", "yield"):
            raise ValueError("errors %r: raise or yield was expected" % errors)
        total = len(images) if hasattr(images, "__len__") else None  # type: ignore[arg-type]
        found = self._batch(images, labels, workers, errors, options)
        return _bar(found, total) if progress else found

    def _batch(self, images: Iterable[Any], labels: Optional[Iterable[int]], workers: int, errors: str, options: dict[str, Any]) -> Iterator[Any]:
        stop = ctypes.c_int(0)

        def one(x: Any, label: Any) -> Any:
            try:
                return self._solve(x, {**options, **({} if labels is None else {"label": label})}, lambda *keep: Job(*keep, stop=stop))
            except Error as e:
                if errors == "raise":
                    raise
                return e

        waiting: collections.deque[futures.Future[Any]] = collections.deque()
        with futures.ThreadPoolExecutor(workers) as pool:
            try:
                pairs = zip(images, itertools.repeat(None)) if labels is None else itertools.zip_longest(images, labels, fillvalue=_MISSING)
                for x, label in pairs:
                    if x is _MISSING or label is _MISSING:
                        raise ValueError("not as many labels as images")
                    waiting.append(pool.submit(one, x, label))
                    if len(waiting) > workers:
                        yield _waited(waiting.popleft())
                while waiting:
                    yield _waited(waiting.popleft())
            finally:  # of a loop that was left as well
                stop.value = 1
                for f in waiting:
                    f.cancel()

    def _asked(self, x: Any, options: dict[str, Any]) -> tuple["Question", dict[str, Any]]:
        """Returns the question, and the options that are not its own."""
        ask = {k: v for k, v in options.items() if k in _ASK}
        how = {k: v for k, v in options.items() if k not in _ASK}
        if not isinstance(x, Question):
            return Question(self, x, ask), how
        if ask:
            raise ValueError("%s: an option of the question, which was made before" % ", ".join(ask))
        if x.network is not self:
            raise ValueError("a question about another network")
        return x, how


class Question:
    """A question about a network: input sets and output conditions. Made by Network.question; `json` reads back to the same question."""

    def __init__(self, network: Network, x: Any, ask: dict[str, Any]):
        wrong = [k for k in ask if k not in _ASK]
        if wrong:
            raise TypeError("%s: not an option of a question" % ", ".join(wrong))
        self.network, self._job = network, Job(network)
        self.shape: Optional[tuple[int, ...]] = network.input_shape
        ask = dict(ask)
        sets = [ask.pop("perturb", None), *("%s:%r" % (n, float(r)) for n in _NORMS for r in [ask.pop(n, None)] if r is not None)]
        o = self._job.options({**ask, "perturb": "+".join(s for s in sets if s) or None})
        if isinstance(x, (str, os.PathLike)):
            self._p = self._job.make(lib.nm_query_load, network._p, os.fsencode(x), o)
            return
        if x is not None:
            image = inputs(x, network.input_shape)
            self.shape = image.shape
            o = o or self._job.make(lib.nm_options_new)
            sizes = (ctypes.c_int64 * max(image.ndim, 1))(*image.shape)
            self._job.check(lib.nm_options_image(o, image.ctypes.data, image.ndim, sizes))
        self._p = self._job.make(lib.nm_query_make, network._p, o)

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
        return Result(r, self, self.network.inputs, self.shape)


def _exported(module: Any, example: Any, shape: Optional[Iterable[int]]) -> bytes:
    """Returns a torch module as ONNX."""
    import torch

    if example is None and shape is None:
        raise TypeError("a torch module: example, an input, or input_shape was expected")
    example = torch.zeros(*shape) if example is None else example  # type: ignore[misc]
    training, out = module.training, io.BytesIO()
    module.eval()
    try:
        torch.onnx.export(module, example, out)
    finally:
        module.train(training)
    return out.getvalue()


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
