#!/usr/bin/env python3
"""Peers on the GPU, through their Python packages as installed: torch's associative_scan (compiled), the snippet of Heinsen's
formula in torch, jax.lax.associative_scan, accelerated-scan, flash-linear-attention's chunk_hgrn. What is not installed, or
cannot do a shape, has a record that says so. The bound is torch.mul(a, b, out=x) on the same arrays.

    bench/peers/gpu.py --out peers.json     then     plots/make_report.py --results out/results.json --results peers.json ...
"""

import functools
import os
import sys

import peers  # first: it says so where NumPy is not
from peers import Contender, NotRun, Shape, need

import numpy  # noqa: E402

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # torch needs room beside JAX


@functools.cache
def torch():
    module = need("torch")
    if not module.cuda.is_available():
        raise NotRun("no GPU that torch can use")
    return module


def recurrence(a, b):
    """The oracle's, in double on the device."""
    x = peers.blocked_recurrence(a, b, lambda v: torch().from_numpy(numpy.ascontiguousarray(v)).cuda())
    return x.permute(1, 2, 0).reshape(a.shape[0], -1)[:, : a.shape[1]].cpu().numpy()


_held = {}


def tensors(problem):
    """a and b of a problem on the device, kept until the next is asked for."""
    if _held.get("problem") is not problem:
        _held.clear()
        _held.update(problem=problem, tensors=tuple(torch().from_numpy(v).cuda() for v in (problem.a, problem.b)))
    return _held["tensors"]


def time_axis(shape):
    return 1 if shape.layout == "lane_major" else 0


# Peers write (batch, channel, time), or (batch, time, channel).
def batched(tensor):
    return tensor.unsqueeze(0)


def events(run, samples=9, least_seconds=2e-3):
    """Seconds of a call by CUDA events, launched back to back."""
    t = torch()
    begin, end = (t.cuda.Event(enable_timing=True) for _ in range(2))

    def once(calls):
        begin.record()
        for _ in range(calls):
            run()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) * 1e-3 / calls

    once(2)
    calls = min(200, max(1, int(least_seconds / max(once(1), 1e-6))))
    return [once(calls) for _ in range(samples)]


def graphed(run):
    """The same call replayed from a graph: no host between its kernels. As it is where it cannot be captured."""
    t = torch()
    try:
        side = t.cuda.Stream()
        side.wait_stream(t.cuda.current_stream())
        with t.cuda.stream(side):
            run()
        t.cuda.current_stream().wait_stream(side)
        graph = t.cuda.CUDAGraph()
        with t.cuda.graph(graph):
            run()
        return graph.replay
    except Exception:
        t.cuda.synchronize()
        return run


def combine(earlier, later):
    (a1, b1), (a2, b2) = earlier, later
    return a2 * a1, a2 * b1 + b2


def torch_scan(problem):
    """Compiled anew for each shape: of sizes that are not fixed inductor makes no code for this operator (pytorch issue 181584)."""
    from torch._higher_order_ops.associative_scan import associative_scan

    a, b = tensors(problem)
    dim = time_axis(problem.shape)
    torch()._dynamo.reset()
    scan = torch().compile(lambda a, b: associative_scan(combine, (a, b), dim=dim, combine_mode="pointwise")[1], dynamic=False)
    return lambda: scan(a, b)


def heinsen(problem, form):
    """Heinsen 2023 from its formula: a* = cumsum log a, x = exp(a* + logcumsumexp(log b - a*)). The first a does not count."""
    t = torch()
    a, b = tensors(problem)
    dim = time_axis(problem.shape)
    a = a.clone()
    a.select(dim, 0).fill_(1)
    logarithm = (lambda v: v.to(t.complex64).log()) if form == "complex" else t.log

    def run():
        a_star = t.cumsum(logarithm(a), dim=dim)
        x = t.exp(a_star + t.logcumsumexp(logarithm(b) - a_star, dim=dim))
        return x.real if form == "complex" else x

    return run


@functools.cache
def jax_scan(axis):
    jax = need("jax")
    return jax.jit(lambda a, b: jax.lax.associative_scan(combine, (a, b), axis=axis)[1])


