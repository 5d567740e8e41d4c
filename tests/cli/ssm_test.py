"""`ssmscan kernel` and `ssmscan ssm run`: against formulas written here, modes against each other, and what is refused."""
import cmath
import itertools
import pathlib
import re
import unittest

from program import ProgramTest

STEP = 0.05
LAMBDA = [-0.5 + 3j, -1 + 0j, -0.25 + 20j]
B = [1, 0.5 - 1j, 2j]
C = [0.3 + 1j, -2, 0.7j]


def discrete(rule, l, h):
    v = h * l
    if rule == "zoh":
        return cmath.exp(v), (cmath.exp(v) - 1) / l
    if rule == "mamba":
        return cmath.exp(v), h
    alpha = {"forward_euler": 0, "bilinear": 0.5, "backward_euler": 1}.get(rule)
    if alpha is None:
        alpha = float(rule.split(":")[1])
    return (1 + (1 - alpha) * v) / (1 - alpha * v), h / (1 - alpha * v)


def kernel_of(rule, half, length):
    factor = 2 if half else 1
    taps = []
    for l in range(length):
        total = 0
        for pole, b, c in zip(LAMBDA, B, C):
            a, gain = discrete(rule, pole, STEP)
            total += c * gain * b * a**l
        taps.append(factor * total.real)
    return taps


# Full spectrum, rank 1, stepped by Gaussian elimination of the 3 x 3 system of the bilinear rule.
def dplr_kernel(p, length):
    n = len(LAMBDA)
    a = [[(LAMBDA[i] if i == k else 0) - p[i] * p[k].conjugate() for k in range(n)] for i in range(n)]

    def solve(right):
        rows = [[(1 if i == k else 0) - STEP / 2 * a[i][k] for k in range(n)] + [right[i]] for i in range(n)]
        for i in range(n):
            for k in range(i + 1, n):
                ratio = rows[k][i] / rows[i][i]
                rows[k] = [x - ratio * y for x, y in zip(rows[k], rows[i])]
        made = [0] * n
        for i in reversed(range(n)):
            made[i] = (rows[i][n] - sum(rows[i][k] * made[k] for k in range(i + 1, n))) / rows[i][i]
        return made

    x = solve([STEP * b for b in B])
    taps = []
    for _ in range(length):
        taps.append(sum(c * v for c, v in zip(C, x)).real)
        x = solve([x[i] + STEP / 2 * sum(a[i][k] * x[k] for k in range(n)) for i in range(n)])
    return taps


class Systems(ProgramTest):
    P = [0.5 + 0.1j, 1, 0.2j]

    def setUp(self):
        super().setUp()
        for name, values in (("L", LAMBDA), ("B", B), ("C", C), ("P", self.P)):
            self.save(name + ".npy", "<c16", (3,), [complex(v) for v in values])
        self.save("u.npy", "<f8", (40,), [((7 * i) % 11) / 5 - 1 for i in range(40)])
        self.common = ["--lambda", "L.npy", "--b", "B.npy", "--c", "C.npy", "--step", str(STEP)]

    def near(self, given, expected, tolerance=1e-12):
        self.assertEqual(len(given), len(expected))
        size = max(map(abs, expected))
        for x, y in zip(given, expected):
            self.assertLessEqual(abs(x - y), tolerance * size)


