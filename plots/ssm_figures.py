"""Where does a scan beat the FFT convolution? The time of one S4D layer against its length, by every way to compute it."""

import style
from answers import BACKEND_NAMES, timed
from drawing import Drawing, slug_of, stack

WAYS = {"recurrence": (style.INK, "."), "convolution": (style.GREY, "x")}  # beside the scans, which keep their colours


def _look(name):
    if name.algorithm in WAYS:
        color, marker = WAYS[name.algorithm]
        return {"color": color, "marker": marker, "linewidth": 2.2}
    return style.look(name)


def _panel(axis, group, title, last):
    ends, values = [], []
    for contender in sorted({m.name.contender for m in group}):
        line = sorted((m for m in group if m.name.contender == contender), key=lambda m: m.name.time)
        look, xs, ys = _look(line[0].name), [m.name.time for m in line], [m.seconds * 1e3 for m in line]
        axis.plot(xs, ys, **look)
        ends.append((xs[-1], ys[-1], contender, look["color"]))
        values += ys
    lengths = [m.name.time for m in group]
    axis.set_title(title)
    style.length_axis(axis, lengths, title="length (time steps)" if last else "")
    axis.set_xlim(min(lengths) / 1.3, max(lengths) * 1.3)
    axis.set_ylim(min(values) / 1.4, max(values) * 1.6)
    style.value_axis(axis.yaxis)
    style.label_ends(axis, ends)


def layers(measurements):
    """One figure for each backend and number of channels, a panel for each state size."""
    groups = {}
    for m in timed(measurements, "ssm"):
        if m.name.operation == "layer":
            groups.setdefault((m.name.dtype, m.name.backend, m.name.lanes), {}).setdefault(int(m.name.option("N", 0)), []).append(m)
    drawings = []
    for (dtype, backend, channels), by_states in sorted(groups.items()):
        by_states = {n: group for n, group in by_states.items() if len({m.name.time for m in group}) > 1}
        if not by_states:
            continue
        channels_text = "one channel" if channels == 1 else f"{channels} channels"
        title = f"S4D layer, {channels_text}, {BACKEND_NAMES.get(backend, backend)}"
        tallest = max(len({m.name.contender for m in group}) for group in by_states.values())
        figure, axes = stack([max(2.0, 0.14 * (tallest + 1))] * len(by_states), title)
        for axis, (n, group) in zip(axes, sorted(by_states.items())):
            _panel(axis, group, f"state size {n}, ms a pass", axis is axes[-1])
        caption = "Lower is better. Where does a scan beat the FFT convolution? Where its line is below the grey one (its kernel is made in each pass). Black: the recurrence, step by step."
        drawings.append(Drawing(slug_of("ssm", "layer", dtype, backend, f"lanes{channels}"), "speed", title, caption, figure, channels != 1))
    return drawings
