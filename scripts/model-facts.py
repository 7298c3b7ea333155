#!/usr/bin/python3
"""Find out facts about the networks in models/, without netmip.

What:  writes models/facts.csv, one fact a line.  The facts about the tiny
       networks come from tiny-models.py, those about the digit networks are
       found here: outputs, accuracy, labels proved by interval bounds, and
       labels refuted by projected-gradient attacks.
Why:   the tests need answers that do not come from the program under test.
How:   computed from the files that train-models.py and tiny-models.py wrote,
       in float64 (for the tiny networks in exact fractions), on the test
       images of make-digits.py.  One thread and fixed seeds; the same numpy
       and torch on the same kind of processor give the same bytes again.
       Needs Debian's python3-torch, python3-numpy and python3-onnx.

usage: model-facts.py

Takes about four minutes on one core.

The columns of facts.csv:
  network   name of the file in models/, without its ending
  image     index into the test set, `all`, or the input as x0;x1;...
  label     the image's label; for min_output and max_output the number of the
            output; `-` where there is none
  epsilon   the inputs meant are those within epsilon of the image in every
            coordinate and within [0,1]; 0 is the image itself
  fact      outputs        all outputs, separated by spaces
            predicted      number of the largest output
            accuracy       share of the test images with predicted = label
            certified_ibp_count  number of the test images whose label is
                           proved by interval bounds, where the last layer is
                           taken as differences to the label's output
            pgd            certified_ibp: such bounds prove that every input
                           meant has the label;  violated: an input was
                           found whose label output is not above all others
                           (a tie counts);  no line: neither was shown
            min_output, max_output  exact extreme value of one output
  value     the value, floats in the shortest form that reads back the same
  source    how the fact was found
A pixel of value k is the input k/255.
"""

import csv
import sys

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

sys.dont_write_bytecode = True      # leave no __pycache__ in scripts/
from modelkit import MODELS, evaluate_onnx, floats, load_script

drawing = load_script("make-digits")
tiny_models = load_script("tiny-models")
train_models = load_script("train-models")

CLEAR = 1e-6        # a margin below this is not taken for a fact

# The test images that are attacked: the first ones, and those further on whose
# label digits-conv does not keep.
ATTACKED = {"digits-mlp": list(range(30)),
            "digits-conv": list(range(30)) + [58, 63, 107, 123, 150]}


def load_network(name):
    """A shipped network, as ONNX model and as torch module in float64.

    The two are compared on a few random inputs before they are trusted.
    """
    model = onnx.load(str(MODELS / (name + ".onnx")))
    net = train_models.RECIPES[name]["build"]().double().eval()
    state = {t.name: torch.from_numpy(numpy_helper.to_array(t).astype(np.float64))
             for t in model.graph.initializer}
    missing = net.load_state_dict(state, strict=False).missing_keys
    assert all(key.endswith("num_batches_tracked") for key in missing), missing
    for x in np.random.RandomState(1).uniform(0, 1, (5, 1, 1, 28, 28)):
        with torch.no_grad():
            expected = net(torch.from_numpy(x)).numpy().ravel()
        assert np.abs(evaluate_onnx(model, x) - expected).max() < 1e-9, name
    return model, net


# ------------------------------------------------------ proofs and attacks

def certified(net, x, labels, epsilon):
    """Which images are proved by interval bounds, and with what margin."""
    with torch.no_grad():
        leads = train_models.interval_leads(net, x, labels, epsilon)
    leads[torch.arange(len(labels)), labels] = -np.inf
    margin = -leads.max(1).values
    return margin > CLEAR, margin


def best_lead(net, x, label, epsilon, restarts, steps, seed):
    """The largest lead of a wrong output over the label that can be found.

    Every wrong output is aimed at from `restarts` starting points, half of
    them corners of the box.  x is one image [1, 1, 28, 28].
    """
    torch.manual_seed(seed)
    targets = [t for t in range(10) if t != label] * restarts
    noise = 2 * torch.rand(len(targets), *x.shape[1:], dtype=x.dtype) - 1
    noise[::2] = noise[::2].sign()
    low, high = train_models.box_around(x, epsilon)
    start = (x + epsilon * noise).clamp(low, high)
    aim = torch.tensor(targets).unsqueeze(1)
    def lead(outputs):
        return outputs.gather(1, aim).squeeze(1) - outputs[:, label]
    found = train_models.climb(net, start, x, epsilon, lead, steps,
                               first_step=epsilon / 2)
    with torch.no_grad():
        return lead(net(found)).max().item()


# ------------------------------------------------------------------- facts

def output_facts(model, images, labels):
    predicted = []
    for number, (x, label) in enumerate(zip(images.numpy(), labels.tolist())):
        outputs = evaluate_onnx(model, x[None])
        predicted.append(int(outputs.argmax()))
        if number < 3:
            yield number, label, 0, "outputs", floats(outputs), "numpy float64"
            yield number, label, 0, "predicted", predicted[-1], "numpy float64"
    share = np.mean(np.array(predicted) == labels.numpy())
    yield "all", "-", 0, "accuracy", repr(float(share)), "numpy float64"


def count_facts(net, images, labels):
    for epsilon in (.02, .05, .1):
        proved = int(certified(net, images, labels, epsilon)[0].sum())
        yield ("all", "-", epsilon, "certified_ibp_count", proved,
               "torch float64 interval bounds")


def attack_facts(net, numbers, images, labels, epsilon, restarts, steps):
    proved, margins = certified(net, images, labels, epsilon)
    for number in numbers:
        label = int(labels[number])
        if proved[number]:
            yield (number, label, epsilon, "pgd", "certified_ibp",
                   "interval bounds; margin %.3g" % margins[number])
            continue
        lead = best_lead(net, images[number:number + 1], label, epsilon,
                         restarts, steps, seed=number)
        if lead > CLEAR:
            yield (number, label, epsilon, "pgd", "violated",
                   "projected gradient; a wrong output leads by %.3g" % lead)


def digit_facts(name, images, labels):
    model, net = load_network(name)
    yield from output_facts(model, images, labels)
    if isinstance(net, nn.Sequential):
        yield from count_facts(net, images, labels)
    if name in ATTACKED:
        for epsilon in (.05, .1):
            yield from attack_facts(net, ATTACKED[name], images, labels, epsilon,
                                    restarts=10, steps=100)


def write_facts():
    images, labels = train_models.digits(drawing.TEST_COUNT, drawing.TEST_SEED)
    with open(MODELS / "facts.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow("network image label epsilon fact value source".split())
        for net in tiny_models.TINY_NETS:
            for fact in tiny_models.tiny_facts(net):
                writer.writerow((net["name"],) + fact)
        for name in train_models.RECIPES:
            for fact in digit_facts(name, images, labels):
                writer.writerow((name,) + fact)


def main(*arguments):
    if arguments:
        sys.exit("usage: model-facts.py")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    write_facts()


if __name__ == "__main__":
    main(*sys.argv[1:])
