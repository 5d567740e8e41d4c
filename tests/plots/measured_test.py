"""What the documents keep of a ./compare: no number for what has none, and the command that made them."""

import json
import os
import tempfile
import unittest

import reports  # noqa: F401  (where plots/ is)
import measured
import results
import synthetic


def kept(accuracy, command="build/bench/bench_throughput --quick"):
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for document in (synthetic.results(), accuracy):
            path = os.path.join(folder, "in.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(dict(document, context=dict(document["context"], command=command)), file)
            made.append(results.load_benchmarks(path))
    return measured.kept_of(*made)


class Measured(unittest.TestCase):
    def setUp(self):
        self.accuracy = synthetic.accuracy()
        for record in self.accuracy["benchmarks"]:
            if "/heinsen.plain/" in record["name"]:  # as bench_accuracy writes it: no bound, and no error where it is NaN
                for key in ("error_over_bound", "bound_over_us"):
                    del record[key]
                record["label"] = "no bound"
                if record["error_over_us"] != record["error_over_us"]:
                    del record["error_over_us"]
                    record["label"] = "not finite"

    def test_an_algorithm_without_a_bound_has_no_share_of_it(self):
        lines = measured.error_lines(kept(self.accuracy), ["heinsen.plain", "chunked"])
        for line, dtype in zip(lines, ("float", "double")):
            worst = max(synthetic.accuracy_of("heinsen.plain", f, max(synthetic.LENGTHS)) for f in measured.LIKE_MODELS if f != "zeros")
            self.assertEqual(line, f"- heinsen.plain, {dtype}, up to 2²⁰ steps: error at most {measured.answers.spelled(float('%.2g' % worst), 2)} u S "
                                   "on data like a model's, but not finite on zeros from 2¹⁰ steps on, and no bound.")
        self.assertEqual(len(lines), 4)
        self.assertTrue(all(line.endswith("at most 0.5 of its bound on any family.") for line in lines[2:]), lines)

    def test_the_report_counts_it_as_the_worst(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "accuracy.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(self.accuracy, file)
            (float_, *_) = measured.answers.exactness(results.load_benchmarks(path).measurements)
        self.assertEqual(float_.by_family["zeros", "heinsen.plain"], float("inf"))

    def test_the_command_is_the_one_that_ran(self):
        for flags, said in (("--quick", "./compare --quick"), ("", "./compare"), ("--max-seconds=30 --benchmark_repetitions=5", "./compare --full")):
            self.assertIn(f"by `{said}`;", measured.where(kept(self.accuracy, f"build/bench/bench_throughput {flags}")))

    def test_errors_up_to_the_longest(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "errors.json")
            document = dict(self.accuracy, context=dict(self.accuracy["context"], command=f"bench_accuracy --benchmark_filter={measured.measured_errors.FILTER}"))
            with open(path, "w", encoding="utf-8") as file:
                json.dump(document, file)
            source = results.load_benchmarks(path)
        self.assertTrue(measured.measured_errors.is_filtered(source.context))
        self.assertFalse(measured.measured_errors.is_filtered(self.accuracy["context"]))  # of another command: the page would lie
        rows = {line.split(" | ")[0].strip("| "): line for line in measured.measured_errors.families(measured.measured_errors.kept_of(source))}
        two_digits = [measured.answers.spelled(float("%.2g" % synthetic.accuracy_of("heinsen", "growth", n)), 2) for n in synthetic.LENGTHS]
        self.assertIn(f"| growth | {' / '.join(two_digits)} |", rows["growth"])
        self.assertIn("| " + " / ".join(["NaN"] * len(synthetic.LENGTHS)) + " |", rows["zeros"])


if __name__ == "__main__":
    unittest.main()
