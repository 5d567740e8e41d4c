"""The report on the whole synthetic input: every number of every table against the input, and every figure."""

import json
import math
import os
import re
import tempfile
import unittest
import xml.etree.ElementTree

import synthetic
from page import number
from reports import built, medians, needs_matplotlib, run, small_results

LARGEST_REPORT = 5 * 1024 * 1024
EDGE = 4  # pixels at 200 to the inch: wider than the gap between two letters of a label, which a cut may fall into


def inked_edges(path):
    """Which edges of a figure something touches: it was drawn for a wider one."""
    import matplotlib.image

    pixels = matplotlib.image.imread(path)
    ink = abs(pixels - pixels[0, 0]).max(axis=2) > 0.02
    edges = {"left": ink[:, :EDGE], "right": ink[:, -EDGE:], "top": ink[:EDGE], "bottom": ink[-EDGE:]}
    return [edge for edge, strip in edges.items() if strip.any()]


@needs_matplotlib
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
        expected |= {f"{what}-gpu-affine-f32-lanes{n}" for what in ("throughput", "share") for n in ("1", "12288", "12288-layout-time-major")} | {"latency-gpu-affine-f32-lanes1"}
        expected |= {f"throughput-gpu-affine-f32-lanes512{layout}" for layout in ("", "-layout-time-major")}  # one length: by rank
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
            self.assertEqual(inked_edges(os.path.join(self.folder, "figures", slug + ".png")), [], f"{slug} is cut off")
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
            if record is None and row["Backend"] == "cuda":
                self.assertEqual((row["Gelem/s"], row["State"]), ("–", "not run: cudaErrorNoDevice: no CUDA-capable device is detected"))
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
        self.assertIn("2 measurements were left out by rule", said)

    def test_winners_are_the_greatest_rates(self):
        shapes = {}
        for name, record in medians().items():
            _, operation, algorithm, backend, lanes, length, *options = name.split("/")
            if record and name.startswith("throughput") and algorithm.split(".")[0] in synthetic.OURS:
                inner = [o for o in options if o.startswith("inner:")]
                problem = " ".join(o for o in options if o not in inner)
                where = "GPU" if backend == "cuda" else "CPU"
                shapes.setdefault((where, operation, lanes[6:], length[5:], problem), []).append((record["items_per_second"], " ".join([f"{algorithm}.{backend}"] + inner)))
        rows = self.page.rows("winners")
        self.assertEqual(len(rows), len(shapes))
        for row in rows:
            ranked = sorted(shapes[row["Where"], row["Type"], row["Lanes"].replace(",", ""), row["Length"].replace(",", ""), row["Options"]], reverse=True)
            self.assertEqual((row["Fastest"], row["Next"]), (ranked[0][1], ranked[1][1] if len(ranked) > 1 else "–"))
            self.assertTrue(math.isclose(number(row["Gelem/s"]), ranked[0][0] / 1e9, rel_tol=5e-4))
            # Repetitions spread from -4 % to +4 %: bands overlap where the rates differ by less than 1.04 / 0.96.
            if len(ranked) > 1:
                self.assertEqual(row["Lead"] == "equal", ranked[0][0] / ranked[1][0] <= 1.04 / 0.96, row)

    def test_shares_of_the_gpu_equal_the_input(self):
        expected = {}
        for name, record in medians().items():
            question, operation, algorithm, backend, lanes, length, *options = name.split("/")
            if record and question == "throughput" and backend == "cuda":
                expected.setdefault((operation, lanes[6:], length[5:], " ".join(options)), {})[algorithm] = record
        rows = self.page.rows("shares")
        self.assertEqual(len(rows), len(expected))
        for row in rows:
            records = expected[row["Type"], row["Lanes"].replace(",", ""), row["Length"].replace(",", ""), row["Options"]]
            self.assertTrue(math.isclose(number(row["Bound, µs"]), records["triad"]["real_time"] / 1e3, rel_tol=5e-4))
            for algorithm in synthetic.GPU_SHARE:
                if algorithm != "triad":
                    self.assertEqual(row[algorithm], f"{synthetic.GPU_SHARE[algorithm]:g}" if algorithm in records else "–")

    def test_latency_winners_take_the_least_time(self):
        calls = {}
        for name, record in medians().items():
            question, operation, algorithm, backend, lanes, length = name.split("/")[:6]
            if question == "latency" and algorithm in synthetic.OURS:
                calls.setdefault(("GPU" if backend == "cuda" else "CPU", length[5:]), []).append((record["real_time"], f"{algorithm}.{backend}"))
        rows = self.page.rows("latency-winners")
        self.assertEqual([(r["Where"], r["Length"].replace(",", "")) for r in rows], sorted(calls, key=lambda call: (call[0], int(call[1]))))
        self.assertEqual(rows[0]["Length"], "0", "a call on nothing takes part")
        for row in rows:
            least, who = min(calls[row["Where"], row["Length"].replace(",", "")])
            self.assertEqual(row["Fastest"], who)
            self.assertTrue(math.isclose(number(row["µs per call"]), least / 1e3, rel_tol=5e-4))
        self.assertEqual([r["Best other"] for r in rows if r["Length"] == "16"], ["loop.serial", "–"])

    def test_accuracy_table_equals_the_input(self):
        records = self.inputs["accuracy"]["benchmarks"]
        rows = self.page.rows("accuracy")
        self.assertEqual(len(rows), len(records))
        for row, record in zip(rows, records):
            algorithm, *rest = row["Algorithm"].split()
            self.assertIn("/".join(["", row["Operation"], algorithm, row["Backend"], "lanes:1", f"time:{row['Length'].replace(',', '')}", f"family:{row['Family']}", *rest, ""]), record["name"])
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
            on_gpu = {"look_back (GPU)"} if dtype == "f32" else set()
            self.assertEqual(set(rows[0]), {"Data family", *columns} | on_gpu)
            self.assertTrue(all(number(row[label]) == synthetic.GPU_ERROR for row in rows for label in on_gpu))
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
        best = max(((r["items_per_second"], n) for n, r in medians().items() if r and "/cuda/" not in n and re.match(r"throughput/affine.f32/(%s)[./].*/lanes:1/time:1048576$" % "|".join(synthetic.OURS), n)))
        self.assertIn("/chunked/openmp/", best[1])
        self.assertIn(f"Fastest, one lane of 2²⁰ floatchunked.openmp, {best[0] / 1e6:.3g} Melem/s", text)
        self.assertIn("Fastest, one lane of 2²⁸ float, GPUlook_back.cuda, 246 Gelem/s, 0.82 of the bound", text)
        self.assertIn("the best library, cub.cuda", text)
        self.assertIn("Most exact, floatlook_back (GPU), at most 0.75", text)
        self.assertIn("Validation12 passed, 0 failed, 1 skipped", text)
