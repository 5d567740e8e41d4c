#!/usr/bin/env python3
"""Joins files of one run in Google Benchmark's format into one: the context of the first, the records of all."""

import argparse
import json
import sys

EXIT_USAGE = 2


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--out", required=True, metavar="FILE")
    options = parser.parse_args()
    merged = None
    for name in options.files:
        try:
            with open(name, encoding="utf-8") as file:
                read = json.load(file)
            context, records = read["context"], read["benchmarks"]
        except (OSError, ValueError, KeyError) as problem:
            print(f"merge_results.py: {name}: {problem!r}; need a file in Google Benchmark's format", file=sys.stderr)
            return EXIT_USAGE
        if merged is None:
            merged = {"context": context, "benchmarks": []}
        elif context.get("commit") != merged["context"].get("commit"):
            print(f"merge_results.py: {name}: got commit {context.get('commit')}; need that of {options.files[0]}",
                  file=sys.stderr)
            return EXIT_USAGE
        merged["benchmarks"] += records
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump(merged, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