class Kernel(Systems):
    def test_diagonal_is_its_formula(self):
        for rule in ("zoh", "bilinear", "forward_euler", "backward_euler", "mamba", "generalized_bilinear:0.75"):
            for half in ([], ["--half"]):
                self.good("kernel", "diagonal", *self.common, *half, "--discretization", rule, "--length", "30", "--out", "K.npy", "--force")
                descr, shape, taps = self.load("K.npy")
                self.assertEqual((descr, shape), ("<f8", (30,)))
                self.near(taps, kernel_of(rule, half, 30))
        self.good("kernel", "diagonal", *self.common, "--length", "5", "--out", "default.npy")
        self.near(self.load("default.npy")[2], kernel_of("zoh", False, 5))

    def test_dplr_is_the_powers_of_its_matrix(self):
        for length in (1, 2, 17, 32):
            self.good("kernel", "dplr", *self.common, "--p", "P.npy", "--length", str(length), "--out", "K.npy", "--force")
            self.near(self.load("K.npy")[2], dplr_kernel(self.P, length), 1e-11)

    def test_dplr_half_is_the_full_one_written_short(self):
        for name in "LBCP":
            values = self.load(name + ".npy")[2]
            self.save(name + "2.npy", "<c16", (6,), values + [v.conjugate() for v in values])
        full = ["--lambda", "L2.npy", "--b", "B2.npy", "--c", "C2.npy", "--p", "P2.npy", "--step", str(STEP)]
        self.good("kernel", "dplr", *full, "--length", "50", "--out", "full.npy")
        self.good("kernel", "dplr", *self.common, "--p", "P.npy", "--half", "--length", "50", "--out", "half.npy")
        self.near(self.load("half.npy")[2], self.load("full.npy")[2], 1e-11)

    def test_rank_two_and_real_arrays(self):
        self.save("P2.npy", "<c16", (2, 3), [complex(v) for v in self.P + [0, 0, 0]])
        self.good("kernel", "dplr", *self.common, "--p", "P2.npy", "--length", "20", "--out", "K.npy")
        self.near(self.load("K.npy")[2], dplr_kernel(self.P, 20), 1e-11)
        self.save("r.npy", "<f8", (1,), [-1.0])
        self.save("one.npy", "<f8", (1,), [1.0])
        self.good("kernel", "diagonal", "--lambda", "r.npy", "--b", "one.npy", "--c", "one.npy", "--step", "0.5", "--length", "4", "--out", "R.npy")
        self.near(self.load("R.npy")[2], [(1 - cmath.exp(-0.5).real) * cmath.exp(-0.5 * l).real for l in range(4)])

    def test_refusals(self):
        kernel = ["kernel", "diagonal", *self.common]
        self.bad(2, ["kernel: command: got nothing; need one of dplr, diagonal"], "kernel")
        self.bad(2, ['command: got "dpr"; need one of dplr, diagonal (did you mean dplr?)'], "kernel", "dpr")
        self.bad(2, ["kernel diagonal: --length: got nothing"], *kernel, "--out", "K.npy")
        self.bad(2, ['--length: got "0"; need an integer from 1'], *kernel, "--length", "0", "--out", "K.npy")
        self.bad(2, ['--length: got "1.5"'], *kernel, "--length", "1.5", "--out", "K.npy")
        self.bad(2, ["--out: got nothing"], *kernel, "--length", "5")
        self.bad(2, ["--discretization: got euler; need zoh, bilinear"], *kernel, "--length", "5", "--out", "K.npy", "--discretization", "euler")
        self.bad(2, ["--out: got L.npy, which is already there; need a new name, or --force"], *kernel, "--length", "5", "--out", "L.npy")
        self.bad(2, ["--p: got nothing"], "kernel", "dplr", *self.common, "--length", "5", "--out", "K.npy")
        for step in ("0", "-1", "nan", "inf", "1e", "x"):
            arguments = [step if a == str(STEP) else a for a in kernel]
            self.bad(2, [f'--step: got "{step}"; need a'], *arguments, "--length", "5", "--out", "K.npy")
        self.save("P4.npy", "<c16", (4,), [1j] * 4)
        self.bad(2, ["--p: got shape (4,); need shape (3,) or (rank, 3), as --lambda"], "kernel", "dplr", *self.common, "--p", "P4.npy", "--length", "5", "--out", "K.npy")
        self.save("B.npy", "<c16", (2,), [1j, 1j])
        self.bad(2, ["--b: got 2 values; need 3, as many as lambda"], *kernel, "--length", "5", "--out", "K.npy")
        self.save("B.npy", "<f4", (3,), [1, 1, 1])
        self.bad(2, ["--b: B.npy: got type '<f4'; need one of <c16, <f8\n"], *kernel, "--length", "5", "--out", "K.npy")
        self.save("B.npy", "<c16", (3,), [1j, complex("nan"), 1j])
        self.bad(2, ["--b: got a value that is not finite at index 1"], *kernel, "--length", "5", "--out", "K.npy")
        self.save("B.npy", "<c16", (1, 3), [1j] * 3)
        self.bad(2, ["--b: got shape (1, 3); need shape (N,)"], *kernel, "--length", "5", "--out", "K.npy")
        self.save("B.npy", "<c16", (3,), [1j] * 3)
        self.save("L.npy", "<c16", (3,), [complex(-1), 0.5 + 1j, complex(-1)])
        self.bad(2, ["--lambda: got a positive real part at index 1, an unstable system; need no positive real part"], *kernel, "--length", "5", "--out", "K.npy")


