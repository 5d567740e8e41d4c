"""One function per figure. Each takes measurements and returns drawings, none where the inputs cannot carry it.

Every figure is one column wide, so that its text keeps its size on a phone and in a paper; several panels stand below each
other. Lines are labelled at their ends. The footer (commit, machine, command, date) is added when a drawing is saved.
"""

import io
import math
import os
import textwrap
from dataclasses import dataclass, field

import style
from answers import (BACKEND_NAMES, DTYPE_NAMES, OVER_BOUND, OVER_US, accuracy_label, badness, contender_text, exactness, known_accuracy, lanes_text, length_text, problem_order, problem_text, spelled, timed)
from results import ROUNDOFF
from style import GREY, INK, LABEL_POINTS, PAPER, RED, SKY, SOFT_INK, WIDTH_INCHES, plt

LEFT, RIGHT, TOP, BOTTOM = 0.56, 1.26, 0.34, 0.52  # inches around the panels; RIGHT holds the direct labels
FOOTER_POINTS = 5.2
PANEL_GAP = 0.42
BACKEND_ORDER = ("serial", "openmp", "cuda")


@dataclass
class Drawing:
    slug: str
    section: str  # "speed" or "accuracy"
    title: str
    caption: str
    figure: plt.Figure
    folded: bool = field(default=False)  # shown closed in the report: one of many of its kind

    def save(self, folder, footer):
        """Writes slug.svg and slug.png, both with the footer; returns the SVG with its text as text, for inlining."""
        add_footer(self.figure, footer)
        paths = [os.path.join(folder, f"{self.slug}.{kind}") for kind in ("svg", "png")]
        for path in paths:
            # A date in the metadata would make two runs on the same input differ.
            self.figure.savefig(path, metadata={"Date": None, "Title": self.title} if path.endswith("svg") else {"Title": self.title})
        inline = io.StringIO()
        with plt.rc_context({"svg.fonttype": "none"}):
            self.figure.savefig(inline, format="svg", metadata={"Date": None})
        plt.close(self.figure)
        return inline.getvalue()


def add_footer(figure, footer):
    width, height = figure.get_size_inches()
    characters = int(width * 72 / (FOOTER_POINTS * 0.56))  # DejaVu Sans is about 0.56 em wide per character
    lines = [piece for line in footer for piece in textwrap.wrap(line, characters)]
    extra = (len(lines) * FOOTER_POINTS * 1.35 + 4) / 72
    _grow_below(figure, extra)
    figure.text(0.05 / width, 0.05 / (height + extra), "\n".join(lines), fontsize=FOOTER_POINTS, color=SOFT_INK, va="bottom", ha="left", linespacing=1.3)


def _grow_below(figure, extra):
    """Makes the figure taller at its bottom; everything already placed keeps its size and its distance from the top."""
    width, height = figure.get_size_inches()
    scale = height / (height + extra)
    figure.set_size_inches(width, height + extra)
    for axis in figure.axes:
        box = axis.get_position()
        axis.set_position([box.x0, 1 - (1 - box.y0) * scale, box.width, box.height * scale])
    for text in figure.texts:
        x, y = text.get_position()
        text.set_position((x, 1 - (1 - y) * scale))
    for legend in figure.legends:
        x, y, w, h = legend.get_bbox_to_anchor().transformed(figure.transFigure.inverted()).bounds
        legend.set_bbox_to_anchor((x, 1 - (1 - y) * scale, w, h * scale), figure.transFigure)


def _stack(heights, title, left=0.5, right=RIGHT, head=TOP):
    """Panels below each other, each as high as asked for in inches."""
    height = head + sum(heights) + PANEL_GAP * (len(heights) - 1) + BOTTOM
    figure = plt.figure(figsize=(WIDTH_INCHES, height))
    points = min(9.5, WIDTH_INCHES * 72 / (0.68 * len(title)))  # bold DejaVu Sans is about 0.68 em wide per character
    figure.text(0.05 / WIDTH_INCHES, 1 - 0.06 / height, title, fontsize=points, weight="bold", va="top")
    axes, top = [], height - head - 0.12
    for panel in heights:
        top -= panel - 0.12
        axes.append(figure.add_axes([left / WIDTH_INCHES, top / height, 1 - (left + right) / WIDTH_INCHES, (panel - 0.12) / height]))
        top -= PANEL_GAP + 0.12
    return figure, axes


