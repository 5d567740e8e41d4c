"""How the figures look: one colour and one marker per algorithm, in every figure, and labels that do not collide.

Colours are Okabe and Ito's, which stay apart for colour-blind readers; markers and direct labels carry the same information
a second time, so that a figure also works in grey. The ink colours are unique hexadecimal values on purpose: the report
replaces them by CSS variables, so that an inline figure follows the reader's dark mode.
"""

import functools
import math

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 (the backend must be chosen first)
from matplotlib.textpath import TextPath  # noqa: E402
from matplotlib.ticker import NullLocator  # noqa: E402

from answers import length_text, superscript  # noqa: E402

INK, SOFT_INK, GRID, PAPER = "#1a1c1f", "#5c636b", "#dfe3e7", "#fffffe"
BLUE, SKY, GREEN, ORANGE, RED, PURPLE, GREY = "#0072b2", "#56b4e9", "#009e73", "#e69f00", "#d55e00", "#cc79a7", "#8a8f96"
# The same hues, lighter, for a dark page.
DARK = {INK: "#e8eaed", SOFT_INK: "#a7adb4", GRID: "#3a3f45", PAPER: "#17191c", BLUE: "#4aa8e0", SKY: "#8fd0f5", GREEN: "#2cc79b", ORANGE: "#f0b429", RED: "#f07f3c", PURPLE: "#e09cc3", GREY: "#9aa0a7"}
# Text in a series colour must be darker than a line to be read on white.
TEXT = {SKY: "#1b7fb8", ORANGE: "#9a6700", PURPLE: "#a8487b", GREEN: "#00795a", BLUE: "#005f96", RED: "#b04e00", GREY: "#63696f"}
DARK.update({dark_text: DARK[line] for line, dark_text in TEXT.items()})

ALGORITHMS = {
    "sequential": (BLUE, "o"),
    "hillis_steele": (PURPLE, "s"),
    "blelloch": (ORANGE, "^"),
    "chunked": (GREEN, "D"),
    "heinsen": (SKY, "v"),
    "look_back": (RED, "P"),
}
LIBRARY_MARKERS = {"loop": "|", "std": "x", "std_par": "+", "tbb": "1", "thrust_omp": "2", "thrust": "2", "cub": "3", "cub_pairs": "4"}
SPARE = ((BLUE, "h"), (RED, "p"), (GREEN, "<"), (PURPLE, ">"), (ORANGE, "*"))

LEGEND = {"columnspacing": 1.2, "handlelength": 2.4, "handletextpad": 0.8, "labelspacing": 0.25, "borderaxespad": 0}  # in em
WIDTH_INCHES = 4.4  # shown at 0.85 of its size on a phone and at 0.8 in a column of a two-column paper: text stays readable
LABEL_POINTS = 7.6
TICK_POINTS = 8.5

plt.rcParams.update({
    "font.family": "DejaVu Sans", "font.size": TICK_POINTS, "axes.titlesize": 9, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": SOFT_INK, "xtick.color": SOFT_INK, "ytick.color": SOFT_INK,
    "xtick.labelcolor": INK, "ytick.labelcolor": INK, "axes.facecolor": PAPER, "figure.facecolor": PAPER, "savefig.facecolor": PAPER,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.6,
    "axes.axisbelow": True, "lines.linewidth": 1.4, "lines.markersize": 4, "legend.frameon": False, "legend.fontsize": LABEL_POINTS,
    "figure.dpi": 100, "savefig.dpi": 200, "svg.hashsalt": "ssmscan", "figure.max_open_warning": 0,
})


def look(name):
    """Keywords for plotting one contender: colour by algorithm, dashes for a variant, grey dots for a library."""
    if name.kind == "library":
        return {"color": GREY, "marker": LIBRARY_MARKERS.get(name.algorithm, "x"), "linestyle": ":", "linewidth": 1.2, "markersize": 5}
    if name.kind == "automatic":
        return {"color": SOFT_INK, "marker": ".", "linestyle": "-.", "linewidth": 1.0, "markersize": 3, "zorder": 3}
    color, marker = ALGORITHMS.get(name.algorithm) or SPARE[sum(map(ord, name.algorithm)) % len(SPARE)]
    if name.variant or name.option("inner"):
        return {"color": color, "marker": marker, "linestyle": "--", "linewidth": 1.1, "markerfacecolor": PAPER}
    return {"color": color, "marker": marker}


def text_color(color):
    return TEXT.get(color, color)


@functools.cache
def text_inches(text, points=LABEL_POINTS):
    """How wide a text is drawn."""
    return TextPath((0, 0), text, size=points).get_extents().width / 72


