#!/usr/bin/env python3
"""Peers on the CPU, through their Python packages as installed: jax.lax.associative_scan and jax.lax.scan under jax.jit, torch's
associative_scan, and SciPy's lfilter where a is one number. What is not installed has a record that says so. No bound is measured here: NumPy's
product is no triad; bench_throughput's rows of the same sizes are what to put beside these.

    bench/peers/cpu.py --out peers.json     then     plots/make_report.py --results out/results.json --results peers.json ...
"""

import functools
import os
import sys

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import peers  # noqa: E402 (first: it says so where NumPy is not)
from peers import Contender, Shape, need  # noqa: E402

import numpy  # noqa: E402


def combine(earlier, later):
    (a1, b1), (a2, b2) = earlier, later
    return a2 * a1, a2 * b1 + b2


def time_last(problem, run):
    """A jitted function of a and b as (lanes, time), and its arguments on the device."""
    jax = need("jax")
    a, b = (jax.device_put(v) for v in (problem.a, problem.b))
    compiled = jax.jit(run)
    return lambda: compiled(a, b)


def associative(problem):
    return time_last(problem, lambda a, b: need("jax").lax.associative_scan(combine, (a, b), axis=1)[1])


def step_by_step(problem):
    lax = need("jax").lax

    def step(x, ab):
        x = ab[0] * x + ab[1]
        return x, x

    return time_last(problem, lambda a, b: lax.scan(step, numpy.zeros(a.shape[:1], a.dtype), (a.T, b.T))[1].T)


def torch_scan(problem):
    torch, scan = need("torch"), need("torch._higher_order_ops.associative_scan").associative_scan
    a, b = (torch.from_numpy(v) for v in (problem.a, problem.b))
    return lambda: scan(combine, (a, b), dim=1, combine_mode="generic")[1]


def lfilter(problem):
    signal, a = need("scipy.signal"), problem.a[0, 0]
    taps = numpy.array([1], a.dtype), numpy.array([1, -a], a.dtype)
    return lambda: signal.lfilter(*taps, problem.b, axis=1)


def wait(value):
    return value.block_until_ready() if hasattr(value, "block_until_ready") else value


CONTENDERS = [
    Contender("jax", "cpu", lambda s: s.family == "", associative, "lax.associative_scan, jit"),
    Contender("jax.scan", "cpu", lambda s: s.family == "", step_by_step, "lax.scan, jit"),
    Contender("torch", "cpu", lambda s: s.family == "", torch_scan, "associative_scan, generic, not compiled"),
    Contender("scipy", "cpu", lambda s: s.family == "constant", lfilter, "signal.lfilter, one thread"),
]


def shapes(quick):
    sizes = [(1, 2**20), (1, 2**24)] if quick else [(1, 2**20), (1, 2**24), (1, 2**26), (256, 2**16)]
    return [Shape("f32", lanes, time, family=family) for lanes, time in sizes for family in ("", "constant")]


def main():
    options = peers.arguments(__doc__, CONTENDERS)
    records = []
    for shape in shapes(options.quick):
        wanted = [c for c in CONTENDERS if options.only in c.name and c.takes(shape)]
        problem = peers.Problem(shape) if wanted else None
        for contender in wanted:
            records += peers.measure(contender, problem, functools.partial(peers.host_timer, finish=wait), 0)
    return peers.finish(options, peers.versions(("jax", "torch", "scipy")), records)


if __name__ == "__main__":
    sys.exit(main())
