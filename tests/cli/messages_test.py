"""Help, version, info, list; and every class of error: its exit code and its one line."""
import json
import re
import unittest

from program import ProgramTest

COMMANDS = ["info", "kernel", "list", "mamba", "scan", "selective", "ssm", "validate"]


class Told(ProgramTest):
    def test_help_shows_three_examples_of_each_command(self):
        for command in COMMANDS:
            result = self.good(command, "--help")
            self.assertEqual(result.stderr, "")
            examples = result.stdout.split("Examples:")[1]
            self.assertEqual(len(re.findall(r"^ +(?:\w+=\w+ )?ssmscan %s" % command, examples, re.M)), 3, examples)
        whole = self.good("--help").stdout
        for command in COMMANDS:
            self.assertRegex(whole, r"(?m)^ +%s " % command)
        for code in ["0 good", "1 a verification failed", "2 usage or bad input", "77 skipped"]:
            self.assertIn(code, whole)

    def test_options_of_the_documented_interface_exist(self):
        text = self.good("scan", "--help").stdout
        for option in ("a b out initial final offsets reset algorithm inner operator backend reverse layout force explain threads").split():
            self.assertRegex(text, r"--%s\b" % option)

    def test_version(self):
        lines = self.good("--version").stdout.splitlines()
        self.assertRegex(lines[0], r"^ssmscan \d+\.\d+\.\d+$")
        self.assertEqual([line.split()[0] for line in lines[1:]], ["commit", "compiler", "flags"])
        self.assertNotIn("/", "".join(lines))  # no path of the machine it was built on

    def test_info(self):
        facts = dict(re.match(r"(\w+): +(.*)", line).groups() for line in self.good("info").stdout.splitlines())
        for key in ("ssmscan commit compiler flags os cpu cores cpu_caches memory instruction_sets subnormals backends threads "
                    "algorithms fft libraries").split():
            self.assertTrue(key in facts and (facts[key] or key == "flags"), key)
        self.assertEqual(facts["backends"], "serial, openmp" + (", cuda" if "cuda" in facts else ""))
        self.assertEqual(facts["subnormals"], "kept (FTZ and DAZ off)")
        one = self.good("info", environment={"OMP_NUM_THREADS": "3"}).stdout
        self.assertRegex(one, r"(?m)^threads: +3$")

    def test_list(self):
        listed = json.loads(self.good("list", "--json").stdout)
        self.assertEqual(listed["schema"], "ssmscan.list/1")
        rows = listed["capabilities"]
        names = {row["algorithm"] for row in rows}
        self.assertLessEqual({"sequential", "hillis_steele", "blelloch", "chunked", "look_back"}, names)
        for name in names:
            backends = {row["backend"] for row in rows if row["algorithm"] == name}
            self.assertIn(backends - {"cuda"}, ({"serial", "openmp"}, set()), name)  # some forms are the GPU's alone
        self.assertIn({row["backend"] for row in rows}, ({"serial", "openmp"}, {"serial", "openmp", "cuda"}))
        self.assertEqual({row["dtype"] for row in rows if row["algorithm"] == "sequential"}, {"f32", "f64", "c64", "c128", "u32"})
        n = listed["time"]
        sequential = next(row for row in rows if row["algorithm"] == "sequential" and row["dtype"] == "f64")
        self.assertEqual((sequential["work"], sequential["span"]), (n - 1, n - 1))
        self.assertEqual(sequential["bytes_per_element"], 3 * 8)  # read a, read b, write x
        for row in rows:  # look_back's, by what a, b and x are stored in
            if row["algorithm"] == "look_back" and row["backend"] in ("serial", "cuda"):
                size = {"bf16": 2, "f16": 2, "f32": 4, "u32": 4, "f64": 8, "c64": 8, "c128": 16}[row["dtype"]]
                self.assertEqual(row["bytes_per_element"], 3 * size, row)
        table = self.good("list").stdout
        for name in names:
            self.assertRegex(table, r"(?m)^\| %s +\|" % re.escape(name))
        self.assertIn("f32 f64 c64 c128 u32", table)

    def test_list_and_info_of_one_backend(self):
        rows = json.loads(self.good("list", "--json").stdout)["capabilities"]
        for backend in sorted({row["backend"] for row in rows}):  # cuda's rows need no GPU
            own = json.loads(self.good("list", "--json", "--backend", backend).stdout)["capabilities"]
            self.assertEqual(own, [row for row in rows if row["backend"] == backend])
            self.assertEqual({line.split("|")[3].strip() for line in self.good("list", "--backend", backend).stdout.split("\n\n")[0].splitlines()[2:]}, {backend})
        facts = self.good("info").stdout
        self.assertEqual(self.good("info", "--backend", "serial").stdout, facts)
        if self.gpu_here() is not None:
            result = self.run_program("info", "--backend", "cuda")
            self.assertEqual((result.stdout, result.returncode), (facts, 0 if self.gpu_here() else 77))
            self.assertEqual(result.stderr.count("\n"), 0 if self.gpu_here() else 1)
        for command in ("list", "info"):
            self.bad(2, ['--backend: got "openmpi"', "serial, openmp", "did you mean openmp?"], command, "--backend", "openmpi")


