"""What the scripts of this folder share: the problems of bench/common/problem.hpp, the gate of bench/common/verify.hpp, and
records in the format of the benchmark binaries. A script names its contenders and how each is run and timed; everything
else is here.

The data are the binaries' own, number for number (made from a position by SplitMix64; beyond 2^24 elements they repeat), so
that a peer computes what we compute. A result outside the a-priori bound has no speed: its record is an error, and the script ends with 1.
"""

import argparse
import importlib
import json
import os
import platform
import statistics
import sys
import time
from dataclasses import dataclass

try:
    import numpy
except ImportError as missing:
    print(f"{os.path.basename(sys.argv[0])}: {missing}: skipped", file=sys.stderr)
    sys.exit(77)

SCHEMA = "ssmscan.bench/1"
WRONG, NOT_RUN = "wrong result: ", "not run: "
EXIT_GOOD, EXIT_WRONG, EXIT_USAGE, EXIT_FAILED, EXIT_NOTHING = 0, 1, 2, 3, 77
RESET_DISTANCE = 9973
MOST_DRAWN = MOST_VERIFIED = 1 << 24  # elements: larger data repeat themselves, and of many lanes an evenly spread part is verified
DTYPES = {"f32": numpy.float32, "f64": numpy.float64}


def random_unit(stream, count):
    """[0, 1), the numbers of one stream by position."""
    if count > MOST_DRAWN:
        return numpy.resize(random_unit(stream, MOST_DRAWN), count)
    z = (numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(stream << 40)) * numpy.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    z ^= z >> numpy.uint64(31)
    return (z >> numpy.uint64(11)).astype(numpy.float64) * 2.0**-53


@dataclass(frozen=True)
class Shape:
    dtype: str
    lanes: int
    time: int
    layout: str = "lane_major"  # or time_major: channels contiguous
    family: str = ""  # "", slow (no resets), positive (no resets, b > 0), constant (one a)

    @property
    def elements(self):
        return self.lanes * self.time

    @property
    def bytes_per_element(self):
        return 3.0 * numpy.dtype(DTYPES[self.dtype]).itemsize

    def named(self, contender):
        text = f"{contender.question}/affine.{self.dtype}/{contender.name}/{contender.backend}/lanes:{self.lanes}/time:{self.time}"
        text += "/layout:time_major" if self.layout == "time_major" else ""
        return text + (f"/family:{self.family}" if self.family else "")


