"""Figures of speed: throughput against length, the contenders of one length by rank, and the time of short calls."""

import math

import style
from answers import BACKEND_NAMES, length_text, place_of, problem_order, problem_text, timed
from drawing import Drawing, is_folded, slug_of, stack
from style import GREY, INK, LABEL_POINTS, PAPER

BACKEND_ORDER = ("serial", "openmp", "cuda")
LONGEST_LATENCY = 1 << 14  # a call on more elements is a matter of throughput


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


def _in_order(backends):
    return sorted(set(backends), key=lambda b: (BACKEND_ORDER.index(b) if b in BACKEND_ORDER else 9, b))


def _draw_line(axis, line, value, band):
    """One contender's line with its spread; returns (the label's place, name and colour), and the values drawn."""
    name, xs, ys = line[0].name, [m.name.time for m in line], [value(m) for m in line]
    look = style.look(name)
    axis.plot(xs, ys, **look)
    low, high = zip(*(band(m) for m in line))
    if any(not math.isnan(v) for v in low):
        axis.fill_between(xs, low, high, color=look["color"], alpha=0.16, linewidth=0)
    return (xs[-1], ys[-1], name.contender, look["color"]), ys


def _draw_bound(axis, bound):
    xs, ys = zip(*bound)
    axis.plot(xs, ys, color=INK, linewidth=2.2, marker="_" if len(xs) == 1 else "", markersize=9, markeredgewidth=2.2, solid_capstyle="round", zorder=4)
    return (xs[-1], ys[-1], "bound (triad)", INK), list(ys)


def _by_backend(group, title, value, band, unit, bounds):
    """One panel per backend with a line per contender; `value(m)` is drawn, `band(m)` its spread."""
    backends = _in_order(m.name.backend for m in group)
    counts = [len(_lines(m for m in group if m.name.backend == b)) for b in backends]
    figure, axes = stack([max(2.0, 0.14 * (n + 1)) for n in counts], title)
    group = [m for m in group if m.name.kind == "bound" or _has_a_line(m, group)]
    lengths = [m.name.time for m in group if m.name.kind != "bound"]
    for axis, backend in zip(axes, backends):
        here = [m for m in group if m.name.backend == backend]
        drawn = [_draw_line(axis, line, value, band) for line in _lines(m for m in here if m.name.kind != "bound").values()]
        bound = [(t, rate / 1e9) for t, rate in _bound_line(here) if t <= max(lengths, default=t)] if bounds else []
        if bound:
            drawn.append(_draw_bound(axis, bound))
        values = [v for _, ys in drawn for v in ys]
        axis.set_title(f"{BACKEND_NAMES.get(backend, backend)} ({backend}), {unit}")
        style.length_axis(axis, lengths, title="length (time steps)" if axis is axes[-1] else "")
        axis.set_xlim(min(lengths) / 1.3, max(lengths) * 1.3)
        if values:
            axis.set_ylim(min(values) / 1.4, max(values) * 1.6)
            if len(bound) > 1:
                axis.fill_between(*zip(*bound), axis.get_ylim()[1], color=GREY, alpha=0.13, linewidth=0, zorder=0)
        style.value_axis(axis.yaxis)
        style.label_ends(axis, [end for end, _ in drawn])
    return figure


def _has_a_line(measurement, group):
    """False for an inner algorithm that was measured at a single length of many: the tables have it, a line cannot."""
    same = {m.name.time for m in group if (m.name.contender, m.name.backend) == (measurement.name.contender, measurement.name.backend)}
    return not measurement.name.option("inner") or len(same) > 1


def _lengths(group):
    return {m.name.time for m in group if m.name.kind != "bound"}


def _draw_row(axis, y, row, two_backends):
    """One contender of a ranking: a mark per backend, joined, each with its spread."""
    color, rates = style.look(row[0].name)["color"], [m.rate / 1e9 for m in row]
    axis.plot([min(rates), max(rates)], [y, y], color=color, linewidth=1.0)
    for m in row:
        open_mark = m.name.backend == "serial" and two_backends
        axis.plot([m.rate / 1e9], [y], color=color, marker="o", markerfacecolor=PAPER if open_mark else color, markersize=5, linestyle="", zorder=3)
        if m.spread:
            axis.plot([m.slowest_rate / 1e9, m.fastest_rate / 1e9], [y, y], color=color, linewidth=5, alpha=0.3, solid_capstyle="butt", zorder=1)


def _mark_bounds(axis, group, backends):
    for backend in sorted(backends):
        bound = _bound_line(m for m in group if m.name.backend == backend)
        if bound:
            serial = backend == "serial" and len(backends) > 1
            axis.axvline(bound[-1][1] / 1e9, color=INK, linewidth=2.0 if not serial else 1.0, zorder=0)
            axis.annotate(f"bound, {BACKEND_NAMES.get(backend, backend)}", (bound[-1][1] / 1e9, 1), xycoords=("data", "axes fraction"), xytext=(-2, 2 if not serial else 10), textcoords="offset points", ha="right", va="bottom", fontsize=LABEL_POINTS - 1, color=INK)


