"""Questions about the robustness of neural networks, as mixed-integer programs.

    import netmip
    net = netmip.Network("net.onnx")
    r = net.solve(image, label=3, linf=0.05)
    print(r.verdict, r.distance)

`Network` reads a network and asks; `Result` is an answer, `Bounds` the bounds of every unit, `Models` and `Model` are mixed-integer models,
whose solutions `decode` judges, `Embedded` is a model of your own with a network in it. Errors are `netmip.Error` and its subclasses, with the library's message and code. What the command
prints on stderr goes to the logger "netmip": progress as INFO, warnings as WARNING.
"""
from ._library import AuditError, Error, FileError, InputError, UnsupportedError, UseError
from ._version import __version__
from .bounds import Bounds, Case, Layer
from .embedding import Embedded
from .models import Model, Models, decode
from .network import Network, Question
from .result import Result, Target

__all__ = ["AuditError", "Bounds", "Case", "Embedded", "Error", "FileError", "InputError", "Layer", "Model", "Models", "Network", "Question",
           "Result", "Target", "UnsupportedError", "UseError", "__version__", "decode"]
