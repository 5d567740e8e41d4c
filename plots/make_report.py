#!/usr/bin/env python3
"""Reads the JSON of the benchmarks and the validator; writes DIR/figures/*.svg, *.png and DIR/report.html.

It never runs a benchmark. An input that is not there is said so in the report; one that cannot be read stops it.
Exit: 0 written, 2 usage or bad input.
"""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile

import results

EXIT_USAGE = 2


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, epilog="example:\n  make_report.py --results out/results.json --accuracy out/accuracy.json --validation out/validation.json --out out")
    parser.add_argument("--results", action="append", default=[], metavar="FILE", help="JSON of bench_throughput, bench_latency, bench_ssm; may be given several times")
    parser.add_argument("--accuracy", metavar="FILE", help="JSON of bench_accuracy")
    parser.add_argument("--validation", metavar="FILE", help="JSON of ssmscan validate")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for figures/ and report.html; made if absent")
    parser.add_argument("--command", default="", metavar="TEXT", help="the command that made the data, for the footers (default: as recorded in the data)")
    parser.add_argument("--figures-only", action="store_true", help="write figures/ and no report.html")
    return parser.parse_args(argv)


def read(options):
    import report

    inputs = report.Inputs()
    sources = []
    for path in options.results:
        if os.path.exists(path):
            sources.append(results.load_benchmarks(path))
        else:
            inputs.missing.append(f"results missing: {path} does not exist, so there are no speeds.")
    if sources:
        inputs.results = sources[0]
        for source in sources[1:]:
            inputs.results.measurements += source.measurements
    elif not options.results:
        inputs.missing.append("results missing: none was given (--results), so there are no speeds.")
    for kind, load, lost in (("accuracy", results.load_benchmarks, "errors"), ("validation", results.load_validation, "checks")):
        path = getattr(options, kind)
        if path and os.path.exists(path):
            setattr(inputs, kind, load(path))
        else:
            inputs.missing.append(f"{kind} missing: " + (f"{path} does not exist" if path else f"none was given (--{kind})") + f", so there are no {lost}.")
    return inputs


def write_whole(path, text):
    """All of the file or none of it: a reader never sees half a report."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=os.path.dirname(path), delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def another_python():
    """A python3 that has matplotlib, the system's first: the package manager installs it for that one only."""
    for path in ("/usr/bin/python3", shutil.which("python3")):
        if path and os.path.exists(path) and subprocess.run([path, "-c", "import matplotlib"], capture_output=True).returncode == 0:
            return path
    return None


def main(argv=None):
    options = arguments(argv)
    if importlib.util.find_spec("matplotlib") is None:
        print(f"make_report.py: matplotlib: not installed for {sys.executable}; need it (Debian: apt-get install python3-matplotlib)", file=sys.stderr)
        return EXIT_USAGE
    import figures
    import report
    from drawing import save_all

    try:
        inputs = read(options)
        folder = os.path.join(options.out, "figures")
        os.makedirs(folder, exist_ok=True)
        drawings = figures.all_figures(inputs.measurements, inputs.errors)
        footer = report.footer(inputs, options.command)
        drawings = list(zip(drawings, save_all(drawings, folder, footer)))
        if not options.figures_only:
            write_whole(os.path.join(options.out, "report.html"), report.build(inputs, drawings, options.out, options.command))
    except (results.InputError, OSError) as problem:
        print(f"make_report.py: {problem}", file=sys.stderr)
        return EXIT_USAGE
    print(f"{len(drawings)} figures" + ("" if options.figures_only else " and report.html") + f" in {options.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    if importlib.util.find_spec("matplotlib") is None and (python := another_python()):
        os.execv(python, [python, "-B", *sys.argv])
    sys.exit(main())
