"""The tables of the report: every number of the inputs, spelled, escaped and classed."""

import html
import math
import re
from dataclasses import dataclass

import answers
from answers import DTYPE_NAMES, OVER_BOUND, OVER_US, contender_text, spelled

# Longer tables are left out of print: hundreds of pages of numbers that the JSON files hold.
PRINTED_ROWS = 150
WHOLE_ROWS = 30  # a table of as many is shown whole: it needs no box to scroll down in
MISSING = "–"


def escape(value):
    return html.escape(str(value), quote=True)


@dataclass
class Column:
    title: str
    numeric: bool = False
    low_first: bool = False  # the first click sorts ascending: for numbers of which less is better
    wrap: bool = False
    breaks: bool = False  # may be broken after a point or colon, as in look_back.textbook.openmp
    optional: bool = False  # left out where no row has anything to say

    @property
    def key(self):
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


def table(identity, columns, rows, note=""):
    """A table that scrolls inside its own box. A cell is text, or (text, class)."""
    kept = [i for i, c in enumerate(columns) if not c.optional or any(row[i] not in ("", MISSING) for row in rows)]
    columns, rows = [columns[i] for i in kept], [[row[i] for i in kept] for row in rows]
    heads = "".join(f'<th scope="col" data-key="{c.key}"' + (' class="n"' if c.numeric else "") + (' data-low="1"' if c.low_first else "") + f">{escape(c.title)}</th>" for c in columns)
    lines = []
    for row in rows:
        cells = []
        for column, cell in zip(columns, row, strict=True):
            text, kind = cell if isinstance(cell, tuple) else (cell, "")
            kinds = " ".join(filter(None, ("n" if column.numeric else "", "wrap" if column.wrap else "", kind)))
            shown = re.sub(r"(?<=[.:])(?=\w)", "<wbr>", escape(text)) if column.breaks else escape(text)
            cells.append((f'<td class="{kinds}">' if kinds else "<td>") + shown)
        lines.append("<tr>" + "".join(cells))
    long = len(rows) > PRINTED_ROWS
    parts = [f'<p class="unprinted">{len(rows)} rows, not printed: see the JSON file.</p>' if long else "", f'<div class="{"long" if long else ""}">',
             f'<div class="{"scroll" if len(rows) > WHOLE_ROWS else "scroll whole"}" tabindex="0" role="region" aria-label="{escape(note or identity)}"><table class="sortable" id="{identity}"><thead><tr>{heads}</tr></thead><tbody>\n', "\n".join(lines), "</tbody></table></div></div>"]
    return "".join(parts)


def number(value, digits=4):
    return MISSING if math.isnan(value) else spelled(value, digits)


def winners_table(rows, identity, speed):
    """`speed`: show throughput; otherwise the time of one call."""
    places = {row.place for row in rows}
    columns = [Column("Where", optional=True), Column("Type"), Column("Lanes", True, True), Column("Length", True, True), Column("Fastest", breaks=True), Column("Options", breaks=True, optional=True), Column("Gelem/s" if speed else "µs per call", True, not speed), Column("Share of bound", True, optional=True),
               Column("Next", breaks=True), Column("Lead", True), Column("Best other", breaks=True, optional=True), Column("Ours / other", True, optional=True), Column("Automatic / fastest", True, optional=True)]
    body = []
    for row in rows:
        operation, dtype, lanes, options = row.problem
        value = row.first.rate / 1e9 if speed else row.first.seconds * 1e6
        where = row.place if places != {"CPU"} else ""
        body.append([where, f"{operation}.{dtype}", f"{lanes:,}", f"{row.time:,}", contender_text(row.first), " ".join(f"{k}:{v}" for k, v in options), number(value), number(row.share, 3) if speed else MISSING,
                     contender_text(row.second) if row.second else MISSING, ("equal", "warn") if row.tied else number(row.lead, 3),
                     contender_text(row.library) if row.library else MISSING, number(answers.times_faster(row.first, row.library), 3),
                     number(row.first.seconds / row.automatic.seconds, 3) if row.automatic else MISSING])
    return table(identity, columns, body, "winners by size")


def shares_table(measurements):
    """Which share of the bound each contender reaches on the GPU, a row for each problem and length; "" where nothing ran there."""
    shapes = {}
    for m in answers.timed(measurements, "throughput"):
        if answers.place_of(m) == "GPU":
            shapes.setdefault((m.name.problem, m.name.time), {})[m.name.contender] = m
    contenders = dict.fromkeys(c for shape in shapes.values() for c, m in shape.items() if m.name.kind != "bound")
    if not contenders:
        return ""
    columns = [Column("Type"), Column("Lanes", True, True), Column("Length", True, True), Column("Options", optional=True), Column("Bound, µs", True, True, optional=True)] + [Column(c, True, optional=True) for c in contenders]
    body = []
    for problem, time in sorted(shapes, key=lambda shape: (answers.problem_order(shape[0]), shape[1])):
        operation, dtype, lanes, options = problem
        here = shapes[problem, time]
        shares = {c: here[c].value("share_of_triad") if c in here else math.nan for c in contenders}
        best = max((s for s in shares.values() if not math.isnan(s)), default=math.nan)
        bound = here["triad"].seconds * 1e6 if "triad" in here else math.nan
        body.append([f"{operation}.{dtype}", f"{lanes:,}", f"{time:,}", " ".join(f"{k}:{v}" for k, v in options), number(bound)] + [(number(shares[c], 3), "good") if shares[c] == best else number(shares[c], 3) for c in contenders])
    return table("shares", columns, body, "shares of the bound on the GPU")


