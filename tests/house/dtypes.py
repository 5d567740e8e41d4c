"""A type that the compiled call does not have is refused by the compiler, which names the types it has; and asking whether
it has one is no error."""
import compilers

DTYPES = ("float", "double", "std::complex<float>", "std::complex<double>", "std::uint32_t")
NOT = ("long double", "int", "std::int32_t", "std::uint64_t", "std::complex<long double>", "float const", "bool")
HEAD = "#include <ssmscan/scan/linear_recurrence.hpp>\n"
CALL = "void call(%s* p) { ssmscan::%s<%s>({.a = {p, 1}, .b = {p, 1}, .x = {p, 1}}); }\n"
ASKED = "template <class T> concept callable = requires(ssmscan::recurrence<T> const& r) { ssmscan::linear_recurrence<T>(r); };\n"


def main():
    given = compilers.arguments()
    asked = "".join(f"static_assert({'' if dtype in DTYPES else '!'}callable<{dtype}>);\n" for dtype in (*DTYPES, *NOT))
    code, said = compilers.verdict(given, HEAD + ASKED + asked)
    assert code == 0, said
    for function in ("linear_recurrence", "plan"):
        code, said = compilers.verdict(given, HEAD + "".join(CALL % (dtype, function, dtype) for dtype in DTYPES))
        assert code == 0, said
        code, said = compilers.verdict(given, HEAD + CALL % ("long double", function, "long double"))
        assert code != 0, "long double was taken"
        missing = [word for word in ("error:", "recurrence_dtype", *DTYPES) if word not in said]
        assert not missing, f"{missing} is not named:\n{said}"
    print(f"{len(DTYPES)} types taken, {len(NOT)} refused by {given.compiler}")


if __name__ == "__main__":
    main()
