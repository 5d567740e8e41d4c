"""A report as a reader of its HTML finds it: tables as texts, ids, addresses. html.parser alone, nothing of the code under test."""

import html.parser
import math


class Page(html.parser.HTMLParser):
    """Tables as lists of cell texts, every id and every address the page would load or link to."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.heads, self.ids, self.loads, self.links, self.unclosed = {}, {}, [], [], [], []
        self.table = self.cell = None
        self.scripts, self.text = 0, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "table":
            self.table = values["id"]
            self.tables[self.table], self.heads[self.table] = [], []
        elif tag == "tr" and self.heads.get(self.table):
            self.tables[self.table].append([])
        elif tag in ("td", "th"):
            row = self.heads[self.table] if tag == "th" else self.tables[self.table][-1]
            row.append("")
            self.cell = row
        elif tag == "script":
            self.scripts += 1
        for key in ("src", "srcset", "data", "poster", "action", "background"):
            if key in values:
                self.loads.append(values[key])
        if tag in ("link", "image", "use", "iframe") or tag == "a":
            for key in ("href", "xlink:href"):
                if key in values:
                    (self.links if tag == "a" else self.loads).append(values[key])
        if tag not in ("meta", "link", "br", "wbr", "img", "input", "td", "tr", "path", "use"):
            self.unclosed.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if self.unclosed and self.unclosed[-1] == tag:
            self.unclosed.pop()

    def handle_endtag(self, tag):
        if tag in ("table", "tbody"):
            self.cell = None
        if tag in ("td", "tr", "path", "use"):
            return
        if not self.unclosed or self.unclosed[-1] != tag:
            raise AssertionError(f"line {self.getpos()[0]}: </{tag}> closes {self.unclosed[-1:]}")
        self.unclosed.pop()

    def handle_data(self, data):
        self.text.append(data)
        if self.cell and self.table and data.strip():
            self.cell[-1] += data.strip("\n")

    def rows(self, table):
        return [dict(zip(self.heads[table], row, strict=True)) for row in self.tables[table]]


def number(text):
    """What a cell says, as a float: 1,234  3.2·10⁻⁵  ∞  NaN."""
    named = {"∞": math.inf, "NaN": math.nan}
    if text in named:
        return named[text]
    mantissa, _, exponent = text.replace(",", "").partition("·10")
    return float(mantissa) * 10.0 ** int(exponent.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)
