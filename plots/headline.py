#!/usr/bin/env python3
"""Prints the answers that head the report: which scan is fastest, which is most exact, where; and the validation."""

import argparse
import sys

import answers
import results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for kind in ("results", "accuracy", "validation"):
        parser.add_argument(f"--{kind}", required=True, metavar="FILE")
    options = parser.parse_args()
    try:
        speeds = results.load_benchmarks(options.results).measurements
        errors = results.load_benchmarks(options.accuracy).measurements
        validation = results.load_validation(options.validation)
    except (results.InputError, OSError) as problem:
        print(f"headline.py: {problem}", file=sys.stderr)
        return 2
    rows = answers.headlines(speeds, errors, validation)
    width = max((len(question) for question, _, _ in rows), default=0)
    for question, answer, remark in rows:
        print(f"{question:<{width}}  {answer}" + (f"  ({remark})" if remark else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
