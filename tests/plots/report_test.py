#!/usr/bin/env python3
"""The plots and the report, on inputs whose every number is known (synthetic.py).

Oracle: the inputs themselves, read again here with json and re alone; the page is read with html.parser, so nothing of the
code under test says what is expected. The browser part needs Chromium and is skipped by name where there is none.
Run: python3 tests/plots/report_test.py [-v]; screenshots go to $SSMSCAN_SCREENSHOTS where that is set.
"""

import contextlib
import functools
import html.parser
import importlib.util
import io
import json
import math
import os
import re
import sys
import tempfile
import types
import unittest
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "plots")]

import browser  # noqa: E402
import make_report  # noqa: E402
import results  # noqa: E402
import synthetic  # noqa: E402

EXIT_SKIPPED = 77
LARGEST_REPORT = 5 * 1024 * 1024
PHONE, DESKTOP = 390, 1280  # CSS pixels: a common phone, a small laptop
HAVE_MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None


def run(*argv):
    """The command line's exit code and standard error."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            code = make_report.main(list(argv))
        except SystemExit as ended:
            code = ended.code
    return code, said.getvalue()


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
        if tag not in ("meta", "link", "br", "img", "input", "td", "tr", "path", "use"):
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


def small_results():
    """One lane of float, and the failed record: enough where the quantity of data is not the point."""
    document = synthetic.results()
    return dict(document, benchmarks=[r for r in document["benchmarks"] if r["name"].startswith("throughput/affine.f32") and "/lanes:1/" in r["name"]])


class Names(unittest.TestCase):
    good = {
        "throughput/affine.f32/look_back/cuda/lanes:1/time:67108864": ("throughput", "affine", "f32", "look_back", "", "cuda", 1, 67108864, {}),
        "accuracy/semi_log.f64/heinsen.plain/serial/lanes:1/time:0/family:near1/inner:blelloch/iterations:1/manual_time": ("accuracy", "semi_log", "f64", "heinsen", "plain", "serial", 1, 0, {"family": "near1", "inner": "blelloch"}),
        "latency/affine.c64/std_par/openmp/lanes:13/time:8/layout:time_major/threads:2/real_time": ("latency", "affine", "c64", "std_par", "", "openmp", 13, 8, {"layout": "time_major", "threads": "2"}),
        "throughput/affine.f32/blelloch.2x/serial/lanes:1/time:8/repeats:3/min_time:0.010/real_time": ("throughput", "affine", "f32", "blelloch", "2x", "serial", 1, 8, {}),
    }
    bad = ("", "throughput", "speed/affine.f32/chunked/serial/lanes:1/time:8", "throughput/affine/chunked/serial/lanes:1/time:8", "throughput/affine.f32/Chunked/serial/lanes:1/time:8", "throughput/affine.f32/chunked./serial/lanes:1/time:8",
           "throughput/affine.f32/chunked/serial/time:8/lanes:1", "throughput/affine.f32/chunked/serial/lanes:1/time:-8", "throughput/affine.f32/chunked/serial/lanes:1/time:²", "throughput/affine.f32/chunked/serial/lanes:1/time:8/odd",
           "throughput/affine.f32/chunked/serial/lanes:1/time:8/family:a/family:b", "throughput/affine.f32/chunked//lanes:1/time:8")

    def test_grammar(self):
        for text, parts in self.good.items():
            n = results.parse_name(text)
            self.assertEqual((n.question, n.operation, n.dtype, n.algorithm, n.variant, n.backend, n.lanes, n.time, dict(n.options)), parts)

    def test_malformed_names_are_refused(self):
        for text in self.bad:
            with self.subTest(text), self.assertRaises(ValueError):
                results.parse_name(text)


class Inputs(unittest.TestCase):
    """What is missing is said in the report; what is unreadable stops it, with one line that names the place."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, document):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(document if isinstance(document, str) else json.dumps(document))
        return path

    def report(self):
        with open(os.path.join(self.folder, "report.html"), encoding="utf-8") as file:
            return file.read()

    @unittest.skipUnless(HAVE_MATPLOTLIB, "matplotlib is not installed for this python3")
    def test_unreadable_inputs_stop_with_one_line(self):
        record = {"name": "throughput/affine.f32/chunked/serial/lanes:1/time:8", "run_type": "iteration", "real_time": 1.0, "time_unit": "ns"}
        cases = {
            "not JSON": ("--results", '{"benchmarks": [', "not JSON"),
            "no list": ("--results", {"context": {}}, "benchmarks"),
            "name": ("--results", {"benchmarks": [dict(record, name="throughput/affine.f32/chunked/serial/lanes:x/time:8")]}, "lanes:x"),
            "unit": ("--accuracy", {"benchmarks": [dict(record, time_unit="fortnights")]}, "fortnights"),
            "schema": ("--accuracy", {"context": {"schema": "other/9"}, "benchmarks": []}, "other/9"),
            "validation schema": ("--validation", {"checks": []}, "schema"),
            "status": ("--validation", {"schema": "ssmscan.validation/1", "checks": [{"name": "n", "status": "maybe"}]}, "maybe"),
            "count": ("--validation", {"schema": "ssmscan.validation/1", "checks": [{"name": "n", "status": "fail"}], "passed": 1}, "passed"),
            "directory": ("--results", None, "readable"),
        }
        for name, (option, document, expected) in cases.items():
            with self.subTest(name):
                path = self.folder if document is None else self.write("bad.json", document)
                code, said = run(option, path, "--out", self.folder)
                self.assertEqual(code, 2)
                self.assertIn(expected, said)
                self.assertIn(path, said)
                self.assertEqual(said.count("\n"), 1, said)
                self.assertFalse(os.path.exists(os.path.join(self.folder, "report.html")))

    @unittest.skipUnless(HAVE_MATPLOTLIB, "matplotlib is not installed for this python3")
    def test_missing_inputs_are_said(self):
        code, _ = run("--results", os.path.join(self.folder, "nowhere.json"), "--out", self.folder)
        self.assertEqual(code, 0)
        page = self.report()
        for said in ("results missing: ", "nowhere.json does not exist", "accuracy missing: none was given", "validation missing: none was given"):
            self.assertIn(said, page)
        self.assertEqual(Page(page).tables, {})
        code, _ = run("--validation", self.write("v.json", synthetic.validation()), "--out", self.folder)
        self.assertEqual(code, 0)
        self.assertNotIn("validation missing", self.report())
        self.assertIn("results missing: none was given", self.report())

    @unittest.skipUnless(HAVE_MATPLOTLIB, "matplotlib is not installed for this python3")
    def test_one_failed_repetition_fails_the_measurement(self):
        document = small_results()
        name = "throughput/affine.f32/chunked/openmp/lanes:1/time:1048576/manual_time"
        mine = [r for r in document["benchmarks"] if r.get("run_name") == name]
        self.assertEqual(len(mine), 8)
        mine[3].update(error_occurred=True, error_message="repetition 3 was wrong")
        code, _ = run("--results", self.write("r.json", document), "--out", self.folder)
        self.assertEqual(code, 0)
        rows = [r for r in Page(self.report()).rows("results") if (r["Question"], r["Operation"], r["Algorithm"], r["Backend"], r["Lanes"], r["Length"]) == ("throughput", "affine.f32", "chunked", "openmp", "1", "1,048,576")]
        self.assertEqual([(r["Gelem/s"], r["µs per call"], r["State"]) for r in rows], [("–", "–", "failed: repetition 3 was wrong")])
        winner = [r for r in Page(self.report()).rows("winners") if (r["Type"], r["Lanes"], r["Length"]) == ("affine.f32", "1", "1,048,576")]
        self.assertNotIn("chunked.openmp", [winner[0]["Fastest"], winner[0]["Next"]])

    @unittest.skipUnless(HAVE_MATPLOTLIB, "matplotlib is not installed for this python3")
    def test_hostile_text_stays_text(self):
        hostile = "</script><script>alert(1)</script><img src=http://example.com/x.png onerror=alert(1)>'\"&"
        document, checks = small_results(), synthetic.validation()
        document["context"] = dict(document["context"], cpu=hostile, commit=hostile, command=hostile)
        failed, = (r for r in document["benchmarks"] if r.get("error_message", "").startswith("wrong"))
        failed["error_message"] = hostile
        checks["checks"][0].update(name=hostile, algorithm=hostile)
        checks["signal"] = hostile
        accuracy = synthetic.accuracy()
        accuracy["benchmarks"] = accuracy["benchmarks"][:3]
        code, _ = run("--results", self.write("r.json", document), "--validation", self.write("v.json", checks), "--accuracy", self.write("<a>&.json", accuracy), "--out", self.folder)
        self.assertEqual(code, 0)
        page = Page(self.report())
        self.assertEqual(page.scripts, 1)
        self.assertEqual([a for a in page.loads if not a.startswith(("#", "data:"))], [])
        self.assertEqual(page.rows("validation")[0]["Check"], hostile)

    @unittest.skipUnless(HAVE_MATPLOTLIB, "matplotlib is not installed for this python3")
    def test_figures_only_and_several_results(self):
        document = synthetic.results()
        parts = [dict(document, benchmarks=[r for r in document["benchmarks"] if r["name"].startswith(question)]) for question in ("throughput/affine.f32", "latency")]
        paths = [self.write(f"r{i}.json", part) for i, part in enumerate(parts)]
        code, _ = run("--results", paths[0], "--results", paths[1], "--out", self.folder, "--figures-only")
        self.assertEqual(code, 0)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "report.html")))
        made = os.listdir(os.path.join(self.folder, "figures"))
        self.assertTrue(any(f.startswith("throughput-") for f in made) and any(f.startswith("latency-") for f in made), made)


