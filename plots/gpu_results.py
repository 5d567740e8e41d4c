#!/usr/bin/env python3
"""The pages of docs/results/: what was measured on one GPU, as a page and as the numbers behind it.

  gpu_results.py take NAME FILE...   from results of the benchmarks (and of bench/peers): docs/results/NAME.json, the medians
                                     with their machine, and docs/results/NAME.md, the tables made of them. Of a shape that
                                     several files have, the first one's
  gpu_results.py draw NAME           from docs/results/NAME.json: the figures beside the page, NAME_throughput.svg and NAME_share.svg
  gpu_results.py check               exit 1 where a page differs from its numbers (a test runs this)
"""

import json
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile

import answers
import made_pages
import results
from benchmark_name import parse_name

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "results"
SCHEMA = "ssmscan.gpu_results/1"
MACHINE = ("gpu", "gpu_clocks", "gpu_driver", "cuda", "cpu", "os", "compiler", "flags", "commit", "date", "command")
OURS = ("look_back", "heinsen.fused", "sequential", "hillis_steele", "blelloch", "chunked", "heinsen", "look_back.textbook", "automatic")
BESIDE_PEERS = ("automatic", "look_back", "sequential", "heinsen.fused")
LIBRARIES = ("cub", "cub_pairs", "thrust")
KNOWN = {*OURS, *LIBRARIES, "triad", "copy", "heinsen.plain"}  # whoever else there is, is a peer


def take(name, *files):
    sources = [results.load_benchmarks(file) for file in files]
    machine = {key: str(sources[0].context[key]) for key in MACHINE if sources[0].context.get(key)}
    if "command" in machine:
        machine["command"] = results.command_told(machine)
    for source in sources[1:]:  # the peers' versions
        machine |= {key: str(value) for key, value in source.context.items() if key in ("torch", "jax", "triton", "accelerated_scan", "fla")}
    records, taken = [], set()
    for source in sources:
        commit, new = str(source.context.get("commit", "")), set()
        for m in source.measurements:
            shape = (m.name.question, m.name.problem, m.name.time)
            # Of a shape that several files have, the first file's: contenders of one shape are of one process.
            if answers.place_of(m) != "GPU" or (shape in taken and m.name.contender in KNOWN):
                continue
            new.add(shape)
            record = {"name": str(m.name)} | ({"commit": commit} if commit not in ("", machine.get("commit")) else {})
            if m.error:
                record["error"] = m.error
            else:
                share = m.value("share_of_triad")
                record |= {"us": float("%.4g" % (m.seconds * 1e6))} | ({} if math.isnan(share) else {"share": float("%.3g" % share)})
                if m.fields.get("label"):
                    record["label"] = str(m.fields["label"])
            records.append(record)
        taken |= new
    FOLDER.mkdir(parents=True, exist_ok=True)
    kept = {"schema": SCHEMA, "machine": machine, "records": records}
    (FOLDER / f"{name}.json").write_text(json.dumps(kept, indent=0) + "\n", encoding="utf-8")


def shapes_of(kept, question):
    """{(problem, time): {contender: record}}, in the report's order."""
    shapes = {}
    for record in kept["records"]:
        name = parse_name(record["name"])
        if name.question == question:
            shapes.setdefault((name.problem, name.time), {})[name.contender] = record
    return {key: shapes[key] for key in sorted(shapes, key=lambda k: (answers.problem_order(k[0]), k[1]))}


def share(record):
    if record is None:
        return ""
    return f"{record['share']:.2g}" if record.get("share", 1) < 0.1 else f"{record['share']:.3f}" if "share" in record else "not run" if "error" in record else ""


def shape_text(problem, time):
    operation, dtype, lanes, options = problem
    words = [f"{lanes:,} x {answers.length_text(time)}", dtype] + ([] if operation == "affine" else [operation])
    return " ".join(words + [value if key in ("layout", "direction") else f"{key} {value}" for key, value in options])


