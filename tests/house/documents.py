"""C++ in the documents. A fenced block ```cpp is, by what it holds, one of two things: a program of its own (it has
`int main`), or a piece of its page's program: the pieces of a page, in order, make one program. A piece fenced as
```cpp declarations stands at namespace scope; any other stands in main. #include lines go to the top."""
import pathlib
import re

FOLDERS = ("scan", "ssm", "machine", "bench", "tests", "plots", "cli", "cmake", "examples")
BLOCK = re.compile(r"^```cpp([^\n]*)\n(.*?)^```\s*$", re.M | re.S)


def documents(source):
    found = sorted(source.glob("*.md")) + sorted((source / "docs").rglob("*.md"))
    for folder in FOLDERS:
        found += sorted((source / folder).rglob("*.md"))
    return found


def programs(page):
    """(name, text) of every program on a page."""
    whole, includes, declared, body = [], [], [], []
    for number, match in enumerate(BLOCK.finditer(page.read_text(encoding="utf-8"))):
        kind, text = match.group(1).strip(), match.group(2)
        if "int main" in text:
            whole.append((f"{page.stem}_{number}", text))
            continue
        includes += re.findall(r"^#include.*$", text, re.M)
        text = re.sub(r"^#(include|pragma).*\n", "", text, flags=re.M)
        (declared if kind == "declarations" else body).append(text)
    if declared or body:
        lines = [*dict.fromkeys(includes), *declared, "int main() {", *body, "}", ""]
        whole.append((f"{page.stem}_page", "\n".join(lines)))
    return whole


def readme_example(source):
    """The first program of README.md and the output that README promises: the first ```text block after it."""
    text = (source / "README.md").read_text(encoding="utf-8")
    program = next(m for m in BLOCK.finditer(text) if "int main" in m.group(2))
    output = re.search(r"^```text\n(.*?)^```", text[program.end():], re.M | re.S)
    return program.group(2), output.group(1)


def source_argument(parser):
    parser.add_argument("--source", type=pathlib.Path, required=True)
