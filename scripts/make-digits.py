#!/usr/bin/python3
"""Draw netmip's own digit images: 28x28 grey, ten classes.

What:  every digit is described below as a few strokes (polylines and arcs in
       a unit square, y pointing down) in four or five "hands".  A drawn image
       takes one hand, bends, turns, scales, shears and shifts its strokes at
       random, and paints them with a round pen of random width and darkness.
Why:   the tests and examples need images that can be shipped freely.  The
       images and this script were made by this project and come under its
       licence; no font, no scan and no other data set went into them.
How:   numpy only.  The random numbers come from RandomState, whose stream
       numpy keeps fixed, so that a seed names one set of images for good.

usage: make-digits.py [--count N] [--seed S] [--out FOLDER] [--name NAME]

Without arguments it writes the shipped test set, 200 images, 20 of each
digit, shuffled, as
    models/digits-test-images.idx3.gz
    models/digits-test-labels.idx1.gz
A pixel of value k stands for the input k/255.  The files carry no time stamp,
so a second run gives the same bytes.  Takes half a second.
"""

import argparse
import gzip
import pathlib
import struct

import numpy as np

SIDE = 28
TEST_COUNT, TEST_SEED = 200, 20001
REPOSITORY = pathlib.Path(__file__).resolve().parent.parent


# ---------------------------------------------------------------- strokes

def line(*points):
    """A polyline through the points."""
    return np.array(points, dtype=np.float64)


def arc(cx, cy, rx, ry, start, end):
    """An elliptic arc; angles in degrees, 0 = right, 90 = down."""
    angles = np.radians(np.linspace(start, end, 15))
    return np.stack([cx + rx * np.cos(angles), cy + ry * np.sin(angles)], 1)


HANDS = {
    0: [[arc(.50, .50, .31, .42, 0, 360)],
        [arc(.50, .50, .20, .42, 0, 360)],
        [arc(.50, .50, .30, .42, 0, 360), line((.36, .70), (.64, .30))],
        [line((.35, .08), (.65, .08), (.78, .25), (.78, .75), (.65, .92),
              (.35, .92), (.22, .75), (.22, .25), (.35, .08))],
        [arc(.50, .52, .28, .40, -75, 265), line((.45, .12), (.62, .06))]],
    1: [[line((.50, .08), (.50, .92))],
        [line((.32, .26), (.54, .08), (.54, .92))],
        [line((.34, .24), (.52, .08), (.52, .92)), line((.30, .92), (.74, .92))],
        [line((.62, .08), (.40, .92))],
        [line((.26, .40), (.56, .08), (.50, .92))]],
    2: [[arc(.50, .32, .26, .24, 190, 390), line((.73, .44), (.22, .92), (.80, .92))],
        [line((.22, .26), (.38, .08), (.64, .09), (.76, .28), (.66, .48),
              (.22, .92), (.80, .88))],
        [arc(.48, .30, .26, .22, 200, 400), line((.68, .44), (.36, .84)),
         arc(.30, .80, .12, .10, 40, 330), line((.40, .75), (.62, .92), (.84, .82))],
        [line((.24, .10), (.76, .10), (.76, .50), (.24, .50), (.24, .90), (.76, .90))]],
    3: [[arc(.46, .29, .26, .21, 200, 450), arc(.46, .70, .29, .21, 270, 520)],
        [line((.22, .08), (.76, .08), (.46, .42)), arc(.46, .66, .28, .25, 270, 510)],
        [line((.24, .10), (.74, .10), (.74, .90), (.24, .90)), line((.36, .50), (.74, .50))],
        [line((.24, .16), (.50, .07), (.70, .22), (.62, .40), (.42, .47)),
         line((.42, .47), (.70, .56), (.74, .76), (.52, .93), (.22, .84))]],
    4: [[line((.62, .92), (.62, .08), (.18, .64), (.86, .64))],
        [line((.30, .08), (.22, .52), (.80, .52)), line((.68, .20), (.64, .92))],
        [line((.24, .10), (.24, .50), (.74, .50)), line((.74, .10), (.74, .92))],
        [arc(.48, .22, .25, .34, 175, 20), line((.74, .08), (.70, .50), (.60, .92))],
        [line((.44, .08), (.16, .66), (.84, .62)), line((.60, .40), (.58, .92))]],
    5: [[line((.76, .08), (.32, .08), (.28, .46)), arc(.46, .66, .30, .25, 235, 500)],
        [line((.74, .10), (.26, .10), (.26, .48), (.74, .48), (.74, .90), (.24, .90))],
        [arc(.54, .29, .25, .21, 320, 130), arc(.46, .69, .28, .23, 265, 500)],
        [line((.34, .14), (.28, .44), (.58, .44), (.76, .60), (.70, .82), (.46, .93),
              (.22, .86)), line((.36, .10), (.80, .06))]],
    6: [[arc(.66, .50, .42, .44, 270, 170), arc(.50, .68, .26, .24, 0, 360)],
        [line((.62, .06), (.28, .58)), arc(.50, .68, .25, .24, 0, 360)],
        [line((.74, .10), (.26, .10), (.26, .90), (.74, .90), (.74, .50), (.26, .50))],
        [line((.56, .07), (.36, .28), (.26, .56), (.30, .82), (.48, .93), (.68, .84),
              (.70, .64), (.52, .54), (.30, .64))],
        [line((.34, .08), (.30, .70)), arc(.50, .72, .20, .20, 0, 360)]],
    7: [[line((.20, .10), (.80, .10), (.42, .92))],
        [line((.20, .10), (.80, .10), (.44, .92)), line((.38, .50), (.76, .50))],
        [line((.20, .26), (.20, .10), (.80, .10), (.54, .92))],
        [line((.20, .14), (.50, .18), (.80, .08), (.60, .42), (.50, .68), (.48, .92))],
        [line((.26, .10), (.74, .10), (.74, .90))]],
    8: [[arc(.50, .29, .22, .21, 0, 360), arc(.50, .71, .26, .21, 0, 360)],
        [arc(.50, .24, .16, .16, 0, 360), arc(.50, .66, .27, .26, 0, 360)],
        [line((.70, .16), (.50, .07), (.30, .18), (.34, .36), (.66, .60), (.74, .78),
              (.52, .93), (.28, .80), (.34, .60), (.66, .36), (.70, .16))],
        [line((.25, .10), (.75, .10), (.75, .90), (.25, .90), (.25, .10)),
         line((.25, .50), (.75, .50))]],
    9: [[arc(.50, .32, .25, .24, 0, 360), line((.75, .32), (.72, .92))],
        [arc(.50, .32, .25, .24, 0, 360), arc(.34, .46, .42, .46, -15, 85)],
        [line((.74, .50), (.26, .50), (.26, .10), (.74, .10), (.74, .90), (.26, .90))],
        [line((.70, .34), (.48, .46), (.28, .36), (.32, .14), (.54, .07), (.72, .18),
              (.70, .34), (.52, .92))],
        [arc(.48, .30, .22, .22, 20, 350), line((.70, .10), (.70, .62), (.40, .92))]],
}


