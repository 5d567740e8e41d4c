"""Every C++ and CUDA file stands as clang-format 14 leaves it under the .clang-format here. Another version lays some lines out
otherwise, so that where this one is missing the test is skipped."""
import argparse
import shutil
import subprocess

import documents

PROGRAM = "clang-format-14"
FOLDERS = ("bench", "cli", "examples", "machine", "scan", "ssm", "tests")
ENDINGS = {".hpp", ".cpp", ".cuh", ".cu"}


def main():
    parser = argparse.ArgumentParser()
    documents.source_argument(parser)
    source = parser.parse_args().source
    if not shutil.which(PROGRAM):
        print(f"{PROGRAM}: not on this machine")
        raise SystemExit(77)
    files = sorted(file for folder in FOLDERS for file in (source / folder).rglob("*") if file.suffix in ENDINGS)
    done = subprocess.run([PROGRAM, "--style=file", "--dry-run", "--Werror", *files], text=True, stderr=subprocess.PIPE)
    wrong = sorted({line.split(":", 1)[0] for line in done.stderr.splitlines() if ": error: " in line})
    print(f"{len(files)} files, {len(wrong)} not as {PROGRAM} leaves them")
    if wrong:
        raise SystemExit(f"{PROGRAM} -i " + " ".join(wrong))
    if done.returncode != 0 or not files:
        raise SystemExit(done.stderr or "no file found")


if __name__ == "__main__":
    main()
