#!/usr/bin/python3
"""Write netmip's tiny networks, and find exact facts about them.

What:  writes to models/
         tiny-abs, tiny-xor, tiny-max, tiny-res, tiny-stable, tiny-dead
             nets of a few units with round weights, to be followed by hand,
             as ONNX and in netmip's JSON form.
       Below that is an evaluation of these nets in exact fractions, which
       gives their outputs at points and the extreme values of the outputs
       over boxes; model-facts.py puts these into models/facts.csv.
Why:   the tests and examples need networks that can be shipped freely and
       answers that do not come from the program under test.  The networks and
       this script were made by this project and come under its licence.
How:   nothing is random: every run gives the same bytes.  An output is linear
       wherever the maxima in the net are settled, so its extremes are sought
       at the corners of all such regions.  Needs Debian's python3-numpy and
       python3-onnx.

usage: tiny-models.py

Takes less than a second.  After a change here run model-facts.py.
"""

import itertools
import json
import sys
from fractions import Fraction

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.dont_write_bytecode = True      # leave no __pycache__ in scripts/
from modelkit import IR_VERSION, MODELS, OPSET, evaluate_onnx, floats


# ---------------------------------------------------------------- the nets

def dense(weight, bias, **more):
    return dict(op="dense", weight=weight, bias=bias, **more)


def relu(**more):
    return dict(op="relu", **more)


def tiny(name, shape, *layers):
    return dict(netmip="network", version=1, name=name,
                input=dict(name="x", shape=shape), layers=list(layers))


TINY_NETS = [
    # |x0 - x1|
    tiny("tiny-abs", [2],
         dense([[1, -1], [-1, 1]], [0, 0]), relu(), dense([[1, 1]], [0])),
    # Output 1 wins where x0 and x1 differ, output 0 where they agree.
    tiny("tiny-xor", [2],
         dense([[1, -1], [-1, 1], [1, 1]], [0, 0, -1]), relu(),
         dense([[-1, -1, 0.25], [1, 1, 0]], [0.75, 0])),
    # Maxima of overlapping pairs of four neighbours.
    tiny("tiny-max", [1, 1, 1, 4],
         dict(op="maxpool", kernel_shape=[1, 2], strides=[1, 1],
              pads=[0, 0, 0, 0]),
         dict(op="flatten"),
         dense([[1, -2, 1], [0.5, 1, 0.5]], [0, -1])),
    # A branch of two dense layers, added to the input.
    tiny("tiny-res", [2],
         dense([[1, -2], [-1, 1]], [0.5, 0.25]), relu(),
         dense([[1, -1], [2, 0.5]], [-0.5, -1], name="branch"),
         dict(op="add", inputs=["branch", "x"]), relu(),
         dense([[1, -1], [-0.5, 2]], [0, 0.25])),
    # On the unit square: on, off, on.
    tiny("tiny-stable", [2],
         dense([[1, 1], [1, -1], [-1, 0]], [1, -2, 2]), relu(),
         dense([[1, 5, -2]], [0.5])),
    # On the unit square: open, never on, open, zero but for one corner where
    # it is exactly 0.
    tiny("tiny-dead", [2],
         dense([[1, 0], [1, 1], [-1, 1], [1, 1]], [-0.5, -3, 0, -2]), relu(),
         dense([[2, 7, -1, 3]], [0])),
]

TINY_INPUTS = {2: ["0.25;0.75", "1;0", "0.5;0.5", "0.875;0.625"],
               4: ["0;0.5;1;0.25", "0.75;0.75;0.25;0", "0.5;0.5;0.5;0.5"]}
TINY_BOXES = {2: [("0.5;0.5", "0.5"), ("0.625;0.25", "0.125")],
              4: [("0.5;0.5;0.5;0.5", "0.5"), ("0.75;0.25;0.5;0.375", "0.125")]}


# ------------------------------------------------------------ writing them

def write_json(net, path):
    """netmip's JSON form, one layer a line."""
    head = {key: value for key, value in net.items() if key != "layers"}
    layers = ",\n  ".join(json.dumps(layer) for layer in net["layers"])
    path.write_text('%s,\n "layers": [\n  %s\n]}\n'
                    % (json.dumps(head)[:-1], layers))


