"""A compiler as a test is given it: its arguments, its include folders, its verdict on a text."""
import argparse
import pathlib
import shutil
import subprocess

import documents


def arguments():
    """--source, --compiler and --include; exit code 77 (skipped) where that compiler is not on this machine."""
    parser = argparse.ArgumentParser()
    documents.source_argument(parser)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", type=pathlib.Path, nargs="+", required=True)
    given = parser.parse_args()
    if not shutil.which(given.compiler):
        print(f"{given.compiler}: not on this machine")
        raise SystemExit(77)
    return given


def verdict(given, text, *flags):
    """(exit code, what the compiler says) of a translation unit."""
    folders = [flag for folder in given.include for flag in ("-I", str(folder))]
    done = subprocess.run([given.compiler, "-std=c++20", "-fsyntax-only", *flags, *folders, "-x", "c++", "-"], input=text,
                          text=True, stderr=subprocess.PIPE)
    return done.returncode, done.stderr