def _lines(measurements):
    """The measurements of one panel as lines: {(contender, backend): sorted by length}."""
    lines = {}
    for m in measurements:
        lines.setdefault((m.name.contender, m.name.backend), []).append(m)
    return {key: sorted(line, key=lambda m: m.name.time) for key, line in lines.items()}


def _bound_line(measurements):
    """The fastest triad at every length: with or without streaming stores, whichever is faster, is the bound."""
    best = {}
    for m in measurements:
        if m.name.algorithm == "triad" and m.rate > best.get(m.name.time, 0):
            best[m.name.time] = m.rate
    return sorted(best.items())


def _by_backend(group, title, value, band, unit, bounds):
    """One panel per backend with a line per contender; `value(m)` is drawn, `band(m)` its spread."""
    backends = sorted({m.name.backend for m in group}, key=lambda b: (BACKEND_ORDER.index(b) if b in BACKEND_ORDER else 9, b))
    counts = [len(_lines(m for m in group if m.name.backend == b)) for b in backends]
    figure, axes = _stack([max(2.0, 0.14 * (n + 1)) for n in counts], title)
    group = [m for m in group if m.name.kind == "bound" or _has_a_line(m, group)]
    shown = [m for m in group if m.name.kind != "bound"]
    lengths = [m.name.time for m in shown]
    for axis, backend in zip(axes, backends):
        here = [m for m in group if m.name.backend == backend]
        ends, values = [], []
        for line in _lines(m for m in here if m.name.kind != "bound").values():
            name, xs, ys = line[0].name, [m.name.time for m in line], [value(m) for m in line]
            look = style.look(name)
            axis.plot(xs, ys, **look)
            low, high = zip(*(band(m) for m in line))
            if any(not math.isnan(v) for v in low):
                axis.fill_between(xs, low, high, color=look["color"], alpha=0.16, linewidth=0)
            ends.append((xs[-1], ys[-1], name.contender, look["color"]))
            values += ys
        bound = [(t, rate / 1e9) for t, rate in _bound_line(here) if t <= max(lengths, default=t)] if bounds else []
        if bound:
            xs, ys = zip(*bound)
            axis.plot(xs, ys, color=INK, linewidth=2.2, marker="_" if len(xs) == 1 else "", markersize=9, markeredgewidth=2.2, solid_capstyle="round", zorder=4)
            ends.append((xs[-1], ys[-1], "bound (triad)", INK))
            values += ys
        axis.set_title(f"{BACKEND_NAMES.get(backend, backend)} ({backend}), {unit}")
        style.length_axis(axis, lengths, title="length (time steps)" if axis is axes[-1] else "")
        axis.set_xlim(min(lengths) / 1.3, max(lengths) * 1.3)
        if values:
            axis.set_ylim(min(values) / 1.4, max(values) * 1.6)
            if bound and len(bound) > 1:
                axis.fill_between(xs, ys, axis.get_ylim()[1], color=GREY, alpha=0.13, linewidth=0, zorder=0)
        style.value_axis(axis.yaxis)
        style.label_ends(axis, ends)
    return figure


def _has_a_line(measurement, group):
    """False for an inner algorithm that was measured at a single length of many: the tables have it, a line cannot."""
    same = {m.name.time for m in group if (m.name.contender, m.name.backend) == (measurement.name.contender, measurement.name.backend)}
    return not measurement.name.option("inner") or len(same) > 1


def _lengths(group):
    return {m.name.time for m in group if m.name.kind != "bound"}