def tensor(name, values):
    return numpy_helper.from_array(np.array(values, np.float32), name)


def dense_nodes(layer, source, result, as_matmul):
    """A dense layer as Gemm, or as MatMul and Add."""
    weight, bias = result + ".weight", result + ".bias"
    if as_matmul:
        return ([helper.make_node("MatMul", [source, weight], [result + ".product"]),
                 helper.make_node("Add", [result + ".product", bias], [result])],
                [tensor(weight, np.transpose(layer["weight"])),
                 tensor(bias, layer["bias"])])
    return ([helper.make_node("Gemm", [source, weight, bias], [result], transB=1)],
            [tensor(weight, layer["weight"]), tensor(bias, layer["bias"])])


ONNX_NAMES = {"relu": "Relu", "add": "Add", "maxpool": "MaxPool",
              "flatten": "Flatten"}


def tiny_to_onnx(net, as_matmul):
    """The ONNX model of a tiny net; a plain vector gets a batch axis of 1."""
    nodes, constants, source = [], [], "x"
    for number, layer in enumerate(net["layers"]):
        last = number == len(net["layers"]) - 1
        result = "y" if last else layer.get("name", "layer%d" % number)
        if layer["op"] == "dense":
            more_nodes, more = dense_nodes(layer, source, result, as_matmul)
            nodes, constants = nodes + more_nodes, constants + more
        else:
            attributes = {k: v for k, v in layer.items()
                          if k not in ("op", "name", "inputs")}
            nodes.append(helper.make_node(ONNX_NAMES[layer["op"]],
                                          layer.get("inputs", [source]),
                                          [result], **attributes))
        source = result
    shape = net["input"]["shape"]
    shape = [1] + shape if len(shape) == 1 else shape
    outputs = len(net["layers"][-1]["bias"])
    graph = helper.make_graph(
        nodes, net["name"],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, outputs])],
        constants)
    return helper.make_model(graph, producer_name="netmip", ir_version=IR_VERSION,
                             opset_imports=[helper.make_opsetid("", OPSET)])


def write_tiny_nets():
    for net in TINY_NETS:
        path = MODELS / net["name"]
        write_json(net, path.with_suffix(".json"))
        model = tiny_to_onnx(net, as_matmul=net["name"] == "tiny-xor")
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, str(path.with_suffix(".onnx")))


# ------------------------------------------------------------ exact values
#
# A value is a linear form in the inputs: an array of fractions whose last
# axis holds the coefficients and then the constant.  A point is the case
# without coefficients.  Where the net takes a maximum, `choose` is asked which
# of the forms it is; thus one function evaluates the net at a point and on
# the region that belongs to a set of choices.

FRACTIONS = np.vectorize(Fraction, otypes=[object])


def maximum_of_windows(x, layer, choose):
    """MaxPool on [1, 1, 1, W] without padding and with strides of 1."""
    width = layer["kernel_shape"][1]
    starts = range(x.shape[3] - width + 1)
    best = [choose(list(x[0, 0, 0, s:s + width])) for s in starts]
    return np.array(best, dtype=object)[None, None, None]


def run_tiny(net, x, choose):
    values = {net["input"]["name"]: x}
    for layer in net["layers"]:
        sources = [values[name] for name in layer.get("inputs", [])] or [x]
        op = layer["op"]
        if op == "dense":
            x = FRACTIONS(layer["weight"]).dot(sources[0])
            x[:, -1] += FRACTIONS(layer["bias"])
        elif op == "relu":
            x = np.array([choose([form, 0 * form]) for form in sources[0]])
        elif op == "add":
            x = sources[0] + sources[1]
        elif op == "flatten":
            x = sources[0].reshape(-1, sources[0].shape[-1])
        else:
            x = maximum_of_windows(sources[0], layer, choose)
        values[layer.get("name")] = x
    return x


def evaluate_tiny(net, point):
    """The outputs at a point, as fractions."""
    x = np.array(point, dtype=object).reshape(net["input"]["shape"] + [1])
    def choose(forms):
        return max(forms, key=lambda form: form[-1])
    return [form[-1] for form in run_tiny(net, x, choose)]


