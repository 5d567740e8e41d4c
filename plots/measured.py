#!/usr/bin/env python3
"""The measured figures in the documents: what stands between `<!-- measured: NAME -->` and `<!-- /measured -->`.

  measured.py take OUT     keeps what the documents show of a finished ./compare (its folder OUT): docs/measured/measured.json,
                           the figure of README.md, and the tables
  measured.py errors FILE  keeps the errors up to 2^20 steps of a FILE by bench_accuracy: docs/measured/errors.json
  measured.py ssm FILE...  keeps the least time of each layer in FILEs by bench_ssm: docs/measured/s4.json
  measured.py check        exit 1 where a document differs from docs/measured/ (a test runs this)
"""

import json
import math
import pathlib
import re
import shutil
import sys

import answers
import made_pages
import measured_errors
import measured_ssm
import results

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEPT = ROOT / "docs" / "measured" / "measured.json"
KEPT_ERRORS = KEPT.parent / "errors.json"
KEPT_SSM = KEPT.parent / "s4.json"
FIGURE = "throughput-affine-f32-lanes1.svg"
MARK = re.compile(r"(<!-- (measured|figure): (\w+) -->\n).*?(<!-- /\2 -->)", re.S)
SHAPES = ((1, 1 << 14), (1, 1 << 18), (1, 1 << 22), (1, 1 << 24), (64, 1 << 14))  # lanes, time
LIKE_MODELS = ("slow", "mid", "fast", "near1", "signed", "zeros")  # data as state-space models have it
DTYPES = ("f32", "f64")


def plain(measurement):
    """Nothing but a family set: the default layout, direction, threads and state."""
    return all(key == "family" for key, _ in measurement.name.options) and measurement.name.operation == "affine"


def contender(measurement):
    return measurement.name.algorithm + (f".{measurement.name.variant}" if measurement.name.variant else "")


def compare_of(context):
    """The ./compare that runs a benchmark with such flags."""
    words = str(context.get("command", "")).split()
    return "./compare" + (" --quick" if "--quick" in words else " --full" if "--max-seconds=30" in words else "")


def kept_of(speeds, errors):
    context = speeds.context
    kept = {"machine": {key: str(context.get(key, "")) for key in ("cpu", "cores", "threads", "os", "compiler", "flags",
                                                                   "commit", "date")}, "rates": {}, "errors": {}, "trees_over_bound": {}}
    kept["machine"]["by"] = compare_of(context)
    for m in speeds.measurements:  # of the CPU: docs/results/ has the GPUs
        if answers.place_of(m) == "GPU":
            continue
        shape = (m.name.lanes, m.name.time)
        if m.name.question == "throughput" and m.name.dtype == "f32" and plain(m) and not m.name.options and not m.error \
                and shape in SHAPES and m.name.kind == "ours":
            row = kept["rates"].setdefault(contender(m), {}).setdefault("%dx%d" % shape, {})
            share = m.value("share_of_triad")
            row[m.name.backend] = [float("%.3g" % m.rate), None if math.isnan(share) else float("%.2g" % share)]
    for m in errors.measurements:  # of the trees, each operator's and type's
        over = m.value(answers.OVER_BOUND)
        if m.name.algorithm != "heinsen" and not m.error and answers.place_of(m) != "GPU" and not math.isnan(over):
            kind = f"{m.name.operation}.{m.name.dtype}"
            kept["trees_over_bound"][kind] = max(kept["trees_over_bound"].get(kind, 0.0), float("%.2g" % over))
    for m in errors.measurements:
        error, over = m.value(answers.OVER_US), m.value(answers.OVER_BOUND)
        if m.name.question != "accuracy" or not plain(m) or m.error or m.name.dtype not in DTYPES or m.name.kind != "ours" \
                or answers.place_of(m) == "GPU":
            continue
        family = m.name.option("family")
        row = kept["errors"].setdefault(contender(m), {}).setdefault(m.name.dtype, {"like_models": 0.0, "over_bound": None,
                                                                                    "longest": 0, "not_finite": {}})
        row["longest"] = max(row["longest"], m.name.time)
        if family in LIKE_MODELS and math.isfinite(error):
            row["like_models"] = max(row["like_models"], float("%.2g" % error))
        elif family in LIKE_MODELS:  # from which length on
            row["not_finite"][family] = min(row["not_finite"].get(family, m.name.time), m.name.time)
        if not math.isnan(over):  # a record without it has no bound
            row["over_bound"] = max(row["over_bound"] or 0.0, float("%.2g" % over))
    return kept


def take(folder):
    speeds, errors = (results.load_benchmarks(str(folder / name)) for name in ("results.json", "accuracy.json"))
    kept = kept_of(speeds, errors)
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (ROOT / "docs" / "figures").mkdir(exist_ok=True)
    shutil.copy(folder / "figures" / FIGURE, ROOT / "docs" / "figures" / "throughput.svg")


def take_errors(file):
    source = results.load_benchmarks(file)
    if not measured_errors.is_filtered(source.context):
        raise results.InputError(f"{file}: command: got {source.context.get('command')}; need --benchmark_filter='{measured_errors.FILTER}'")
    KEPT_ERRORS.write_text(json.dumps(measured_errors.kept_of(source), separators=(",", ":")).replace('},"', '},\n"') + "\n", encoding="utf-8")