class Run(Systems):
    def test_every_mode_is_the_convolution_with_the_formula(self):
        u = self.load("u.npy")[2]
        for half, low_rank in itertools.product(([], ["--half"]), ([], ["--p", "P.npy"])):
            if low_rank and half:
                self.good("kernel", "dplr", *self.common, *low_rank, *half, "--length", "40", "--out", "K.npy", "--force")
                taps = self.load("K.npy")[2]
            else:
                taps = dplr_kernel(self.P, 40) if low_rank else kernel_of("zoh", half, 40)
            expected = [sum(taps[k] * u[t - k] for k in range(t + 1)) + 0.5 * u[t] for t in range(40)]
            modes = [["--mode", "recurrence"], ["--mode", "convolution"], ["--mode", "scan"]]
            modes += [["--mode", "scan", "--algorithm", name] for name in ("sequential", "blelloch", "chunked", "look_back")]
            if not low_rank:
                modes += [["--mode", "scan", "--algorithm", "heisen"]]
            for mode, backend in itertools.product(modes, ("serial", "openmp")):
                self.good("ssm", "run", *self.common, *half, *low_rank, "--d", "0.5", "--input", "u.npy", *mode, "--backend", backend, "--out", "y.npy", "--force")
                descr, shape, y = self.load("y.npy")
                self.assertEqual((descr, shape), ("<f8", (40,)))
                self.near(y, expected, 1e-11)

    def test_rows_floats_and_other_rules(self):
        u = self.load("u.npy")[2]
        self.save("rows.npy", "<f4", (2, 20), u)
        for rule in ("zoh", "backward_euler", "bilinear"):
            for low_rank in ([], ["--p", "P.npy"]):
                made = []
                for mode in ("recurrence", "convolution", "scan"):
                    self.good("ssm", "run", *self.common, *low_rank, "--discretization", rule, "--input", "rows.npy", "--mode", mode, "--out", "y.npy", "--force")
                    descr, shape, y = self.load("y.npy")
                    self.assertEqual((descr, shape), ("<f4", (2, 20)))
                    made.append(y)
                self.near(made[1], made[0], 1e-5)
                self.near(made[2], made[0], 1e-5)
                if not low_rank:
                    taps = kernel_of(rule, False, 20)
                    self.near(made[0], [sum(taps[k] * u[20 * r + t - k] for k in range(t + 1)) for r in (0, 1) for t in range(20)], 1e-5)

    def test_refusals(self):
        run = ["ssm", "run", *self.common, "--input", "u.npy", "--out", "y.npy"]
        self.bad(2, ["ssm: command: got nothing; need one of run"], "ssm")
        self.bad(2, ["ssm run: --mode: got nothing; need recurrence, convolution or scan"], *run)
        self.bad(2, ['--mode: got "scna"; need one of recurrence, convolution, scan (did you mean scan?)'], *run, "--mode", "scna")
        self.bad(2, ["--algorithm: got blelloch with --mode recurrence; need --mode scan"], *run, "--mode", "recurrence", "--algorithm", "blelloch")
        self.bad(2, ['--algorithm: got "bleloch"; need one of automatic'], *run, "--mode", "scan", "--algorithm", "bleloch")
        self.bad(2, ["--algorithm: got heinsen for a state that is not diagonal; need one of sequential"], *run, "--p", "P.npy", "--mode", "scan", "--algorithm", "heinsen")
        self.bad(2, ['--backend: got "cuda"; need one of serial, openmp'], *run, "--mode", "scan", "--backend", "cuda")
        self.bad(2, ['--d: got "much"; need a finite number'], *run, "--mode", "scan", "--d", "much")
        self.bad(2, ["--input: got nothing"], "ssm", "run", *self.common, "--out", "y.npy", "--mode", "scan")
        for descr, shape, told in (("<c16", (2,), "got type '<c16'; need one of <f8, <f4\n"), 
                                   ("<f8", (1, 1, 2), "--input: got shape (1, 1, 2)"), ("<f8", (0,), "--input: got shape (0,)")):
            count = 1
            for size in shape:
                count *= size
            self.save("w.npy", descr, shape, [1] * count)
            self.bad(2, [told], *["w.npy" if a == "u.npy" else a for a in run], "--mode", "scan")

    def test_a_step_that_makes_growth_out_of_decay(self):
        self.save("L.npy", "<c16", (1,), [-3 + 0j])
        self.save("B.npy", "<c16", (1,), [1 + 0j])
        run = ["ssm", "run", "--lambda", "L.npy", "--b", "B.npy", "--c", "B.npy", "--input", "u.npy", "--mode", "scan",
               "--discretization", "forward_euler", "--out", "y.npy", "--step"]
        self.bad(2, ["--step: got 1 with forward_euler, a spectral radius of 2", "need a step and a rule"], *run, "1")
        self.good(*run, "0.5")  # 1 - 1.5


class Documents(Systems):
    def test_the_commands_of_the_page_on_layers(self):
        page = pathlib.Path(__file__).resolve().parents[2] / "docs" / "layers.md"
        commands = re.search(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)[1].splitlines()
        self.assertEqual([line.split()[:2] for line in commands], [["ssmscan", "kernel"], ["ssmscan", "ssm"], ["ssmscan", "ssm"]])
        for line in commands:
            self.good(*line.split()[1:])
        taps, y, z = (self.load(name + ".npy") for name in "Kyz")
        self.assertEqual([made[:2] for made in (taps, y, z)], [("<f8", (784,)), ("<f8", (40,)), ("<f8", (40,))])
        u = self.load("u.npy")[2]
        self.near(y[2], [sum(taps[2][k] * u[t - k] for k in range(t + 1)) for t in range(40)], 1e-11)


if __name__ == "__main__":
    unittest.main()
