#!/usr/bin/env python3
"""Draws what the programs of examples/ wrote: plots/examples.py FOLDER OUT reads FOLDER/*.npy and writes OUT/spring_mass.svg and
OUT/hippo_reconstruction.svg, each where its arrays are there. Python's matplotlib (and its NumPy), nothing else."""
import pathlib
import sys

import numpy
from style import BLUE, RED, SOFT_INK, WIDTH_INCHES, plt

def save(figure, path):
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    print(path)

def panels(count, height):
    figure, axes = plt.subplots(count, 1, figsize=(WIDTH_INCHES, height * count), layout="constrained", squeeze=False)
    return figure, axes[:, 0]

def spring_mass(read, out):
    time, push, exact, y = (read(f"spring_mass.{name}") for name in ("time", "push", "closed_form", "y"))
    figure, (above, below) = panels(2, 1.6)
    above.step(time, push, where="pre", color=SOFT_INK)
    above.set_title("push u(t)", loc="left")
    below.plot(time, exact, color=BLUE, label="closed form")
    below.plot(time, y, ".", color=RED, markersize=3, label=f"state-space model, {len(time)} steps")
    below.set_title("position y(t)", loc="left")
    below.set_xlabel("time, s")
    below.legend(frameon=False)
    save(figure, out / "spring_mass.svg")

def hippo_reconstruction(read, names, out):
    figure, axes = panels(2 * len(names), 1.5)
    for name, (above, below) in zip(names, axes.reshape(-1, 2)):
        signal, state, made = (read(f"hippo.{name}.{what}") for what in ("signal", "state", "reconstruction"))
        above.plot(signal, color=SOFT_INK, linewidth=1, label="signal")
        above.plot(made, color=RED, linewidth=1, label=f"from the last state, {len(state)} numbers")
        above.set_title(f"{name}: {len(signal)} samples", loc="left")
        above.legend(frameon=False, loc="lower left")
        below.bar(numpy.arange(len(state)), state, color=BLUE)
        below.set_title("the state: coefficients of Legendre polynomials", loc="left")
    save(figure, out / "hippo_reconstruction.svg")

def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    folder, out = map(pathlib.Path, sys.argv[1:])
    read = lambda name: numpy.load(folder / f"{name}.npy")
    if (folder / "spring_mass.y.npy").exists():
        spring_mass(read, out)
    names = sorted(path.name.split(".")[1] for path in folder.glob("hippo.*.state.npy"))
    if names:
        hippo_reconstruction(read, names, out)

if __name__ == "__main__":
    main()
