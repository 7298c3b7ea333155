#!/usr/bin/python3
"""Train a small surrogate of a made-up process, and write a model around it.

What:  writes to models/
         surrogate.onnx     yield of a reactor from temperature, flow and
                            acid: 3 inputs in their own units, 1 output
         surrogate-plan.lp  the cheapest way to run it, in which `yield` is
                            a column that nothing ties to the others yet
Why:   `netmip embed` puts the one into the other; any MIP solver then finds
       the cheapest setting with enough yield.  Nothing here is anybody's data:
       the yield is a formula of this script's, and the network learns it.
How:   2-layer ReLU network, Adam, fixed seeds: every run gives the same
       network up to the last bits of the machine's exp.  Needs Debian's
       python3-numpy and python3-onnx.

usage: make-surrogate.py

Takes about ten seconds.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.dont_write_bytecode = True      # leave no __pycache__ in scripts/
from modelkit import IR_VERSION, MODELS, OPSET

LOW, HIGH = np.array([20.0, 1.0, 0.0]), np.array([90.0, 5.0, 1.0])
SIZES = (3, 12, 8, 1)

PLAN = r"""\ The cheapest setting with a yield of 0.6; the yield is a network's.
Minimize
 cost: 0.05 temp + 1.5 flow + 4 acid + 2 cooler + 6
Subject To
 demand: yield >= 0.6
 heat: temp - 30 cooler <= 60
 water: flow + 2 acid <= 5
Bounds
 20 <= temp <= 90
 1 <= flow <= 5
 0 <= acid <= 1
Binaries
 cooler
End
"""


def process(x):
    """The yield: best near 65 degrees, more with flow and acid, less with
    both of them together."""
    temp, flow, acid = x.T
    return (0.9 * np.exp(-((temp - 65 + 10 * acid) / 22) ** 2)
            * (1 - np.exp(-0.8 * flow)) * (0.6 + 0.5 * acid - 0.05 * acid * flow))


def forward(layers, x):
    values = [x]
    for k, (weight, bias) in enumerate(layers):
        a = values[-1] @ weight + bias
        values.append(a if k + 1 == len(layers) else np.maximum(a, 0))
    return values


def gradients(layers, values, error):
    found = []
    for k in range(len(layers) - 1, -1, -1):
        found.insert(0, (values[k].T @ error, error.sum(0)))
        error = (error @ layers[k][0].T) * (values[k] > 0)
    return found


def train():
    random = np.random.default_rng(7)
    x = random.random((4000, 3))                     # of the unit cube
    y = process(LOW + x * (HIGH - LOW))[:, None]
    layers = [(random.normal(size=(a, b)) * np.sqrt(2 / a), np.zeros(b))
              for a, b in zip(SIZES, SIZES[1:])]
    m = [[np.zeros_like(p), np.zeros_like(p)] for layer in layers for p in layer]
    for step in range(1, 6001):
        at = random.integers(0, len(x), 128)
        values = forward(layers, x[at])
        error = 2 * (values[-1] - y[at]) / len(at)
        rate = 0.01 * (1 - step / 6001)
        flat = [g for pair in gradients(layers, values, error) for g in pair]
        for k, g in enumerate(flat):
            m[k][0] = 0.9 * m[k][0] + 0.1 * g
            m[k][1] = 0.999 * m[k][1] + 0.001 * g * g
            layers[k // 2][k % 2][...] -= (
                rate * (m[k][0] / (1 - 0.9 ** step))
                / (np.sqrt(m[k][1] / (1 - 0.999 ** step)) + 1e-8))
    off = forward(layers, x)[-1] - y
    print("root mean square error %.4f, largest %.4f"
          % (np.sqrt((off ** 2).mean()), np.abs(off).max()))
    return layers


def in_units(layers):
    """The same network over inputs in their own units."""
    weight, bias = layers[0]
    scale = 1 / (HIGH - LOW)
    return [(weight * scale[:, None], bias - (LOW * scale) @ weight)] + layers[1:]


def export(layers, path):
    nodes, weights, name = [], [], "x"
    for k, (weight, bias) in enumerate(layers):
        last = k + 1 == len(layers)
        weights += [numpy_helper.from_array(np.asarray(a, np.float32), n + str(k))
                    for a, n in ((weight, "W"), (bias, "b"))]
        nodes.append(helper.make_node("Gemm", [name, "W%d" % k, "b%d" % k],
                                      ["y" if last else "a%d" % k]))
        if not last:
            nodes.append(helper.make_node("Relu", ["a%d" % k], ["r%d" % k]))
            name = "r%d" % k
    graph = helper.make_graph(
        nodes, "surrogate",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, SIZES[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, SIZES[-1]])],
        weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    onnx.save(model, path)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    export(in_units(train()), str(MODELS / "surrogate.onnx"))
    (MODELS / "surrogate-plan.lp").write_text(PLAN)
