"""Inputs that are missing, unreadable, failed or hostile."""

import json
import os
import tempfile
import unittest

import synthetic
from page import Page
from reports import needs_matplotlib, run, small_results

import results


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

    @needs_matplotlib
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

    @needs_matplotlib
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

    @needs_matplotlib
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

    @needs_matplotlib
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

    def test_where_results_were_written_is_not_told(self):
        self.assertEqual(results.command_told({"command": "bench_x --quick --benchmark_out=/some/folder/x.json --y"}), "bench_x --quick --y")
        self.assertEqual(results.command_told({}), "")

    @needs_matplotlib
    def test_figures_only_and_several_results(self):
        document = synthetic.results()
        parts = [dict(document, benchmarks=[r for r in document["benchmarks"] if r["name"].startswith(question)]) for question in ("throughput/affine.f32", "latency")]
        paths = [self.write(f"r{i}.json", part) for i, part in enumerate(parts)]
        code, _ = run("--results", paths[0], "--results", paths[1], "--out", self.folder, "--figures-only")
        self.assertEqual(code, 0)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "report.html")))
        made = os.listdir(os.path.join(self.folder, "figures"))
        self.assertTrue(any(f.startswith("throughput-") for f in made) and any(f.startswith("latency-") for f in made), made)