@functools.cache
def built():
    """One report on the whole synthetic input, made once and shared by the classes that only read it."""
    made = types.SimpleNamespace(temporary=tempfile.TemporaryDirectory())
    made.folder = made.temporary.name
    made.paths = synthetic.write(made.folder)
    code, said = run("--results", made.paths["results"], "--accuracy", made.paths["accuracy"], "--validation", made.paths["validation"], "--out", made.folder, "--command", "./compare --quick <x>")
    if code != 0:
        raise AssertionError(said)
    made.file = os.path.join(made.folder, "report.html")
    with open(made.file, encoding="utf-8") as file:
        made.text = file.read()
    made.page = Page(made.text)
    made.inputs = {"results": synthetic.results(), "accuracy": synthetic.accuracy(), "validation": synthetic.validation()}
    return made


def medians():
    """name without harness suffix -> the median record, straight from the input; failed ones map to None."""
    expected = {}
    for record in built().inputs["results"]["benchmarks"]:
        name = re.sub(r"/(manual|real)_time.*$", "", record["name"])
        if record.get("error_occurred"):
            expected[name] = None
        elif record.get("aggregate_name") == "median":
            expected[name] = record
    return expected


@unittest.skipUnless(HAVE_MATPLOTLIB, "matplotlib is not installed for this python3")
class Report(unittest.TestCase):
    def setUp(self):
        made = built()
        self.folder, self.paths, self.text, self.page, self.inputs = made.folder, made.paths, made.text, made.page, made.inputs

    def test_page_is_well_formed(self):
        self.assertEqual(self.page.unclosed, [])
        self.assertEqual(len(self.page.ids), len(set(self.page.ids)), "every id is used once")
        referred = set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", self.text))
        self.assertEqual({a or b for a, b in referred} - set(self.page.ids), set(), "every reference has its target")

    def test_nothing_is_loaded_from_outside(self):
        self.assertEqual([a for a in self.page.loads if not a.startswith(("#", "data:"))], [])
        self.assertEqual(re.findall(r"@import|url\((?!#|data:)[^)]*\)", self.text), [])
        self.assertEqual([a for a in self.page.links if re.match(r"[a-z]+:|//", a)], [])
        for address in self.page.links:
            if not address.startswith("#"):
                self.assertTrue(os.path.exists(os.path.join(self.folder, address)), address)

    def test_size(self):
        self.assertLess(len(self.text.encode()), LARGEST_REPORT)

    def test_figures(self):
        made = set(os.listdir(os.path.join(self.folder, "figures")))
        slugs = {os.path.splitext(f)[0] for f in made}
        self.assertEqual(made, {f"{s}.{kind}" for s in slugs for kind in ("svg", "png")})
        expected = {"throughput-affine-f32-lanes1024", "throughput-affine-f32-lanes1024-layout-time-major"}
        expected |= {f"throughput-affine-{d}-lanes{n}" for d in ("f32", "f64", "c64") for n in (1, 64)} | {"latency-affine-f32-lanes1"}
        expected |= {f"plane-{d}" for d in ("f32", "f64")} | {f"heinsen-affine-{d}" for d in ("f32", "f64", "c128")}  # no speeds of c128
        expected |= {f"error-over-{what}-{kind}" for what in ("us", "bound") for kind in ("affine-f32", "affine-f64", "affine-c128", "semi-log-f64")}
        self.assertEqual(slugs, expected)
        for slug in slugs:
            root = xml.etree.ElementTree.parse(os.path.join(self.folder, "figures", slug + ".svg")).getroot()
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
            self.assertGreater(len(list(root.iter("{http://www.w3.org/2000/svg}path"))), 20, f"{slug} is not empty")
            with open(os.path.join(self.folder, "figures", slug + ".png"), "rb") as file:
                self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")
            self.assertIn(slug, self.page.ids)
        inline = re.findall(r'<figure id="[^"]*">(<svg.*?</svg>)', self.text, re.DOTALL)
        self.assertEqual(len(inline), len(slugs))
        for svg in inline:
            texts = "".join(xml.etree.ElementTree.fromstring(svg).itertext())
            for said in ("0123456789ab", "Example CPU", "./compare --quick", "2026-01-02"):
                self.assertIn(said, re.sub(r"\s+", " ", texts), "the footer")

    def test_figures_repeat_bit_for_bit(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("results.json", "one", "other")]
            with open(paths[0], "w", encoding="utf-8") as file:
                json.dump(small_results(), file)
            for out in paths[1:]:
                self.assertEqual(run("--results", paths[0], "--out", out, "--figures-only")[0], 0)
            for name in os.listdir(os.path.join(paths[1], "figures")):
                with open(os.path.join(paths[1], "figures", name), "rb") as one, open(os.path.join(paths[2], "figures", name), "rb") as other:
                    self.assertTrue(one.read() == other.read(), name)

    def test_results_table_equals_the_input(self):
        expected = medians()
        rows = self.page.rows("results")
        self.assertEqual(len(rows), len(expected))
        for row in rows:
            name = "/".join([row["Question"], row["Operation"], row["Algorithm"], row["Backend"], "lanes:" + row["Lanes"].replace(",", ""), "time:" + row["Length"].replace(",", "")])
            record = expected.pop(name + ("/" + row["Options"].replace(" ", "/") if row["Options"] else ""))
            if record is None and row["Length"] == "16,777,216":
                self.assertEqual((row["Gelem/s"], row["State"]), ("–", "not run: a pass would take over 1 s: 3.2 s"))
                continue
            if record is None:
                self.assertEqual([row[c] for c in ("Gelem/s", "µs per call", "Spread, µs", "Share of bound")], ["–"] * 4)
                self.assertIn("wrong at element 7", row["State"])
                continue
            # Cells carry 4 significant digits (3 for shares): half a unit of the last one is 5e-4 (5e-3) relative at most.
            self.assertTrue(math.isclose(number(row["µs per call"]), record["real_time"] / 1e3, rel_tol=5e-4), row)
            if record["items_per_second"]:
                self.assertTrue(math.isclose(number(row["Gelem/s"]), record["items_per_second"] / 1e9, rel_tol=5e-4), row)
            self.assertEqual(row["Note"], record.get("label", ""))
            if "share_of_triad" in record:
                self.assertTrue(math.isclose(number(row["Share of bound"]), record["share_of_triad"], rel_tol=5e-3), row)
        self.assertEqual(expected, {})

    def test_a_failed_record_shows_no_speed_anywhere(self):
        # It is the only record of its length: nothing but its own row and the list of failures may mention that length.
        rows = [(table, row) for table, rows in self.page.tables.items() for row in rows if "4,194,304" in row]
        self.assertEqual([table for table, _ in rows], ["results"])
        self.assertEqual(rows[0][1][7:-2], ["–"] * 6)
        self.assertFalse("2²²" in self.text, "an axis or a headline reaches the failed length")
        said = " ".join(self.page.text)
        self.assertIn("1 failed:", said)
        self.assertNotIn("failed: not run", said)
        self.assertIn("1 measurements were left out by rule", said)

    def test_winners_are_the_greatest_rates(self):
        shapes = {}
        for name, record in medians().items():
            _, operation, algorithm, backend, lanes, length, *options = name.split("/")
            if record and name.startswith("throughput") and algorithm.split(".")[0] in synthetic.OURS:
                inner = [o for o in options if o.startswith("inner:")]
                problem = " ".join(o for o in options if o not in inner)
                shapes.setdefault((operation, lanes[6:], length[5:], problem), []).append((record["items_per_second"], " ".join([f"{algorithm}.{backend}"] + inner)))
        rows = self.page.rows("winners")
        self.assertEqual(len(rows), len(shapes))
        for row in rows:
            ranked = sorted(shapes[row["Type"], row["Lanes"].replace(",", ""), row["Length"].replace(",", ""), row["Options"]], reverse=True)
            self.assertEqual((row["Fastest"], row["Next"]), (ranked[0][1], ranked[1][1] if len(ranked) > 1 else "–"))
            self.assertTrue(math.isclose(number(row["Gelem/s"]), ranked[0][0] / 1e9, rel_tol=5e-4))
            # Repetitions spread from -4 % to +4 %: bands overlap where the rates differ by less than 1.04 / 0.96.
            if len(ranked) > 1:
                self.assertEqual(row["Lead"] == "equal", ranked[0][0] / ranked[1][0] <= 1.04 / 0.96, row)

    def test_latency_winners_take_the_least_time(self):
        calls = {}
        for name, record in medians().items():
            question, operation, algorithm, backend, lanes, length = name.split("/")[:6]
            if question == "latency" and algorithm in synthetic.OURS:
                calls.setdefault(length[5:], []).append((record["real_time"], f"{algorithm}.{backend}"))
        rows = self.page.rows("latency-winners")
        self.assertEqual([r["Length"].replace(",", "") for r in rows], sorted(calls, key=int))
        self.assertEqual(rows[0]["Length"], "0", "a call on nothing takes part")
        for row in rows:
            least, who = min(calls[row["Length"].replace(",", "")])
            self.assertEqual(row["Fastest"], who)
            self.assertTrue(math.isclose(number(row["µs per call"]), least / 1e3, rel_tol=5e-4))
        self.assertEqual([r["Best other"] for r in rows if r["Length"] == "16"], ["loop.serial"])

    def test_accuracy_table_equals_the_input(self):
        records = self.inputs["accuracy"]["benchmarks"]
        rows = self.page.rows("accuracy")
        self.assertEqual(len(rows), len(records))
        for row, record in zip(rows, records):
            self.assertIn(f"/{row['Operation']}/{row['Algorithm']}/{row['Backend']}/lanes:1/time:{row['Length'].replace(',', '')}/family:{row['Family']}/".replace("accuracy", ""), record["name"])
            for column, key in (("Error / (u·S)", "error_over_us"), ("Error / bound", "error_over_bound"), ("Error / S", "error_max_relative_to_S")):
                value = number(row[column])
                self.assertTrue(math.isnan(value) and math.isnan(record[key]) or math.isclose(value, record[key], rel_tol=5e-4), (row, key))
            self.assertEqual(row["State"], "inside" if record["error_over_bound"] <= 1 else "outside the bound")

    def test_family_matrix_is_the_worst_over_lengths(self):
        for dtype in ("f32", "f64", "c128"):
            rows = self.page.rows(f"exactness-{dtype}")
            self.assertEqual([r["Data family"] for r in rows], list(synthetic.FAMILIES) + ["worst of all"])
            columns = {algorithm + ("" if operation == "affine" else f" ({operation})"): (algorithm, operation)
                       for (operation, of), algorithms in synthetic.ACCURACY.items() for algorithm in algorithms if of == dtype}
            self.assertEqual(set(rows[0]), {"Data family", *columns})
            for row in rows[:-1]:
                for column, (algorithm, operation) in columns.items():
                    worst = max(synthetic.accuracy_of(algorithm, row["Data family"], n, operation) for n in synthetic.LENGTHS)
                    self.assertTrue(column == "heinsen.plain" or math.isclose(number(row[column]), worst, rel_tol=5e-3))
            self.assertEqual([r["heinsen.plain"] for r in rows if r["Data family"] in ("zeros", "worst of all")], ["∞", "∞"])

    def test_validation_table_equals_the_input(self):
        checks = self.inputs["validation"]["checks"]
        rows = self.page.rows("validation")
        self.assertEqual([(r["Status"], r["Check"], r["Backend"], r["Reason"]) for r in rows], [(c["status"], c["name"], c["backend"], c.get("reason", "")) for c in checks])
        for row, check in zip(rows, checks):
            self.assertEqual(row["Error"], "–") if check["error"] is None else self.assertTrue(math.isclose(number(row["Error"]), check["error"], rel_tol=5e-4))

    def test_headlines(self):
        text = " ".join("".join(self.page.text).split())
        best = max(((r["items_per_second"], n) for n, r in medians().items() if r and re.match(r"throughput/affine.f32/(%s)[./].*/lanes:1/time:1048576$" % "|".join(synthetic.OURS), n)))
        self.assertIn("/chunked/openmp/", best[1])
        self.assertIn(f"Fastest, one lane of 2²⁰ floatchunked.openmp, {best[0] / 1e6:.3g} Melem/s", text)
        self.assertIn("Most exact, floatsequential, at most", text)
        self.assertIn("Validation12 passed, 0 failed, 1 skipped", text)


