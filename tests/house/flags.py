"""No flag of ours reaches a consumer: on the compile lines of the consumers and in pkg-config's answers stand include
folders, the language standard, our *_STATIC_DEFINE and nothing else."""
import argparse
import json
import pathlib
import re
import shlex

import documents

ALLOWED = re.compile(r"-I.*|-isystem|-isystem.*|-std=(gnu|c)\+\+\d\w|-DSSMSCAN_(SCAN|SSM|CUDA|SSM_CUDA)_STATIC_DEFINE")
# What CMake or the driver itself puts on a compile line.
PLUMBING = re.compile(r"-o|-c|-MD|-MT|-MF")


def extra_words(words):
    """The flags among the words of one command that are neither plumbing nor allowed."""
    extra, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif PLUMBING.fullmatch(word):
            skip = word in ("-o", "-MT", "-MF")
        elif word == "-isystem":
            skip = True
        elif word.startswith("-") and not ALLOWED.fullmatch(word):
            extra.append(word)
    return extra


def commands(work):
    for file in sorted(work.glob("*/build/compile_commands.json")):
        for entry in json.loads(file.read_text()):
            if pathlib.Path(entry["file"]).name in ("example.cpp", "with_ssm.cpp"):
                yield file.parent.parent.name, shlex.split(entry["command"])[1:]


def main():
    parser = argparse.ArgumentParser()
    documents.source_argument(parser)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--prefixes", type=pathlib.Path, nargs="+", required=True)
    arguments = parser.parse_args()

    # The test of the test: each of the flags that must not leak is seen.
    for bad in ("-march=native", "-ffp-contract=off", "-Wall", "-fopenmp", "-O2", "-ffast-math", "-fvisibility=hidden"):
        assert extra_words(["-I/x", "-o", "-odd", bad]) == [bad], bad

    seen, wrong = 0, []
    for name, words in commands(arguments.work):
        seen += 1
        wrong += [f"{name}: {word}" for word in extra_words(words)]
    for prefix in arguments.prefixes:
        for file in sorted(prefix.rglob("ssmscan-*.pc")):
            seen += 1
            flags = re.search(r"^Cflags:(.*)$", file.read_text(), re.M).group(1)
            wrong += [f"{file.name}: {word}" for word in extra_words(shlex.split(flags))]
        for file in sorted(prefix.rglob("cmake/ssmscan/ssmscan_*.cmake")):  # exported compile options of any target
            wrong += [f"{file.name}: {line.strip()}" for line in file.read_text().splitlines()
                      if "INTERFACE_COMPILE_OPTIONS" in line]
    needed = 3 + 2  # add_subdirectory, find_package twice; a .pc file per prefix
    print(f"{seen} compile lines and pkg-config files looked at")
    if seen < needed or wrong:
        raise SystemExit("\n".join(wrong) or f"looked at {seen}; need at least {needed}")


if __name__ == "__main__":
    main()
