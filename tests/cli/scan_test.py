"""`ssmscan scan`: files in, files out, against the definition as a loop; refusals; atomicity.

Data are small (Gaussian) integers with |a| <= 1, so that every sum and product is exact in every dtype, and algorithms whose
class is exact or reassociates must agree to the last bit. A reformulating one may err by 64 u S, S[t] = |a| S[t-1] + |b|, the
bar that the project sets for any data; variants (heinsen.plain) have no such bar and are only run.
"""
import collections
import itertools
import os
import random
import resource
import signal
import stat
import subprocess
import unittest

from program import PROGRAM, ProgramTest, count

DTYPES = ["<f4", "<f8", "<c8", "<c16", "<u4"]
NAME = {"<f4": "f32", "<f8": "f64", "<c8": "c64", "<c16": "c128", "<u4": "u32"}
ROUNDOFF = {"<f4": 2.0**-24, "<f8": 2.0**-53, "<c8": 2.0**-24, "<c16": 2.0**-53, "<u4": 0}


class Array:
    def __init__(self, shape, values):
        self.shape, self.values = tuple(shape), list(values)

    def at(self, index):  # NumPy's broadcasting: axes aligned at the last, a size of 1 repeats
        position = 0
        for size, i in zip(self.shape, index[len(index) - len(self.shape):]):
            position = position * size + (i if size != 1 else 0)
        return self.values[position]

    def put(self, index, value):
        position = 0
        for size, i in zip(self.shape, index):
            position = position * size + i
        self.values[position] = value


def draw(random_source, descr, shape, coefficients):
    if descr == "<u4":
        return Array(shape, [random_source.getrandbits(32) for _ in range(count(shape))])
    choices = [-1, 0, 1] if coefficients else list(range(-5, 6))
    if descr in ("<c8", "<c16"):
        unit = [0, 1, -1, 1j, -1j] if coefficients else [complex(p, q) for p in (-3, 0, 2) for q in (-1, 0, 4)]
        return Array(shape, [complex(random_source.choice(unit)) for _ in range(count(shape))])
    return Array(shape, [random_source.choice(choices) for _ in range(count(shape))])


# The definition. `starts`: where sequences begin, and the end. None: one sequence, without an axis of segments.
def loop(descr, a, b, whole, time_axis, initial, starts, reverse):
    segments = list(zip(starts, starts[1:])) if starts else [(0, whole[time_axis])]
    lanes = [range(n) for k, n in enumerate(whole) if k != time_axis]
    x, final = Array(whole, [0] * count(whole)), {}
    size = Array(whole, [0] * count(whole))
    for lane in itertools.product(*lanes):
        for s, (begin, end) in enumerate(segments):
            key = lane + ((s,) if starts else ())
            state, started, bound = (initial.at(key), True, abs(initial.at(key))) if initial else (0, False, 0)
            for t in (reversed(range(begin, end)) if reverse else range(begin, end)):
                index = lane[:time_axis] + (t,) + lane[time_axis:]
                state = a.at(index) * state + b.at(index) if started else b.at(index)
                bound = abs(a.at(index)) * bound + abs(b.at(index))
                started = True
                if descr == "<u4":
                    state %= 2**32
                x.put(index, state)
                size.put(index, bound)
            final[key] = state
    shape = tuple(n for k, n in enumerate(whole) if k != time_axis) + ((len(segments),) if starts else ())
    return x, Array(shape, [final[key] for key in itertools.product(*[range(n) for n in shape])]), size


