#!/usr/bin/env python3
"""Peers of the selective scan, through their Python packages as installed: mamba_ssm's kernel on a GPU, the loop over time that
PyTorch programs fall back to where they have no kernel, and jax.lax.associative_scan under jax.jit over a and b in memory. In
float, mamba_ssm's in bfloat16 too; u, delta, z, B, C vary with time, softplus of the steps. The data are drawn as
bench_selective draws them, in distribution, not in bits.

    bench/peers/selective.py --out peers.json     then     plots/make_report.py --results out/results.json --results peers.json ...
"""

import functools
import os
import sys
from dataclasses import dataclass

import peers  # first: it says so where NumPy is not
from peers import Contender, NotRun, need

import numpy

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # torch needs room beside JAX

VERIFIED = 2  # channels, of the first batch row: each is independent of the others
FLOAT, STORED = 2.0**-24, {"f32": 0.0, "bf16": 2.0**-8}  # roundings of the arithmetic; of y to its storage


@dataclass(frozen=True)
class Shape:
    dtype: str  # f32, or bf16: storage of u, delta, z, B, C and y
    batch: int
    channels: int
    time: int
    states: int

    @property
    def elements(self):
        return self.batch * self.channels * self.time

    @property
    def bytes_per_element(self):  # u, delta, z and y; B and C of all channels
        return (4 + 2 * self.states / self.channels) * {"f32": 4, "bf16": 2}[self.dtype]

    def named(self, contender):
        family = f"/family:batch_{self.batch}" if self.batch > 1 else ""
        return (f"ssm/selective.{self.dtype}/{contender.name}/{contender.backend}/lanes:{self.batch * self.channels}"
                f"/time:{self.time}{family}/N:{self.states}")


