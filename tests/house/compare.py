"""./compare's exit code and what it leaves, for every way its programs may end. The script is the real one; what it builds
and runs are stand-ins that write their file, or not, and end with the code that a case asks for."""
import argparse
import os
import pathlib
import shutil
import subprocess
import tempfile

import documents

QUESTIONS = ("throughput", "latency", "accuracy", "ssm")
PROGRAMS = {f"bench_{question}": f"bench/bench_{question}" for question in QUESTIONS} | {"validate": "cli/ssmscan"}
FILES = {"results.json", "accuracy.json", "validation.json", "report.html", "figures"}
# What a stand-in does: its own code and whether it writes come from the environment. Its file is named after --json or
# --benchmark_out=.
STAND_IN = """#!/usr/bin/env bash
name=${0##*/}
[[ $1 == validate ]] && name=validate && echo "validating $*" >&2
declare -n code="code_$name" writes="writes_$name"
out=""
while (($# > 0)); do
  case $1 in
    --benchmark_list_tests) exit 0 ;;
    --benchmark_out=*) out=${1#*=} ;;
    --json) out=$2; shift ;;
  esac
  shift
done
[[ ${writes:-yes} == yes ]] && echo '{}' >"$out"
exit "${code:-0}"
"""
MERGE = "import sys\nopen(sys.argv[sys.argv.index('--out') + 1], 'w').write('{}')\n"
REPORT = "import pathlib, sys\nout = pathlib.Path(sys.argv[sys.argv.index('--out') + 1])\n(out / 'figures').mkdir()\n(out / 'report.html').write_text('report')\n"

# (codes, without a file, exit code, said on stderr); whoever wrote a file is shown in the report.
CASES = [
    ({}, (), 0, ""),
    ({"bench_throughput": 1}, (), 1, "verification failed in: bench_throughput (the report shows where)"),
    ({"bench_accuracy": 1, "validate": 1}, (), 1, "verification failed in: bench_accuracy ssmscan validate"),
    ({"bench_latency": 3}, (), 3, "runs failed in: bench_latency (the report shows which)"),
    ({"bench_latency": 3, "validate": 1}, (), 1, "verification failed in: ssmscan validate"),
    ({"bench_throughput": 3}, ("bench_throughput",), 3, "bench_throughput ended with exit code 3"),
    ({"bench_throughput": 1}, ("bench_throughput",), 3, "bench_throughput ended with exit code 1"),
    ({"bench_accuracy": 139}, (), 3, "bench_accuracy ended with exit code 139"),
    ({"validate": 2}, (), 3, "ssmscan validate ended with exit code 2"),
]

# (flags, what is here, exit code, said on stderr, not said): the GPU takes part where there are nvcc and a GPU, unless told
# otherwise; asked for where it cannot, the run is skipped before anything is built.
CUDA_CASES = [
    ((), "", 0, "-DSSMSCAN_CUDA=OFF", "--backend cuda"),
    ((), "nvcc", 0, "-DSSMSCAN_CUDA=OFF", "--backend cuda"),
    ((), "nvcc gpu", 0, "with the GPU: Example GPU", "-DSSMSCAN_CUDA=OFF"),
    ((), "nvcc gpu", 0, "--backend cuda", "-DSSMSCAN_CUDA=OFF"),
    (("--no-cuda",), "nvcc gpu", 0, "-DSSMSCAN_CUDA=OFF", "--backend cuda"),
    (("--cuda",), "nvcc gpu", 0, "-DSSMSCAN_CUDA=ON", "-DSSMSCAN_CUDA=OFF"),
    (("--cuda",), "gpu", 77, "--cuda: no nvcc here that is new enough", "configured"),
    (("--cuda",), "nvcc", 77, "--cuda: no GPU here", "configured"),
    (("--cuda", "--no-cuda"), "nvcc gpu", 2, "need one of them", "configured"),
]

# (flags, exit code, said on stderr): --signal, --out and --force, from a folder of the caller's that holds what `caller`
# puts there. A relative name is meant from there; what is wrong is said before anything is built.
PLACES = [
    (("--signal", "signal.npy"), 0, "--signal {caller}/signal.npy"),
    (("--signal", "{caller}/signal.npy"), 0, "--signal {caller}/signal.npy"),
    (("--signal", "signal.gz"), 0, "--signal {caller}/signal.gz"),
    (("--signal", "none.npy"), 2, "--signal {caller}/none.npy; need a file that can be read"),
    (("--signal", "taken"), 2, "need a file that can be read"),
    (("--signal", "words.txt"), 2, "(first bytes: 776f7264); need an npy, IDX or gzipped IDX file"),
    (("--signal", "empty"), 2, "(first bytes: none); need an npy"),
    (("--signal",), 2, "--signal without a value; need --signal FILE"),
    (("--out", "new"), 0, ""),
    (("--out", "below/new"), 0, ""),
    (("--out", "free"), 0, ""),
    (("--out", "taken"), 2, "--out {caller}/taken, which is not empty; need an empty folder, a name that is free, or --force"),
    (("--out", "taken", "--force"), 0, ""),
    (("--out", "words.txt", "--force"), 2, "--out {caller}/words.txt; need a folder, or a name that is free"),
    (("--out", ""), 2, "--out without a name; need --out DIR"),
    (("--out",), 2, "--out without a value; need --out DIR"),
    (("--out", "-"), 2, "--out -; need --out DIR (a folder, not a stream or a flag"),
    (("--out", "--force"), 2, "--out --force; need --out DIR (a folder, not a stream or a flag"),
    (("--out", "./-"), 0, ""),
    (("--force",), 0, ""),
]


