"""The benchmark programs from outside: exit codes, and what stands in a result file."""
import argparse
import json
import os
import re
import subprocess
import tempfile
import unittest

ARGUMENTS = None
PUBLISHED_NAME = re.compile(
    r"(throughput|latency|accuracy)/((affine|semi_log)\.(f32|f64|c64|c128|u32)/[a-z][a-z0-9_]*(\.[a-z]+)?/(serial|openmp|cuda)"
    r"|affine\.(f16|bf16)/[a-z][a-z0-9_]*/cuda)"  # storage of 16 bits, on a device alone
    r"/lanes:\d+/time:\d+(/layout:time_major)?(/family:[\w-]+)?(/threads:\d+)?(/direction:reverse)?(/packed:\d+)?"
    r"(/state:\w+)?(/cache:cold)?(/inner:[\w.]+)?(/(real_time|manual_time)(_(mean|median|stddev|cv))?)?")
# What rounds: bench_accuracy has all of it (u32 is exact).
ROUNDING = {"affine.f32", "affine.f64", "affine.c64", "affine.c128", "semi_log.f32", "semi_log.f64"}
SHORT = ["--benchmark_min_time=0.001", "--benchmark_repetitions=2"]


def run(program, *flags):
    return subprocess.run([program, *flags], capture_output=True, text=True, timeout=300)