def _ranked(group, title):
    """One length only: the contenders by rank, one row each, with the bounds as vertical lines."""
    rows = {}
    for m in group:
        if m.name.kind != "bound":
            rows.setdefault(m.name.contender, []).append(m)
    order = sorted(rows, key=lambda label: max(m.rate for m in rows[label]))
    figure, (axis,) = _stack([0.3 + 0.17 * len(order)], title, left=1.35, right=0.2, head=0.42)
    backends = {m.name.backend for m in group}
    for y, label in enumerate(order):
        look = style.look(rows[label][0].name)
        rates = [m.rate / 1e9 for m in rows[label]]
        axis.plot([min(rates), max(rates)], [y, y], color=look["color"], linewidth=1.0)
        for m in rows[label]:
            open_mark = m.name.backend == "serial" and len(backends) > 1
            axis.plot([m.rate / 1e9], [y], color=look["color"], marker="o", markerfacecolor=PAPER if open_mark else look["color"], markersize=5, linestyle="", zorder=3)
            if m.spread:
                axis.plot([m.slowest_rate / 1e9, m.fastest_rate / 1e9], [y, y], color=look["color"], linewidth=5, alpha=0.3, solid_capstyle="butt", zorder=1)
    for backend in sorted(backends):
        bound = _bound_line(m for m in group if m.name.backend == backend)
        if bound:
            serial = backend == "serial" and len(backends) > 1
            axis.axvline(bound[-1][1] / 1e9, color=INK, linewidth=2.0 if not serial else 1.0, zorder=0)
            axis.annotate(f"bound, {BACKEND_NAMES.get(backend, backend)}", (bound[-1][1] / 1e9, 1), xycoords=("data", "axes fraction"), xytext=(-2, 2 if not serial else 10), textcoords="offset points", ha="right", va="bottom", fontsize=LABEL_POINTS - 1, color=INK)
    rates = [m.rate / 1e9 for m in group if m.name.kind != "bound" or m.name.algorithm == "triad"]
    axis.set_xscale("log")
    axis.set_xlim(min(rates) / 1.3, max(rates) * 1.2)
    style.value_axis(axis.xaxis, most_ticks=6)
    axis.set_yticks(range(len(order)), order)
    for text, label in zip(axis.get_yticklabels(), order):
        text.set_color(style.text_color(style.look(rows[label][0].name)["color"]))
        text.set_fontsize(LABEL_POINTS)
    axis.set_ylim(-0.6, len(order) - 0.4)
    axis.grid(False, axis="y")
    axis.set_xlabel("throughput, Gelem/s" + ("   (○ one thread  ● all threads)" if len(backends) > 1 else ""))
    return figure


def _grouped(measurements):
    groups = {}
    for m in measurements:
        groups.setdefault(m.name.problem, []).append(m)
    return [(p, groups[p]) for p in sorted(groups, key=problem_order) if any(m.name.kind != "bound" for m in groups[p])]


def _slug(prefix, problem):
    operation, dtype, lanes, options = problem
    return "-".join([prefix, operation, dtype, f"lanes{lanes}"] + [f"{k}-{v}" for k, v in options]).replace("_", "-").lower()


def throughput(measurements):
    """Elements per second against length, the bound as a line; one figure per type and number of lanes, a panel per backend."""
    drawings = []
    for problem, group in _grouped(timed(measurements, "throughput")):
        title = f"Throughput: {problem_text(problem)}"
        folded = problem[1] not in ("f32", "f64") or problem[0] != "affine" or any(key != "layout" for key, _ in problem[3])
        lengths = _lengths(group)
        if len(lengths) == 1:
            # One option of the call at one size is a row of the tables; a figure of its own would say no more.
            if not any(key != "layout" for key, _ in problem[3]):
                title += f" · {length_text(min(lengths))} long"
                caption = "Right is faster; ranked by the faster of the two backends. Vertical lines: the bound, a loop that only reads a and b and writes x. Grey: libraries."
                drawings.append(Drawing(_slug("throughput", problem), "speed", title, caption, _ranked(group, title), folded))
            continue
        figure = _by_backend(group, title, lambda m: m.rate / 1e9, lambda m: (m.slowest_rate / 1e9, m.fastest_rate / 1e9), "Gelem/s", bounds=True)
        spread = next((m.spread for m in group if m.spread), "")
        caption = "Higher is better. The black line is the bound: a loop that only reads a and b and writes x" + (
            f"; bands show the spread over repetitions ({spread})." if spread else ".") + " Dashed: variants. Grey, dotted: libraries and plain loops."
        drawings.append(Drawing(_slug("throughput", problem), "speed", title, caption, figure, folded))
    return drawings


LONGEST_LATENCY = 1 << 14  # a call on more elements is a matter of throughput


def latency(measurements):
    """Time of one call at short lengths: what a small problem pays before any memory bound matters."""
    drawings = []
    short = [m for m in timed(measurements, "latency") if m.name.time <= LONGEST_LATENCY and m.name.time > 0]
    for problem, group in _grouped(short):
        group = [m for m in group if m.name.kind != "bound"]
        if len(_lengths(group)) < 2:
            continue
        title = f"Latency: {problem_text(problem)}"
        figure = _by_backend(group, title, lambda m: m.seconds * 1e6, lambda m: (m.low * 1e6, m.high * 1e6), "µs per call", bounds=False)
        caption = "Lower is better. Time of one call; where the curve is flat, the call's fixed cost dominates."
        drawings.append(Drawing(_slug("latency", problem), "speed", title, caption, figure, folded=problem[1] not in ("f32", "f64") or problem[0] != "affine" or bool(problem[3])))
    return drawings