def count_choices(net):
    """How many forms each maximum of the net chooses from."""
    counts = []
    def choose(forms):
        counts.append(len(forms))
        return forms[0]
    run_tiny(net, input_forms(net), choose)
    return counts


def input_forms(net):
    inputs = int(np.prod(net["input"]["shape"]))
    forms = np.eye(inputs, inputs + 1, dtype=int)
    return FRACTIONS(forms).reshape(net["input"]["shape"] + [inputs + 1])


def boundaries(net, choices):
    """The forms that vanish on the border of the region of these choices."""
    pending, found = iter(choices), set()
    def choose(forms):
        chosen = forms[next(pending)]
        found.update(tuple(chosen - form) for form in forms)
        return chosen
    run_tiny(net, input_forms(net), choose)
    return {form for form in found if any(form[:-1])}


def solve(forms):
    """The only point where all the forms vanish, or None."""
    rows = [list(form) for form in forms]
    for column in range(len(rows)):
        pivot = next((r for r in rows[column:] if r[column] != 0), None)
        if pivot is None:
            return None
        rows.remove(pivot)
        rows = [[a - b * r[column] / pivot[column] for a, b in zip(r, pivot)]
                for r in rows]
        rows.insert(column, pivot)
    return tuple(-r[-1] / r[c] for c, r in enumerate(rows))


def facets(low, high):
    """The box's borders x_i - low_i = 0 and x_i - high_i = 0."""
    for axis, ends in enumerate(zip(low, high)):
        for end in set(ends):
            yield tuple([Fraction(int(i == axis)) for i in range(len(low))] + [-end])


def candidate_points(net, low, high):
    """Points among which every output takes its extreme values over the box.

    On the region of one set of choices the outputs are linear, so their
    extremes lie at a corner of a region: where as many borders of the region
    or of the box meet as there are inputs.  Points that turn out not to be
    corners do no harm, as the net itself is evaluated at them.
    """
    points, sides = set(), set(facets(low, high))
    seen = set()
    for choices in itertools.product(*map(range, count_choices(net))):
        forms = frozenset(boundaries(net, choices) | sides)
        if forms in seen:
            continue
        seen.add(forms)
        for meeting in itertools.combinations(sorted(forms), len(low)):
            point = solve(meeting)
            if point and all(a <= v <= b for a, v, b in zip(low, point, high)):
                points.add(point)
    return points


def exact_extremes(net, centre, epsilon):
    """For every output its exact minimum and maximum over the clipped box."""
    low = [max(c - epsilon, Fraction(0)) for c in centre]
    high = [min(c + epsilon, Fraction(1)) for c in centre]
    outputs = [evaluate_tiny(net, p) for p in candidate_points(net, low, high)]
    return [(min(values), max(values)) for values in zip(*outputs)]


# ------------------------------------------------------------------- facts

def fractions(text):
    return [Fraction(part) for part in text.split(";")]


def tiny_facts(net):
    model = onnx.load(str(MODELS / (net["name"] + ".onnx")))
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    inputs = int(np.prod(shape))
    for image in TINY_INPUTS[inputs]:
        point = fractions(image)
        outputs = evaluate_tiny(net, point)
        again = evaluate_onnx(model, np.array(point, float).reshape(shape))
        assert np.array_equal(np.array(outputs, float), again), net["name"]
        yield image, "-", 0, "outputs", floats(outputs), "exact fractions"
        if len(outputs) > 1 and outputs.count(max(outputs)) == 1:
            yield (image, "-", 0, "predicted", outputs.index(max(outputs)),
                   "exact fractions")
    for centre, epsilon in TINY_BOXES[inputs]:
        extremes = exact_extremes(net, fractions(centre), Fraction(epsilon))
        for number, (least, greatest) in enumerate(extremes):
            source = "exact fractions; all corners of all linear regions"
            yield centre, number, epsilon, "min_output", floats([least]), source
            yield centre, number, epsilon, "max_output", floats([greatest]), source


def main(*arguments):
    if arguments:
        sys.exit("usage: tiny-models.py")
    MODELS.mkdir(exist_ok=True)
    write_tiny_nets()


if __name__ == "__main__":
    main(*sys.argv[1:])
