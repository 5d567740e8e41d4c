"""`ssmscan validate`: the table, the JSON, signals of three kinds, refusals."""
import gzip
import json
import re
import struct
import unittest

from program import ProgramTest

FAST = ["--algorithm", "sequential", "--algorithm", "blelloch", "--backend", "serial"]


class Validate(ProgramTest):
    def checked(self, *arguments):
        result = self.good("validate", "--json", "v.json", *arguments)
        report = json.loads(self.read("v.json"))
        checks = report["checks"]
        self.assertEqual(report["schema"], "ssmscan.validation/1")
        for status, key in [("pass", "passed"), ("fail", "failed"), ("skip", "skipped")]:
            self.assertEqual(sum(check["status"] == status for check in checks), report[key])
        self.assertEqual(report["failed"], 0)
        self.assertIn("%d passed, 0 failed, %d skipped" % (report["passed"], report["skipped"]), result.stdout)
        for check in checks:
            self.assertEqual(set(check), {"name", "algorithm", "backend", "dtype", "norm", "error", "bound", "ratio", "status", "reason"})
            if check["status"] == "pass":
                self.assertLessEqual(check["ratio"], 1)
            else:
                self.assertIn("spectral radius", check["reason"])
        # A row that passes by a promise, where what is derived is larger, says so behind its verdict.
        self.assertEqual(len(re.findall(r"(?m)  pass(?:: .+)?$", result.stdout)), report["passed"])
        self.assertRegex(result.stderr, r"^(validating: \d+ s\n)*$")  # a line every half minute
        return report

    def test_built_in_signal(self):
        report = self.checked(*FAST)
        self.assertGreaterEqual(report["passed"], 40)
        self.assertEqual({"sequential", "blelloch"} - {check["algorithm"] for check in report["checks"]}, set())
        for key in ("cpu", "compiler", "commit", "threads"):
            self.assertTrue(report["machine"][key], key)

    # What runs on no backend of the scans is called serial, or by its transforms' name.
    def test_only_this_backend(self):
        for backend, other in ("serial", "openmp"), ("openmp", "serial"):
            report = self.checked("--force", "--algorithm", "sequential", "--backend", backend)
            used = {check["backend"] for check in report["checks"] if check["name"].startswith("selective.")}
            self.assertEqual(used, {backend}, other)

    def test_signals_from_files(self):
        self.save("s.npy", "<f8", (2, 60), [((7 * k) % 11) / 11 for k in range(120)])
        self.checked(*FAST, "--signal", "s.npy")
        images = struct.pack(">BBBBIII", 0, 0, 8, 3, 3, 4, 5) + bytes((37 * k) % 256 for k in range(60))
        with open(self.path("images"), "wb") as file:
            file.write(images)
        self.checked("--force", *FAST, "--signal", "images")
        with gzip.open(self.path("images.gz"), "wb") as file:
            file.write(images)
        self.checked("--force", *FAST, "--signal", "images.gz")

    def test_refusals(self):
        self.bad(2, ["--signal: none: got", "need a readable file"], "validate", "--signal", "none")
        with open(self.path("text"), "w") as file:
            file.write("no signal")
        self.bad(2, ["--signal: text: got a file of another kind", "npy, IDX or gzipped IDX"], "validate", "--signal", "text")
        self.bad(2, ["--json: got text, which is already there", "--force"], "validate", "--json", "text")
        self.bad(2, ["--json: got none/v.json"], "validate", "--json", "none/v.json")
        self.save("nan.npy", "<f8", (3,), [1, float("nan"), 2])
        self.bad(2, ["--signal: nan.npy: got NaN"], "validate", "--signal", "nan.npy")
        self.save("huge.npy", "<f8", (3,), [1, -1e308, 2])
        self.bad(2, ["--signal: got a sample of -1e+308; need magnitudes up to 2^100"], "validate", "--signal", "huge.npy")


if __name__ == "__main__":
    unittest.main()