class Releases(unittest.TestCase):
    def setUp(self):
        if ARGUMENTS.build_type not in ("Release", "RelWithDebInfo"):
            self.skipTest("benchmarks refuse this build")
        self.folder = tempfile.TemporaryDirectory()
        self.out = os.path.join(self.folder.name, "results.json")

    def tearDown(self):
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def results(self):
        with open(self.out, encoding="utf-8") as file:
            return json.load(file)

    def check_records(self, program, pattern, *flags):
        done = run(program, *SHORT, *flags, f"--benchmark_filter={pattern}", f"--benchmark_out={self.out}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.listdir(self.folder.name), ["results.json"])
        results = self.results()
        context = results["context"]
        self.assertEqual(context["schema"], "ssmscan.bench/1")
        for key in ("cpu", "cores", "cpu_caches", "threads", "os", "compiler", "flags", "build_type", "simd_target",
                    "commit", "governor", "subnormals", "command"):
            self.assertTrue(context.get(key), key)
        self.assertIn(f"--benchmark_out={self.out}", context["command"])
        timed = [record for record in results["benchmarks"] if not record.get("error_occurred")]
        self.assertTrue(timed)
        for record in timed:
            self.assertRegex(record["name"], "^" + PUBLISHED_NAME.pattern + "$")
            if record.get("aggregate_name") in (None, "mean", "median"):
                self.assertGreater(record["real_time"], 0)
                self.assertGreater(record["bytes_per_element"], 0)
                if "/time:0/" not in record["name"]:
                    self.assertGreater(record["items_per_second"], 0)
                    self.assertGreater(record["share_of_triad"], 0)
        return timed

    def test_throughput_records(self):
        timed = self.check_records(ARGUMENTS.throughput, "/time:1024/", "--quick")
        algorithms = {record["name"].split("/")[2] for record in timed}
        self.assertLessEqual({"sequential", "hillis_steele", "blelloch", "chunked", "look_back", "automatic", "triad",
                              "copy", "std"}, algorithms)
        samples = [record for record in timed if record["run_type"] == "iteration"]
        self.assertEqual(len(samples) % 2, 0)  # raw samples are kept, two repetitions of each

    def test_latency_records_at_length_zero_too(self):
        timed = self.check_records(ARGUMENTS.latency, "/time:(0|1|16)/", "--quick")
        self.assertIn("loop", {record["name"].split("/")[2] for record in timed})
        # A call on nothing says nothing of the pace: the lengths after it are timed all the same.
        self.assertEqual({record["name"].split("/")[5] for record in timed}, {"time:0", "time:1", "time:16"})

    def test_accuracy_holds_every_type_and_operation_that_rounds_to_its_bound(self):
        done = run(ARGUMENTS.accuracy, "--benchmark_filter=/time:256/family:(mid|zeros)$", f"--benchmark_out={self.out}")
        self.assertEqual(done.returncode, 0, done.stderr)
        algorithms = {}
        for record in self.results()["benchmarks"]:
            if "/cuda/" in record["name"] and record.get("error_occurred"):
                self.assertTrue(record["error_message"].startswith("not run: cudaError"), record)  # no GPU here
                continue
            self.assertFalse(record.get("error_occurred"), record)
            _, kind, algorithm = record["name"].split("/")[:3]
            algorithms.setdefault(kind, set()).add(algorithm)
            if algorithm == "heinsen.plain":
                self.assertIn(record["label"], ("no bound", "not finite"))
                continue
            self.assertLessEqual(record["error_over_bound"], 1, record)
            self.assertGreater(record["error_over_us"], 0, record)  # 256 roundings of random data: none is exact
        self.assertEqual(set(algorithms), ROUNDING)
        trees = {"sequential", "hillis_steele", "blelloch", "chunked", "look_back"}
        for kind, found in algorithms.items():
            self.assertLessEqual(trees | ({"heinsen"} if kind.startswith("affine") else set()), found, kind)

    def test_every_registered_name_is_published(self):
        for program in (ARGUMENTS.throughput, ARGUMENTS.latency, ARGUMENTS.accuracy):
            for flags in ([], ["--quick"]):
                names = run(program, *flags, "--benchmark_list_tests").stdout.split()
                self.assertGreater(len(names), 20)
                self.assertEqual(len(names), len(set(names)))
                for name in names:
                    self.assertRegex(name, "^" + PUBLISHED_NAME.pattern + "$")
                if program != ARGUMENTS.accuracy:  # every type and operator of the call has a speed and a latency
                    self.assertLessEqual(ROUNDING - {"semi_log.f64"} | {"affine.u32"}, {name.split("/")[1] for name in names}, flags)

    def test_a_wrong_contender_has_no_speed_and_fails_the_process(self):
        done = run(ARGUMENTS.one_is_wrong, *SHORT, f"--benchmark_out={self.out}")
        self.assertEqual(done.returncode, 1, done.stderr)  # a wrong result weighs more than the run that failed beside it
        records = self.results()["benchmarks"]
        right = [r for r in records if "/right/" in r["name"]]
        wrong = [r for r in records if "/swapped/" in r["name"]]
        self.assertTrue(right and wrong)
        self.assertTrue(all(r["real_time"] > 0 for r in right if r.get("aggregate_name") in (None, "median")))
        for record in wrong:
            self.assertTrue(record["error_occurred"])
            self.assertRegex(record["error_message"], r"^wrong result: x\[0\]: got .*; need .* within ")
            self.assertEqual(record["real_time"], 0)
            self.assertNotIn("items_per_second", record)
            self.assertNotIn("share_of_triad", record)

    def test_a_run_that_throws_is_a_failure_of_the_run(self):
        done = run(ARGUMENTS.one_is_wrong, *SHORT, "--benchmark_filter=right|throws", f"--benchmark_out={self.out}")
        self.assertEqual(done.returncode, 3, done.stderr)
        thrown = [r for r in self.results()["benchmarks"] if "/throws/" in r["name"]]
        self.assertTrue(thrown)
        for record in thrown:
            self.assertEqual((record["error_occurred"], record["error_message"]), (True, "no memory, say"))

    def test_a_rule_is_a_labelled_skip(self):
        done = run(ARGUMENTS.one_is_wrong, *SHORT, "--max-seconds=1e-12", "--benchmark_filter=right",
                   f"--benchmark_out={self.out}")
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertTrue(all(r["error_message"].startswith("not run: ") for r in self.results()["benchmarks"]))

    def test_nothing_ran(self):
        done = run(ARGUMENTS.one_is_wrong, "--benchmark_filter=no_such_name", f"--benchmark_out={self.out}")
        self.assertEqual(done.returncode, 77)
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_bad_flags(self):
        for flag in ("--no_such_flag", "--benchmark_min_time=0.05s", "--benchmark_format=xml", "--max-seconds=-1",
                     "--max-seconds=soon", "--benchmark_out=/no/such/folder/results.json", "--benchmark_filter=lanes:(1",
                     "--benchmark_filter=-["):
            done = run(ARGUMENTS.one_is_wrong, flag)
            self.assertEqual(done.returncode, 2, flag)
            self.assertRegex(done.stderr.splitlines()[-1], r"^bench_one_is_wrong: [-\w]+: got .+; need .+$", flag)
        done = run(ARGUMENTS.one_is_wrong, "--no_such_flag")
        self.assertEqual(done.stderr, "bench_one_is_wrong: argument: got --no_such_flag; need --quick, --max-seconds=S or a flag "
                                      "of Google Benchmark's (--help shows all)\n")
        self.assertEqual(run(ARGUMENTS.one_is_wrong, "--benchmark_filter=(", "--benchmark_list_tests").returncode, 2)
        for word in ("chunked", "--max-seconds", "--quick=1"):
            self.assertIn(f"got {word}; need --quick, --max-seconds=S", run(ARGUMENTS.one_is_wrong, word).stderr)

    def test_help_shows_our_flags_theirs_and_the_exit_codes(self):
        for program in (ARGUMENTS.throughput, ARGUMENTS.latency, ARGUMENTS.accuracy, ARGUMENTS.one_is_wrong):
            done = run(program, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            name = os.path.basename(program)
            self.assertTrue(done.stdout.startswith(f"{name} [FLAG...]"), done.stdout)
            for said in ("--quick ", "--max-seconds=S ", "--benchmark_filter=", "Exit: 0 good, 1 a result was wrong, 2 bad flags, 3 "):
                self.assertIn(said, done.stdout)


    def test_short_calls_say_what_they_take(self):
        done = run(ARGUMENTS.short_calls, "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout.startswith("bench_short_calls [PART]: "), done.stdout)
        for words in (["no such shape"], ["--quick"], ["f32", "f64"]):
            done = run(ARGUMENTS.short_calls, *words)
            self.assertEqual(done.returncode, 2, words)
            self.assertRegex(done.stderr, r"^bench_short_calls: arguments: got .+; need .+\n$", words)

    def test_selective_forms_say_what_they_take(self):
        if not ARGUMENTS.selective_forms:
            self.skipTest("a build without CUDA")
        done = run(ARGUMENTS.selective_forms, "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout.startswith("bench_selective_forms [FLAG...]: "), done.stdout)
        for word in ("--quick", "--seed=", "--seed=0", "--count=x", "--shapes=1x2x3", "--shapes=1x2x3x65", "--shapes=1x65537x1x1",
                     "--shapes=1x64x2048x16,", "--shapes=1x64x999999x16", "--shapes=9999999x1x1x16", "--shapes=33554433x1x1x1"):
            done = run(ARGUMENTS.selective_forms, word)
            self.assertEqual(done.returncode, 2, word)
            self.assertRegex(done.stderr, r"^bench_selective_forms: arguments: got .+; need .+\n$", word)


class OtherBuilds(unittest.TestCase):
    def test_are_refused(self):
        if ARGUMENTS.build_type in ("Release", "RelWithDebInfo"):
            self.skipTest("this build may run (machine_test.cpp holds the rule)")
        done = run(ARGUMENTS.one_is_wrong)
        self.assertEqual(done.returncode, 3)
        self.assertIn("Release only", done.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for flag in ("--build-type", "--throughput", "--latency", "--accuracy", "--short-calls", "--one-is-wrong"):
        parser.add_argument(flag, required=True)
    parser.add_argument("--selective-forms", default="")
    ARGUMENTS, rest = parser.parse_known_args()
    unittest.main(argv=["programs_test.py", *rest])
