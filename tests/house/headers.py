"""Every header compiles alone, and twice, with warnings as errors. What needs OpenMP in the includer says so itself (an
#error that names -fopenmp); it is compiled with -fopenmp, and without it must be refused by that message."""
import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess

import documents

WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror"]


def compile_alone(compiler, include, header, openmp):
    # Twice: #pragma once is in place. As a system header the libraries' own warnings would hide; ours must not.
    text = f"#include <{header}>\n#include <{header}>\n"
    flags = [flag for folder in include for flag in ("-I", str(folder))] + ["-isystem", "/usr/include/eigen3"]
    done = subprocess.run([compiler, "-std=c++20", "-fsyntax-only", *WARNINGS, *(["-fopenmp"] if openmp else []), *flags,
                           "-x", "c++", "-"], input=text, text=True, stderr=subprocess.PIPE)
    return done.returncode, done.stderr


def main():
    parser = argparse.ArgumentParser()
    documents.source_argument(parser)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", type=pathlib.Path, nargs="+", required=True)
    arguments = parser.parse_args()
    if not shutil.which(arguments.compiler):
        print(f"{arguments.compiler}: not on this machine")
        raise SystemExit(77)

    headers = [f"ssmscan/{header.relative_to(arguments.source)}" for folder in ("scan", "ssm")
               for header in sorted((arguments.source / folder).rglob("*.hpp"))]

    def check(header):
        code, message = compile_alone(arguments.compiler, arguments.include, header, openmp=False)
        if code != 0 and "-fopenmp" in message:
            code, message = compile_alone(arguments.compiler, arguments.include, header, openmp=True)
        return f"{header}:\n{message}" if code != 0 else ""

    with concurrent.futures.ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        wrong = [text for text in pool.map(check, headers) if text]
    print(f"{len(headers)} headers, {len(wrong)} refused by {arguments.compiler}")
    if wrong or not headers:
        raise SystemExit("\n".join(wrong) or "no header found")


if __name__ == "__main__":
    main()