# ---------------------------------------------------------------- drawing

def bend(points, bending):
    """Bend the plane a little, smoothly, so that no two strokes are equal."""
    ax, ay, px, py = bending
    x, y = points[:, 0], points[:, 1]
    return np.stack([x + ax * np.sin(np.pi * y + px),
                     y + ay * np.sin(np.pi * x + py)], 1)


def place(points, angle, scale_x, scale_y, shear, shift):
    """Centre, shear, scale, turn and shift; unit square to pixels."""
    x = (points[:, 0] - .5) + shear * (.5 - points[:, 1])
    y = points[:, 1] - .5
    x, y = x * scale_x, y * scale_y
    c, s = np.cos(angle), np.sin(angle)
    centre = (SIDE - 1) / 2
    return np.stack([c * x - s * y + centre + shift[0],
                     s * x + c * y + centre + shift[1]], 1)


def distance_to_strokes(strokes):
    """Distance of every pixel centre to the nearest stroke, in pixels."""
    start = np.concatenate([s[:-1] for s in strokes])[:, None, :]
    step = np.concatenate([np.diff(s, axis=0) for s in strokes])[:, None, :]
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    pixels = np.stack([columns.ravel(), rows.ravel()], 1)[None, :, :]
    along = ((pixels - start) * step).sum(2) / np.maximum((step ** 2).sum(2), 1e-12)
    nearest = start + np.clip(along, 0, 1)[:, :, None] * step
    squared = ((pixels - nearest) ** 2).sum(2).min(0)
    return np.sqrt(squared).reshape(SIDE, SIDE)


def draw(digit, rng):
    """One image of the digit, uint8, ink bright on a black ground."""
    hand = HANDS[digit][rng.randint(len(HANDS[digit]))]
    bending = (rng.uniform(-.04, .04), rng.uniform(-.04, .04),
               rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi))
    size = rng.uniform(19, 23)
    placing = dict(angle=np.radians(rng.uniform(-10, 10)),
                   scale_x=size * rng.uniform(.80, 1.05), scale_y=size,
                   shear=rng.uniform(-.12, .22), shift=rng.uniform(-1.8, 1.8, 2))
    half_width = rng.uniform(.8, 1.7)
    softness = rng.uniform(.8, 1.4)
    darkness = rng.uniform(.70, 1.0)
    strokes = [place(bend(s, bending), **placing) for s in hand]
    ink = np.clip((half_width - distance_to_strokes(strokes)) / softness + .5, 0, 1)
    grain = 1 + .05 * rng.standard_normal((SIDE, SIDE))
    return np.rint(255 * np.clip(darkness * ink * grain, 0, 1)).astype(np.uint8)


def make_digits(count, seed):
    """Images [count, 28, 28] and labels [count], classes as even as possible."""
    rng = np.random.RandomState(seed)
    labels = rng.permutation(np.arange(count) % 10).astype(np.uint8)
    images = np.stack([draw(int(label), rng) for label in labels])
    return images, labels


# ---------------------------------------------------------------- IDX files

def write_idx(path, array):
    """Write a uint8 array as a gzipped IDX file without a time stamp."""
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim)
    header += struct.pack(">%dI" % array.ndim, *array.shape)
    with open(path, "wb") as raw:
        with gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
            packed.write(header + array.tobytes())


def main():
    parser = argparse.ArgumentParser(description="Draw netmip's digit images.")
    parser.add_argument("--count", type=int, default=TEST_COUNT)
    parser.add_argument("--seed", type=int, default=TEST_SEED)
    parser.add_argument("--out", type=pathlib.Path, default=REPOSITORY / "models")
    parser.add_argument("--name", default="digits-test")
    options = parser.parse_args()
    images, labels = make_digits(options.count, options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    write_idx(options.out / (options.name + "-images.idx3.gz"), images)
    write_idx(options.out / (options.name + "-labels.idx1.gz"), labels)


if __name__ == "__main__":
    main()
