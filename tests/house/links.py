"""What documents and comments point at is there: each link's file, and its heading; each file that a comment names."""
import argparse
import pathlib
import re

import documents

LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```.*?^```", re.M | re.S)
COMMENT = re.compile(r"(?://|#)(.*)")
FILE = re.compile(r"[\w/.-]*\w\.(?:hpp|cpp|cuh|cu|py|md|sh|cmake)\b")
FOLDERS = (*documents.FOLDERS, "docs")
CODE = {".hpp", ".cpp", ".cuh", ".cu", ".in", ".py", ".sh", ".cmake"}


def anchors(page):
    """A heading's name in a link: its words in lower case, joined by hyphens."""
    headings = re.findall(r"^#+ +(.*)$", BLOCK.sub("", page.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def broken_links(page):
    for target in LINK.findall(BLOCK.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        there = page.parent / name if name else page
        if not there.exists():
            yield f"{target}: no such file"
        elif heading and heading not in anchors(there):
            yield f"{target}: no such heading"


def unknown_files(text, known):
    """Files named in comments, by their last part; NAME stands for any. A web page is somebody else's."""
    for number, line in enumerate(text.splitlines(), 1):
        comment = COMMENT.search(line)
        if comment is None or line.lstrip().startswith("#include") or "://" in line:
            continue
        for name in FILE.findall(comment.group(1)):
            if "NAME" not in name and name.rsplit("/", 1)[-1] not in known:
                yield f"line {number}: {name}: no such file"


def main():
    parser = argparse.ArgumentParser()
    documents.source_argument(parser)
    source = parser.parse_args().source
    wrong, pages, files = [], documents.documents(source), 0
    for page in pages:
        wrong += [f"{page.relative_to(source)}: {what}" for what in broken_links(page)]
    there = [path for path in [*source.iterdir(), *(p for folder in FOLDERS for p in (source / folder).rglob("*"))] if path.is_file()]
    known = {path.name for path in there}
    for path in sorted(there):
        if path.suffix in CODE:
            files += 1
            wrong += [f"{path.relative_to(source)}: {what}" for what in unknown_files(path.read_text(encoding="utf-8"), known)]
    print(f"{len(pages)} documents, {files} files with comments")
    if wrong or not pages or not files:
        raise SystemExit("\n".join(wrong) or "nothing found")


if __name__ == "__main__":
    main()