def jax_prepare(problem):
    jax = need("jax")
    if jax.default_backend() != "gpu":
        raise NotRun(f"jax runs on {jax.default_backend()}")
    a, b = (jax.device_put(v) for v in (problem.a, problem.b))
    scan = jax_scan(time_axis(problem.shape))
    return lambda: scan(a, b)


def accelerated(problem, module):
    shape = problem.shape
    scan = need(f"accelerated_scan.{module}").scan
    a, b = (batched(v) for v in tensors(problem))
    return lambda: scan(a, b)[0]


def hgrn(problem):
    t = torch()
    run = need("fla.ops.hgrn").chunk_hgrn
    a, b = (batched(v) for v in tensors(problem))
    logs = t.log(a)  # its gate is a logarithm
    return lambda: run(b, logs)[0][0]


def fetch(value):
    return value.detach().float().cpu().numpy() if value.dtype.is_floating_point else value.detach().real.cpu().numpy()


def plain(shape):
    return shape.family == ""


def slow_lanes_first(shape):
    return shape.layout == "lane_major" and shape.family == ""


CONTENDERS = [
    Contender("torch", "cuda", plain, torch_scan, "associative_scan, compiled, pointwise", fetch),
    Contender("heinsen_torch.real", "cuda", lambda s: s.family == "positive", lambda p: heinsen(p, "real"), "cumsum, logcumsumexp, exp", fetch, logs=lambda n: 1 + 0.005 * n),
    Contender("heinsen_torch.complex", "cuda", lambda s: s.family == "slow", lambda p: heinsen(p, "complex"), "the same in complex64", fetch, logs=lambda n: 4 + 0.005 * n),
    Contender("jax", "cuda", plain, jax_prepare, "lax.associative_scan, jit"),
    Contender("accelerated_scan.warp", "cuda", lambda s: slow_lanes_first(s) and s.lanes > 1, lambda p: accelerated(p, "warp"), "CUDA", fetch),
    Contender("accelerated_scan.triton", "cuda", lambda s: slow_lanes_first(s) and s.lanes > 1, lambda p: accelerated(p, "scalar"), "Triton", fetch),
    Contender("fla_hgrn", "cuda", lambda s: s.layout == "time_major" and s.family == "slow" and s.lanes > 1, hgrn, "chunk_hgrn, gates given as logarithms", fetch, logs=lambda n: 1 + 0.005 * n),
]


def shapes(quick):
    one = [Shape("f32", 1, 2**e) for e in ((20, 24) if quick else (16, 20, 22, 24, 26))]
    many = [Shape("f32", 8 * 1536, 2**e) for e in ((12,) if quick else (10, 12, 14))] + ([] if quick else [Shape("f32", 512, 2**17)])
    made = []
    for shape in one + many:
        made.append(shape)
        for family in ("positive", "slow"):
            made.append(Shape(shape.dtype, shape.lanes, shape.time, family=family))
    for shape in many:
        for family in ("", "slow"):
            made.append(Shape(shape.dtype, shape.lanes, shape.time, "time_major", family))
    return made


def bound_seconds(problem):
    t = torch()
    a, b = tensors(problem)
    x = t.empty_like(b)
    return float(numpy.median(events(graphed(lambda: t.mul(a, b, out=x)))))


def main():
    options = peers.arguments(__doc__, CONTENDERS)
    try:
        t = torch()
    except NotRun as why:
        print(f"gpu.py: {why}", file=sys.stderr)
        return peers.EXIT_NOTHING
    peers.recurrence = recurrence
    records = []
    for shape in shapes(options.quick):
        wanted = [c for c in CONTENDERS if options.only in c.name and c.takes(shape)]
        if not wanted:
            continue
        problem = peers.Problem(shape)
        bound = bound_seconds(problem)
        for contender in wanted:
            if contender.name == "jax":
                timer = functools.partial(peers.host_timer, finish=lambda value: value.block_until_ready())
            else:
                timer = lambda run: events(graphed(run))  # noqa: E731
            records += peers.measure(contender, problem, timer, bound)
            t.cuda.empty_cache()
    facts = {"gpu": t.cuda.get_device_name(), "cuda": t.version.cuda, "torch": t.__version__}
    return peers.finish(options, facts | peers.versions(("jax", "triton", "accelerated_scan", "fla")), records)


if __name__ == "__main__":
    sys.exit(main())
