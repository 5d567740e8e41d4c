"""The registry, the folder of algorithms and the documents say the same."""
import argparse
import pathlib
import re
import subprocess
import sys

import documents


def main():
    parser = argparse.ArgumentParser()
    documents.source_argument(parser)
    parser.add_argument("--tables", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    source, wrong = arguments.source, []

    registry = (source / "scan/registry.hpp").read_text(encoding="utf-8")
    included = set(re.findall(r"#include <ssmscan/scan/algorithms/(\w+)\.hpp>", registry))
    files = {file.stem for file in (source / "scan/algorithms").glob("*.hpp")}
    names = subprocess.run([str(arguments.tables), "names"], check=True, text=True, stdout=subprocess.PIPE).stdout.split()
    base = {name.split(".")[0] for name in names}  # "heinsen.plain" is a variant of heinsen
    pages = {file.stem for file in (source / "docs/algorithms").glob("*.md")}

    def need_same(what, left, right):
        wrong.extend(f"{what}: only on the left {sorted(left - right)}, only on the right {sorted(right - left)}"
                     for _ in [0] if left != right)

    listed = {name for part in re.findall(r"using \w*algorithms = type_list<([^;]*)>;", registry)
              for name in re.findall(r"\b([a-z_]+)\b", part)}
    # A file may hold a family (heinsen.hpp and heinsen_plain.hpp): each file's name begins with its algorithm's.
    need_same("files in scan/algorithms and includes of the registry", files, included)
    wrong += [f"scan/algorithms/{file}.hpp: no entry of that name in the registry" for file in sorted(files)
              if not any(entry.startswith(file) for entry in listed) and file.split("_plain")[0] not in base]
    wrong += [f"{name}: registered, and no file scan/algorithms/{name}.hpp" for name in sorted(base - files)]
    need_same("algorithms and pages docs/algorithms/*.md", base, pages)

    with_tables = [page for page in documents.documents(source) if "<!-- table:" in page.read_text(encoding="utf-8")]
    checked = subprocess.run([str(arguments.tables), "check", *map(str, with_tables)], text=True,
                             stderr=subprocess.PIPE)
    if checked.returncode != 0:
        wrong.append(checked.stderr)
    wrong += [f"docs/algorithms/{name}.md: no generated table (<!-- table: {name} -->)" for name in sorted(base & pages)
              if f"<!-- table: {name} -->" not in (source / f"docs/algorithms/{name}.md").read_text(encoding="utf-8")]
    for kept in ("measured.py", "gpu_results.py"):
        measured = subprocess.run([sys.executable, "-B", str(source / "plots" / kept), "check"], text=True,
                                  stderr=subprocess.PIPE)
        if measured.returncode != 0:
            wrong.append(measured.stderr)
    print(f"{len(names)} registered, {len(files)} files, {len(pages)} pages, {len(with_tables)} documents with tables")
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