def table(heads, rows):
    kept = [k for k in range(len(heads)) if k == 0 or any(row[k] not in ("", "not run") for row in rows)]
    lines = ["| " + " | ".join(heads[k] for k in kept) + " |", "|---|" + "---:|" * (len(kept) - 1)]
    return lines + ["| " + " | ".join(row[k] for k in kept) + " |" for row in rows]


def peers_of(shapes):
    return list(dict.fromkeys(c for here in shapes.values() for c in here if c not in KNOWN and "inner:" not in c))


def speed_tables(kept):
    shapes = shapes_of(kept, "throughput")
    lines = []
    contenders = [c for c in (*OURS, *LIBRARIES) if any(c in here for here in shapes.values())]
    for dtype, title in (("f32", "float"), ("f64", "double"), ("c64", "complex float"), ("bf16", "bfloat16"), ("f16", "half"), ("u32", "uint32")):
        rows = []
        for (problem, time), here in shapes.items():
            if problem[1] != dtype or not any(c in here for c in contenders):
                continue
            bound = here.get("triad", {}).get("us")
            ours = min((here[c]["us"] for c in OURS if "us" in here.get(c, {})), default=None)
            older = next((f" (at {r['commit'][:12]})" for c, r in here.items() if c in KNOWN and "commit" in r), "")
            rows.append([shape_text(problem, time) + older, "" if bound is None else f"{bound:.4g}", "" if ours is None else f"{ours:.4g}"] + [share(here.get(c)) for c in contenders])
        if rows:
            lines += ["", f"## Shares of the bound, {title}", ""] + table(["lanes x time", "bound, µs", "our fastest, µs", *contenders], rows)
    return lines


def peers_table(kept):
    """Times, as a peer's own data family is part of its formula: by its side stands look_back on the same lanes and length."""
    shapes = shapes_of(kept, "throughput")
    peers = peers_of(shapes)
    if not peers:
        return []
    ours = {(problem[2], time, dict(problem[3]).get("layout")): here for (problem, time), here in shapes.items() if problem[:2] == ("affine", "f32") and set(dict(problem[3])) <= {"layout"}}
    rows = {}
    for (problem, time), here in shapes.items():
        if problem[1] != "f32":
            continue
        key = (problem[2], time, dict(problem[3]).get("layout"))
        for peer in peers:
            if peer in here:
                rows.setdefault(key, {})[peer] = here[peer]
    body = []
    for key in sorted(rows, key=lambda k: (k[0], k[1], k[2] or "")):
        lanes, time, layout = key
        mine = ours.get(key, {})
        cells = [f"{lanes:,} x {answers.length_text(time)}" + (f" {layout}" if layout else "")]
        for c in BESIDE_PEERS:
            cells.append(f"{mine[c]['us']:.4g}" if c in mine and "us" in mine[c] else "")
        cells += ["" if p not in rows[key] else f"{rows[key][p]['us']:.4g}" if "us" in rows[key][p] else "not run" for p in peers]
        body.append(cells)
    commits = list(dict.fromkeys(r["commit"][:12] for here in rows.values() for r in here.values() if "commit" in r))
    apart = [f"Theirs are of the record at {', '.join(commits)}; ours are of the commits of the rows above.", ""] if commits else []
    said = list(dict.fromkeys(f"- {parse_name(r['name']).contender}: {r['error']}" for r in kept["records"] if parse_name(r["name"]).contender in peers and "error" in r))
    return ["", "## Beside the peers' Python packages, µs, float", "",
            "heinsen_torch.real computes positive data only, heinsen_torch.complex and fla_hgrn take data without zeros; the others compute what we compute.", ""] \
        + apart + table(["lanes x time", *BESIDE_PEERS, *peers], body) + ([""] + said if said else [])


