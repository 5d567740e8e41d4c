"""The shared libraries export what the headers declare with *_EXPORT, and nothing else. (Weak symbols of namespace std
are the standard library's own and are exported by every C++ library; unique symbols are the inline constants of headers,
one for the whole program by the language's rules.)"""
import argparse
import os
import pathlib
import re
import subprocess

import documents

FUNCTION = re.compile(r"SSMSCAN_{0}_EXPORT\s+[^;{{(]*?\b(operator=|\w+)\s*(?:<[^;{{(]*>)?\s*\(")
TYPE = re.compile(r"(?:class|struct)\s+SSMSCAN_{0}_EXPORT\s+(\w+)")


def declared(source, component):
    """(functions, types) declared for export by the headers of a component."""
    functions, types = set(), set()
    folder = source / {"cuda": "scan/backends/cuda", "ssm_cuda": "ssm/cuda"}.get(component, component)
    without_simd = os.environ.get("SSMSCAN_CHECK") == "fast"  # as consumer.py builds it then
    for header in sorted(folder.rglob("*.hpp")):
        if without_simd and "simd" in header.parts:
            continue
        text = re.sub(r"//[^\n]*", "", header.read_text(encoding="utf-8"))
        kinds = set(re.findall(TYPE.pattern.format(component.upper()), text))
        types |= kinds
        functions |= set(re.findall(FUNCTION.pattern.format(component.upper()), text)) - kinds
    return functions, types


def exported(library):
    """Demangled names of the symbols that a library defines for others."""
    lines = subprocess.run(["nm", "--dynamic", "--defined-only", "--demangle", str(library)], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    return [(kind, name) for _, kind, name in (line.split(" ", 2) for line in lines)]


def qualified(name):
    """`ssmscan::plan` of `ssmscan::choice ssmscan::plan<float>(...)`."""
    depth, kept = 0, ""
    for character in name.split("(")[0] if not name.startswith("(") else name:
        depth += character == "<"
        kept += character if depth == 0 else ""
        depth -= character == ">"
    return kept.replace("[abi:cxx11]", "").strip().split(" ")[-1]


def main():
    parser = argparse.ArgumentParser()
    documents.source_argument(parser)
    parser.add_argument("--prefix", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    wrong = []
    for component in ("scan", "ssm", "cuda", "ssm_cuda"):
        libraries = sorted(arguments.prefix.rglob(f"libssmscan_{component}.so"))
        if not libraries and component != "scan":
            continue
        functions, types = declared(arguments.source, component)
        seen = set()
        for kind, name in exported(libraries[0]):
            symbol = qualified(name)
            if kind == "u" or kind in "WVwv" and symbol.startswith(("std::", "__gnu_cxx::")):
                continue
            last = symbol.split("::")[-1].lstrip("~")  # a destructor is declared by its type's name
            owner = set(symbol.split("::")[:-1]) & types or {t for t in types if name.endswith("::" + t)}
            if symbol.startswith("ssmscan::") and last in functions:
                seen.add(last)
            elif not owner:
                wrong.append(f"{libraries[0].name} exports {kind} {name}")
        wrong += [f"{libraries[0].name} does not export {name}, which a header declares" for name in functions - seen]
        print(f"{libraries[0].name}: {len(seen)} functions exported, as declared")
        if not seen:
            wrong.append(f"{libraries[0].name}: no declared function found at all")
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