class Scan(ProgramTest):
    def listed(self):
        return self.offers()

    def check(self, descr, result, x, final, size=None):
        kind, shape, values = self.load("x.npy")
        self.assertEqual((kind, shape), (descr, x.shape))
        if size is None:
            self.assertEqual(values, x.values)
        else:
            for got, expected, bound in zip(values, x.values, size.values):
                self.assertLessEqual(abs(got - expected), 64 * ROUNDOFF[descr] * bound)
        if final is not None:
            kind, shape, values = self.load("xT.npy")
            self.assertEqual((kind, shape), (descr, final.shape))
            if size is None:
                self.assertEqual(values, final.values)
        self.assertEqual((result.stdout, result.stderr), ("", ""))

    def one(self, descr, whole, layout, packing, states, reverse, more, a_shape=None, exact=True, seed=0):
        source = random.Random(repr((descr, whole, layout, packing, states, reverse, seed)))
        time_axis = len(whole) - 1 if layout == "lane_major" else max(len(whole) - 2, 0)
        time = whole[time_axis]
        a = draw(source, descr, whole if a_shape is None else a_shape, True)
        b = draw(source, descr, whole, False)
        arguments = ["scan", "--a", "a.npy", "--b", "b.npy", "--out", "x.npy", "--force", "--layout", layout, *more]
        self.save("a.npy", descr, a.shape, a.values)
        self.save("b.npy", descr, b.shape, b.values)
        starts = None
        if packing == "offsets":
            starts = [0, *sorted(source.randint(0, time) for _ in range(4)), time]  # empty ones among them
            self.save("o.npy", "<i8", (len(starts),), starts)
            arguments += ["--offsets", "o.npy"]
        elif packing == "reset":
            mask = [source.choice([0, 0, 0, 1, 255]) for _ in range(time)]
            self.save("r.npy", "|u1", (time,), mask)
            starts = [0, *[t for t in range(1, time) if mask[t]], time]
            arguments += ["--reset", "r.npy"]
        initial = None
        if states == "both":
            shape = tuple(n for k, n in enumerate(whole) if k != time_axis) + ((len(starts) - 1,) if starts else ())
            initial = draw(source, descr, shape, False)
            self.save("x0.npy", descr, shape, initial.values)
            arguments += ["--initial", "x0.npy", "--final", "xT.npy"]
        if reverse:
            arguments.append("--reverse")
        x, final, size = loop(descr, a, b, whole, time_axis, initial, starts, reverse)
        result = self.good(*arguments)
        if exact is not None:
            self.check(descr, result, x, final if states == "both" else None, None if exact else size)

    def test_every_algorithm_dtype_rank_layout_packing_and_direction(self):
        rows = [row for row in self.listed() if row["operation"] == "affine" and row["inner"] in ("", "sequential")]
        shapes = {1: (37,), 2: (3, 19), 3: (2, 3, 11)}
        grid = list(itertools.product((1, 2, 3), ("lane_major", "time_major"), (None, "offsets", "reset"), (False, True)))
        seen = collections.defaultdict(set)  # combinations of the grid, of each algorithm
        turn = collections.Counter()
        for row in rows:
            descr = next(d for d in DTYPES if NAME[d] == row["dtype"])
            exact = {"exact": True, "reassociates": True, "reformulates": False}[row["class"]]
            if "." in row["algorithm"]:
                exact = None
            more = ["--algorithm", row["algorithm"], "--backend", row["backend"]]
            # Each dtype and backend takes every sixth combination, the next the next: an algorithm's ten rows take all.
            first = turn[row["algorithm"]] % 6
            turn[row["algorithm"]] += 1
            for combination in grid[first::6]:
                rank, layout, packing, reverse = combination
                if packing and not row["packed"]:
                    continue
                with self.subTest(more=more, descr=descr, combination=combination):
                    self.one(descr, shapes[rank], layout, packing, "both", reverse, more, exact=exact)
                seen[row["algorithm"]].add(combination)
        for algorithm in ("sequential", "hillis_steele", "blelloch", "chunked", "look_back"):
            self.assertGreaterEqual(turn[algorithm], 10, algorithm)
            self.assertEqual(len(seen[algorithm]), len(grid), algorithm)

    def test_states_may_be_absent(self):
        for packing in (None, "offsets", "reset"):
            for reverse in (False, True):
                self.one("<f8", (2, 3, 11), "lane_major", packing, None, reverse, [])

    def test_lengths_that_need_many_tiles(self):
        for algorithm in ("blelloch", "chunked", "look_back", "hillis_steele"):
            self.one("<u4", (2, 3 * 4096 + 5), "lane_major", None, "both", False, ["--algorithm", algorithm, "--threads", "3"])

    def test_a_broadcasts_as_numpy_does(self):
        for a_shape in [(), (1,), (7,), (1, 7), (5, 1), (1, 1), (5, 7)]:
            for layout in ("lane_major", "time_major"):
                with self.subTest(a_shape=a_shape, layout=layout):
                    self.one("<f8", (5, 7), layout, None, "both", False, [], a_shape=a_shape)
        for a_shape in [(3, 1), (2, 1, 1), (1, 3, 7)]:
            self.one("<c16", (2, 3, 7), "lane_major", "offsets", "both", True, [], a_shape=a_shape)

    def test_no_time_and_no_lanes(self):
        for shape in [(0,), (3, 0), (0, 3), (2, 0, 3), (1,), (1, 1, 1)]:
            for layout in ("lane_major", "time_major"):
                self.one("<f4", shape, layout, None, "both", False, [])
                self.one("<f4", shape, layout, "reset", "both", True, [])

    def test_without_an_initial_state_the_first_a_is_not_read(self):
        self.save("a.npy", "<f8", (3,), [float("nan"), 2, 3])
        self.save("b.npy", "<f8", (3,), [1, 1, 1])
        self.good("scan", "--a", "a.npy", "--b", "b.npy", "--out", "x.npy")
        self.assertEqual(self.load("x.npy")[2], [1, 3, 10])

    def test_semi_log_is_the_same_recurrence(self):
        for descr in ("<f4", "<f8"):
            for reverse in (False, True):
                self.one(descr, (3, 50), "lane_major", "offsets", "both", reverse, ["--operator", "semi_log"], exact=False)

    def test_explain_says_what_ran_and_naming_it_gives_the_same_bits(self):
        self.save("a.npy", "<f8", (2, 50), [0.9 + k / 1e3 for k in range(100)])
        self.save("b.npy", "<f8", (2, 50), [k / 7 for k in range(100)])
        files = ["--a", "a.npy", "--b", "b.npy"]
        told = self.good("scan", *files, "--out", "x.npy", "--explain").stderr
        self.assertRegex(told, r"^ran \w+ on openmp \(tree [\w/]+\): .*lanes")
        self.good("scan", *files, "--out", "y.npy", "--algorithm", told.split()[1])
        self.assertEqual(self.read("x.npy"), self.read("y.npy"))

    def test_heinsen_takes_its_inner_algorithm_and_either_spelling(self):
        inners = sorted({row["inner"] for row in self.listed() if row["algorithm"] == "heinsen"})
        if not inners:
            self.skipTest("heinsen is not in this registry")
        for inner in inners:
            self.one("<f8", (2, 40), "lane_major", None, "both", False, ["--algorithm", "heisen", "--inner", inner], exact=False)
        self.bad(2, ['--inner: got "nothing"', *inners], "scan", "--a", "a.npy", "--b", "b.npy", "--out", "new.npy",
                 "--algorithm", "heinsen", "--inner", "nothing")


