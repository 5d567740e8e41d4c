"""The speed-accuracy plane: each algorithm at its throughput on one long lane and its worst error."""

import math

import style
from answers import DTYPE_NAMES, accuracy_label, contender_text, exactness, lanes_text, length_text, timed
from drawing import LEFT, Drawing, is_folded, slug_of, stack
from style import GREY, LABEL_POINTS, PAPER, SOFT_INK


def _of_one_shape(candidates, worst):
    """The measurements of the fewest lanes, at the length at which most algorithms of a finite error were timed: at the
    greatest, the slow ones may have been left out."""
    lanes = min((m.name.lanes for m in candidates), default=None)
    here = [m for m in candidates if m.name.lanes == lanes]
    timed_at = {}
    for m in here:
        if math.isfinite(worst.get(accuracy_label(m), math.inf)):
            timed_at.setdefault(m.name.time, set()).add(accuracy_label(m))
    time = max(timed_at, key=lambda t: (len(timed_at[t]), t), default=None)
    return [m for m in here if m.name.time == time]


def _draw_front(axis, placed):
    """The grey steps that join what nothing else beats in both."""
    front, best = [], math.inf
    for x, y, _ in sorted(placed, key=lambda p: (-p[0], p[1])):
        if y < best:
            front.append((x, y))
            best = y
    axis.step(*zip(*front), where="post", color=GREY, linewidth=5, alpha=0.25, zorder=1)


def _draw_marks(axis, placed, worst):
    """A mark per algorithm and backend, joined by algorithm; returns where each algorithm is to be labelled."""
    by_label, ends = {}, []
    for x, y, m in placed:
        look = style.look(m.name) | {"linestyle": "", "markersize": 7}
        axis.plot([x], [y], **look | {"markerfacecolor": PAPER if m.name.backend == "serial" else look["color"]}, clip_on=False, zorder=3)
        by_label.setdefault(accuracy_label(m), []).append((x, y, m))
    for label, points in by_label.items():
        x, y, m = max(points, key=lambda p: p[0])
        color = style.look(m.name)["color"]
        axis.plot([p[0] for p in points], [p[1] for p in points], color=color, linewidth=0.8)
        ends.append((x, y, label if math.isfinite(worst[label]) else f"{label}: NaN or ∞", color))
    return ends


def _figure(placed, worst, title):
    figure, (axis,) = stack([2.9], title, left=LEFT, head=0.2)
    finite = [y for _, y, _ in placed if math.isfinite(y) and y > 0]
    low, high = min(finite) / 2, max(finite) * 3
    placed = [(x, min(max(y, low), high), m) for x, y, m in placed]
    axis.set_xscale("log")
    _draw_front(axis, placed)
    ends = _draw_marks(axis, placed, worst)
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
    return figure


def plane(measurements, accuracy):
    drawings = []
    candidates = [m for m in timed(measurements, "throughput") if m.name.kind == "ours" and not m.name.problem[3]]
    for answer in exactness(accuracy):
        here = _of_one_shape([m for m in candidates if m.name.dtype == answer.dtype], answer.worst)
        placed = [(m.rate / 1e9, answer.worst[accuracy_label(m)], m) for m in here if accuracy_label(m) in answer.worst]
        if not any(math.isfinite(y) and y > 0 for _, y, _ in placed):
            continue
        name = here[0].name
        title = f"Speed and accuracy: {lanes_text(name.lanes)} of {length_text(name.time)} {DTYPE_NAMES.get(name.dtype, name.dtype)}"
        missing = sorted({contender_text(m) for m in here if accuracy_label(m) not in answer.worst})
        caption = "Best is bottom right; the grey steps join what nothing else beats in both. Filled: all threads; open: one thread. " + (
            f"Error: worst of {answer.cases} cases ({len(answer.families)} data families).") + (f" Without accuracy data, so not shown: {', '.join(missing)}." if missing else "")
        drawings.append(Drawing(slug_of("plane", name.dtype), "accuracy", title, caption, _figure(placed, answer.worst, title), is_folded("affine", name.dtype)))
    return drawings
