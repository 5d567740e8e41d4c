"""The tables of errors in docs/algorithms/heinsen.md and docs/numerics.md, of what bench_accuracy measured up to 2^20 steps.

A run's errors are kept whole in docs/measured/errors.json, two digits each; measured.py puts the tables into the pages.
"""

import math
import re

import answers

# What the tables need, a quarter of all: of `heinsen` everything, of the trees the ladder near a = 1.
FILTER = (r"accuracy/affine\.(f32|f64|c64|c128)/heinsen|accuracy/(affine|semi_log)\.f32/(sequential|hillis_steele|blelloch|chunked)"
          r"/serial/lanes:1/time:1048576/family:near1_")
LADDER, LONGEST = ("1e-3", "1e-4", "1e-5"), 1 << 20
TREES = ("sequential", "hillis_steele", "blelloch", "chunked")
GREW = "growth"  # complex: phases of random coefficients are remembered for ever


def rounded(value):
    return None if math.isnan(value) else float("%.2g" % value)


def kept_of(source):
    context, kept = source.context, {}
    for m in source.measurements:
        if m.name.question != "accuracy" or m.error or answers.place_of(m) == "GPU":
            continue
        cell = [rounded(m.value(answers.OVER_US)), rounded(m.value(answers.OVER_BOUND))]
        by_family = kept.setdefault(f"{m.name.operation}.{m.name.dtype}", {}).setdefault(m.name.contender, {})
        by_family.setdefault(m.name.option("family"), {})[str(m.name.time)] = cell
    return {"machine": {key: str(context.get(key, "")) for key in ("cpu", "compiler", "commit", "date")}, "errors": kept}


def _spelled(cell):
    return "NaN" if cell[0] is None else answers.spelled(cell[0], 2)


def _line(cells, times):
    return " / ".join(_spelled(cells[str(t)]) for t in times)


def _times(kept):
    return sorted({int(t) for by_family in kept["affine.f32"]["heinsen"].values() for t in by_family})


def _worst(by_family, column=0, but=()):
    """(the greatest value, its family) over families and lengths."""
    return max((cell[column], family) for family, cells in by_family.items() if family not in but for cell in cells.values()
               if cell[column] is not None)


def families(kept):
    """Largest error / (u S) of heinsen and of the plain formula, by family and length."""
    errors, times = kept["errors"], _times(kept["errors"])
    lengths = " / ".join(map(answers.length_text, times))
    lines = [f"| family | float, {lengths} | plain, float | double | plain, double |", "|---|---|---|---|---|"]
    for family in errors["affine.f32"]["heinsen"]:
        cells = [_line(errors[kind][name][family], times) for kind in ("affine.f32", "affine.f64") for name in ("heinsen", "heinsen.plain")]
        lines.append(f"| {family} | " + " | ".join(cells) + " |")
    inner, family, name, kind = max((*_worst(by_family), name, kind) for kind in ("affine.f32", "affine.f64")
                                    for name, by_family in errors[kind].items() if name.startswith("heinsen inner:"))
    c128 = errors["affine.c128"]["heinsen"]
    most, where = _worst(c128, but=(GREW,))
    over = {kind: _worst(errors[kind]["heinsen"], 1) for kind in ("affine.f32", "affine.c64", "affine.f64", "affine.c128") if kind in errors}
    return lines + [
        "",
        f"By the other inner algorithms, at 2¹² steps: at most {answers.spelled(inner, 2)} "
        f"({answers.DTYPE_NAMES[kind.split('.')[1]]}, {family}, {name.split(':')[1]}). Complex double: at most {answers.spelled(most, 2)} ({where}) but "
        f"on {GREW}, where phases of random coefficients are remembered for ever: {_line(c128[GREW], times)}, as the walk of their "
        "roundings must be.",
        "",
        "Largest error over its bound: " + ", ".join(f"{answers.DTYPE_NAMES[kind.split('.')[1]]} {answers.spelled(value, 2)} ({family})"
                                                 for kind, (value, family) in over.items())
        + "; in float the rounding to float is most of the bound.",
    ]


def drift(kept):
    """Largest error / (u S) near a = 1, float, by the affine and the semi_log operator."""
    errors = kept["errors"]
    lines = ["| δ | affine: " + " | ".join(TREES) + " | semi_log: " + " | ".join(TREES) + " |", "|---" * 9 + "|"]
    for delta in LADDER:
        cells = [_spelled(errors[kind][tree][f"near1_{delta}"][str(LONGEST)]) for kind in ("affine.f32", "semi_log.f32") for tree in TREES]
        lines.append(f"| {delta} | " + " | ".join(cells) + " |")
    return lines


def where(kept):
    m = kept["machine"]
    return [f"Measured by commit {m['commit']}, {m['compiler']}, {m['cpu']}, {m['date'][:10]}:", "", "```", f"build/bench/bench_accuracy --benchmark_out=errors.json --benchmark_filter='{FILTER}'",
            "plots/measured.py errors errors.json", "```"]


TABLES = {"families": families, "drift": drift}


def table(kept, name):
    return "\n".join(TABLES[name](kept) + ["", *where(kept), ""])


def is_filtered(context):
    """Whether a run is the command that the pages name."""
    return re.search(re.escape(FILTER), str(context.get("command", ""))) is not None