class Refused(ProgramTest):
    FILES = ["scan", "--a", "a.npy", "--b", "b.npy", "--out", "x.npy"]

    def setUp(self):
        super().setUp()
        self.save("a.npy", "<f8", (2, 3), [1] * 6)
        self.save("b.npy", "<f8", (2, 3), [1] * 6)

    def test_files_that_are_not_arrays(self):
        self.bad(2, ["--a: none.npy: got", "need a readable file"], "scan", "--a", "none.npy", "--b", "b.npy", "--out", "x.npy")
        self.bad(2, ["--a: .: got"], "scan", "--a", ".", "--b", "b.npy", "--out", "x.npy")
        whole = self.read("b.npy")
        for broken in [b"", b"text, not an array", whole[:8], whole[:40], whole[:-1], whole + b"x", whole.replace(b"<f8", b">f8"),
                       whole.replace(b"<f8", b"<f2"), whole.replace(b"False", b"True ")]:
            with open(self.path("broken.npy"), "wb") as file:
                file.write(broken)
            self.bad(2, ["--b: broken.npy: got", "; need"], "scan", "--a", "a.npy", "--b", "broken.npy", "--out", "x.npy")

    def test_types(self):
        self.save("f4.npy", "<f4", (2, 3), [1] * 6)
        self.save("c8.npy", "<c8", (2, 3), [1j] * 6)
        self.bad(2, ["--b: f4.npy: got type '<f4'; need <f8, the type of --a\n"], "scan", "--a", "a.npy", "--b", "f4.npy", "--out", "x.npy")
        for descr in ("<i8", "<i4"):  # one that other arguments take, and one that none does
            self.save("i.npy", descr, (2, 3), [1] * 6)
            self.bad(2, [f"--a: i.npy: got type '{descr}'; need one of <f4, <f8, <c8, <c16, <u4\n"], "scan", "--a", "i.npy", "--b", "i.npy", "--out", "x.npy")
        self.bad(2, ["--operator: got semi_log for <c8; need"], "scan", "--a", "c8.npy", "--b", "c8.npy", "--out", "x.npy",
                 "--operator", "semi_log")

    def test_shapes(self):
        self.save("a.npy", "<f8", (2, 4), [1] * 8)
        self.bad(2, ["--a: got shape (2, 4) against --b's (2, 3); need"], *self.FILES)
        self.save("a.npy", "<f8", (1, 1, 2, 3), [1] * 6)
        self.bad(2, ["--a: got 4 axes; need 1 to 3"], *self.FILES)
        self.save("a.npy", "<f8", (), [1])
        self.save("b.npy", "<f8", (), [1])
        self.bad(2, ["--b: got 0 axes; need 1 to 3"], *self.FILES)

    def test_states(self):
        self.save("x0.npy", "<f8", (3,), [1] * 3)
        self.bad(2, ["--initial: got shape (3,); need shape (2,)"], *self.FILES, "--initial", "x0.npy")
        self.save("o.npy", "<i8", (3,), [0, 1, 3])
        self.bad(2, ["--initial: got shape (3,); need shape (2, 2)"], *self.FILES, "--initial", "x0.npy", "--offsets", "o.npy")
        self.save("x0.npy", "<f4", (2,), [1] * 2)
        self.bad(2, ["--initial: x0.npy: got type '<f4'; need <f8, the type of --a\n"], *self.FILES, "--initial", "x0.npy")

    def test_packing(self):
        for values, told in [([0, 2], "got last = 2; need last = time = 3"), ([1, 3], "got first = 1; need first = 0"),
                             ([0, 2, 1, 3], "got 2 then 1 at position 2; need ascending"), ([-1, 3], "first = -1")]:
            self.save("o.npy", "<i8", (len(values),), values)
            self.bad(2, ["--offsets: ", told], *self.FILES, "--offsets", "o.npy")
        self.save("o.npy", "<i8", (0,), [])
        self.bad(2, ["--offsets: got shape (0,)"], *self.FILES, "--offsets", "o.npy")
        for descr in ("<u4", "<i4"):
            self.save("o.npy", descr, (2,), [0, 3])
            self.bad(2, [f"--offsets: o.npy: got type '{descr}'; need <i8\n"], *self.FILES, "--offsets", "o.npy")
            self.bad(2, [f"--reset: o.npy: got type '{descr}'; need |u1\n"], *self.FILES, "--reset", "o.npy")
        self.save("r.npy", "|u1", (2,), [0, 1])
        self.bad(2, ["--reset: got shape (2,); need shape (3,)"], *self.FILES, "--reset", "r.npy")

    def test_nothing_is_overwritten_unasked(self):
        with open(self.path("x.npy"), "w") as file:
            file.write("precious")
        self.bad(2, ["--out: got x.npy, which is already there; need a new name, or --force"], *self.FILES)
        self.bad(2, ["--final: got x.npy"], "scan", "--a", "a.npy", "--b", "b.npy", "--out", "y.npy", "--final", "x.npy")
        self.bad(2, ["--final: got", "--out too"], "scan", "--a", "a.npy", "--b", "b.npy", "--out", "y.npy", "--final", "./y.npy")
        self.good(*self.FILES, "--force")
        self.assertEqual(self.load("x.npy")[2], [1, 2, 3, 1, 2, 3])
        self.good("scan", "--a", "a.npy", "--b", "b.npy", "--out", "b.npy", "--force")  # onto an input
        self.assertEqual(self.load("b.npy")[2], [1, 2, 3, 1, 2, 3])

    def test_places_that_cannot_be_written(self):
        os.mkdir(self.path("folder"))
        files = ["scan", "--a", "a.npy", "--b", "b.npy", "--out"]
        self.bad(2, ["--out: got folder, a folder"], *files, "folder")
        self.bad(2, ["--out: got -; need the name of a file (./- for one that is called -)"], *files, "-")
        self.bad(2, ["--final: got -; need the name of a file"], *files, "y.npy", "--final", "-")
        os.mkfifo(self.path("pipe"))
        self.bad(2, ["--out: got pipe, a device, pipe or socket"], *files, "pipe", "--force")
        self.bad(2, ["--out: got none/x.npy, in a folder that is not there"], *files, "none/x.npy")
        os.symlink("nowhere", self.path("link.npy"))
        self.bad(2, ["--out: got link.npy, which is already there"], *files, "link.npy")

    # The output cannot be written although all looked well: exit 3, and neither file is there.
    def test_a_failing_write_leaves_nothing(self):
        n = 100000  # 800 kB
        self.save("a.npy", "<f8", (n,), [0.5] * n)
        self.save("b.npy", "<f8", (n,), [1] * n)
        self.save("x0.npy", "<f8", (), [1])
        names = self.files()

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (600000, 600000))  # ThreadSanitizer writes a file of 512 kB when it starts

        result = subprocess.run([PROGRAM, *self.FILES, "--final", "xT.npy"], cwd=self.folder, capture_output=True, text=True,
                                preexec_fn=small_files, timeout=60)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1)
        self.assertIn("x.npy", result.stderr)
        self.assertEqual(self.files(), names)

    def test_files_have_the_usual_rights(self):
        self.good(*self.FILES)
        umask = os.umask(0)
        os.umask(umask)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("x.npy")).st_mode), 0o666 & ~umask)


if __name__ == "__main__":
    unittest.main()
