"""Reports made by the command line under test, from the inputs of synthetic.py whose every number is known.

The oracle is those inputs, read again here with json and re alone.
"""

import contextlib
import functools
import importlib.util
import io
import os
import re
import sys
import tempfile
import types
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "plots")]

import make_report  # noqa: E402
import page  # noqa: E402
import synthetic  # noqa: E402

needs_matplotlib = unittest.skipUnless(importlib.util.find_spec("matplotlib"), "matplotlib is not installed for this python3")


def run(*argv):
    """The command line's exit code and standard error."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            code = make_report.main(list(argv))
        except SystemExit as ended:
            code = ended.code
    return code, said.getvalue()


def small_results():
    """One lane of float, and the failed record: enough where the quantity of data is not the point."""
    document = synthetic.results()
    return dict(document, benchmarks=[r for r in document["benchmarks"] if r["name"].startswith("throughput/affine.f32") and "/lanes:1/" in r["name"]])


@functools.cache
def built():
    """One report on the whole synthetic input, made once and shared by the classes that only read it."""
    made = types.SimpleNamespace(temporary=tempfile.TemporaryDirectory())
    made.folder = made.temporary.name
    made.paths = synthetic.write(made.folder)
    code, said = run("--results", made.paths["results"], "--accuracy", made.paths["accuracy"], "--validation", made.paths["validation"], "--out", made.folder, "--command", "./compare --quick <x>")
    if code != 0:
        raise AssertionError(said)
    made.file = os.path.join(made.folder, "report.html")
    with open(made.file, encoding="utf-8") as file:
        made.text = file.read()
    made.page = page.Page(made.text)
    made.inputs = {"results": synthetic.results(), "accuracy": synthetic.accuracy(), "validation": synthetic.validation()}
    return made


def medians():
    """name without harness suffix -> the median record, straight from the input; failed ones map to None."""
    expected = {}
    for record in built().inputs["results"]["benchmarks"]:
        name = re.sub(r"/(manual|real)_time.*$", "", record["name"])
        if record.get("error_occurred"):
            expected[name] = None
        elif record.get("aggregate_name") == "median":
            expected[name] = record
    return expected
