"""A type that the compiled call does not have is refused by the compiler, which names the types it has; and asking whether
it has one is no error."""
import argparse
import pathlib
import shutil
import subprocess

import documents

DTYPES = ("float", "double", "std::complex<float>", "std::complex<double>", "std::uint32_t")
NOT = ("long double", "int", "std::int32_t", "std::uint64_t", "std::complex<long double>", "float const", "bool")
HEAD = "#include <ssmscan/scan/linear_recurrence.hpp>\n"
CALL = "void call(%s* p) { ssmscan::linear_recurrence<%s>({.a = {p, 1}, .b = {p, 1}, .x = {p, 1}}); }\n"
PLAN = "void call(%s* p) { ssmscan::plan<%s>({.a = {p, 1}, .b = {p, 1}, .x = {p, 1}}); }\n"
ASKED = "template <class T> concept callable = requires(ssmscan::recurrence<T> const& r) { ssmscan::linear_recurrence<T>(r); };\n"


def main():
    parser = argparse.ArgumentParser()
    documents.source_argument(parser)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", type=pathlib.Path, nargs="+", required=True)
    arguments = parser.parse_args()
    if not shutil.which(arguments.compiler):
        print(f"{arguments.compiler}: not on this machine")
        raise SystemExit(77)

    def compiled(text):
        flags = [f"-I{folder}" for folder in arguments.include]
        done = subprocess.run([arguments.compiler, "-std=c++20", "-fsyntax-only", *flags, "-x", "c++", "-"], input=HEAD + text,
                              text=True, stderr=subprocess.PIPE)
        return done.returncode == 0, done.stderr

    asked = "".join(f"static_assert({'' if dtype in DTYPES else '!'}callable<{dtype}>);\n" for dtype in (*DTYPES, *NOT))
    good, said = compiled(ASKED + asked)
    assert good, said
    for body in (CALL, PLAN):
        for dtype in DTYPES:
            good, said = compiled(body % (dtype, dtype))
            assert good, said
        good, said = compiled(body % ("long double", "long double"))
        assert not good, "long double was taken"
        assert "error:" in said and "recurrence_dtype" in said, said
        missing = [dtype for dtype in DTYPES if dtype not in said]
        assert not missing, f"{missing} is not named:\n{said}"
    print(f"{len(DTYPES)} types taken, {len(NOT)} refused by {arguments.compiler}")


if __name__ == "__main__":
    main()
