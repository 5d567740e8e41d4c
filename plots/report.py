"""One self-contained report.html: answers first, then the figures, then every number in tables.

Everything a page shows comes from the inputs and is escaped on its way in. Style and script are written into the page and
nothing is loaded from outside, so the file can be mailed, archived or opened without a network. It works without the script;
with it, tables sort by a click and filter by words, and the address keeps what is shown.
"""

import os
import re
import urllib.parse
from dataclasses import dataclass, field

import answers
import results
import style
from answers import DTYPE_NAMES
from tables import accuracy_table, escape, family_matrix, results_table, shares_table, validation_table, winners_table

HERE = os.path.dirname(os.path.abspath(__file__))

# What the machine block shows, in this order and under these words; everything else of the context follows under its own key.
MACHINE_KEYS = (("cpu", "CPU"), ("host", "Host"), ("threads", "Threads"), ("cores", "Cores"), ("cpu_caches", "Caches"), ("simd", "SIMD"), ("simd_target", "SIMD"), ("gpu", "GPU"), ("gpu_clocks", "GPU clocks"), ("gpu_driver", "GPU driver"), ("cuda", "CUDA"), ("driver", "Driver"), ("os", "System"),
                ("compiler", "Compiler"), ("flags", "Flags"), ("commit", "Commit"), ("date", "Measured"), ("command", "Command"), ("executable", "Program"), ("library_build_type", "Build of Google Benchmark"))


@dataclass
class Inputs:
    """What was read. A source that is None was not given, or its file does not exist; `missing` says so in words."""

    results: object = None
    accuracy: object = None
    validation: object = None
    missing: list = field(default_factory=list)

    @property
    def measurements(self):
        return self.results.measurements if self.results else []

    @property
    def errors(self):
        return self.accuracy.measurements if self.accuracy else []

    @property
    def context(self):
        """The machine, from the first source that describes one."""
        return next((s.context for s in (self.results, self.accuracy, self.validation) if s and s.context), {})


def footer(inputs, command):
    """Two lines below every figure: commit, machine and date; the command that made the data."""
    context = inputs.context
    machine = str(context.get("cpu") or context.get("host_name") or "CPU not recorded")
    gpu = str(context.get("gpu", "")).partition(",")[0]
    threads = context.get("threads", context.get("num_cpus"))
    simd = context.get("simd", context.get("simd_target"))
    parts = [f"commit {str(context.get('commit', 'not recorded'))[:12]}", machine + (f", {threads} threads" if threads else "") + (f", {simd}" if simd else "") + (f", {gpu}" if gpu and not gpu.startswith("not usable") else "")]
    parts.append(str(context.get("date", "date not recorded"))[:16].replace("T", " "))
    return [" · ".join(parts), f"command: {command_of(inputs, command)}"]


def command_of(inputs, command):
    context = inputs.context
    return command or results.command_told(context) or context.get("executable") or "not recorded"


