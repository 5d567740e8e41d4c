"""The questions the report answers first, computed from the measurements: which scan is fastest, which most exact, and where.

A winner is declared only among our algorithms and only among measurements without an error; the best library contender and
the bound stand beside it. Two contenders whose spreads overlap are called equal: the report must not sell noise as a lead.
Exactness is compared over the cases (data family and length) that all compared algorithms share, by their worst case.
"""

import math
from collections import Counter
from dataclasses import dataclass

from results import Measurement

DTYPE_NAMES = {"f32": "float", "f64": "double", "c64": "complex float", "c128": "complex double", "u32": "uint32"}
BACKEND_NAMES = {"serial": "one thread", "openmp": "all threads", "cuda": "GPU"}
OVER_US = "error_over_us"
OVER_BOUND = "error_over_bound"
DTYPE_ORDER = tuple(DTYPE_NAMES)
SHORT_CALL = 64  # steps: of one such call nearly all is the call itself, and yet the algorithms differ
GPU_BACKENDS = ("cuda",)  # who runs elsewhere competes elsewhere: a GPU beside a CPU says more of the machines than of the scans


@dataclass
class Winner:
    place: str
    problem: tuple
    time: int
    first: Measurement
    second: Measurement | None
    library: Measurement | None
    bound: Measurement | None
    automatic: Measurement | None

    @property
    def lead(self):
        return times_faster(self.first, self.second)

    @property
    def tied(self):
        """Whether the spreads of first and second overlap. Without a spread nothing is known, and nothing is called equal."""
        return bool(self.second) and self.second.low <= self.first.high

    @property
    def share(self):
        return share_of_bound(self.first, self.bound)


def place_of(measurement):
    return "GPU" if measurement.name.backend in GPU_BACKENDS else "CPU"


def problem_order(problem):
    operation, dtype, lanes, options = problem
    return (operation != "affine", operation, DTYPE_ORDER.index(dtype) if dtype in DTYPE_ORDER else len(DTYPE_ORDER), dtype, lanes, options)


def superscript(number):
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def length_text(time):
    return f"2{superscript(time.bit_length() - 1)}" if time > 0 and time & (time - 1) == 0 else f"{time:,}"


def lanes_text(lanes):
    return "one lane" if lanes == 1 else f"{lanes:,} lanes"


def problem_text(problem):
    operation, dtype, lanes, options = problem
    words = [lanes_text(lanes), DTYPE_NAMES.get(dtype, dtype)]
    words += [] if operation == "affine" else [operation]
    return " · ".join(words + [value if key == "layout" else f"{key} {value}" for key, value in options])


def contender_text(measurement):
    algorithm, _, rest = measurement.name.contender.partition(" ")
    return f"{algorithm}.{measurement.name.backend}" + (f" {rest}" if rest else "")


def timed(measurements, question):
    return [m for m in measurements if m.name.question == question and not m.error]


def times_faster(one, other):
    """How often `one` finishes while `other`, on the same shape, finishes once. By seconds: a sequence of length 0 has no rate."""
    return other.seconds / one.seconds if other else math.nan


def share_of_bound(measurement, bound):
    """The share of the triad of as many threads: the benchmark's own counter where it has one, else the ratio of two rates."""
    share = measurement.value("share_of_triad")
    if math.isnan(share) and bound:
        share = bound.seconds / measurement.seconds
    return share


def winners(measurements, question="throughput"):
    """The fastest of ours, its runner-up, the fastest library and the bound, for every problem and length, on the CPU and on the GPU."""
    shapes = {}
    for m in timed(measurements, question):
        shapes.setdefault((place_of(m), m.name.problem, m.name.time), []).append(m)
    rows = []
    for place, problem, time in sorted(shapes, key=lambda shape: (shape[0], problem_order(shape[1]), shape[2])):
        ranked = sorted(shapes[place, problem, time], key=lambda m: m.seconds)
        ours = [m for m in ranked if m.name.kind == "ours"]
        if not ours:
            continue
        library = next((m for m in ranked if m.name.kind == "library"), None)
        triads = [m for m in ranked if m.name.algorithm == "triad"]
        bound = next((m for m in triads if m.name.backend == ours[0].name.backend), None)
        automatic = next((m for m in ranked if m.name.kind == "automatic"), None)
        rows.append(Winner(place, problem, time, ours[0], ours[1] if len(ours) > 1 else None, library, bound, automatic))
    return rows


def accuracy_label(measurement):
    operation = measurement.name.operation
    return measurement.name.contender + ("" if operation == "affine" else f" ({operation})") + (" (GPU)" if place_of(measurement) == "GPU" else "")


def known_accuracy(measurements, key=OVER_US):
    """Measurements that carry this error, a NaN or an infinite error included: those are the worst, not missing."""
    return [m for m in measurements if m.name.question == "accuracy" and not m.error and key in m.fields]


def badness(value):
    """An error for comparing: one that is not a number is as bad as an infinite one."""
    return math.inf if math.isnan(value) else value


def worst(measurements, key=OVER_US):
    return max((badness(m.value(key)) for m in measurements), default=math.nan)


@dataclass
class Exactness:
    dtype: str
    families: list
    lengths: list
    cases: int
    worst: dict  # label -> worst error/(u S) over the shared cases
    by_family: dict  # (family, label) -> the same within one family
    left_out: list  # labels that miss more than half of the cases others have

    @property
    def ranking(self):
        return sorted(self.worst, key=lambda label: (self.worst[label], label))


