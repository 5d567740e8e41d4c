"""The grammar of benchmark names: `<question>/<operation>.<dtype>/<algorithm>[.<variant>]/<backend>/lanes:<n>/time:<n>`, then
`key:value` options. A name that does not follow it is refused, because a misread name would put a number in the wrong row."""

import re
from dataclasses import dataclass

QUESTIONS = ("throughput", "latency", "accuracy", "ssm")
BOUNDS = ("triad", "copy")
# What is compared with from outside; `loop` is the plain loop that a caller would write instead of calling.
LIBRARIES = ("loop", "std", "std_par", "tbb", "thrust_omp", "thrust", "cub", "cub_pairs",
             "torch", "heinsen_torch", "jax", "accelerated_scan", "fla_hgrn", "scipy")
# What Google Benchmark itself appends to a name. `threads:` is also ours (INTERFACES 5), so it stays an option.
HARNESS_FLAGS = ("manual_time", "real_time", "process_time")
HARNESS_KEYS = ("iterations", "repeats", "min_time", "min_warmup_time")
# An option that tells two contenders apart; every other option tells two problems apart.
CONTENDER_KEYS = ("inner",)

_WORD = re.compile(r"[a-z][a-z0-9_]*\Z")
_VARIANT = re.compile(r"[a-z0-9_]+\Z")
_OPTION = re.compile(r"([A-Za-z_][A-Za-z0-9_]*):([A-Za-z0-9_.+\-]+)\Z")


@dataclass(frozen=True)
class Name:
    question: str
    operation: str
    dtype: str
    algorithm: str
    variant: str
    backend: str
    lanes: int
    time: int
    options: tuple = ()

    @property
    def contender(self):
        """What competes: algorithm, variant, and the options that belong to it rather than to the problem."""
        own = [f"{key}:{value}" for key, value in self.options if key in CONTENDER_KEYS]
        return " ".join([self.algorithm + (f".{self.variant}" if self.variant else "")] + own)

    @property
    def problem(self):
        """What is competed on, the length apart: operation, dtype, lanes and the options of the problem."""
        own = tuple((key, value) for key, value in self.options if key not in CONTENDER_KEYS)
        return (self.operation, self.dtype, self.lanes, own)

    @property
    def kind(self):
        if self.algorithm in BOUNDS:
            return "bound"
        if self.algorithm == "automatic":
            return "automatic"  # no scan of its own: it chooses one, and must not win beside its own choice
        return "library" if self.algorithm in LIBRARIES else "ours"

    def option(self, key, default=None):
        return dict(self.options).get(key, default)

    def __str__(self):
        algorithm = self.algorithm + (f".{self.variant}" if self.variant else "")
        parts = [self.question, f"{self.operation}.{self.dtype}", algorithm, self.backend]
        parts += [f"lanes:{self.lanes}", f"time:{self.time}"]
        return "/".join(parts + [f"{key}:{value}" for key, value in self.options])


def parse_name(text):
    """The parts of a benchmark name. Raises ValueError, saying what is wrong with it."""
    parts = text.split("/")
    if len(parts) < 6:
        raise ValueError("got %d parts between slashes; need question/operation.dtype/algorithm/backend/lanes:n/time:n" % len(parts))
    question, operation, algorithm, backend = parts[:4]
    if question not in QUESTIONS:
        raise ValueError(f"question: got '{question}'; need one of {', '.join(QUESTIONS)}")
    operation, dot, dtype = operation.partition(".")
    if not (dot and _WORD.match(operation) and _WORD.match(dtype)):
        raise ValueError(f"operation: got '{parts[1]}'; need operation.dtype")
    algorithm, dot, variant = algorithm.partition(".")
    if not _WORD.match(algorithm) or (dot and not all(map(_VARIANT.match, variant.split(".")))):
        raise ValueError(f"algorithm: got '{parts[2]}'; need algorithm or algorithm.variant")
    if not _WORD.match(backend):
        raise ValueError(f"backend: got '{backend}'; need a word")
    counts = []
    for key, part in zip(("lanes", "time"), parts[4:6]):
        given, _, number = part.partition(":")
        if given != key or not (number.isascii() and number.isdigit()):
            raise ValueError(f"{key}: got '{part}'; need {key}:<number>")
        counts.append(int(number))
    options = {}
    for part in parts[6:]:
        if part in HARNESS_FLAGS:
            continue
        pair = _OPTION.match(part)
        if not pair:
            raise ValueError(f"option: got '{part}'; need key:value")
        if pair[1] in options:
            raise ValueError(f"option: got '{pair[1]}' twice; need it once")
        if pair[1] not in HARNESS_KEYS:
            options[pair[1]] = pair[2]
    return Name(question, operation, dtype, algorithm, variant, backend, *counts, tuple(options.items()))
