#!/usr/bin/env python3
"""The project's question, answered: S4 by convolution, S4 by scan, Mamba by each scan: time and memory against length, on CPU and GPU;
and the selective scan on the GPU over Mamba's shapes.

  models.py take NAME FILE...   from results of bench_ssm and bench_selective: docs/results/NAME.json, the medians with their
                                machine; NAME.md, the page made of them; and NAME.svg, its figure
  models.py check               exit 1 where a page differs from its numbers (a test runs this)
"""

import json
import math
import sys

import answers
import gpu_results
import made_pages
import results
from benchmark_name import parse_name

FOLDER = gpu_results.FOLDER
SCHEMA = "ssmscan.models/1"
LANES, STATES = 32, 16  # of the figure: bench/selective/selective.cpp has the same
SCANS = ("sequential", "hillis_steele", "blelloch", "chunked", "look_back", "heinsen", "heinsen.fused")
PLACES = {"GPU": ("cuda",), "CPU": ("openmp",)}


def take(name, *files):
    sources = [results.load_benchmarks(file) for file in files]
    machine = {key: str(sources[0].context[key]) for key in gpu_results.MACHINE if key != "command" and sources[0].context.get(key)}
    machine["commands"] = [results.command_told(source.context) or str(source.context.get("executable", "")) for source in sources]
    records = []
    for source in sources:
        for m in source.measurements:
            if m.name.question != "ssm" or m.name.operation not in ("layer", "selective") or m.name.backend == "serial":
                continue
            record = {"name": str(m.name)}
            if m.error:
                record["error"] = m.error
            else:
                record["us"] = float("%.4g" % (m.seconds * 1e6))
                for key in ("share_of_triad", "bytes_beside"):
                    if not math.isnan(m.value(key)):
                        record[key] = float("%.4g" % m.value(key))
                if m.name.algorithm == "automatic":
                    record["label"] = str(m.fields.get("label", ""))
            records.append(record)
    FOLDER.mkdir(parents=True, exist_ok=True)
    kept = {"schema": SCHEMA, "machine": machine, "records": records}
    (FOLDER / f"{name}.json").write_text(json.dumps(kept, indent=0) + "\n", encoding="utf-8")
    draw(kept).save_svg(FOLDER / f"{name}.svg")


def ways(kept, place):
    """{way: {time: record}} of the figure's channels and states. Of S4D's scans the fastest at each length."""
    found = {}
    for record in kept["records"]:
        n = parse_name(record["name"])
        if n.backend not in PLACES[place] or n.lanes != LANES or n.option("N") != str(STATES) or n.option("family") or "us" not in record:
            continue
        if n.operation == "layer":
            way = {"convolution": "S4D convolution", "recurrence": "S4D recurrence"}.get(n.algorithm, "S4D scan")
        elif n.dtype != "f32" or n.algorithm in ("automatic", "triad", "recurrence") or n.contender not in ("fused", "fused_time", *SCANS):
            continue
        else:
            way = "Mamba " + {"fused": "fused", "fused_time": "fused_time"}.get(n.algorithm, "by " + n.contender)
        here = found.setdefault(way, {})
        if n.time not in here or record["us"] < here[n.time]["us"]:
            here[n.time] = record
    return found


def look_of(way):
    import style
    if way.startswith("S4D"):
        dash = {"S4D convolution": "-", "S4D scan": "--", "S4D recurrence": ":"}[way]
        return {"color": style.GREY, "marker": "x", "linestyle": dash, "linewidth": 2.0}
    if way.startswith("Mamba fused"):
        return {"color": style.INK, "marker": ".", "linestyle": "-" if way == "Mamba fused" else "--", "linewidth": 2.0}
    algorithm, _, variant = way.removeprefix("Mamba by ").partition(".")
    color, marker = style.ALGORITHMS.get(algorithm, style.SPARE[0])
    return {"color": color, "marker": marker} | ({"linestyle": "--", "markerfacecolor": style.PAPER} if variant else {})


class Figure:
    def __init__(self, figure):
        self.figure = figure

    def save_svg(self, path):
        self.figure.savefig(path, metadata={"Date": None, "Title": "S4 and Mamba against length"})