def state_of(measurement):
    """Why a measurement has no number: it failed, or was left out by rule."""
    return (f"failed: {measurement.error}", "bad") if measurement.failed else (measurement.error, "skip")


def results_table(measurements):
    columns = [Column("Question"), Column("Operation"), Column("Algorithm"), Column("Backend"), Column("Lanes", True, True), Column("Length", True, True), Column("Options", optional=True), Column("Gelem/s", True), Column("µs per call", True, True),
               Column("Spread, µs"), Column("Bytes per element", True, True, optional=True), Column("Share of bound", True, optional=True), Column("Runs", True), Column("State", wrap=True), Column("Note", wrap=True, optional=True)]
    body = []
    for m in measurements:
        n = m.name
        head = [n.question, f"{n.operation}.{n.dtype}", n.algorithm + (f".{n.variant}" if n.variant else ""), n.backend, f"{n.lanes:,}", f"{n.time:,}", " ".join(f"{k}:{v}" for k, v in n.options)]
        if m.error:
            # A speed is never shown for a wrong answer.
            body.append(head + [MISSING] * 6 + [state_of(m), ""])
            continue
        spread = f"{number(m.low * 1e6, 3)} to {number(m.high * 1e6, 3)}" + ("" if m.spread == "min-max" else f" ({m.spread})") if m.spread else MISSING
        body.append(head + [number(m.rate / 1e9), number(m.seconds * 1e6), spread, number(m.value("bytes_per_element")), number(m.value("share_of_triad"), 3), str(m.repetitions) if m.repetitions else MISSING, ("verified", "good"), str(m.fields.get("label", ""))])
    return table("results", columns, body, "all results")


def family_matrix(answer):
    """The worst error of each algorithm on each data family: the table of a paper."""
    labels = answer.ranking
    columns = [Column("Data family")] + [Column(label, True, True) for label in labels]
    body = []
    for family in answer.families:
        best = min(answer.by_family[family, label] for label in labels)
        body.append([family or "data"] + [(spelled(v), "good" if v == best and math.isfinite(v) else "") for v in (answer.by_family[family, label] for label in labels)])
    body.append(["worst of all"] + [spelled(answer.worst[label]) for label in labels])
    return table(f"exactness-{answer.dtype}", columns, body, f"worst error by family, {DTYPE_NAMES.get(answer.dtype, answer.dtype)}")


def accuracy_table(measurements):
    columns = [Column("Operation"), Column("Algorithm"), Column("Backend"), Column("Family"), Column("Length", True, True), Column("Error / (u·S)", True, True), Column("Error / bound", True, True), Column("Bound / (u·S)", True, True, optional=True),
               Column("Error / S", True, True, optional=True), Column("|a*|", True, optional=True), Column("State", wrap=True)]
    body = []
    for m in measurements:
        n = m.name
        rest = " ".join(f"{k}:{v}" for k, v in n.options if k != "family")
        head = [f"{n.operation}.{n.dtype}", n.algorithm + (f".{n.variant}" if n.variant else "") + (f" {rest}" if rest else ""), n.backend, n.option("family", ""), f"{n.time:,}"]
        if m.error:
            body.append(head + [MISSING] * 5 + [state_of(m)])
            continue
        # A NaN that was measured is shown as NaN; a field that is not there as missing.
        shown = [spelled(m.value(key), 4) if key in m.fields else MISSING for key in (OVER_US, OVER_BOUND, "bound_over_us", "error_max_relative_to_S", "a_star_max")]
        inside = answers.badness(m.value(OVER_BOUND)) <= 1
        state = MISSING if OVER_BOUND not in m.fields else ("inside", "good") if inside else ("outside the bound", "bad")
        body.append(head + shown + [state])
    return table("accuracy", columns, body, "all accuracy measurements")


def validation_table(checks):
    columns = [Column("Status"), Column("Check"), Column("Algorithm"), Column("Backend"), Column("Type"), Column("Norm"), Column("Error", True, True), Column("Bound", True, True), Column("Error / bound", True, True), Column("Reason", wrap=True, optional=True)]
    body = []
    for check in checks:
        status = check["status"]
        values = []
        for key in ("error", "bound", "ratio"):
            value = check.get(key)
            values.append(spelled(float(value), 4) if isinstance(value, (int, float)) and not isinstance(value, bool) else MISSING if value is None else value)
        body.append([(status, status), check.get("name", ""), check.get("algorithm", ""), check.get("backend", ""), check.get("dtype", ""), check.get("norm", ""), *values, check.get("reason") or ""])
    return table("validation", columns, body, "validation checks")
