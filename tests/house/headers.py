"""Every header compiles alone, and twice, with warnings as errors. What needs OpenMP in the includer says so itself (an
#error that names -fopenmp); it is compiled with -fopenmp, and without it must be refused by that message. The public ones
alone with SSMSCAN_CHECK=fast, and by clang++: those beneath reach it through them."""
import concurrent.futures
import os

import compilers

# As a system header the libraries' own warnings would hide; ours must not.
FLAGS = ["-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror", "-isystem", "/usr/include/eigen3"]


def main():
    given = compilers.arguments()
    fewer = os.environ.get("SSMSCAN_CHECK") == "fast" or given.compiler == "clang++"
    headers = [f"ssmscan/{header.relative_to(given.source)}" for folder in ("scan", "ssm")
               for header in sorted((given.source / folder).glob("*.hpp" if fewer else "**/*.hpp"))]

    def check(header):
        text = f"#include <{header}>\n#include <{header}>\n"  # twice: #pragma once is in place
        code, message = compilers.verdict(given, text, *FLAGS)
        if code != 0 and "-fopenmp" in message:
            code, message = compilers.verdict(given, text, *FLAGS, "-fopenmp")
        return f"{header}:\n{message}" if code != 0 else ""

    with concurrent.futures.ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        wrong = [text for text in pool.map(check, headers) if text]
    print(f"{len(headers)} headers, {len(wrong)} refused by {given.compiler}")
    if wrong or not headers:
        raise SystemExit("\n".join(wrong) or "no header found")


if __name__ == "__main__":
    main()