def take_ssm(*files):
    kept = measured_ssm.kept_of([results.load_benchmarks(file) for file in files])
    KEPT_SSM.write_text(json.dumps(kept, separators=(",", ":"), sort_keys=True).replace("},", "},\n") + "\n", encoding="utf-8")


def shape_text(key):
    lanes, time = map(int, key.split("x"))
    return f"{answers.lanes_text(lanes)} of {answers.length_text(time)}"


def where(kept):
    m = kept["machine"]
    return (f"Measured on {m['cpu']}, {m['threads']} threads, {m['compiler']} `{m['flags']}`, commit {m['commit']}, "
            f"{m['date'][:10]}, by `{m['by']}`; on your machine, the same command.")


def rate_cell(row):
    cells = []
    for backend in ("serial", "openmp"):
        if backend in row:
            rate, share = row[backend]
            cells.append(answers.rate_text(rate) + (f" ({share:.0%})" if share is not None else ""))
        else:
            cells.append("")
    return " | ".join(cells)


def speed_table(kept, names):
    lines = []
    for name in names:
        rows = kept["rates"].get(name, {})
        if rows:
            lines += [f"| {name}, float | one thread | all threads |", "|---|---:|---:|"]
            lines += [f"| {shape_text('%dx%d' % shape)} | {rate_cell(rows['%dx%d' % shape])} |" for shape in SHAPES
                      if "%dx%d" % shape in rows] + [""]
    return lines


def but(row):
    """On which of these data the result held NaN or infinity."""
    return "".join(f", but not finite on {family} from {answers.length_text(time)} steps on"
                   for family, time in row["not_finite"].items())


def error_cell(row):
    return answers.spelled(row["like_models"], 2) if not row["not_finite"] else "not finite on " + ", ".join(row["not_finite"])


def error_lines(kept, names):
    lines = []
    for name in names:
        for dtype in DTYPES:
            row = kept["errors"].get(name, {}).get(dtype)
            if row:
                lines.append(f"- {name}, {answers.DTYPE_NAMES[dtype]}, up to {answers.length_text(row['longest'])} steps: error at "
                             f"most {answers.spelled(row['like_models'], 2)} u S on data like a model's{but(row)}, "
                             + ("and no bound." if row["over_bound"] is None else
                                f"at most {answers.spelled(row['over_bound'], 2)} of its bound on any family."))
    return lines


def measured(kept, name):
    if name == "algorithms":
        shapes = [s for s in ("%dx%d" % shape for shape in SHAPES) if any(s in rows for rows in kept["rates"].values())]
        lines = ["| float, all threads | " + " | ".join(map(shape_text, shapes)) + " | error / (u S), float | double |",
                 "|---|" + "---:|" * (len(shapes) + 2)]
        for algorithm in kept["rates"]:
            rows, errors = kept["rates"][algorithm], kept["errors"].get(algorithm, {})
            cells = [answers.rate_text(rows[s]["openmp"][0]) if "openmp" in rows.get(s, {}) else "" for s in shapes]
            cells += [error_cell(errors[d]) if d in errors else "" for d in DTYPES]
            lines.append(f"| {algorithm} | " + " | ".join(cells) + " |")
        return "\n".join(lines + ["", where(kept), ""])
    if name == "sharpness":
        over = kept["trees_over_bound"]
        return "\n".join(["| " + " | ".join(over) + " |", "|" + "---:|" * len(over),
                          "| " + " | ".join(answers.spelled(value, 2) for value in over.values()) + " |", "", where(kept), ""])
    names = [n for n in dict.fromkeys([*kept["rates"], *kept["errors"]]) if n.split(".")[0] == name]
    if not names:
        raise results.InputError(f"docs/measured/measured.json: nothing of {name}; need a ./compare of every algorithm")
    return "\n".join(speed_table(kept, names) + ["In brackets: the share of the memory bound.", ""] + error_lines(kept, names) +
                     ["", where(kept), ""])


def corrected(page, text, kept, kept_errors, kept_ssm):
    def fill(match):
        if match.group(3) in measured_ssm.TABLES:
            inner = measured_ssm.table(kept_ssm, match.group(3))
        elif match.group(3) in measured_errors.TABLES:
            inner = measured_errors.table(kept_errors, match.group(3))
        elif match.group(2) == "figure":
            link = "docs/figures/" if page.parent == ROOT else "figures/"
            inner = f"![Elements per second against length, one lane of floats]({link}{match.group(3)}.svg)\n"
        else:
            inner = measured(kept, match.group(3))
        return match.group(1) + inner + match.group(4)

    return MARK.sub(fill, text)


def pages():
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def corrected_pages():
    needed = {KEPT: "the figures of a ./compare (measured.py take OUT)", KEPT_ERRORS: "those of bench_accuracy (measured.py errors FILE)",
              KEPT_SSM: "those of bench_ssm (measured.py ssm FILE...)"}
    for file, by in needed.items():
        if not file.exists():
            raise results.InputError(f"no {file.relative_to(ROOT)}; need {by}")
    kept = [json.loads(file.read_text(encoding="utf-8")) for file in needed]
    for page in pages():
        yield page, corrected(page, page.read_text(encoding="utf-8"), *kept)


def main(argv):
    takers = {"take": (("OUT",), lambda out: take(pathlib.Path(out))), "errors": (("FILE",), take_errors), "ssm": (("FILE...",), take_ssm)}
    return made_pages.main("measured.py", takers, corrected_pages, argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