def exactness(measurements):
    """For each dtype, how exact each algorithm is over the cases that all of them share."""
    answers = []
    by_dtype = {}
    for m in known_accuracy(measurements):
        by_dtype.setdefault(m.name.dtype, {}).setdefault(accuracy_label(m), {}).setdefault((m.name.option("family", ""), m.name.time), []).append(m)
    for dtype in sorted(by_dtype, key=lambda d: DTYPE_ORDER.index(d) if d in DTYPE_ORDER else len(DTYPE_ORDER)):
        labels = by_dtype[dtype]
        most = max(map(len, labels.values()))
        kept = {label: cases for label, cases in labels.items() if 2 * len(cases) > most}
        shared = set.intersection(*map(set, kept.values()))
        if not shared:
            continue
        families = list(dict.fromkeys(family for cases in kept.values() for family, _ in cases if any((family, time) in shared for _, time in cases)))
        by_family = {(family, label): worst(m for case, ms in cases.items() if case[0] == family and case in shared for m in ms) for label, cases in kept.items() for family in families}
        overall = {label: max(by_family[family, label] for family in families) for label in kept}
        answers.append(Exactness(dtype, families, sorted({time for _, time in shared}), len(shared), overall, by_family, sorted(set(labels) - set(kept))))
    return answers


def spelled(value, digits=3):
    """A number as a reader wants it: 3 significant digits, plain where that is short."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        text = f"{value:.{digits}g}"
        return text if "e" not in text else f"{value:.0f}"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa}·10{superscript(int(exponent))}"


def rate_text(rate):
    for unit, scale in (("Gelem/s", 1e9), ("Melem/s", 1e6), ("kelem/s", 1e3)):
        if rate >= scale:
            return f"{spelled(rate / scale)} {unit}"
    return f"{spelled(rate)} elem/s"


def time_text(seconds):
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{spelled(seconds / scale)} {unit}"
    return f"{spelled(seconds * 1e9)} ns"


def _lead_text(row):
    second = contender_text(row.second)
    return f"equal within the spread to {second}" if row.tied else f"{spelled(row.lead)} times the next, {second}"


def _fastest_sentences(rows):
    """One sentence for float and double at the fewest and the most lanes, each at its greatest length."""
    sentences = []
    greatest = {row.problem: row for row in rows}
    for dtype in ("f32", "f64"):
        problems = [p for p in greatest if p[:2] == ("affine", dtype) and not p[3]]
        for problem in dict.fromkeys(problems[:1] + problems[-1:]):
            row = greatest[problem]
            where = f"{lanes_text(problem[2])} of {length_text(row.time)} {DTYPE_NAMES[dtype]}"
            text = f"{contender_text(row.first)}, {rate_text(row.first.rate)}"
            if not math.isnan(row.share):
                text += f", {spelled(row.share, 2)} of the bound"
            notes = []
            if row.second:
                notes.append(_lead_text(row))
            if row.library:
                ratio = times_faster(row.first, row.library)
                best = f"the best library, {contender_text(row.library)}"
                notes.append(f"{spelled(ratio)} times {best}" if ratio >= 1 else f"{best}, is {spelled(1 / ratio)} times as fast")
            sentences.append((f"Fastest, {where}", text, "; ".join(notes)))
    return sentences


def headlines(measurements, accuracy, validation):
    """(question, answer, remark) for the top of the report. Only what the inputs support."""
    sentences = []
    rows = winners(measurements)
    for place in dict.fromkeys(row.place for row in rows):
        here = [row for row in rows if row.place == place]
        on = "" if place == "CPU" else f", {place}"
        sentences += [(question + on, answer, remark) for question, answer, remark in _fastest_sentences(here)]
        best = Counter(contender_text(row.first) for row in here).most_common(3)
        sentences.append((f"Fastest most often{on}", ", ".join(f"{label} in {n}" for label, n in best) + f" of {len(here)} shapes", "a shape is one type, number of lanes and length"))
    short = [row for row in winners(measurements, "latency") if row.time > 0]
    if short:
        row = min(short, key=lambda r: (abs(math.log2(r.time / SHORT_CALL)), r.problem[2], problem_order(r.problem)))
        where = f"{lanes_text(row.problem[2])} of {row.time:,} {DTYPE_NAMES.get(row.problem[1], row.problem[1])}"
        notes = []
        if row.second:
            notes.append(_lead_text(row))
        if row.automatic:
            notes.append(f"automatic, which calls no algorithm by name, takes {time_text(row.automatic.seconds)}")
        sentences.append((f"Quickest by name on short input, {where}", f"{contender_text(row.first)}, {time_text(row.first.seconds)}", "; ".join(notes)))
    for answer in exactness(accuracy):
        if answer.dtype not in ("f32", "f64"):
            continue
        first, last = answer.ranking[0], answer.ranking[-1]
        text = f"{first}, at most {spelled(answer.worst[first])} u·S"
        note = f"worst of {answer.cases} cases ({len(answer.families)} data families, lengths {answer.lengths[0]:,} to {answer.lengths[-1]:,})"
        if last != first:
            note += f"; the least exact is {last}, " + (f"{spelled(answer.worst[last])} u·S" if math.isfinite(answer.worst[last]) else "which gives NaN or ∞ in some")
        sentences.append((f"Most exact, {DTYPE_NAMES[answer.dtype]}", text, note))
    bounded = known_accuracy(accuracy, OVER_BOUND)
    if bounded:
        outside = sorted({accuracy_label(m) for m in bounded if not badness(m.value(OVER_BOUND)) <= 1})
        inside = sum(badness(m.value(OVER_BOUND)) <= 1 for m in bounded)
        sentences.append(("Inside the error bound", f"{inside:,} of {len(bounded):,} cases", "outside it: " + ", ".join(outside) if outside else ""))
    if validation:
        t = validation.totals
        sentences.append(("Validation", f"{t['pass']} passed, {t['fail']} failed, {t['skip']} skipped", "scan = recurrence = convolution, each within its bound" if not t["fail"] else "a failed check: see the table below"))
    return sentences
