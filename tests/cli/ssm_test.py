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


def kernel_of(rule, half, length, step=STEP):
    factor = 2 if half else 1
    taps = []
    for l in range(length):
        total = 0
        for pole, b, c in zip(LAMBDA, B, C):
            a, gain = discrete(rule, pole, step)
            total += c * gain * b * a**l
        taps.append(factor * total.real)
    return taps


def both_halves(values):
    return values + [complex(v).conjugate() for v in values]


# M^-1 R by Gaussian elimination: no pivoting, M is the identity and little more.
def solve(m, right):
    n, rows = len(m), [[*left, *given] for left, given in zip(m, right)]
    for i in range(n):
        for k in range(n):
            if k != i:
                ratio = rows[k][i] / rows[i][i]
                rows[k] = [x - ratio * y for x, y in zip(rows[k], rows[i])]
    return [[x / rows[i][i] for x in rows[i][n:]] for i in range(n)]


# A = diag(lambda) - p p^*, of a half spectrum over both halves, stepped by (1 - alpha h A)^-1 (1 + (1 - alpha) h A) and (1 - alpha h A)^-1
# h b; or, alpha None, by zero-order hold: exp(h [A b; 0 0]), whose series has left the doubles after 30 terms.
def dplr_kernel(p, length, half=False, step=STEP, alpha=0.5):
    poles, p, b, c = map(both_halves, (LAMBDA, p, B, C)) if half else (LAMBDA, p, B, C)
    n = len(poles)
    drift = [[step * ((poles[i] if i == k else 0) - p[i] * complex(p[k]).conjugate()) for k in range(n)] for i in range(n)]
    if alpha is None:
        m = [[*row, step * b[i]] for i, row in enumerate(drift)] + [[0] * (n + 1)]
        term = [[int(i == k) for k in range(n + 1)] for i in range(n + 1)]
        stepped = term
        for j in range(1, 31):
            term = [[sum(x * y for x, y in zip(row, column)) / j for column in zip(*m)] for row in term]
            stepped = [[x + y for x, y in zip(*rows)] for rows in zip(stepped, term)]
        stepped = stepped[:n]
    else:
        implicit = [[int(i == k) - alpha * drift[i][k] for k in range(n)] for i in range(n)]
        stepped = solve(implicit, [[int(i == k) + (1 - alpha) * drift[i][k] for k in range(n)] + [step * b[i]] for i in range(n)])
    x, taps = [row[n] for row in stepped], []
    for _ in range(length):
        taps.append(complex(sum(u * v for u, v in zip(c, x))).real)
        x = [sum(u * v for u, v in zip(row, x)) for row in stepped]
    return taps


# y[t] = sum_k taps[k] u[t-k] + d u[t] of each row of `length` samples.
def convolved(taps, u, length, d=0):
    return [sum(taps[k] * u[r + t - k] for k in range(t + 1)) + d * u[r + t] for r in range(0, len(u), length) for t in range(length)]


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
            step = 0.001 if rule == "forward_euler" else STEP  # |1 + step lambda| < 1 up to 0.00125
            common = [str(step) if a == str(STEP) else a for a in self.common]
            for half in ([], ["--half"]):
                self.good("kernel", "diagonal", *common, *half, "--discretization", rule, "--length", "30", "--out", "K.npy", "--force")
                descr, shape, taps = self.load("K.npy")
                self.assertEqual((descr, shape), ("<f8", (30,)))
                self.near(taps, kernel_of(rule, half, 30, step))
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
        for name in ("full.npy", "half.npy"):
            self.near(self.load(name)[2], dplr_kernel(self.P, 50, half=True), 1e-11)

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
        arguments = ["1e-300" if a == str(STEP) else a for a in ["kernel", "dplr", *self.common, "--p", "P.npy", "--half"]]
        self.bad(2, ["kernel dplr: --step: got 1e-300, with |"], *arguments, "--length", "5", "--out", "K.npy")
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
            taps = dplr_kernel(self.P, 40, bool(half)) if low_rank else kernel_of("zoh", half, 40)
            expected = convolved(taps, u, 40, 0.5)
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
        for rule, alpha in (("zoh", None), ("backward_euler", 1), ("bilinear", 0.5), ("generalized_bilinear:0.75", 0.75)):
            for low_rank in ([], ["--p", "P.npy"]):
                taps = dplr_kernel(self.P, 20, alpha=alpha) if low_rank else kernel_of(rule, False, 20)
                for mode in ("recurrence", "convolution", "scan"):
                    self.good("ssm", "run", *self.common, *low_rank, "--discretization", rule, "--input", "rows.npy", "--mode", mode, "--out", "y.npy", "--force")
                    descr, shape, y = self.load("y.npy")
                    self.assertEqual((descr, shape), ("<f4", (2, 20)))
                    self.near(y, convolved(taps, u, 20), 1e-5)

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
        kernel = ["kernel", "diagonal", "--lambda", "L.npy", "--b", "B.npy", "--c", "B.npy", "--length", "1000",
                  "--discretization", "forward_euler", "--out", "K.npy", "--step"]
        self.bad(2, ["kernel diagonal: --step: got 1 with forward_euler, a spectral radius of 2", "need a step and a rule"], *kernel, "1")
        self.good(*kernel, "0.5")


class Documents(Systems):
    def test_the_commands_of_the_page_on_layers(self):
        page = pathlib.Path(__file__).resolve().parents[2] / "docs" / "layers.md"
        commands = re.search(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)[1].splitlines()
        self.assertEqual([line.split()[:2] for line in commands], [["ssmscan", "kernel"], ["ssmscan", "ssm"], ["ssmscan", "ssm"]])
        for line in commands:
            self.good(*line.split()[1:])
        made = [self.load(name + ".npy") for name in "Kyz"]
        self.assertEqual([of[:2] for of in made], [("<f8", (784,)), ("<f8", (40,)), ("<f8", (40,))])
        u, taps = self.load("u.npy")[2], dplr_kernel(self.P, 784, half=True, step=0.01)
        for (_, _, values), expected in zip(made, (taps, convolved(taps, u, 40), convolved(kernel_of("zoh", True, 40, 0.01), u, 40))):
            self.near(values, expected, 1e-11)


if __name__ == "__main__":
    unittest.main()