def _families(measurements, key, slug, title, ylabel, caption, reference):
    """Small multiples, one per data family: a line per algorithm, its worst error over backends at each length."""
    drawings = []
    grouped = {}
    for m in known_accuracy(measurements, key):
        grouped.setdefault((m.name.operation, m.name.dtype), []).append(m)
    for (operation, dtype), group in sorted(grouped.items(), key=lambda g: problem_order((*g[0], 1, ()))):
        families = list(dict.fromkeys(m.name.option("family", "") for m in group))
        contenders = {}
        for m in group:
            contenders.setdefault(m.name.contender, m.name)
        lengths = sorted({m.name.time for m in group if m.name.time > 0})
        finite = [m.value(key) for m in group if math.isfinite(m.value(key)) and m.value(key) > 0] + [1.0]
        # The plain formula's error is drawn against |a*| in a figure of its own; here it must not flatten all the others.
        tops = [m.value(key) for m in group if m.name.variant != "plain" and math.isfinite(m.value(key))] + [1.0]
        low, high = max(min(finite) / 1.5, max(tops) * 1e-6), max(tops) * 4
        rows, columns = math.ceil(len(families) / 2), min(2, len(families))
        legend_rows = math.ceil((len(contenders) + 1) / 3)
        head, panel, gap = 0.34 + 0.155 * legend_rows + 0.28, 1.15, 0.27
        height = head + rows * (panel + gap) + 0.3
        figure = plt.figure(figsize=(WIDTH_INCHES, height))
        heading = f"{title}: {DTYPE_NAMES.get(dtype, dtype)}" + ("" if operation == "affine" else f" · {operation}")
        figure.text(0.05 / WIDTH_INCHES, 1 - 0.06 / height, heading, fontsize=9.5, weight="bold", va="top")
        handles = {}
        cell = (WIDTH_INCHES - LEFT - 0.12) / columns
        for index, family in enumerate(families):
            row, column = divmod(index, columns)
            axis = figure.add_axes([(LEFT + column * cell) / WIDTH_INCHES, (height - head - row * (panel + gap) - panel) / height, (cell - 0.14) / WIDTH_INCHES, panel / height])
            for contender, name in contenders.items():
                # The worst over backends and repeated records of one case; NaN and infinity are drawn at the top edge.
                cases = {}
                for m in group:
                    if m.name.contender == contender and m.name.option("family", "") == family and m.name.time > 0:
                        cases[m.name.time] = max(cases.get(m.name.time, 0.0), badness(m.value(key)))
                if not cases:
                    continue
                xs = sorted(cases)
                ys = [max(cases[x], low) if math.isfinite(cases[x]) else math.nan for x in xs]
                (handles[contender],) = axis.plot(xs, ys, **style.look(name))
                broken = [x for x in xs if math.isinf(cases[x])]
                axis.plot(broken, [high] * len(broken), linestyle="", marker="X", markersize=6, color=RED, clip_on=False, zorder=5)
            if reference:
                handles["bound = 1"] = axis.axhline(1, color=INK, linewidth=1.6)
            lowest = index + columns >= len(families)
            style.length_axis(axis, lengths, most_ticks=5, title="length (time steps)" if lowest else "")
            axis.tick_params(labelbottom=lowest)
            axis.set_ylim(low, high)
            style.value_axis(axis.yaxis, most_ticks=6)
            axis.set_title(family or "data", fontsize=8)
            if column == 0:
                axis.set_ylabel(ylabel)
            else:
                axis.tick_params(labelleft=False)
        figure.legend(handles.values(), handles.keys(), loc="upper left", bbox_to_anchor=(0.03 / WIDTH_INCHES, 1 - 0.26 / height), ncol=3, columnspacing=1.2, handlelength=2.4, labelspacing=0.25, borderaxespad=0)
        drawings.append(Drawing(f"{slug}-{operation}-{dtype}".replace("_", "-"), "accuracy", heading, caption, figure, folded=dtype not in ("f32", "f64") or operation != "affine"))
    return drawings


def error_over_bound(measurements):
    return _families(measurements, OVER_BOUND, "error-over-bound", "Largest error over its bound", "error / bound",
                     "Every point must lie at or below the black line, where the error would equal its a-priori bound. A red cross: the result was NaN or infinite.", reference=True)


