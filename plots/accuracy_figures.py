"""Figures of errors: in units of u·S and over their bound, a panel per data family; and Heinsen's formula against |a*|."""

import math

import style
from answers import DTYPE_NAMES, OVER_BOUND, OVER_US, badness, known_accuracy, problem_order, spelled
from drawing import LEFT, Drawing, add_title, is_folded, slug_of, stack
from results import ROUNDOFF
from style import GREEN, INK, LABEL_POINTS, PAPER, RED, SKY, SOFT_INK, WIDTH_INCHES, plt

LAW_FROM = 1e3  # below this |a*| other roundings hide the law
LEGEND_LEFT = 0.03  # inches
PANEL, GAP, FOOT = 1.15, 0.27, 0.3  # inches: a family's panel, between two rows of them, below the last


def _by_kind(measurements):
    """[((operation, dtype), its measurements)], in the order of the report."""
    grouped = {}
    for m in measurements:
        grouped.setdefault((m.name.operation, m.name.dtype), []).append(m)
    return sorted(grouped.items(), key=lambda g: problem_order((*g[0], 1, ())))


def _titled(title, operation, dtype):
    return f"{title}: {DTYPE_NAMES.get(dtype, dtype)}" + ("" if operation == "affine" else f" · {operation}")


def _grid(count, head):
    """A figure of panels two to a row below a head of so many inches, and for each panel (axis, column, is it a lowest)."""
    rows, columns = math.ceil(count / 2), min(2, count)
    height = head + rows * (PANEL + GAP) + FOOT
    figure = plt.figure(figsize=(WIDTH_INCHES, height))
    cell = (WIDTH_INCHES - LEFT - 0.12) / columns
    panels = []
    for index in range(count):
        row, column = divmod(index, columns)
        place = [(LEFT + column * cell) / WIDTH_INCHES, (height - head - row * (PANEL + GAP) - PANEL) / height, (cell - 0.14) / WIDTH_INCHES, PANEL / height]
        panels.append((figure.add_axes(place), column, index + columns >= count))
    return figure, panels


def _worst_cases(group, contender, family, key):
    """{length: the worst error over backends and repeated records}; NaN counts as infinite."""
    cases = {}
    for m in group:
        if m.name.contender == contender and m.name.option("family", "") == family and m.name.time > 0:
            cases[m.name.time] = max(cases.get(m.name.time, 0.0), badness(m.value(key)))
    return cases


def _range(group, key):
    finite = [m.value(key) for m in group if math.isfinite(m.value(key)) and m.value(key) > 0] + [1.0]
    # The plain formula's error is drawn against |a*| in a figure of its own; here it must not flatten all the others.
    tops = [m.value(key) for m in group if m.name.variant != "plain" and math.isfinite(m.value(key))] + [1.0]
    return max(min(finite) / 1.5, max(tops) * 1e-6), max(tops) * 4


def _families(measurements, key, slug, title, ylabel, caption, reference):
    """Small multiples, one per data family: a line per algorithm, its worst error over backends at each length."""
    drawings = []
    for (operation, dtype), group in _by_kind(known_accuracy(measurements, key)):
        families = list(dict.fromkeys(m.name.option("family", "") for m in group))
        contenders = {}
        for m in group:
            contenders.setdefault(m.name.contender, m.name)
        lengths = sorted({m.name.time for m in group if m.name.time > 0})
        low, high = _range(group, key)
        columns = style.legend_columns(contenders, WIDTH_INCHES - 2 * LEGEND_LEFT)
        legend_rows = math.ceil((len(contenders) + (1 if reference else 0)) / columns)
        figure, panels = _grid(len(families), head=0.34 + 0.155 * legend_rows + 0.28)
        heading = _titled(title, operation, dtype)
        add_title(figure, heading)
        handles = {}
        for family, (axis, column, lowest) in zip(families, panels):
            for contender, name in contenders.items():
                cases = _worst_cases(group, contender, family, key)
                if not cases:
                    continue
                xs = sorted(cases)
                ys = [max(cases[x], low) if math.isfinite(cases[x]) else math.nan for x in xs]
                (handles[contender],) = axis.plot(xs, ys, **style.look(name))
                broken = [x for x in xs if math.isinf(cases[x])]  # drawn at the top edge
                axis.plot(broken, [high] * len(broken), linestyle="", marker="X", markersize=6, color=RED, clip_on=False, zorder=5)
            if reference:
                handles["bound = 1"] = axis.axhline(1, color=INK, linewidth=1.6)
            style.length_axis(axis, lengths, most_ticks=5, title="length (time steps)" if lowest else "")
            axis.tick_params(labelbottom=lowest)
            axis.set_ylim(low, high)
            style.value_axis(axis.yaxis, most_ticks=6)
            axis.set_title(family or "data", fontsize=8)
            if column == 0:
                axis.set_ylabel(ylabel)
            else:
                axis.tick_params(labelleft=False)
        figure.legend(handles.values(), handles.keys(), loc="upper left", bbox_to_anchor=(LEGEND_LEFT / WIDTH_INCHES, 1 - 0.26 / figure.get_figheight()), ncol=columns, **style.LEGEND)
        drawings.append(Drawing(slug_of(slug, operation, dtype), "accuracy", heading, caption, figure, is_folded(operation, dtype)))
    return drawings