SORTED_LINK = "#results?sort=gelem-s&order=desc&filter=chunked%20f32"
SPEEDS = "[...document.querySelectorAll('#results tbody tr')].map((row) => [row.cells[1].textContent, row.cells[2].textContent, row.cells[7].textContent])"


@unittest.skipUnless(browser.find(), "chromium is not installed: the report was not opened in a browser")
@unittest.skipUnless(HAVE_MATPLOTLIB, "matplotlib is not installed for this python3")
class Browser(unittest.TestCase):
    """The same report as a reader sees it."""

    @classmethod
    def setUpClass(cls):
        cls.made = built()
        cls.folder, cls.page, cls.address = cls.made.folder, cls.made.page, "file://" + cls.made.file
        cls.shots = os.environ.get("SSMSCAN_SCREENSHOTS")
        cls.chromium = cls.enterClassContext(browser.Browser())

    def shot(self, name):
        if self.shots:
            os.makedirs(self.shots, exist_ok=True)
            self.chromium.screenshot(os.path.join(self.shots, name + ".png"))

    def head(self, table, key):
        return f"#{table} th[data-key='{key}'] button"

    def test_no_complaint_and_no_request_but_the_page(self):
        for width, dark in ((PHONE, True), (DESKTOP, False)):
            self.chromium.open(self.address, width, dark=dark)
            self.assertEqual(self.chromium.complaints(), [])
            self.assertEqual(set(self.chromium.requests()) - {"data:,"}, {self.address})
            self.shot(f"report-{width}-{'dark' if dark else 'light'}")

    def test_complaints_and_requests_would_be_seen(self):
        broken = os.path.join(self.folder, "broken.html")
        with open(broken, "w", encoding="utf-8") as file:
            file.write("<!DOCTYPE html><title>x</title><img src='other.png'><script>console.error('said'); nowhere();</script>")
        self.chromium.open("file://" + broken, DESKTOP)
        complaints = " ".join(self.chromium.complaints())
        self.assertIn("said", complaints)
        self.assertIn("nowhere", complaints)
        self.assertTrue(any(r.endswith("other.png") for r in self.chromium.requests()))

    def test_page_never_scrolls_sideways(self):
        for width in (320, PHONE, DESKTOP):
            self.chromium.open(self.address, width)
            self.chromium.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
            inner, scroll = self.chromium.evaluate("[innerWidth, document.documentElement.scrollWidth]")
            self.assertEqual(inner, width)
            self.assertLessEqual(scroll, width)
            wide, boxed = self.chromium.evaluate("(() => { const t = document.querySelector('#results'); return [t.scrollWidth, t.closest('.scroll').clientWidth]; })()")
            self.assertTrue(wide <= boxed or width < DESKTOP or boxed <= DESKTOP, "a wide table scrolls in its own box")

    def test_click_sorts(self):
        self.chromium.open(self.address, DESKTOP)
        before = self.chromium.evaluate(SPEEDS)
        self.chromium.click(self.head("results", "gelem-s"))
        after = self.chromium.evaluate(SPEEDS)
        self.assertEqual(sorted(after), sorted(before), "the same rows")
        speeds = [number(row[2]) for row in after[:-2]]
        self.assertEqual([row[2] for row in after[-2:]], ["–", "–"], "a row without a speed stays last")
        self.assertEqual(speeds, sorted(speeds, reverse=True))
        self.assertNotEqual(after, before)
        self.assertIn("sort=gelem-s", self.chromium.evaluate("location.hash"))
        self.shot("sorted")
        self.chromium.click(self.head("results", "gelem-s"))
        speeds = [number(row[2]) for row in self.chromium.evaluate(SPEEDS)[:-2]]
        self.assertEqual(speeds, sorted(speeds))
        self.assertEqual(self.chromium.evaluate("document.querySelector(\"#results th[data-key='gelem-s']\").ariaSort"), "ascending")
        # Powers of ten, NaN and infinity sort by value, not by spelling.
        self.chromium.click(self.head("accuracy", "error-u-s"))
        shown = self.chromium.evaluate("[...document.querySelectorAll('#accuracy tbody tr')].map((row) => row.cells[5].textContent)")
        values = [math.inf if text == "NaN" else number(text) for text in shown]
        self.assertEqual(values, sorted(values))
        self.assertGreater(values.count(math.inf), 0)
        self.assertEqual(self.chromium.complaints(), [])

    def test_a_link_keeps_sort_and_filter(self):
        self.chromium.open(self.address + SORTED_LINK, DESKTOP)
        rows = self.chromium.evaluate(SPEEDS)
        every = [r for r in self.page.rows("results") if "chunked" in r["Algorithm"] + r["Note"] and r["Operation"] == "affine.f32"]
        self.assertEqual(len(rows), len(every))
        self.assertEqual([number(r[2]) for r in rows], sorted((number(r["Gelem/s"]) for r in every), reverse=True))
        self.shot("link")
        self.chromium.open(self.address + "#results?sort=nothing&order=odd&filter=%3Cb%3E&x=1", DESKTOP)
        self.assertEqual(self.chromium.evaluate(SPEEDS + ".length"), 1, "only the failed row has <b> in its text")
        self.assertEqual(self.chromium.complaints(), [])

    def test_filter_as_typed(self):
        self.chromium.open(self.address, PHONE)
        self.chromium.click("#winners-section input")
        self.chromium.call("Input.insertText", text="F64 262,144")
        shown = self.chromium.evaluate("[...document.querySelectorAll('#winners tbody tr')].map((r) => [r.cells[0].textContent, r.cells[2].textContent])")
        self.assertEqual(shown, [["affine.f64", "262,144"]])
        self.assertEqual(self.chromium.evaluate("document.querySelector('#winners-section .filter span').textContent"), f"1 of {len(self.page.rows('winners'))} rows")

    def test_works_without_script(self):
        self.chromium.open(self.address, PHONE, script=False)
        count = self.chromium.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        rows = self.chromium.call("DOM.querySelectorAll", nodeId=count, selector="#results tbody tr")["nodeIds"]
        self.assertEqual(len(rows), len(medians()))
        self.assertEqual(self.chromium.call("DOM.querySelectorAll", nodeId=count, selector="th button, .filter")["nodeIds"], [])

    def test_print(self):
        self.chromium.open(self.address, DESKTOP)
        self.chromium.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        shown = "((s) => getComputedStyle(document.querySelector(s)).display)"
        self.assertEqual(self.chromium.evaluate(f"['nav', '.long', '.unprinted'].map({shown})"), ["none", "none", "block"])
        self.assertEqual(self.chromium.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--fig-1a1c1f').trim()"), "#1a1c1f", "ink is black on paper")
        self.chromium.call("Emulation.setEmulatedMedia", media="")


if __name__ == "__main__":
    program = unittest.main(exit=False)
    if not program.result.wasSuccessful():
        sys.exit(1)
    # Skipped is not passed: ctest reads 77 as "skipped" (SKIP_RETURN_CODE), and the reasons are printed by name.
    for test, reason in program.result.skipped:
        print(f"SKIPPED {test.id()}: {reason}", file=sys.stderr)
    sys.exit(EXIT_SKIPPED if program.result.skipped else 0)