class Problem:
    """a and b as (lanes, time) or, time_major, (time, lanes) arrays."""

    def __init__(self, shape):
        self.shape = shape
        count = shape.elements
        if shape.family == "constant":
            a = numpy.full(count, 0.9975)
        else:
            a = 0.995 + 0.005 * random_unit(1, count)
            if not shape.family:
                a[RESET_DISTANCE - 1 :: RESET_DISTANCE] = 0.0
        b = 2 * random_unit(4, count) - 1
        if shape.family == "positive":
            b = numpy.abs(b)
        where = (shape.lanes, shape.time) if shape.layout == "lane_major" else (shape.time, shape.lanes)
        self.a = a.astype(DTYPES[shape.dtype]).reshape(where)
        self.b = b.astype(DTYPES[shape.dtype]).reshape(where)
        self._truth = None

    def lanes_first(self, array):
        """The lanes that are verified, as (lane, time)."""
        whole = array if self.shape.layout == "lane_major" else array.T
        some = max(1, min(self.shape.lanes, MOST_VERIFIED // max(self.shape.time, 1)))
        return whole[numpy.linspace(0, self.shape.lanes - 1, some).astype(int)]

    def truth(self):
        """x, S and N of verify.hpp: S[t] = |a| S[t-1] + |b|, N[t] = |a| (N[t-1] + S[t-1])."""
        if self._truth is None:
            a, b = self.lanes_first(self.a).astype(numpy.float64), self.lanes_first(self.b).astype(numpy.float64)
            size = numpy.abs(a)
            s = recurrence(size, numpy.abs(b))
            before = numpy.concatenate([numpy.zeros((a.shape[0], 1)), s[:, :-1]], axis=1)
            self._truth = recurrence(a, b), s, recurrence(size, size * before)
        return self._truth

    def wrong(self, result, right_steps, rounding_logs=0.0):
        """Empty, or what is wrong with a result of a's layout. `right_steps`: most combines in which an element stands on the
        right; product and sum are rounded apart. `rounding_logs`: greatest logarithm rounded in the working precision."""
        x, s, n = self.truth()
        u = float(numpy.finfo(DTYPES[self.shape.dtype]).eps) / 2
        allowed = u * 2 * (1 + 4 * rounding_logs) * (n + (right_steps + 1) * s) * 1.001 + 1e-30
        if self.shape.dtype == "f64":
            allowed += 4 * u * (n + s)  # the oracle's own roundings
        error = numpy.abs(self.lanes_first(numpy.asarray(result)).astype(numpy.float64) - x)
        bad = ~(error <= allowed)
        if not bad.any():
            return ""
        lane, t = (int(i) for i in numpy.unravel_index(int(numpy.argmax(bad)), bad.shape))
        return f"{WRONG}x[{lane}, {t}]: off by {error[lane, t]:.3g}; need within {allowed[lane, t]:.3g}"


def blocked_recurrence(a, b, like):
    """x[:, t] = a x[:, t-1] + b: blocks of about sqrt(time), the steps inside all blocks at once, then the carries from block
    to block. `like`: makes an empty (length, lanes, blocks) array of the caller's kind from a NumPy one."""
    lanes, steps = a.shape
    length = max(1, int(round(steps**0.5)))
    blocks = -(-steps // length)
    pad = ((0, 0), (0, blocks * length - steps))
    # A step of every block beside one another.
    a, b = (like(numpy.moveaxis(numpy.pad(v, pad).reshape(lanes, blocks, length), 2, 0)) for v in (a, b))
    for t in range(1, length):  # b becomes x of its block, a the product up to here
        b[t] += a[t] * b[t - 1]
        a[t] *= a[t - 1]
    for k in range(1, blocks):
        b[:, :, k] += a[:, :, k] * b[length - 1, :, k - 1]
    return b


def recurrence(a, b):
    """In NumPy; a script may put a faster one in its place."""
    x = blocked_recurrence(a, b, numpy.array)
    return numpy.moveaxis(x, 0, 2).reshape(a.shape[0], -1)[:, : a.shape[1]]


def tree_steps(time):
    """Right steps of a tree of unknown shape: up and down."""
    return 2 * (max(time, 2).bit_length() + 1)


@dataclass
class Contender:
    """`prepare(problem)` gives a function that computes once and returns what `fetch` turns into a NumPy array."""

    name: str
    backend: str
    takes: object
    prepare: object
    label: str = ""
    fetch: object = numpy.asarray
    logs: object = None  # greatest logarithm met, by time; None: no logarithms
    question: str = "throughput"


class NotRun(Exception):
    """This contender cannot run here, or not this shape; why."""


def need(module):
    """The module, or NotRun with why."""
    try:
        return importlib.import_module(module)
    except Exception as why:
        raise NotRun(f"{module}: {type(why).__name__}: {str(why).splitlines()[0] if str(why) else ''}"[:200]) from None


def failure(name, message):
    return {"name": f"{name}/manual_time", "run_name": f"{name}/manual_time", "run_type": "iteration", "repetitions": 1, "repetition_index": 0, "threads": 1,
            "iterations": 0, "real_time": 0.0, "cpu_time": 0.0, "time_unit": "ns", "error_occurred": True, "error_message": message}


def success(name, shape, seconds, bound, label):
    """One record for each sample, and their median, as Google Benchmark writes repetitions."""
    records = []
    for index, value in enumerate([*seconds, statistics.median(seconds)]):
        median = index == len(seconds)
        record = {"name": f"{name}/manual_time" + ("_median" if median else ""), "run_name": f"{name}/manual_time", "run_type": "aggregate" if median else "iteration",
                  "repetitions": len(seconds), "threads": 1, "iterations": 1, "real_time": value * 1e9, "cpu_time": value * 1e9, "time_unit": "ns",
                  "items_per_second": shape.elements / value, "bytes_per_element": shape.bytes_per_element, "label": label}
        record |= {"aggregate_name": "median", "aggregate_unit": "time"} if median else {"repetition_index": index}
        if bound:
            record["share_of_triad"] = bound / value
        records.append(record)
    return records


def measure(contender, problem, timer, bound):
    """The records of one contender on one problem: verified, then timed."""
    name, shape = problem.shape.named(contender), problem.shape
    try:
        run = contender.prepare(problem)
        wrong = problem.wrong(contender.fetch(run()), tree_steps(shape.time), contender.logs(shape.time) if contender.logs else 0.0)
        if wrong:
            return [failure(name, wrong)]
        return success(name, shape, timer(run), bound, contender.label)
    except NotRun as why:
        return [failure(name, NOT_RUN + str(why))]
    except Exception as problem_met:  # a peer that cannot do a shape says so in its own way
        return [failure(name, f"{type(problem_met).__name__}: {str(problem_met).splitlines()[0] if str(problem_met) else 'no message'}"[:300])]


def versions(modules):
    """Of each that is installed, and why of each that is not."""
    facts = {}
    for name in modules:
        try:
            facts[name] = getattr(need(name), "__version__", "installed")
        except NotRun as why:
            facts[name] = str(why)
    return facts


def host_timer(run, finish=lambda value: value, samples=7, least_seconds=0.02):
    """Seconds of a call by the host's clock; `finish(result)` waits for it."""
    finish(run())
    begin = time.perf_counter()
    finish(run())
    calls = max(1, int(least_seconds / max(time.perf_counter() - begin, 1e-9)))
    seconds = []
    for _ in range(samples):
        begin = time.perf_counter()
        for _ in range(calls):
            result = run()
        finish(result)
        seconds.append((time.perf_counter() - begin) / calls)
    return seconds


def context(more):
    facts = {"schema": SCHEMA, "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "executable": os.path.basename(sys.argv[0]), "command": " ".join([os.path.basename(sys.argv[0]), *sys.argv[1:]]),
             "num_cpus": os.cpu_count(), "os": platform.platform(), "python": platform.python_version(), "numpy": numpy.__version__}
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        facts["cpu"] = next((line.split(": ", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    return facts | more


def arguments(description, contenders, more=lambda parser: None):
    """`more(parser)` adds flags of a script's own."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FILE", help="results, in the format of the benchmark binaries")
    parser.add_argument("--quick", action="store_true", help="fewer shapes")
    parser.add_argument("--only", default="", metavar="NAME", help="contenders whose name holds this")
    more(parser)
    given = parser.parse_args()
    if not os.path.isdir(os.path.dirname(given.out) or "."):  # said before the minutes that it takes
        parser.error(f"--out: got {given.out}; need a file in a folder that exists")
    names = sorted({contender.name for contender in contenders})
    if not any(given.only in name for name in names):
        parser.error(f"--only: got {given.only}; need a part of one of {', '.join(names)}")
    return given


def finish(options, facts, records):
    """Writes the file whole, prints a line for each record, and returns the exit code."""
    partial = options.out + ".partial"
    with open(partial, "w", encoding="utf-8") as file:
        json.dump({"context": context(facts), "benchmarks": records}, file, indent=1)
    os.replace(partial, options.out)
    for record in records:
        if record.get("error_occurred"):
            print(f"{record['name']}: {record['error_message']}")
        elif record.get("aggregate_name") == "median":
            share = f", {record['share_of_triad']:.2f} of the bound" if "share_of_triad" in record else ""
            print(f"{record['name']}: {record['real_time'] / 1e3:.2f} us{share}")
    messages = [record["error_message"] for record in records if record.get("error_occurred")]
    if any(message.startswith(WRONG) for message in messages):
        return EXIT_WRONG
    if any(not message.startswith(NOT_RUN) for message in messages):
        return EXIT_FAILED
    return EXIT_NOTHING if len(messages) == len(records) else EXIT_GOOD