def error_over_us(measurements):
    return _families(measurements, OVER_US, "error-over-us", "Largest error in units of u·S", "error / (u·S)",
                     "u is the unit roundoff, S the sum of the magnitudes of all terms: 1 means one rounding. Lower is better. A red cross: the result was NaN or infinite. Where heinsen.plain leaves the top of a panel, see the figure of Heinsen's formula.", reference=False)


LAW_FROM = 1e3  # below this |a*| other roundings hide the law (NUMERICS 2.1)


def heinsen(measurements):
    """Error against |a*|: the paper's formula loses one digit per decade of |a*|, the restarted one stays flat."""
    drawings = []
    by_dtype = {}
    for m in known_accuracy(measurements):
        if m.name.algorithm == "heinsen" and m.value("a_star_max") > 0:
            by_dtype.setdefault((m.name.operation, m.name.dtype), []).append(m)
    for (operation, dtype), group in sorted(by_dtype.items(), key=lambda g: problem_order((*g[0], 1, ()))):
        plain = [m for m in group if m.name.variant == "plain"]
        ours = [m for m in group if m.name.variant != "plain"]
        if not plain:
            continue
        u = ROUNDOFF.get(dtype)
        xs = [m.value("a_star_max") for m in group]
        finite = [m.value(OVER_US) for m in group if math.isfinite(m.value(OVER_US)) and m.value(OVER_US) > 0]
        if not finite:
            continue
        low, high = min(finite) / 2, max(finite + ([1 / u] if u and max(finite) * u > 1e-3 else [])) * 4
        title = f"Heinsen's formula, plain, and in double-double logarithms: {DTYPE_NAMES.get(dtype, dtype)}" + ("" if operation == "affine" else f" · {operation}")
        figure, (axis,) = _stack([3.1], title, left=LEFT, head=0.2)
        axis.set_xscale("log")
        ends = []
        for members, color, marker, filled in ((plain, RED, "o", False), (ours, SKY, "v", True)):
            lines = {}
            for m in members:
                lines.setdefault((m.name.option("family", ""), m.name.contender), []).append(m)
            for (family, _), line in lines.items():
                line.sort(key=lambda m: (m.value("a_star_max"), m.name.time))
                px = [m.value("a_star_max") for m in line]
                py = [min(max(badness(m.value(OVER_US)), low), high) for m in line]
                axis.plot(px, py, color=color, marker=marker, markerfacecolor=color if filled else PAPER, linewidth=0.8, markersize=3.6, clip_on=False)
                if members is plain:
                    broken = not math.isfinite(line[-1].value(OVER_US))
                    ends.append((px[-1], py[-1], family + (": NaN or ∞" if broken else ""), color))
        steep = sorted(m.value(OVER_US) / m.value("a_star_max") for m in plain if m.value("a_star_max") >= LAW_FROM and math.isfinite(m.value(OVER_US)))
        if steep and steep[len(steep) // 2] > 0:
            c = steep[len(steep) // 2]
            law = [max(low / c, min(xs) / 1.5), min(high / c, max(xs) * 1.5)]
            axis.plot(law, [c * x for x in law], color=INK, linestyle="--", linewidth=1.2, zorder=4)
            middle = math.sqrt(max(law[0], LAW_FROM / 30) * law[1])
            axis.annotate(f"law: error = {spelled(c, 2)}·|a*|·u·S", (middle, c * middle), xytext=(-8, 14), textcoords="offset points", fontsize=LABEL_POINTS, ha="right", color=INK, arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.6})
        if u and high > 1 / u:
            axis.axhline(1 / u, color=SOFT_INK, linewidth=0.9, linestyle=":")
            axis.text(min(xs) / 1.4, 1 / u * 1.15, "no correct digit left (error = S)", fontsize=LABEL_POINTS, color=SOFT_INK, va="bottom")
        axis.set_xlim(min(xs) / 1.6, max(xs) * 1.6)
        axis.set_ylim(low, high)
        style.value_axis(axis.yaxis)
        style.value_axis(axis.xaxis, most_ticks=6)
        axis.set_xlabel("largest |a*|, a* = log a₀ + … + log aₜ")
        axis.set_ylabel("largest error / (u·S)")
        if ours:
            top = max(ours, key=lambda m: badness(m.value(OVER_US)))
            ends.append((top.value("a_star_max"), min(badness(top.value(OVER_US)), high), "heinsen (ours)", SKY))
        style.label_ends(axis, ends)
        caption = "Open circles: the paper's formula, one line per data family, longer sequences to the right. Triangles: this library's heinsen. The plain formula adds and subtracts numbers as large as |a*|, so its error grows with |a*|."
        drawings.append(Drawing(f"heinsen-{operation}-{dtype}".replace("_", "-"), "accuracy", title, caption, figure, folded=dtype not in ("f32", "f64")))
    return drawings


def plane(measurements, accuracy):
    """The speed-accuracy plane: each algorithm at its throughput on one long lane and its worst error."""
    drawings = []
    exact = {answer.dtype: answer for answer in exactness(accuracy)}
    candidates = [m for m in timed(measurements, "throughput") if m.name.kind == "ours" and not m.name.problem[3]]
    for dtype, answer in exact.items():
        here = [m for m in candidates if m.name.dtype == dtype]
        lanes = min((m.name.lanes for m in here), default=None)
        here = [m for m in here if m.name.lanes == lanes]
        # The length at which most algorithms were timed: at the greatest, the slow ones may have been left out.
        timed_at = {}
        for m in here:
            if accuracy_label(m) in answer.worst:
                timed_at.setdefault(m.name.time, set()).add(accuracy_label(m))
        time = max(timed_at, key=lambda t: (len(timed_at[t]), t), default=None)
        here = [m for m in here if m.name.time == time]
        placed = [(m.rate / 1e9, answer.worst[accuracy_label(m)], m) for m in here if accuracy_label(m) in answer.worst]
        finite = [y for _, y, _ in placed if math.isfinite(y) and y > 0]
        if not finite:
            continue
        title = f"Speed and accuracy: {lanes_text(lanes)} of {length_text(time)} {DTYPE_NAMES.get(dtype, dtype)}"
        figure, (axis,) = _stack([2.9], title, left=LEFT, head=0.2)
        low, high = min(finite) / 2, max(finite) * 3
        placed = [(x, min(max(y, low), high), m) for x, y, m in placed]
        axis.set_xscale("log")
        front, best = [], math.inf
        for x, y, _ in sorted(placed, key=lambda p: (-p[0], p[1])):
            if y < best:
                front.append((x, y))
                best = y
        axis.step(*zip(*front), where="post", color=GREY, linewidth=5, alpha=0.25, zorder=1)
        ends = []
        for x, y, m in placed:
            look = style.look(m.name) | {"linestyle": "", "markersize": 7}
            if m.name.backend == "serial":
                look["markerfacecolor"] = PAPER
            else:
                look["markerfacecolor"] = look["color"]
            axis.plot([x], [y], **look, clip_on=False, zorder=3)
        by_label = {}
        for x, y, m in placed:
            by_label.setdefault(accuracy_label(m), []).append((x, y, m))
        for label, points in by_label.items():
            x, y, m = max(points, key=lambda p: p[0])
            color = style.look(m.name)["color"]
            axis.plot([p[0] for p in points], [p[1] for p in points], color=color, linewidth=0.8)
            ends.append((x, y, label if math.isfinite(answer.worst[label]) else f"{label}: NaN or ∞", color))
        xs = [x for x, _, _ in placed]
        axis.set_xlim(min(xs) / 1.4, max(xs) * 1.4)
        axis.set_ylim(low, high)
        style.value_axis(axis.yaxis)
        style.value_axis(axis.xaxis)
        axis.text(0.98, 0.03, "better ↘", transform=axis.transAxes, ha="right", fontsize=LABEL_POINTS, color=SOFT_INK)
        axis.text(0.02, 0.03, "○ one thread   ● all threads", transform=axis.transAxes, fontsize=LABEL_POINTS, color=SOFT_INK)
        axis.set_xlabel("throughput, Gelem/s (right is faster)")
        axis.set_ylabel("worst error / (u·S) (down is more exact)")
        style.label_ends(axis, ends)
        missing = sorted({contender_text(m) for m in here if accuracy_label(m) not in answer.worst})
        caption = "Best is bottom right; the grey steps join what nothing else beats in both. Filled: all threads; open: one thread. " + (
            f"Error: worst of {answer.cases} cases ({len(answer.families)} data families).") + (f" Without accuracy data, so not shown: {', '.join(missing)}." if missing else "")
        drawings.append(Drawing(f"plane-{dtype}", "accuracy", title, caption, figure, folded=dtype not in ("f32", "f64")))
    return drawings


def all_figures(measurements, accuracy):
    return throughput(measurements) + latency(measurements) + plane(measurements, accuracy) + heinsen(accuracy) + error_over_us(accuracy) + error_over_bound(accuracy)
