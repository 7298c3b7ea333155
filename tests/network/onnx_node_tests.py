#!/usr/bin/env python3
"""The node tests that the onnx package carries, for every operator that `netmip inspect --ops` lists: `netmip eval`
gives the expected outputs, or the node is refused by name. Inputs after the first become constants, and then the first
one, too, when it is made of integers or stays alone; so each case is read with varying and with constant data. Skips,
and says so, where the package is absent."""
import json, os, re, sys, warnings

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, done, needs, p, run
from tiny import npy

needs("numpy", "onnx")
import numpy as np
import onnx
from onnx import numpy_helper as nh

warnings.filterwarnings("ignore")
for old, new in (("float", float), ("bool", bool), ("int", int), ("object", object)):
    if old not in np.__dict__:
        setattr(np, old, new)  # names that older versions of the package still use
from onnx.backend.test.case.node import collect_testcases

seen = {}


def operators(text):
    rows = [line.split("|")[1].split() for line in text.splitlines() if line.startswith("| ")]
    return {name for row in rows for name in row if re.match("[A-Z]", name) and name not in ("operator", "refused")}


def tensors(data):
    out = [nh.to_array(d) if isinstance(d, onnx.TensorProto) else d for d in data]
    return [np.asarray(a) for a in out] if all(isinstance(a, (np.ndarray, np.generic, float, int)) for a in out) else None


def variants(case, op):
    """(name, model, inputs that stay): the first input varies, or the first two, or none of them (a dummy does)"""
    graph, data = case.model.graph, case.data_sets[0][0]
    arrays = tensors(data)
    if arrays is None or len(arrays) != len(graph.input):
        return
    for keep in (1, 2, 0) if op in read else (1,):
        if not keep and "BFLOAT16" in case.name:  # numpy has no such type: the package's array has another
            continue
        if keep > len(arrays) or any(a.dtype.kind not in "f" for a in arrays[:keep]):
            continue
        m = onnx.ModelProto()
        m.CopyFrom(case.model)
        for i in range(keep, len(arrays)):
            m.graph.initializer.append(nh.from_array(arrays[i], graph.input[i].name))
        kept = [graph.input[i] for i in range(keep)]
        del m.graph.input[:]
        m.graph.input.extend(kept)
        if not keep:
            m.graph.input.append(onnx.helper.make_tensor_value_info("netmip_idle", onnx.TensorProto.FLOAT, [1]))
        yield m, arrays[:keep] if keep else [np.zeros(1)], keep


def one(case):
    op = case.model.graph.node[0].op_type
    arrays = tensors(case.data_sets[0][1])
    if arrays is None or any(a.dtype.kind not in "fbiu" for a in arrays):
        return
    want = np.concatenate([a.astype(float).reshape(-1) for a in arrays])
    for m, inputs, keep in variants(case, op):
        for n in m.graph.node:
            n.name = "node0"
        m.opset_import[0].version = max(7, m.opset_import[0].version)  # some have not changed since
        path, point = p("m.onnx"), p("x.npy")
        open(path, "wb").write(m.SerializeToString())
        open(point, "wb").write(npy(np.concatenate([a.astype(float).reshape(-1) for a in inputs])))
        code, out, err = run("eval", path, "--image", point, "--json", "--quiet")
        name = "%s with %d inputs that vary" % (case.name, keep)
        entry = seen.setdefault(op, [0, 0])
        if code == 0:
            got = np.array(json.loads(out)["outputs"]["float64"])
            entry[0] += 1
            check(name, len(got) == len(want) and np.all(np.abs(got - want) <= case.atol + 1e-6 + case.rtol * np.abs(want)), (got[:6], want[:6]))
        else:
            entry[1] += 1
            named = re.search(r'node "node0": (op %s: |attribute \w+ has type)|tensor "|input "|the outputs have no elements' % op, err)
            check("%s is refused by name" % name, code in (3, 4) and out == "" and err.count("\n") == 1 and named, (code, err))
            if os.environ.get("NETMIP_REFUSED"):
                print(name, err.split(": ", 2)[-1].strip())


table = run("inspect", "--ops")[1]
names, read = operators(table), operators(table.split("| refused |")[0])
for c in collect_testcases(*[None] * collect_testcases.__code__.co_argcount):
    if c.model and len(c.model.graph.node) == 1 and c.model.graph.node[0].op_type in names and c.model.opset_import[0].domain in ("", "ai.onnx"):
        one(c)
check("every operator of the package's cases is met", len(seen) > 60, sorted(seen))
if os.environ.get("NETMIP_REFUSED"):
    print({k: v for k, v in sorted(seen.items())})
done()