def _ranked(group, title):
    """One length only: the contenders by rank, one row each, with the bounds as vertical lines."""
    rows = {}
    for m in group:
        if m.name.kind != "bound":
            rows.setdefault(m.name.contender, []).append(m)
    order = sorted(rows, key=lambda label: max(m.rate for m in rows[label]))
    figure, (axis,) = stack([0.3 + 0.17 * len(order)], title, left=1.35, right=0.2, head=0.42)
    backends = {m.name.backend for m in group}
    for y, label in enumerate(order):
        _draw_row(axis, y, rows[label], len(backends) > 1)
    _mark_bounds(axis, group, backends)
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
    """(place, problem, its measurements there): the CPU and the GPU have figures of their own."""
    groups = {}
    for m in measurements:
        groups.setdefault((place_of(m), m.name.problem), []).append(m)
    return [(place, problem, groups[place, problem]) for place, problem in sorted(groups, key=lambda g: (g[0], problem_order(g[1]))) if any(m.name.kind != "bound" for m in groups[place, problem])]


def _figure_of_lengths(group, title):
    figure = _by_backend(group, title, lambda m: m.rate / 1e9, lambda m: (m.slowest_rate / 1e9, m.fastest_rate / 1e9), "Gelem/s", bounds=True)
    spread = next((m.spread for m in group if m.spread), "")
    caption = "Higher is better. The black line is the bound: a loop that only reads a and b and writes x" + (
        f"; bands show the spread over repetitions ({spread})." if spread else ".") + " Dashed: variants. Grey, dotted: libraries and plain loops."
    return title, caption, figure


def _figure_of_one_length(group, title):
    title += f" · {length_text(min(_lengths(group)))} long"
    ranked = "; ranked by the faster of the two backends" if len({m.name.backend for m in group}) > 1 else ""
    caption = f"Right is faster{ranked}. Vertical lines: the bound, a loop that only reads a and b and writes x. Grey: libraries."
    return title, caption, _ranked(group, title)


def _slug(question, place, problem):
    operation, dtype, lanes, options = problem
    return slug_of(question, *(() if place == "CPU" else (place,)), operation, dtype, f"lanes{lanes}", *(f"{k}-{v}" for k, v in options))


def _titled(what, place, problem):
    return f"{what}{'' if place == 'CPU' else f' on the {place}'}: {problem_text(problem)}"


def throughput(measurements):
    """Elements per second against length, the bound as a line; one figure per type and number of lanes, a panel per backend."""
    drawings = []
    for place, problem, group in _grouped(timed(measurements, "throughput")):
        title = _titled("Throughput", place, problem)
        more = [key for key, _ in problem[3] if key != "layout"]
        if len(_lengths(group)) > 1:
            title, caption, figure = _figure_of_lengths(group, title)
        elif not more:
            title, caption, figure = _figure_of_one_length(group, title)
        else:  # one option of the call at one size is a row of the tables; a figure of its own would say no more
            continue
        drawings.append(Drawing(_slug("throughput", place, problem), "speed", title, caption, figure, is_folded(problem[0], problem[1], more)))
    return drawings


def shares(measurements):
    """On the GPU, which share of the bound each contender reaches, against length."""
    drawings = []
    for place, problem, group in _grouped(timed(measurements, "throughput")):
        group = [m for m in group if m.name.kind != "bound" and m.value("share_of_triad") > 0]
        if place != "GPU" or len(_lengths(group)) < 2:
            continue
        title = _titled("Share of the bound", place, problem)
        lines = _lines(m for m in group if _has_a_line(m, group))
        figure, (axis,) = stack([max(2.4, 0.14 * (len(lines) + 1))], title)
        drawn = []
        for line in lines.values():
            look, xs, ys = style.look(line[0].name), [m.name.time for m in line], [m.value("share_of_triad") for m in line]
            axis.plot(xs, ys, **look)
            drawn.append((xs[-1], ys[-1], line[0].name.contender, look["color"]))
        lengths = [m.name.time for m in group]
        style.length_axis(axis, lengths)
        axis.set_xlim(min(lengths) / 1.3, max(lengths) * 1.3)
        highest = max(1.0, max(m.value("share_of_triad") for m in group))
        axis.set_ylim(0, 1.06 * highest)
        axis.axhline(1.0, color=INK, linewidth=2.2)
        style.label_ends(axis, drawn)
        caption = "Higher is better; 1 is the bound, a kernel that only reads a and b and writes x. Dashed: variants. Grey, dotted: libraries."
        drawings.append(Drawing(_slug("share", place, problem), "speed", title, caption, figure, is_folded(problem[0], problem[1], [k for k, _ in problem[3] if k != "layout"])))
    return drawings


def latency(measurements):
    """Time of one call at short lengths: what a small problem pays before any memory bound matters."""
    drawings = []
    short = [m for m in timed(measurements, "latency") if m.name.time <= LONGEST_LATENCY and m.name.time > 0]
    for place, problem, group in _grouped(short):
        group = [m for m in group if m.name.kind != "bound"]
        if len(_lengths(group)) < 2:
            continue
        title = _titled("Latency", place, problem)
        figure = _by_backend(group, title, lambda m: m.seconds * 1e6, lambda m: (m.low * 1e6, m.high * 1e6), "µs per call", bounds=False)
        caption = "Lower is better. Time of one call; where the curve is flat, the call's fixed cost dominates."
        drawings.append(Drawing(_slug("latency", place, problem), "speed", title, caption, figure, is_folded(problem[0], problem[1], problem[3])))
    return drawings