class Refused(ProgramTest):
    def test_usage(self):
        self.bad(2, ["command", "got nothing", "need one of info, list, scan, kernel, ssm, selective, mamba, validate"])
        self.bad(2, ['got "lst"', "need one of info, list, scan, kernel, ssm, selective, mamba, validate", "did you mean list?"], "lst")
        self.bad(2, ['got "--verison"', "did you mean --version?"], "--verison")
        self.bad(2, ['got "--jsn"', "--json", "did you mean --json?"], "list", "--jsn")
        self.bad(2, ['ssmscan info: argument: got "more"; need none\n'], "info", "more")
        self.bad(2, ['ssmscan scan: argument: got "extra"; need none\n'], "scan", "extra")
        self.assertNotIn("did you mean", self.bad(2, ['option: got "--bogus"; need one of --help, --a'], "scan", "--bogus"))
        self.bad(2, ['ssmscan info: option: got "--more"; need one of --help, --backend\n'], "info", "--more")
        for command in (["scan"], ["kernel", "dplr"], ["info"]):  # before a command, so the program's own
            self.bad(2, ['ssmscan: option: got "--frobnicate"; need one of --help, --version\n'], "--frobnicate", *command)
        self.bad(2, ['ssmscan kernel: option: got "--frobnicate"; need'], "kernel", "--frobnicate", "dplr")
        self.bad(2, ['got "--algoritm=blelloch"', "did you mean --algorithm?"], "scan", "--algoritm=blelloch")
        self.bad(2, ["--a"], "scan", "--a")  # a value is missing
        self.bad(2, ["--out"], "scan", "--out", "x.npy", "--out", "y.npy")
        self.bad(2, ["list"], "info", "list")

    def test_missing_arguments(self):
        self.bad(2, ["--a: got nothing", "need"], "scan")
        self.bad(2, ["--b: got nothing", "need"], "scan", "--a", "a.npy")
        self.bad(2, ["--out: got nothing", "need"], "scan", "--a", "a.npy", "--b", "b.npy")

    def test_names(self):
        files = ["--a", "a.npy", "--b", "b.npy", "--out", "x.npy"]
        self.bad(2, ['--algorithm: got "belloch"', "automatic, sequential", "did you mean blelloch?"], "scan", *files, "--algorithm", "belloch")
        self.bad(2, ['--backend: got "openmpi"', "serial, openmp", "did you mean openmp?"], "scan", *files, "--backend", "openmpi")
        self.bad(2, ['--operator: got "log"', "affine, semi_log"], "scan", *files, "--operator", "log")
        self.bad(2, ['--layout: got "time-major"', "did you mean time_major?"], "scan", *files, "--layout", "time-major")
        self.bad(2, ['--inner: got "blelloch"', "none"], "scan", *files, "--inner", "blelloch", "--algorithm", "chunked")
        self.bad(2, ["--offsets, --reset: got both"], "scan", *files, "--offsets", "o.npy", "--reset", "r.npy")
        self.bad(2, ['--algorithm: got "x"'], "validate", "--algorithm", "x")

    def test_a_gpu_that_is_not_there(self):
        self.save("a.npy", "<f4", (3,), [1, 1, 1])
        scan = ["scan", "--a", "a.npy", "--b", "a.npy", "--out", "x.npy", "--backend", "cuda"]
        selective = ["selective", "--out", "x.npy", "--backend", "cuda"]
        for name in ("u", "delta", "A", "B", "C"):
            selective += ["--" + name, "a.npy"]
        logits = ["mamba", "logits", "--model", "absent", "--ids", "a.npy", "--out", "x.npy", "--backend", "cuda"]
        generate = ["mamba", "generate", "--model", "absent", "--ids", "a.npy", "--backend", "cuda"]
        for command in (scan, selective, ["validate", "--backend", "cuda"], logits, generate):
            if self.gpu_here() is None:
                self.bad(2, ['--backend: got "cuda"; need one of serial, openmp: this build is without CUDA'], *command)
                continue
            result = self.run_program(*command, environment={"CUDA_VISIBLE_DEVICES": ""})  # hides them all
            self.assertEqual(result.returncode, 77, result.stderr)
            self.assertRegex(result.stderr, r"^ssmscan [\w ]+: --backend cuda: skipped, cudaError\w+: .*; .*nvidia-smi.*\n$")
            self.assertEqual((result.stdout, self.files()), ("", ["a.npy"]))

    def test_numbers_are_whole_tokens(self):
        files = ["--a", "a.npy", "--b", "b.npy", "--out", "x.npy"]
        for text in ["4x", "1.5", " 2", "2 ", "+2", "0x2", "99999999999999999999", "5000"]:
            self.bad(2, ['--threads: got "%s"' % text, "integer from 0 to 4096"], "scan", *files, "--threads", text)
        self.bad(2, ["--threads"], "scan", *files, "--threads", "-1")

    def test_threads_are_for_openmp(self):
        files = ["--a", "a.npy", "--b", "b.npy", "--out", "x.npy"]
        self.bad(2, ["--threads: got 7 with --backend serial; need --backend openmp, or no --threads"],
                 "scan", *files, "--backend", "serial", "--threads", "7")

    def test_a_full_disk_is_a_run_time_failure(self):
        with open("/dev/full", "w") as full:
            result = self.run_program("list", stdout=full)
        self.assertEqual(result.returncode, 3)
        self.assertEqual(result.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
