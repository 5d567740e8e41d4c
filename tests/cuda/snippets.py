"""The CUDA programs of docs/cuda.md. compile: each without a warning, linked against this build's libraries. run: each to
exit code 0; 77 where there is no GPU."""
import argparse
import pathlib
import re
import subprocess

BLOCK = re.compile(r"^```cuda\n(.*?)^```\s*$", re.M | re.S)
NVCC_FLAGS = ["-std=c++20", "--extended-lambda", "--expt-relaxed-constexpr", "--Werror", "all-warnings",
              "-Xcompiler=-Wall,-Wextra,-fopenmp"]


def compiled(arguments, text, program):
    file = program.with_suffix(".cu")
    file.write_text(text, encoding="utf-8")
    built = subprocess.run([arguments.nvcc, *NVCC_FLAGS, *arguments.flag, str(file), "-o", str(program),
                            *arguments.library], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if built.returncode != 0:
        raise SystemExit(f"{file.name} of {arguments.page.name} does not compile:\n{built.stdout}")


def ran(arguments, program):
    """Did it find a GPU?"""
    answer = subprocess.run([str(program)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    if answer.returncode not in (0, 77):
        raise SystemExit(f"{program.name} of {arguments.page.name} ends with {answer.returncode}:\n{answer.stdout}")
    return answer.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["compile", "run"])
    parser.add_argument("--page", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--nvcc")
    parser.add_argument("--flag", action="append", default=[])
    parser.add_argument("--library", action="append", default=[])
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)

    texts = BLOCK.findall(arguments.page.read_text(encoding="utf-8"))
    if len(texts) < 2:  # the call, and the header-only route
        raise SystemExit(f"{len(texts)} programs found; need 2")
    programs = [arguments.work / f"program_{number}" for number in range(len(texts))]
    if arguments.what == "compile":
        for text, program in zip(texts, programs):
            compiled(arguments, text, program)
        print(f"{len(texts)} programs compiled")
        return
    found = [ran(arguments, program) for program in programs]
    print(f"{sum(found)} of {len(found)} programs run")
    if not all(found):
        raise SystemExit(77)


if __name__ == "__main__":
    main()
