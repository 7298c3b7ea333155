#!/usr/bin/python3
"""Train netmip's own digit networks and export them as ONNX.

What:  writes to models/
         digits-mlp, digits-mlp3, digits-conv, digits-pool, digits-res
             classifiers of the images drawn by make-digits.py, as ONNX.
       tiny-models.py makes the other networks there, and model-facts.py
       writes down what is known about all of them.
Why:   the tests and examples need networks that can be shipped freely.  The
       networks, the images and this script were made by this project and come
       under its licence; no other data set or network went into them.
How:   training uses 6000 images drawn in memory with a seed of their own, one
       thread and fixed seeds; the same torch on the same kind of processor
       gives the same bytes again.  Needs Debian's python3-torch,
       python3-numpy and python3-onnx.

usage: train-models.py [NETWORK...]

Without arguments all five networks are trained.  Takes about five minutes on one
core.  After a change here run model-facts.py.
"""

import sys

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional as F

sys.dont_write_bytecode = True      # leave no __pycache__ in scripts/
from modelkit import MODELS, OPSET, load_script

TRAIN_COUNT, TRAIN_SEED = 6000, 10001


def digits(count, seed):
    """Images [count, 1, 28, 28] in float64 and labels."""
    images, labels = load_script("make-digits").make_digits(count, seed)
    return (torch.from_numpy(images / 255.0).unsqueeze(1),
            torch.from_numpy(labels.astype(np.int64)))


# ---------------------------------------------------------------- networks

def mlp(*sizes):
    layers = [nn.Flatten()]
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def conv_net():
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(16, 32, 4, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 7 * 7, 100), nn.ReLU(), nn.Linear(100, 10))


def pool_net():
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(4 * 6 * 6, 20), nn.ReLU(), nn.Linear(20, 10))


class ResidualNet(nn.Module):
    """The normalisation follows the sum, where no exporter can fold it away."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 4, stride=4)
        self.inner = nn.Conv2d(4, 4, 3, padding=1)
        self.outer = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4, eps=2.0 ** -10)
        self.head = nn.Linear(4 * 7 * 7, 10)

    def forward(self, x):
        trunk = F.relu(self.stem(x))
        branch = self.outer(F.relu(self.inner(trunk)))
        return self.head(torch.flatten(F.relu(self.norm(trunk + branch)), 1))


# Each recipe: how to build the net, and how to train it.  `guard` says what
# stands in for the worst input within epsilon: interval bounds ("ibp") or a
# projected-gradient attack ("pgd"); `share` is its final part of the loss.
RECIPES = {
    "digits-mlp": dict(build=lambda: mlp(784, 40, 20, 10), guard="ibp",
                       epsilon=.03, share=.3, epochs=30),
    "digits-mlp3": dict(build=lambda: mlp(784, 32, 24, 16, 10), guard="pgd",
                        epsilon=.08, share=.7, epochs=30),
    "digits-conv": dict(build=conv_net, guard="ibp",
                        epsilon=.09, share=.3, epochs=24),
    "digits-pool": dict(build=pool_net, guard="pgd",
                        epsilon=.08, share=.7, epochs=25),
    "digits-res": dict(build=ResidualNet, guard="pgd",
                       epsilon=.08, share=.7, epochs=25),
}


# --------------------------------------------------------- interval bounds

def interval_layer(layer, low, high):
    """The box that holds the layer's outputs for inputs in [low, high]."""
    if isinstance(layer, (nn.Linear, nn.Conv2d)):
        middle, radius = (high + low) / 2, (high - low) / 2
        size = layer.weight.abs()
        if isinstance(layer, nn.Linear):
            spread = F.linear(radius, size)
        else:
            spread = F.conv2d(radius, size, None, layer.stride, layer.padding)
        middle = layer(middle)
        return middle - spread, middle + spread
    return layer(low), layer(high)      # the other layers are monotone


def box_around(x, epsilon):
    return (x - epsilon).clamp(0, 1), (x + epsilon).clamp(0, 1)


