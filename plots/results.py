"""Reading what the benchmarks and the validator wrote.

The idea: all repetitions of one benchmark name (benchmark_name.py) become one `Measurement` (median and spread), or one
failure. Fields this module does not know are kept, never refused.
"""

import json
import math
import re
import statistics
from dataclasses import dataclass, field

from benchmark_name import Name, parse_name

# The message of a benchmark that was left out by rule (it would take too long), not because its result was wrong.
NOT_RUN = "not run: "
# The label of a result with NaN or infinity in it; its error is no number, so that bench_accuracy writes none.
NOT_FINITE = "not finite"
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
ROUNDOFF = {"f32": 2.0**-24, "c64": 2.0**-24, "f64": 2.0**-53, "c128": 2.0**-53}

_PAIR = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=([^\s,;]+)")


class InputError(Exception):
    """An input file cannot be used; the message names the file, the record and what is needed."""


def command_told(context):
    """The command that made the data, "" if that is not recorded; where its file was written is nobody's affair."""
    return " ".join(word for word in str(context.get("command", "")).split() if not word.startswith("--benchmark_out"))


@dataclass
class Measurement:
    name: Name
    seconds: float = math.nan
    low: float = math.nan  # the spread of the seconds over repetitions; NaN where there was one repetition
    high: float = math.nan
    spread: str = ""  # what low and high are: "min-max" or "±1 sd"
    rate: float = math.nan  # elements per second
    repetitions: int = 0
    error: str = ""
    fields: dict = field(default_factory=dict)

    @property
    def failed(self):
        return bool(self.error) and not self.error.startswith(NOT_RUN)

    @property
    def slowest_rate(self):
        return self.rate * self.seconds / self.high if self.high > 0 else math.nan

    @property
    def fastest_rate(self):
        return self.rate * self.seconds / self.low if self.low > 0 else math.nan

    def value(self, key):
        """A number of the record, from its fields or (as `key=value`) from its label; NaN where it has none."""
        try:
            return float(self.fields.get(key, math.nan))
        except (TypeError, ValueError):
            return math.nan


@dataclass
class Source:
    """One input file: where it came from, the machine it describes, and its measurements or checks."""

    path: str
    context: dict
    measurements: list = field(default_factory=list)
    checks: list = field(default_factory=list)
    totals: dict = field(default_factory=dict)

def load_benchmarks(path):
    """A results.json or accuracy.json (Google Benchmark's format)."""
    document = _load(path)
    records = document.get("benchmarks")
    if not isinstance(records, list):
        raise InputError(f"{path}: benchmarks: got {type(records).__name__}; need a list (Google Benchmark's JSON)")
    context = document.get("context", {})
    if not isinstance(context, dict):
        raise InputError(f"{path}: context: got {type(context).__name__}; need an object")
    schema = context.get("schema")
    if schema is not None and not re.match(r"ssmscan\.[a-z_]+/1\Z", str(schema)):
        raise InputError(f"{path}: schema: got '{schema}'; need ssmscan.<kind>/1")
    groups = {}
    for index, record in enumerate(records):
        if not isinstance(record, dict) or not isinstance(record.get("name"), str):
            raise InputError(f"{path}: record {index}: got no name; need a benchmark record with one")
        text = record["name"]
        if record.get("run_type") == "aggregate":
            suffix = "_" + str(record.get("aggregate_name", ""))
            if not text.endswith(suffix):
                raise InputError(f"{path}: record '{text}': got no suffix '{suffix}'; need the aggregate's name at the end")
            text = text[: -len(suffix)]
        try:
            name = parse_name(text)
        except ValueError as problem:
            raise InputError(f"{path}: record '{record['name']}': {problem}") from None
        groups.setdefault(name, []).append(record)
    return Source(str(path), context, [_measure(path, name, group) for name, group in groups.items()])


