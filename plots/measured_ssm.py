"""The tables of docs/s4.md, milliseconds a pass of an S4D layer: what is kept of bench_ssm's files, and the table of it."""

WAYS = {"recurrence": "recurrence", "sequential": "scan, sequential", "chunked": "scan, chunked", "look_back": "scan, look_back",
        "convolution": "convolution with its kernels"}
TABLES = ("s4_one_channel", "s4_many_channels")


# The least of all files, of each channels x steps x states and way: {"1x256x4": {"recurrence": 0.0045, ...}}.
def kept_of(sources):
    kept = {}
    for m in (m for source in sources for m in source.measurements):
        name = m.name
        if name.question != "ssm" or name.operation != "layer" or name.dtype != "f64" or name.backend != "serial" or name.algorithm not in WAYS or m.error:
            continue
        row = kept.setdefault("%dx%dx%s" % (name.lanes, name.time, name.option("N", 0)), {})
        row[name.algorithm] = min(row.get(name.algorithm, float("inf")), float("%.3g" % (m.seconds * 1e3)))
    return kept


def text(milliseconds):
    return "%.2g" % milliseconds if milliseconds < 99.5 else "%.0f" % milliseconds


def table(kept, name):
    rows = sorted(tuple(map(int, key.split("x"))) for key in kept)
    many = name == "s4_many_channels"
    rows = [(h, l, n) for h, l, n in rows if h > 1] if many else sorted(((h, l, n) for h, l, n in rows if h == 1), key=lambda r: (r[2], r[1]))
    lines = ["| " + ("H | " if many else "") + "L | N | " + " | ".join(WAYS.values()) + " |", "|" + "---:|" * (len(WAYS) + (3 if many else 2))]
    for h, l, n in rows:
        cells = kept["%dx%dx%d" % (h, l, n)]
        lines.append("| " + (f"{h} | " if many else "") + f"{l} | {n} | " + " | ".join(text(cells[way]) if way in cells else "-" for way in WAYS) + " |")
    return "\n".join(lines) + "\n"
