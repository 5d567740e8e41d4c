"""What a figure is and how it is laid out: a column wide, panels below each other, a footer that says where it was made.

Text keeps its size on a phone and in a paper because every figure has the same width. Lines are labelled at their ends
(style.py). The footer (commit, machine, command, date) is added when a drawing is saved.
"""

import io
import multiprocessing
import os
import textwrap
from dataclasses import dataclass, field

from style import SOFT_INK, WIDTH_INCHES, plt

LEFT, RIGHT, TOP, BOTTOM = 0.56, 1.26, 0.34, 0.52  # inches around the panels; RIGHT holds the direct labels
FOOTER_POINTS = 5.2
PANEL_GAP = 0.42
EDGE = 0.04  # kept free at both sides


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
        make_room(self.figure)
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


_saving = []  # a figure cannot be sent to another process: forked ones find it here


def _save_one(place, folder, footer):
    return _saving[place].save(folder, footer)


def save_all(drawings, folder, footer):
    """What each drawing's save returns, in their order. Spread over the processors, as this is most of a report's time."""
    _saving[:] = drawings
    with multiprocessing.get_context("fork").Pool(min(os.cpu_count() or 1, max(1, len(drawings)))) as pool:
        return pool.starmap(_save_one, [(place, folder, footer) for place in range(len(drawings))], chunksize=1)


def add_footer(figure, footer):
    width, height = figure.get_size_inches()
    characters = int(width * 72 / (FOOTER_POINTS * 0.56))  # DejaVu Sans is about 0.56 em wide per character
    lines = [piece for line in footer for piece in textwrap.wrap(line, characters)]
    extra = (len(lines) * FOOTER_POINTS * 1.35 + 4) / 72
    _grow_below(figure, extra)
    figure.text(0.05 / width, 0.05 / (height + extra), "\n".join(lines), fontsize=FOOTER_POINTS, color=SOFT_INK, va="bottom", ha="left", linespacing=1.3)


def make_room(figure):
    """Narrows the panels where numbers and names left of them, or labels right of them, would be cut off."""
    renderer, width = figure.canvas.get_renderer(), figure.bbox.width
    left_ends = [box.x0 for axis in figure.axes if (box := axis.yaxis.get_tightbbox(renderer))]
    right_ends = [text.get_window_extent(renderer).x1 for axis in figure.axes for text in axis.texts]
    edge = EDGE * figure.dpi
    from_left = max(0.0, edge - min(left_ends, default=edge)) / width
    from_right = max(0.0, max(right_ends, default=0.0) - (width - edge)) / width
    places = [axis.get_position() for axis in figure.axes]
    left, right = min(p.x0 for p in places), max(p.x1 for p in places)
    scale = 1 - (from_left + from_right) / (right - left)
    for axis, place in zip(figure.axes, places):
        axis.set_position([left + from_left + (place.x0 - left) * scale, place.y0, place.width * scale, place.height])


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


def stack(heights, title, left=0.5, right=RIGHT, head=TOP):
    """Panels below each other, each as high as asked for in inches."""
    height = head + sum(heights) + PANEL_GAP * (len(heights) - 1) + BOTTOM
    figure = plt.figure(figsize=(WIDTH_INCHES, height))
    points = min(9.5, WIDTH_INCHES * 72 / (0.68 * len(title)))  # bold DejaVu Sans is about 0.68 em wide per character
    add_title(figure, title, points)
    axes, top = [], height - head - 0.12
    for panel in heights:
        top -= panel - 0.12
        axes.append(figure.add_axes([left / WIDTH_INCHES, top / height, 1 - (left + right) / WIDTH_INCHES, (panel - 0.12) / height]))
        top -= PANEL_GAP + 0.12
    return figure, axes


def add_title(figure, title, points=9.5):
    figure.text(0.05 / WIDTH_INCHES, 1 - 0.06 / figure.get_figheight(), title, fontsize=points, weight="bold", va="top")


def slug_of(*parts):
    """A file's name of words: `a.b_c` is a-b-c."""
    return "-".join(parts).replace("_", "-").lower()


def is_folded(operation, dtype, options=()):
    """Whether the report shows it closed: one of many of its kind, beside float and double of the plain recurrence."""
    return dtype not in ("f32", "f64") or operation != "affine" or bool(options)
