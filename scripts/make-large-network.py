#!/usr/bin/env python3
"""Writes a network with about 360,000 ReLUs, to measure time and memory on: three convolutions over 3 x 64 x 64 (32, 32
and 24 channels, 3 x 3), then two strided ones and a linear map to ten outputs. Weights are random, with a fixed seed.

Usage: make-large-network.py FILE.onnx. Then, for instance,
    /usr/bin/time -v netmip solve FILE.onnx --image FILE.npy:0 --perturb linf:0.001 --time-limit 60
with the image that is written beside it as FILE.npy. Needs the Python packages numpy and onnx."""
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper


def main():
    if len(sys.argv) != 2 or not sys.argv[1].endswith(".onnx"):
        sys.exit(__doc__)
    rng = np.random.default_rng(1)
    nodes, weights, last = [], [], "x"
    for i, (inputs, outputs, stride) in enumerate([(3, 32, 1), (32, 32, 1), (32, 24, 1), (24, 8, 4), (8, 8, 4)]):
        w = rng.normal(0, np.sqrt(2 / (9 * inputs)), (outputs, inputs, 3, 3)).astype(np.float32)
        weights += [numpy_helper.from_array(w, "w%d" % i), numpy_helper.from_array(np.zeros(outputs, np.float32), "b%d" % i)]
        nodes += [helper.make_node("Conv", [last, "w%d" % i, "b%d" % i], ["c%d" % i], pads=[1] * 4, strides=[stride] * 2),
                  helper.make_node("Relu", ["c%d" % i], ["r%d" % i])]
        last = "r%d" % i
    w = rng.normal(0, np.sqrt(1 / 128), (10, 128)).astype(np.float32)
    weights += [numpy_helper.from_array(w, "w"), numpy_helper.from_array(np.zeros(10, np.float32), "b")]
    nodes += [helper.make_node("Flatten", [last], ["f"]), helper.make_node("Gemm", ["f", "w", "b"], ["y"], transB=1)]
    tensor = lambda name, shape: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "large", [tensor("x", [1, 3, 64, 64])], [tensor("y", [1, 10])], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), sys.argv[1])
    np.save(sys.argv[1][:-5] + ".npy", rng.uniform(0, 1, (1, 3, 64, 64)))


if __name__ == "__main__":
    main()