def latency_table(kept):
    shapes = shapes_of(kept, "latency")
    contenders = [c for c in OURS if any(c in here and "us" in here[c] for here in shapes.values())]
    rows = [[answers.length_text(time)] + [f"{here[c]['us']:.3g}" if "us" in here.get(c, {}) else "" for c in contenders] for (problem, time), here in shapes.items()]
    return ["", "## One call on one short sequence, launched and waited for, µs", ""] + table(["time", *contenders], rows) if rows else []


# Of a report's figures, those that lie beside a page, and what they are called there.
FIGURES = (("throughput", "throughput-gpu-affine-f32-lanes1", "Elements per second against length, one lane of floats, on the GPU"),
           ("share", "share-gpu-affine-f32-lanes1", "Share of the bound against length, one lane of floats, on the GPU"))


def benchmarks_of(kept):
    """The numbers of a page as a benchmark would have written them, each a run of its own."""
    records = []
    for record in kept["records"]:
        made = {"name": record["name"], "run_name": record["name"], "run_type": "iteration", "repetitions": 1, "time_unit": "us", "real_time": record.get("us", 0.0), "label": record.get("label", "")}
        if "error" in record:
            made |= {"error_occurred": True, "error_message": record["error"]}
        else:
            name = parse_name(record["name"])
            made["items_per_second"] = name.problem[2] * name.time / (record["us"] * 1e-6)
        records.append(made | ({"share_of_triad": record["share"]} if "share" in record else {}))
    return {"context": {"schema": "ssmscan.bench/1"} | kept["machine"], "benchmarks": records}


def draw(name):
    kept = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as work:
        data = pathlib.Path(work) / "results.json"
        data.write_text(json.dumps(benchmarks_of(kept)), encoding="utf-8")
        if subprocess.run([sys.executable, "-B", ROOT / "plots" / "make_report.py", "--results", data, "--figures-only", "--out", work]).returncode != 0:
            raise results.InputError(f"docs/results/{name}.json: no figures, as make_report.py says")
        for kind, slug, _ in FIGURES:
            drawn = pathlib.Path(work) / "figures" / f"{slug}.svg"
            if not drawn.exists():
                raise results.InputError(f"docs/results/{name}.json: got no figure {slug}; need times of one lane of floats at several lengths")
            shutil.copyfile(drawn, FOLDER / f"{name}_{kind}.svg")


def figures(name):
    return [f"![{text}]({name}_{kind}.svg)" for kind, _, text in FIGURES if (FOLDER / f"{name}_{kind}.svg").exists()]


def page(name, kept):
    m = kept["machine"]
    gpu = m.get("gpu", "a GPU").partition(",")[0]
    lines = [f"# On {gpu}", "", f"{m.get('gpu', '')}; clocks {m.get('gpu_clocks', 'unknown')}; driver {m.get('gpu_driver', 'unknown')}; CUDA {m.get('cuda', 'unknown')}; commit {m.get('commit', 'unknown')}; {m.get('date', '')[:10]}.",
             "", "Medians of three repetitions, by the device's clock (CUDA events around batches of calls, launched one by one or replayed from a graph, whichever is faster). Each result was verified, of the call and of the batch, before it was timed. "
             "A share is the time of the bound, a kernel that reads a and b and writes x, over the time of the contender, on the same arrays in the same process. Up to 2²⁰ the data stay in the L2 cache from pass to pass, for all alike; "
             "“cache cold” rotates among copies that outgrow it. What takes longer a pass than the command allows is not run.", "",
             f"By `{m.get('command', './compare --cuda')}` and its like; the numbers are in the JSON beside this page, and the page is made of them (`plots/gpu_results.py`)."]
    drawn = figures(name)
    return "\n".join(lines + ([""] + drawn if drawn else []) + speed_tables(kept) + peers_table(kept) + latency_table(kept)) + "\n"


def main(argv):
    return made_pages.main("gpu_results.py", {"take": (("NAME", "FILE..."), take), "draw": (("NAME",), draw)}, lambda: made_pages.beside(FOLDER, SCHEMA, page), argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