def tree(source, root):
    """A copy of ./compare with stand-ins for everything it sets up, builds and runs."""
    shutil.copy(source / "compare", root)
    (root / "cmake").mkdir()
    (root / "cmake" / "setup.sh").write_text(f"source '{source}/cmake/setup.sh'\n"
                                             "need_packages() { :; }\nconfigure() { echo \"configured $*\" >&2; }\nbuild() { :; }\n"
                                             "has_nvcc() { [[ ${cuda_here:-} == *nvcc* ]]; }\n"
                                             "gpu_name() { [[ ${cuda_here:-} == *gpu* ]] && echo 'Example GPU'; }\n")
    for path in PROGRAMS.values():
        program = root / "build" / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(STAND_IN)
        program.chmod(0o755)
    (root / "plots").mkdir()
    for name, text in (("merge_results.py", MERGE), ("make_report.py", REPORT), ("headline.py", "")):
        (root / "plots" / name).write_text(text)


def caller(folder):
    """A place to call ./compare from."""
    (folder / "signal.npy").write_bytes(b"\x93NUMPY\x01\x00")
    (folder / "signal.gz").write_bytes(b"\x1f\x8b\x08\x00")
    (folder / "words.txt").write_text("words")
    (folder / "empty").touch()
    (folder / "free").mkdir()
    (folder / "taken").mkdir()
    (folder / "taken" / "mine.txt").write_text("mine")
    (folder / "taken" / "report.html").write_text("old")


def places(source):
    for flags, expected, said in PLACES:
        with tempfile.TemporaryDirectory() as folder:
            root, here = pathlib.Path(folder) / "tree", pathlib.Path(folder) / "caller"
            root.mkdir(), here.mkdir()
            tree(source, root)
            caller(here)
            before = sorted(path.relative_to(here) for path in here.rglob("*"))
            words = [word.format(caller=here) for word in flags]
            done = subprocess.run([root / "compare", "--quick", *words], cwd=here, capture_output=True, text=True, timeout=60)
            case = f"{flags}: exit {done.returncode}\n{done.stderr}"
            assert done.returncode == expected and said.format(caller=here) in done.stderr, case
            if expected != 0:
                assert "configured" not in done.stderr, case
                assert sorted(path.relative_to(here) for path in here.rglob("*")) == before, case
                assert not (root / "out").exists(), case
                continue
            out = here / words[1] if "--out" in flags else root / "out"
            left = {entry.name for entry in out.iterdir()} - ({"mine.txt"} if "taken" in words else set())
            assert left == FILES, (case, left)
            assert (out / "report.html").read_text() == "report", case
            assert "taken" not in words or (out / "mine.txt").read_text() == "mine", case  # what is not its own stays


def main():
    parser = argparse.ArgumentParser()
    documents.source_argument(parser)
    arguments = parser.parse_args()
    for codes, without_file, expected, said in CASES:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            tree(arguments.source, root)
            environment = {**os.environ, **{f"code_{name}": str(code) for name, code in codes.items()},
                           **{f"writes_{name}": "no" for name in without_file}}
            done = subprocess.run([root / "compare", "--quick"], env=environment, capture_output=True, text=True, timeout=60)
            case = f"{codes}, without {without_file}: exit {done.returncode}\n{done.stderr}"
            assert done.returncode == expected, case
            assert said in done.stderr, case
            left = {entry.name for entry in root.iterdir()} - {"compare", "cmake", "build", "plots"}
            reported = expected == 0 or "the report shows" in done.stderr
            assert left == ({"out"} if reported else set()), (case, left)  # and no working folder
            if reported:
                assert {entry.name for entry in (root / "out").iterdir()} == FILES, case
    for flags, here, expected, said, unsaid in CUDA_CASES:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            tree(arguments.source, root)
            done = subprocess.run([root / "compare", "--quick", *flags], env={**os.environ, "cuda_here": here},
                                  capture_output=True, text=True, timeout=60)
            case = f"{flags} with {here or 'nothing'}: exit {done.returncode}\n{done.stderr}"
            assert done.returncode == expected and said in done.stderr and unsaid not in done.stderr, case
    places(arguments.source)
    print(f"{len(CASES)} ways to end, {len(CUDA_CASES)} with and without a GPU, {len(PLACES)} signals and places")


if __name__ == "__main__":
    main()