def to_bfloat16(values):
    """The nearest bfloat16 of each float, ties to even, as float."""
    bits = values.view(numpy.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(numpy.uint32).view(numpy.float32)


class Problem:
    def __init__(self, shape):
        self.shape = shape
        random = numpy.random.default_rng(1)
        normal = lambda *axes: random.standard_normal(axes, dtype=numpy.float32)  # noqa: E731
        s = shape
        self.u, self.delta, self.z = (normal(s.batch, s.channels, s.time) for _ in range(3))
        self.b, self.c = (normal(s.batch, s.states, s.time) for _ in range(2))
        if s.dtype == "bf16":
            self.u, self.delta, self.z, self.b, self.c = (to_bfloat16(v) for v in (self.u, self.delta, self.z, self.b, self.c))
        self.a = numpy.tile(-numpy.arange(1, s.states + 1, dtype=numpy.float32), (s.channels, 1))
        self.d, self.bias = normal(s.channels), numpy.full(s.channels, -2, numpy.float32)

    @functools.cached_property
    def truth(self):
        """y of the verified channels by the definition in double, and what roundings of float, each at most u, can change in it:
        of a step d relatively 4 (its sum, exponential, logarithm and their own), of e^(d A) that times |d A| and 2 more, of the
        product d u B 2 more. An error e of the state is handed on by a and grows by the roundings of a, of the product and of the
        sum. What a tree adds is counted by its depth. First order; a hundredth more for the rest."""
        s, some = self.shape, slice(0, min(VERIFIED, self.shape.channels))
        double = lambda v: v.astype(numpy.float64)  # noqa: E731
        u, z, a, skip = double(self.u[0, some]), double(self.z[0, some]), double(self.a[some]), double(self.d[some])
        b, c = double(self.b[0]), double(self.c[0])
        argument = double(self.delta[0, some]) + double(self.bias[some])[:, None]
        step = numpy.where(argument > 20, argument, numpy.log1p(numpy.exp(numpy.minimum(argument, 20))))
        step_error = 4 * step + numpy.abs(argument)  # softplus' derivative is at most 1
        state, size, error = (numpy.zeros(a.shape) for _ in range(3))
        y, bound = numpy.empty_like(u), numpy.empty_like(u)
        depth = peers.tree_steps(s.time)
        for t in range(s.time):
            decay = numpy.exp(step[:, t, None] * a)
            drive = (step[:, t] * u[:, t])[:, None] * b[:, t]
            of_decay = step_error[:, t, None] * -a + step[:, t, None] * -a + 2
            of_drive = (step_error[:, t] / step[:, t])[:, None] + 3
            error = decay * (error + (of_decay + 2) * size) + of_drive * numpy.abs(drive)
            state, size = decay * state + drive, decay * size + numpy.abs(drive)
            error += size
            sum_size = (numpy.abs(c[:, t]) * size).sum(1) + numpy.abs(skip * u[:, t])
            y[:, t] = (c[:, t] * state).sum(1) + skip * u[:, t]
            bound[:, t] = (numpy.abs(c[:, t]) * (error + depth * size)).sum(1) + (s.states + 3) * sum_size
        gate = z / (1 + numpy.exp(-z))
        bound = numpy.abs(gate) * (bound + 8 * numpy.abs(y))
        y *= gate
        return y, 1.01 * (FLOAT * bound + STORED[s.dtype] * (numpy.abs(y) + FLOAT * bound)) + 1e-30

    def wrong(self, result, right_steps, rounding_logs=0.0):
        y, allowed = self.truth
        error = numpy.abs(numpy.asarray(result)[0, : y.shape[0]].astype(numpy.float64) - y)
        bad = ~(error <= allowed)
        if not bad.any():
            return ""
        channel, t = (int(i) for i in numpy.unravel_index(int(numpy.argmax(bad)), bad.shape))
        return f"{peers.WRONG}y[0, {channel}, {t}]: off by {error[channel, t]:.3g}; need within {allowed[channel, t]:.3g}"


def gpu_torch():
    torch = need("torch")
    if not torch.cuda.is_available():
        raise NotRun("no GPU that torch can use")
    return torch


def tensors(torch, problem, device):
    """In the order of selective_scan_fn's arguments."""
    stored = torch.bfloat16 if problem.shape.dtype == "bf16" else torch.float32
    of_kind = ((problem.u, stored), (problem.delta, stored), (problem.a, torch.float32), (problem.b, stored), (problem.c, stored),
               (problem.d, torch.float32), (problem.z, stored), (problem.bias, torch.float32))
    return [torch.from_numpy(v).to(device=device, dtype=kind) for v, kind in of_kind]


def loop(problem, device):
    """The definition, a step of all channels at a time; a and b of all steps are in memory."""
    torch = gpu_torch() if device == "cuda" else need("torch")
    u, delta, a, b, c, d, z, bias = tensors(torch, problem, device)

    def run():
        with torch.no_grad():
            step = torch.nn.functional.softplus(delta + bias[:, None])
            decay = torch.exp(step[..., None] * a[:, None])
            drive = (step * u)[..., None] * b.transpose(1, 2)[:, None]
            state, rows = torch.zeros_like(decay[:, :, 0]), []
            for t in range(problem.shape.time):
                state = decay[:, :, t] * state + drive[:, :, t]
                rows.append(torch.einsum("hdn,hn->hd", state, c[:, :, t]))
            return (torch.stack(rows, 2) + u * d[:, None]) * torch.nn.functional.silu(z)

    return run


def kernel(problem):
    torch = gpu_torch()
    scan = need("mamba_ssm.ops.selective_scan_interface").selective_scan_fn
    u, delta, a, b, c, d, z, bias = tensors(torch, problem, "cuda")

    def run():
        with torch.no_grad():
            return scan(u, delta, a, b, c, d, z=z, delta_bias=bias, delta_softplus=True)

    return run


@functools.cache
def jax_scan():
    jax = need("jax")

    def combine(earlier, later):
        (a1, b1), (a2, b2) = earlier, later
        return a2 * a1, a2 * b1 + b2

    def scan(u, delta, a, b, c, d, z, bias):
        step = jax.nn.softplus(delta + bias[:, None])
        decay = jax.numpy.exp(step[..., None] * a[:, None])
        drive = (step * u)[..., None] * jax.numpy.swapaxes(b, 1, 2)[:, None]
        state = jax.lax.associative_scan(combine, (decay, drive), axis=2)[1]
        return (jax.numpy.einsum("hdtn,hnt->hdt", state, c) + u * d[:, None]) * jax.nn.silu(z)

    return jax.jit(scan)


def jax_prepare(problem, backend):
    jax = need("jax")
    on = {"cuda": "gpu", "openmp": "cpu"}[backend]
    try:
        device = jax.devices(on)[0]
    except RuntimeError as why:
        raise NotRun(f"jax has no {on}: {str(why).splitlines()[0]}"[:200]) from None
    p = problem
    given = [jax.device_put(v, device) for v in (p.u, p.delta, p.a, p.b, p.c, p.d, p.z, p.bias)]
    scan = jax_scan()
    return lambda: scan(*given)


def in_float(shape):
    return shape.dtype == "f32"


def short_loop(shape):
    """A loop of Python: a step takes microseconds however small it is; and a and b of it all have to find room."""
    return in_float(shape) and shape.time <= 2048 and shape.elements * shape.states <= 1 << 26


def in_memory(shape):
    return in_float(shape) and shape.elements * shape.states <= 1 << 28


def torch_array(value):
    return value.float().cpu().numpy()


CONTENDERS = [
    Contender("torch", "openmp", short_loop, lambda p: loop(p, "cpu"), "a loop over time", torch_array),
    Contender("torch", "cuda", short_loop, lambda p: loop(p, "cuda"), "a loop over time", torch_array),
    Contender("jax", "openmp", short_loop, lambda p: jax_prepare(p, "openmp"), "lax.associative_scan, jit"),
    Contender("jax", "cuda", in_memory, lambda p: jax_prepare(p, "cuda"), "lax.associative_scan, jit"),
    Contender("mamba_ssm", "cuda", lambda shape: True, kernel, "selective_scan_fn", torch_array),
]


def shapes(quick):
    sizes = [(1, 256, 512, 16)] if quick else [(1, 1536, 512, 16), (1, 1536, 2048, 16), (1, 1536, 16384, 16), (8, 2048, 512, 16), (8, 2048, 2048, 16),
                                               (8, 2048, 8192, 16), (1, 2048, 131072, 16), (1, 64, 1 << 20, 16), (8, 2048, 2048, 64)]
    return [Shape(dtype, *size) for size in sizes for dtype in ("f32", "bf16")]


def finished(value):
    """The value, computed: neither package waits by itself."""
    if hasattr(value, "block_until_ready"):
        return value.block_until_ready()
    if value.is_cuda:
        need("torch").cuda.synchronize()
    return value


def main():
    options = peers.arguments(__doc__, CONTENDERS)
    records = []
    for shape in shapes(options.quick):
        wanted = [c for c in CONTENDERS if options.only in c.name and c.takes(shape)]
        problem = None
        for contender in wanted:
            problem = problem or Problem(shape)
            records += peers.measure(contender, problem, functools.partial(peers.host_timer, finish=finished), 0)
    return peers.finish(options, peers.versions(("torch", "jax", "mamba_ssm")), records)


if __name__ == "__main__":
    sys.exit(main())
