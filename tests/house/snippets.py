"""Every C++ block of every document compiles without a warning, links against the installed library, and runs to exit
code 0; its assertions hold."""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess

import documents

WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-variable", "-Wno-unused-but-set-variable"]


def main():
    parser = argparse.ArgumentParser()
    documents.source_argument(parser)
    parser.add_argument("--prefix", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)

    folder = next(arguments.prefix.rglob("ssmscan-scan.pc")).parent
    names = sorted(file.stem for file in folder.glob("ssmscan-*.pc"))
    flags = subprocess.run(["pkg-config", "--static", "--cflags", "--libs", *names], check=True, text=True,
                           env={**os.environ, "PKG_CONFIG_PATH": str(folder)}, stdout=subprocess.PIPE).stdout.split()

    def check(job):
        page, (name, text) = job
        file, program = arguments.work / f"{name}.cpp", arguments.work / name
        file.write_text(text, encoding="utf-8")
        openmp = ["-fopenmp"] if "backends/openmp.hpp" in text else []
        built = subprocess.run([os.environ["CXX"], "-std=c++20", *openmp, *WARNINGS, str(file), "-o", str(program),
                                *flags, f"-Wl,-rpath,{folder.parent}"], text=True, stderr=subprocess.PIPE)
        if built.returncode != 0:
            return f"{page}: a block does not compile\n{built.stderr}"
        ran = subprocess.run([str(program)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return f"{page}: a block ends with {ran.returncode}\n{ran.stdout}" if ran.returncode != 0 else ""

    jobs = [(page.relative_to(arguments.source), made) for page in documents.documents(arguments.source)
            for made in documents.programs(page)]
    with concurrent.futures.ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        wrong = [text for text in pool.map(check, jobs) if text]
    print(f"{len(jobs)} programs from the documents, {len(wrong)} wrong")
    if wrong or len(jobs) < 3:  # README, CONTRIBUTING and the page of the call have at least one each
        raise SystemExit("\n".join(wrong) or f"{len(jobs)} programs found; need 3")


if __name__ == "__main__":
    main()