def inline_svg(svg, slug, title):
    """The drawing as part of the page: no XML prologue or metadata, ids of its own, inks that follow the page's colours."""
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    # Two figures of one page share a name space: without a prefix, one would be clipped by the other's frame.
    svg = re.sub(r'\bid="([^"]+)"', lambda m: f'id="{slug}-{m[1]}"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{slug}-{m[1]})", svg)
    svg = re.sub(r'\b(?:xlink:)?href="#([^"]+)"', lambda m: f'href="#{slug}-{m[1]}"', svg)
    svg = re.sub(r"#[0-9a-f]{6}\b", lambda m: f"var(--fig-{m[0][1:]})" if m[0] in style.DARK else m[0], svg)
    svg = re.sub(r"'?DejaVu Sans'?(?=[^a-zA-Z])", "'DejaVu Sans', Verdana, sans-serif", svg)
    head = re.match(r"<svg[^>]*>", svg)[0]
    box = re.search(r'viewBox="[^"]*"', head)[0]
    return f'<svg {box} role="img" aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">' + re.sub(r">\s+<", "><", svg[len(head):])


def figure_colors():
    """Each ink and series colour as a CSS variable, with its lighter form for a dark page. Print is always light."""
    light = ";".join(f"--fig-{c[1:]}:{c}" for c in style.DARK)
    dark = ";".join(f"--fig-{c[1:]}:{d}" for c, d in style.DARK.items())
    return f":root{{{light}}}@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}"


def machine_block(inputs, command):
    context = dict(inputs.context, command=command_of(inputs, command))
    pairs = [(title, context[key]) for key, title in MACHINE_KEYS if context.get(key) not in (None, "")]
    known = {key for key, _ in MACHINE_KEYS} | {"schema", "caches", "host_name", "num_cpus" if "cores" in context else ""}
    pairs += [(key.replace("_", " "), value) for key, value in context.items() if key not in known and not isinstance(value, (dict, list)) and value not in (None, "")]
    if inputs.validation and inputs.validation.context.get("signal"):
        pairs.append(("Signal of the validation", inputs.validation.context["signal"]))
    return '<dl class="machine">' + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in pairs) + "</dl>"