def legend_columns(labels, inches):
    """As many columns as stand beside each other in so many inches, three at most; sample, gaps and the widest label make one."""
    column = max(map(text_inches, labels)) + (LEGEND["handlelength"] + LEGEND["handletextpad"] + LEGEND["columnspacing"]) * LABEL_POINTS / 72
    return max(1, min(3, int(inches / column)))


def length_axis(axis, lengths, most_ticks=8, title="length (time steps)"):
    """log2 x axis with ticks on lengths that were measured."""
    axis.set_xscale("log", base=2)
    powers = sorted({n for n in lengths if n > 0 and n & (n - 1) == 0}) or sorted(n for n in set(lengths) if n > 0)
    stride = max(1, math.ceil(len(powers) / most_ticks))
    ticks = powers[::-1][::stride][::-1]  # counted from the greatest length, which is the one that is quoted
    axis.set_xticks(ticks, [length_text(n) for n in ticks])
    axis.minorticks_off()
    if title:
        axis.set_xlabel(title)


def _decimals(ticks):
    """Plain numbers, or powers of ten on an axis that leaves the range in which plain ones are short."""
    texts = []
    wide = max(ticks, default=1) >= 1e4 or min(ticks, default=1) < 1e-3
    for value in ticks:
        exponent = math.floor(math.log10(value) + 1e-9)
        digit = round(value / 10.0**exponent)
        power = ("" if digit == 1 else f"{digit}·") + f"10{superscript(exponent)}"
        texts.append(power if wide and not -2 <= exponent <= 2 else f"{value:,.0f}" if value >= 1 else f"{value:g}")
    return texts


def _stand_apart(axis, ticks, texts):
    """Whether no label of a log10 x axis touches the next."""
    low, high = axis.get_xlim()
    inches = axis.get_position().width * axis.figure.get_figwidth()
    places = [math.log10(t / low) / math.log10(high / low) * inches for t in ticks]
    halves = [text_inches(t, TICK_POINTS) / 2 for t in texts]
    gap = 0.5 * TICK_POINTS / 72  # half an em
    return all(b - a >= left + right + gap for a, b, left, right in zip(places, places[1:], halves, halves[1:]))


def value_axis(which, most_ticks=8):
    """log10 axis (an axes' xaxis or yaxis) with plain numbers: every decade, with 2 and 5, or 3, between where there is room."""
    low, high = which.get_view_interval()
    (which.axes.set_xscale if which.axis_name == "x" else which.axes.set_yscale)("log")
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    for steps, stride in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 3), ((1,), 4)):
        ticks = [s * 10.0**d for d in decades if d % stride == 0 for s in steps]
        ticks = [t for t in ticks if low <= t <= high]
        if len(ticks) <= most_ticks and (which.axis_name == "y" or _stand_apart(which.axes, ticks, _decimals(ticks))):
            break
    which.set_ticks(ticks, _decimals(ticks))
    which.set_minor_locator(NullLocator())
    which.set_view_interval(low, high, ignore=True)


def spread_apart(wanted, gap, low, high):
    """Positions in increasing order as near as possible to `wanted`, at least `gap` apart, inside [low, high] if they fit."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    blocks = []  # [sum of offsets-corrected targets, count]; neighbours that collide merge and take their mean
    for position, i in enumerate(order):
        blocks.append([wanted[i] - position * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    room = max(low, high - (len(wanted) - 1) * gap)
    placed = []
    for total, count in blocks:
        placed += [min(max(total / count, low), room)] * count
    result = [0.0] * len(wanted)
    for position, i in enumerate(order):
        result[i] = placed[position] + position * gap
    return result


def label_ends(axis, ends):
    """Direct labels right of the axes, each joined to the end of its line. `ends`: (x, y, text, color)."""
    if not ends:
        return
    figure = axis.figure
    box = axis.get_window_extent()
    pixels_per_point = figure.dpi / 72.0
    gap = 1.22 * LABEL_POINTS * pixels_per_point
    points = [axis.transData.transform((x, y)) for x, y, _, _ in ends]
    heights = spread_apart([p[1] for p in points], gap, box.y0, box.y1)
    left = box.x1 + 12 * pixels_per_point
    to_axes = axis.transAxes.inverted()
    for (x, y, text, color), point, height in zip(ends, points, heights):
        target = to_axes.transform((left, height))
        start = to_axes.transform((point[0] + 3 * pixels_per_point, point[1]))
        elbow = to_axes.transform((box.x1 + 3 * pixels_per_point, point[1]))
        axis.plot([start[0], elbow[0], target[0] - 0.005], [start[1], elbow[1], target[1]], color=color, linewidth=0.6, alpha=0.7, transform=axis.transAxes, clip_on=False, zorder=1)
        axis.text(*target, text, color=text_color(color), fontsize=LABEL_POINTS, va="center", ha="left", transform=axis.transAxes)