def error_over_bound(measurements):
    return _families(measurements, OVER_BOUND, "error-over-bound", "Largest error over its bound", "error / bound",
                     "Every point must lie at or below the black line, where the error would equal its a-priori bound. A red cross: the result was NaN or infinite.", reference=True)


def error_over_us(measurements):
    return _families(measurements, OVER_US, "error-over-us", "Largest error in units of u·S", "error / (u·S)",
                     "u is the unit roundoff, S the sum of the magnitudes of all terms: 1 means one rounding. Lower is better. A red cross: the result was NaN or infinite. Where heinsen.plain leaves the top of a panel, see the figure of Heinsen's formula.", reference=False)


def _draw_formula(axis, members, color, marker, filled, low, high):
    """A line per data family, error against |a*|; returns each line's end, with its family and colour."""
    lines, ends = {}, []
    for m in members:
        lines.setdefault((m.name.option("family", ""), m.name.contender), []).append(m)
    for (family, _), line in lines.items():
        line.sort(key=lambda m: (m.value("a_star_max"), m.name.time))
        px = [m.value("a_star_max") for m in line]
        py = [min(max(badness(m.value(OVER_US)), low), high) for m in line]
        axis.plot(px, py, color=color, marker=marker, markerfacecolor=color if filled else PAPER, linewidth=0.8, markersize=3.6, clip_on=False)
        broken = not math.isfinite(line[-1].value(OVER_US))
        ends.append((px[-1], py[-1], family + (": NaN or ∞" if broken else ""), color))
    return ends


def _draw_law(axis, plain, xs, low, high):
    """error = c |a*| u S, with c the median over the points where nothing else matters."""
    steep = sorted(m.value(OVER_US) / m.value("a_star_max") for m in plain if m.value("a_star_max") >= LAW_FROM and math.isfinite(m.value(OVER_US)))
    if not steep or not steep[len(steep) // 2] > 0:
        return
    c = steep[len(steep) // 2]
    law = [max(low / c, min(xs) / 1.5), min(high / c, max(xs) * 1.5)]
    axis.plot(law, [c * x for x in law], color=INK, linestyle="--", linewidth=1.2, zorder=4)
    middle = math.sqrt(max(law[0], LAW_FROM / 30) * law[1])
    axis.annotate(f"law: error = {spelled(c, 2)}·|a*|·u·S", (middle, c * middle), xytext=(-8, 14), textcoords="offset points", fontsize=LABEL_POINTS, ha="right", color=INK, arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.6})


def heinsen(measurements):
    """Error against |a*|: the paper's formula loses one digit per decade of |a*|, ours stay flat."""
    drawings = []
    for (operation, dtype), group in _by_kind(m for m in known_accuracy(measurements) if m.name.algorithm == "heinsen" and m.value("a_star_max") > 0):
        plain = [m for m in group if m.name.variant == "plain"]
        fused = [m for m in group if m.name.variant == "fused"]
        ours = [m for m in group if m.name.variant not in ("plain", "fused")]
        u = ROUNDOFF.get(dtype)
        xs = [m.value("a_star_max") for m in group]
        finite = [m.value(OVER_US) for m in group if math.isfinite(m.value(OVER_US)) and m.value(OVER_US) > 0]
        if not plain or not finite:
            continue
        low, high = min(finite) / 2, max(finite + ([1 / u] if u and max(finite) * u > 1e-3 else [])) * 4
        title = _titled("Heinsen's formula: plain, and in logarithms that hold", operation, dtype)
        figure, (axis,) = stack([3.1], title, left=LEFT, head=0.2)
        axis.set_xscale("log")
        ends = _draw_formula(axis, plain, RED, "o", False, low, high)
        _draw_formula(axis, ours, SKY, "v", True, low, high)
        _draw_formula(axis, fused, GREEN, "s", True, low, high)
        _draw_law(axis, plain, xs, low, high)
        if u and high > 1 / u:
            axis.axhline(1 / u, color=SOFT_INK, linewidth=0.9, linestyle=":")
            axis.text(min(xs) / 1.4, 1 / u * 1.15, "no correct digit left (error = S)", fontsize=LABEL_POINTS, color=SOFT_INK, va="bottom")
        axis.set_xlim(min(xs) / 1.6, max(xs) * 1.6)
        axis.set_ylim(low, high)
        style.value_axis(axis.yaxis)
        style.value_axis(axis.xaxis, most_ticks=6)
        axis.set_xlabel("largest |a*|, a* = log a₀ + … + log aₜ")
        axis.set_ylabel("largest error / (u·S)")
        for members, label, color in ((ours, "heinsen", SKY), (fused, "heinsen.fused", GREEN)):
            if members:
                top = max(members, key=lambda m: badness(m.value(OVER_US)))
                ends.append((top.value("a_star_max"), min(badness(top.value(OVER_US)), high), label, color))
        style.label_ends(axis, ends)
        caption = "Open circles: the paper's formula, one line per data family, longer sequences to the right. Triangles: heinsen, in double-double logarithms; squares: heinsen.fused, re-based at every run of steps. The plain formula adds and subtracts numbers as large as |a*|, so its error grows with |a*|; above the dashed law lies what remembers many steps (near1, growth), as each of them rounds both sums anew."
        drawings.append(Drawing(slug_of("heinsen", operation, dtype), "accuracy", title, caption, figure, dtype not in ("f32", "f64")))
    return drawings