def build(inputs, drawings, out, command=""):
    """The page as text. `drawings`: (Drawing, its SVG), already saved in out/figures."""

    def link(path):
        return f'<a href="{escape(urllib.parse.quote(os.path.relpath(path, out)))}">{escape(os.path.basename(path))}</a>'

    def show(section):
        chosen = [(d, svg) for d, svg in drawings if d.section == section]

        def one(d, svg):
            files = ", ".join(f'<a href="figures/{d.slug}.{kind}">{kind.upper()}</a>' for kind in ("svg", "png"))
            return f'<figure id="{d.slug}">{inline_svg(svg, d.slug, d.title)}<figcaption>{escape(d.caption)} ({files})</figcaption></figure>'

        text = "".join(one(d, svg) for d, svg in chosen if not d.folded)
        folded = "".join(one(d, svg) for d, svg in chosen if d.folded)
        text = f'<div class="figures">{text}</div>' if text else ""
        return text + (f'<details><summary>{sum(d.folded for d, _ in chosen)} more figures: other types and operations</summary><div class="figures">{folded}</div></details>' if folded else "")

    measurements, errors = inputs.measurements, inputs.errors
    speeds, delays = answers.winners(measurements), answers.winners(measurements, "latency")
    failed = [m for m in measurements + errors if m.failed]
    left_out = sum(bool(m.error) and not m.failed for m in measurements + errors)
    bad_checks = [c for c in (inputs.validation.checks if inputs.validation else []) if c["status"] == "fail"]
    sections = []

    def section(identity, short, title, body):
        if body:
            sections.append((identity, short, f'<section id="{identity}-section"><h2>{escape(title)}</h2>{body}</section>'))

    def absent(kind):
        return "".join(f'<p class="box">{escape(m)}</p>' for m in inputs.missing if m.startswith(kind))

    section("winners", "Fastest", "Which scan is fastest, by size", (absent("results") if not inputs.results else "") + (
        "<p>The fastest of this library's scans for each type, number of lanes and length. The bound is a loop that only reads a and b and writes x, with as many threads. “Equal”: the spreads of the two overlap, so neither leads. Others are libraries and the plain loop a caller would write.</p>" + winners_table(speeds, "winners", True) if speeds else "")
        + ("<h3>Shortest time of one call</h3>" + winners_table(delays, "latency-winners", False) if delays else ""))
    shares = shares_table(measurements)
    section("shares", "GPU", "Shares of the bound on the GPU", "<p>Time of the bound over time of the contender, by the device's own clock: the bound is a kernel that only reads a and b and writes x, on the same memory in the same process. Small problems fit the L2 cache, for all alike; “cache cold” rotates among copies that do not.</p>" + shares if shares else "")
    section("speed", "Speed figures", "Speed", show("speed"))
    exact = answers.exactness(errors)
    matrices = "".join(f"<h3>Worst error by data family, {escape(DTYPE_NAMES.get(a.dtype, a.dtype))}, in units of u·S</h3>" + family_matrix(a) + (f'<p class="soft">Not compared, too few cases: {escape(", ".join(a.left_out))}.</p>' if a.left_out else "") for a in exact)
    section("exact", "Most exact", "Which scan is most exact", (absent("accuracy") if not inputs.accuracy else "") + (
        "<p>An error is given in units of u·S: u is the unit roundoff of the type (2⁻²⁴ for float, 2⁻⁵³ for double) and S the sum of the magnitudes of all terms that make up a result. One rounding of the largest possible result is 1. Every number is the worst over all elements of a sequence, and here over all lengths.</p>" + matrices if matrices else ""))
    section("figures-accuracy", "Accuracy figures", "Accuracy", show("accuracy"))
    section("results", "Results", "All results", "<p>Medians over the repetitions; the spread runs from the fastest to the slowest repetition. A contender that gave a wrong answer has no speed.</p>" + results_table(measurements) if inputs.results else "")
    section("accuracy", "Errors", "All accuracy measurements", accuracy_table(errors) if inputs.accuracy else "")
    section("validation", "Validation", "Validation", validation_table(inputs.validation.checks) if inputs.validation else absent("validation"))
    files = [link(s.path) for s in (inputs.results, inputs.accuracy, inputs.validation) if s]
    section("machine", "Machine", "Machine and files", machine_block(inputs, command) + (f"<p>Data: {', '.join(files)}.</p>" if files else ""))

    lines = answers.headlines(measurements, errors, inputs.validation)
    top = '<dl class="answers">' + "".join(f'<div><dt>{escape(q)}</dt><dd class="main">{escape(a)}</dd>' + (f'<dd class="note">{escape(n)}</dd>' if n else "") + "</div>" for q, a, n in lines) + "</dl>" if lines else ""
    boxes = []
    if failed:
        boxes.append(f'<div class="box bad"><strong>{len(failed)} failed:</strong> {escape("; ".join(f"{m.name}: {m.error}" for m in failed[:8]))}{" …" if len(failed) > 8 else ""}</div>')
    if bad_checks:
        boxes.append(f'<div class="box bad"><strong>{len(bad_checks)} validation checks failed:</strong> {escape("; ".join(str(c.get("name")) for c in bad_checks[:8]))}{" …" if len(bad_checks) > 8 else ""}</div>')
    boxes += [f'<div class="box">{escape(m)}</div>' for m in inputs.missing]
    if left_out:
        boxes.append(f'<p class="soft">{left_out:,} measurements were left out by rule, mostly because one pass would take too long; the tables say which and why.</p>')
    about = footer(inputs, command)
    navigation = "".join(f'<a href="#{identity}-section">{escape(short)}</a>' for identity, short, _ in sections)

    def part(name):
        with open(os.path.join(HERE, name), encoding="utf-8") as file:
            return file.read()

    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>ssmscan: scans compared</title>\n'
        '<link rel="icon" href="data:,">\n'  # without it a browser asks the server for one
        f"<style>\n{part('report.css')}{figure_colors()}\n</style>\n</head>\n<body>\n<header><h1>ssmscan: scans for linear recurrences, compared</h1>\n"
        f'<p class="lead">x[t] = a[t]·x[t−1] + b[t], computed by every algorithm, each result verified before it was timed.</p>\n<p class="soft">{escape(about[0])}<br>{escape(about[1])}</p>\n'
        f"</header>\n<main>\n{top}\n{''.join(boxes)}\n<nav aria-label=\"Sections\">{navigation}</nav>\n{''.join(body for _, _, body in sections)}\n</main>\n<script>\n{part('report.js')}</script>\n</body>\n</html>\n"
    )
