"""Pages that are made from numbers kept in the repository: what their scripts have in common."""

import json
import sys

import results


def main(script, takers, pages, argv):
    """`takers`: {word: (names of its arguments, function of them)}, a last name with "..." standing for one or more. Each keeps
    numbers, after which every page is written. `pages()`: (file, the text that its numbers make) of each. `check` compares."""
    try:
        if argv == ["check"]:
            wrong = [f"{script}: {file.name} differs from the numbers that it is made of" for file, text in pages() if not file.exists() or file.read_text(encoding="utf-8") != text]
            print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
            return 1 if wrong else 0
        names, keep = takers.get(argv[0] if argv else "", ((), None))
        if keep is None or len(argv) - 1 < len(names) or (len(argv) - 1 > len(names) and not names[-1].endswith("...")):
            need = ", ".join(" ".join((word, *names)) for word, (names, _) in takers.items())
            print(f"{script}: got {' '.join(argv) or 'nothing'}; need {need}, or check", file=sys.stderr)
            return 2
        keep(*argv[1:])
        for file, text in pages():
            file.write_text(text, encoding="utf-8")
        return 0
    except (results.InputError, OSError) as problem:
        print(f"{script}: {problem}", file=sys.stderr)
        return 2


def beside(folder, schema, page):
    """(NAME.md, its text) of every NAME.json of a schema in a folder; `page(NAME, numbers)` makes the text."""
    for file in sorted(folder.glob("*.json")):
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept.get("schema") == schema:
            yield file.with_suffix(".md"), page(file.stem, kept)