def load_validation(path):
    document = _load(path)
    if document.get("schema") != "ssmscan.validation/1":
        raise InputError(f"{path}: schema: got '{document.get('schema')}'; need ssmscan.validation/1")
    checks = document.get("checks")
    if not isinstance(checks, list) or not all(isinstance(check, dict) for check in checks):
        raise InputError(f"{path}: checks: got {type(checks).__name__}; need a list of objects")
    for index, check in enumerate(checks):
        if check.get("status") not in ("pass", "fail", "skip"):
            raise InputError(f"{path}: check {index} ('{check.get('name')}'): status: got '{check.get('status')}'; need pass, fail or skip")
    machine = document.get("machine")
    context = dict(machine) if isinstance(machine, dict) else {}
    if document.get("signal"):
        context["signal"] = document["signal"]
    counted = {status: sum(check["status"] == status for check in checks) for status in ("pass", "fail", "skip")}
    for status, key in (("pass", "passed"), ("fail", "failed"), ("skip", "skipped")):
        if key in document and document[key] != counted[status]:
            raise InputError(f"{path}: {key}: got {document[key]}; need {counted[status]}, as the checks say")
    return Source(str(path), context, checks=checks, totals=counted)


def _load(path):
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except OSError as problem:
        raise InputError(f"{path}: got {problem.strerror or problem}; need a readable JSON file") from None
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{path}: got text that is not JSON ({problem}); need a complete JSON file") from None
    if not isinstance(document, dict):
        raise InputError(f"{path}: got a {type(document).__name__}; need a JSON object")
    return document


def _failure(record):
    if record.get("error_occurred"):
        return str(record.get("error_message") or "failed without a message")
    if record.get("skipped"):
        return str(record.get("skip_message") or "skipped without a message")
    return ""


def _measure(path, name, records):
    """All records of one name as one measurement. A single failed repetition fails it: no speed is taken from the others."""
    merged = {}
    for record in records:
        for key, value in _PAIR.findall(str(record.get("label", ""))):
            merged.setdefault(key, value)
    errors = [text for text in map(_failure, records) if text]
    if errors:
        return Measurement(name, error=errors[0], fields=merged)
    runs = [record for record in records if record.get("run_type") != "aggregate"]
    aggregates = {record.get("aggregate_name"): record for record in records if record.get("run_type") == "aggregate"}
    chosen = aggregates.get("median") or (runs[0] if runs else aggregates.get("mean"))
    if chosen is None:
        raise InputError(f"{path}: record '{records[0]['name']}': got only the aggregates {sorted(map(str, aggregates))}; need repetitions, a median or a mean")
    try:
        seconds = [float(run["real_time"]) * UNITS[run.get("time_unit", "ns")] for run in runs]
        middle = float(chosen["real_time"]) * UNITS[chosen.get("time_unit", "ns")]
        rates = [float(run["items_per_second"]) for run in runs if "items_per_second" in run]
        rate = float(chosen["items_per_second"]) if "items_per_second" in chosen else math.nan
    except (KeyError, TypeError, ValueError) as problem:
        raise InputError(f"{path}: record '{records[0]['name']}': got no usable {problem}; need real_time with a time_unit of {', '.join(UNITS)}") from None
    if runs and "median" not in aggregates:
        middle = statistics.median(seconds)
        rate = statistics.median(rates) if rates else math.nan
    if not (math.isfinite(middle) and middle > 0) and name.question != "accuracy":
        return Measurement(name, error=f"time is {middle}, not a positive number", fields=merged)
    if not rate > 0:
        rate = name.lanes * name.time / middle if middle > 0 else math.nan
    # Fields come from the run where there is one: a counter's median over repetitions is the same number, a label is only there.
    for record in [chosen] + runs:
        for key, value in record.items():
            merged.setdefault(key, value)
    if name.question == "accuracy" and merged.get("label") == NOT_FINITE:
        merged.setdefault("error_over_us", math.nan)
    measurement = Measurement(name, middle, rate=rate, repetitions=len(runs) or int(chosen.get("repetitions", 0) or 0), fields=merged)
    if len(seconds) > 1:
        measurement.low, measurement.high, measurement.spread = min(seconds), max(seconds), "min-max"
    elif "stddev" in aggregates:
        deviation = float(aggregates["stddev"].get("real_time", math.nan)) * UNITS[aggregates["stddev"].get("time_unit", "ns")]
        if math.isfinite(deviation):
            # Below half the median a standard deviation says nothing about the fastest run; keep the band positive.
            measurement.low, measurement.high, measurement.spread = max(middle - deviation, middle / 2), middle + deviation, "±1 sd"
    return measurement
