"""What train-models.py, tiny-models.py and model-facts.py have in common.

What:  where the networks are kept, how one of these scripts uses another, and
       an evaluation of ONNX files in float64, independent of torch and of
       netmip, which covers the operators of the shipped networks.
Why:   facts about a network are to be computed from the written file.
How:   imported by those scripts, which lie in the same folder; there is
       nothing to run here.  Needs Debian's python3-numpy and python3-onnx.
"""

import importlib.util
import pathlib

import numpy as np
from onnx import helper, numpy_helper

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
MODELS = REPOSITORY / "models"
OPSET, IR_VERSION = 13, 7


def load_script(name):
    """The script `name`.py of this folder; a name with a hyphen in it is no
    Python identifier, so that `import` cannot do it."""
    path = pathlib.Path(__file__).with_name(name + ".py")
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def floats(values):
    return " ".join(repr(float(v)) for v in values)


# ------------------------------------------------------ reading ONNX files

def attributes_of(node):
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def windows(x, kernel, strides, pads, fill):
    """All windows of x [1, C, H, W]: [C, rows, columns, kh, kw]."""
    top, left, bottom, right = pads
    padded = np.pad(x[0], ((0, 0), (top, bottom), (left, right)),
                    constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(padded, kernel, (1, 2))
    return view[:, ::strides[0], ::strides[1]]


def onnx_conv(attributes, x, weight, bias):
    view = windows(x, weight.shape[2:], attributes["strides"],
                   attributes["pads"], 0)
    return np.einsum("crskl,ockl->ors", view, weight)[None] + bias[:, None, None]


def onnx_maxpool(attributes, x):
    pads = attributes.get("pads", [0, 0, 0, 0])
    return windows(x, attributes["kernel_shape"], attributes["strides"],
                   pads, -np.inf).max((3, 4))[None]


def onnx_normalise(attributes, x, scale, bias, mean, variance):
    factor = scale / np.sqrt(variance + attributes["epsilon"])
    return ((x - mean[:, None, None]) * factor[:, None, None]
            + bias[:, None, None])


def onnx_gemm(attributes, x, weight, bias):
    return x @ (weight.T if attributes.get("transB", 0) else weight) + bias


ONNX_OPERATORS = {
    "Conv": onnx_conv,
    "MaxPool": onnx_maxpool,
    "BatchNormalization": onnx_normalise,
    "Gemm": onnx_gemm,
    "MatMul": lambda attributes, a, b: a @ b,
    "Add": lambda attributes, a, b: a + b,
    "Relu": lambda attributes, x: np.maximum(x, 0),
    "Flatten": lambda attributes, x: x.reshape(1, -1),
}


def evaluate_onnx(model, x):
    """The model's output for one input, in float64 and without torch."""
    graph = model.graph
    values = {t.name: numpy_helper.to_array(t).astype(np.float64)
              for t in graph.initializer}
    values[graph.input[0].name] = x
    for node in graph.node:
        operator = ONNX_OPERATORS[node.op_type]
        values[node.output[0]] = operator(attributes_of(node),
                                          *(values[i] for i in node.input))
    return values[graph.output[0].name].ravel()