def interval_leads(net, x, labels, epsilon):
    """Upper bounds on output j minus the label's output, for every j."""
    low, high = box_around(x, epsilon)
    for layer in net[:-1]:
        low, high = interval_layer(layer, low, high)
    last = net[-1]
    weight = last.weight - last.weight[labels].unsqueeze(1)   # [image, j, in]
    bias = last.bias - last.bias[labels].unsqueeze(1)
    middle, radius = (high + low) / 2, (high - low) / 2
    return (torch.einsum("bji,bi->bj", weight, middle)
            + torch.einsum("bji,bi->bj", weight.abs(), radius) + bias)


# ----------------------------------------------------------------- attacks

def climb(net, start, x, epsilon, objective, steps, first_step):
    """Projected gradient ascent with a shrinking step from the given start."""
    low, high = box_around(x, epsilon)
    point = start
    for number in range(steps):
        point = point.detach().requires_grad_(True)
        gradient, = torch.autograd.grad(objective(net(point)).sum(), point)
        step = first_step * (1 - number / steps)
        point = (point + step * gradient.sign()).clamp(low, high)
    return point.detach()


def attacked(net, x, labels, epsilon):
    """A quick attack for training."""
    low, high = box_around(x, epsilon)
    start = (x + epsilon * (2 * torch.rand_like(x) - 1)).clamp(low, high)
    def loss(outputs):
        return F.cross_entropy(outputs, labels, reduction="none")
    return climb(net, start, x, epsilon, loss, steps=5, first_step=epsilon / 2)


# ---------------------------------------------------------------- training

def guarded_loss(net, x, labels, recipe, epsilon):
    if recipe["guard"] == "ibp":
        return F.cross_entropy(interval_leads(net, x, labels, epsilon), labels)
    return F.cross_entropy(net(attacked(net, x, labels, epsilon)), labels)


def ramp(epoch, epochs):
    """0 in the first tenth of the training, 1 in the last third."""
    return min(1.0, max(0.0, (epoch / epochs - .1) / (2 / 3 - .1)))


def learning_rate(epoch, epochs):
    return 2e-3 if epoch < .7 * epochs else 6e-4 if epoch < .9 * epochs else 2e-4


def total_loss(net, x, labels, recipe, strength):
    """Plain and guarded loss, and a little weight decay."""
    loss = F.cross_entropy(net(x), labels)
    if strength > 0:
        share, epsilon = recipe["share"] * strength, recipe["epsilon"] * strength
        guarded = guarded_loss(net, x, labels, recipe, epsilon)
        loss = (1 - share) * loss + share * guarded
    return loss + 1e-4 * sum(p.square().sum() for p in net.parameters())


def train(name, images, labels):
    recipe = RECIPES[name]
    torch.manual_seed(sum(map(ord, name)))      # each net has its own seed
    net, epochs = recipe["build"](), recipe["epochs"]
    optimizer = torch.optim.Adam(net.parameters())
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(epoch, epochs)
        for chosen in torch.randperm(len(images)).split(100):
            loss = total_loss(net, images[chosen], labels[chosen], recipe,
                              ramp(epoch, epochs))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net.eval()


def export(net, path):
    torch.onnx.export(net, torch.zeros(1, 1, 28, 28), str(path),
                      input_names=["input"], output_names=["output"],
                      opset_version=OPSET, do_constant_folding=True)
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)


def train_networks(names):
    images, labels = digits(TRAIN_COUNT, TRAIN_SEED)
    images = images.float()
    for name in names:
        net = train(name, images, labels)
        export(net, MODELS / (name + ".onnx"))
        print("trained", name, flush=True)


def main(*names):
    if set(names) - set(RECIPES):
        sys.exit("usage: train-models.py [NETWORK...]")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    MODELS.mkdir(exist_ok=True)
    train_networks(names or RECIPES)


if __name__ == "__main__":
    main(*sys.argv[1:])