def draw(kept):
    import style
    from drawing import stack
    panels = [(place, what) for what in ("time", "memory") for place in ("GPU", "CPU") if ways(kept, place)]
    figure, axes = stack([2.3] * len(panels), f"S4D and Mamba against length, {LANES} channels, N = {STATES}", right=1.7)
    for axis, (place, what) in zip(axes, panels):
        ends, values, lengths = [], [], []
        for way, by_time in sorted(ways(kept, place).items()):
            points = [(t, r["us"] / 1e3 if what == "time" else r.get("bytes_beside", 0) / 2**20) for t, r in sorted(by_time.items())]
            points = [(t, v) for t, v in points if v > 0]
            if not points:
                continue
            xs, ys = zip(*points)
            axis.plot(xs, ys, **look_of(way))
            ends.append((xs[-1], ys[-1], way, look_of(way)["color"]))
            values += ys
            lengths += xs
        axis.set_title(f"{place}, " + ("ms a pass" if what == "time" else "MiB beside input and output"))
        style.length_axis(axis, lengths, title="length (time steps)" if axis is axes[-1] else "")
        axis.set_xlim(min(lengths) / 1.3, max(lengths) * 1.3)
        axis.set_ylim(min(values) / 1.5, max(values) * 1.7)
        style.value_axis(axis.yaxis)
        style.label_ends(axis, ends)
    return Figure(figure)


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def length_tables(kept):
    lines = []
    for place in PLACES:
        found = ways(kept, place)
        if not found:
            continue
        times = sorted({t for by_time in found.values() for t in by_time})
        for title, value in (("ms a pass", lambda r: r["us"] / 1e3), ("MiB beside input and output", lambda r: r["bytes_beside"] / 2**20 if "bytes_beside" in r else None)):
            rows = []
            for way, by_time in sorted(found.items()):
                cells = [value(by_time[t]) if t in by_time else None for t in times]
                rows.append([way] + ["" if v is None else number(v) for v in cells])
            lines += ["", f"## {place}: {title}", ""] + table(["", *[answers.length_text(t) for t in times]], rows)
    return lines


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def selective_table(kept, dtype, title):
    shapes = {}
    for record in kept["records"]:
        n = parse_name(record["name"])
        if n.backend == "cuda" and n.operation == "selective" and n.dtype == dtype:
            batch = int(n.option("family", "batch_1").removeprefix("batch_"))
            shapes.setdefault((batch, n.lanes // batch, n.time, int(n.option("N", 0))), {})[n.contender] = record
    if not shapes:
        return []
    contenders = [c for c in ("triad", "automatic", "fused", "fused_time", *SCANS, "look_back.textbook") if any("us" in here.get(c, {}) for here in shapes.values())]
    rows = []
    for shape, here in sorted(shapes.items()):
        chose = here.get("automatic", {}).get("label", "").partition("chose ")[2].partition(":")[0]
        cells = [number(here[c]["us"] / 1e3) + (f" ({chose})" if c == "automatic" and chose else "") if "us" in here.get(c, {}) else "not run" if "error" in here.get(c, {}) else "" for c in contenders]
        rows.append(["(" + ", ".join(f"{v:,}" if v < 10000 else answers.length_text(v) for v in shape) + ")"] + cells)
    return ["", f"## The selective scan on the GPU, {title}: ms", "", "(batch, channels, time, states); under the name of a scan: unfused by it. triad: as many bytes as u, delta, z, y, B and C have.", ""] \
        + table(["shape", *contenders], rows)


def page(name, kept):
    m = kept["machine"]
    gpu = m.get("gpu", "a GPU").partition(",")[0]
    cpu = f" CPU, all threads: {m.get('cpu', 'unknown')}." if ways(kept, "CPU") else ""
    lines = [f"# S4 and Mamba against length: {gpu}", "",
             f"GPU: {m.get('gpu', '')}; clocks {m.get('gpu_clocks', 'unknown')}; driver {m.get('gpu_driver', 'unknown')}; CUDA {m.get('cuda', 'unknown')}.{cpu} Commit {m.get('commit', 'unknown')}; {m.get('date', '')[:10]}.", "",
             f"One layer of {LANES} channels with {STATES} states each, from input to output, everything else of the models left out. S4D by convolution makes its kernels in every pass; S4D by scan: on the CPU the fastest of the scans at that length, on the "
             "GPU the fused scan. Mamba's selective scan: fused, and with every a and b written to memory and scanned by each algorithm. On the GPU all are float; on the CPU S4D's signals are double, Mamba's float. "
             "Each result was verified before it was timed; on the GPU medians of three repetitions. Memory is what a pass takes beside input and output: on the GPU the workspace (and S4D's kernels), on the CPU the rise of the process's high-water mark; where nothing stands, none.", "",
             "By " + ", ".join(f"`{command}`" for command in m.get("commands", [])) + "; the numbers are in the JSON beside this page, and the page is made of them (`plots/models.py`).", "",
             f"![Time and memory against length: S4D by convolution and scan, Mamba by each scan]({name}.svg)"]
    return "\n".join(lines + length_tables(kept) + selective_table(kept, "f32", "float") + selective_table(kept, "bf16", "bfloat16")) + "\n"


def main(argv):
    return made_pages.main("models.py", {"take": (("NAME", "FILE..."), take)}, lambda: made_pages.beside(FOLDER, SCHEMA, page), argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
