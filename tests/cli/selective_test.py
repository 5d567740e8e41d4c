"""`ssmscan selective`: files in, files out, against the definition as a loop in double precision; refusals."""
import cmath
import itertools
import math
import random
import unittest

from program import ProgramTest

BATCH, CHANNELS, STATES, TIME = 2, 4, 3, 11


class Case:
    def __init__(self, pairs, groups, packed):
        source = random.Random(5)
        number = lambda: source.gauss(0, 1)
        either = lambda: complex(number(), number()) if pairs else number()
        draw = lambda count, make=number: [make() for _ in range(count)]
        self.pairs, self.groups = pairs, groups
        self.u, self.delta, self.z = (draw(BATCH * CHANNELS * TIME) for _ in range(3))
        self.A = [complex(-abs(number()), number()) if pairs else -abs(number()) for _ in range(CHANNELS * STATES)]
        wide = CHANNELS * STATES if groups == 0 else BATCH * groups * STATES * TIME  # 0: constant
        self.B, self.C = draw(wide, either), draw(wide, either)
        self.D, self.bias = draw(CHANNELS), draw(CHANNELS)
        self.offsets = [0, 4, 4, TIME] if packed else [0, TIME]
        self.initial = draw(BATCH * CHANNELS * (len(self.offsets) - 1) * STATES, either)

    def varying(self, values, i, c, n, t):
        if self.groups == 0:
            return values[c * STATES + n]
        return values[((i * self.groups + c // (CHANNELS // self.groups)) * STATES + n) * TIME + t]

    def shape(self):
        if self.groups == 0:
            return (CHANNELS, STATES)
        return (BATCH, STATES, TIME) if self.groups == 1 else (BATCH, self.groups, STATES, TIME)

    def expected(self, rule):
        y, final, segments = [0.0] * len(self.u), list(self.initial), len(self.offsets) - 1
        for i, c, k in itertools.product(range(BATCH), range(CHANNELS), range(segments)):
            at = ((i * CHANNELS + c) * segments + k) * STATES
            for t in range(self.offsets[k], self.offsets[k + 1]):
                p = (i * CHANNELS + c) * TIME + t
                d = math.log1p(math.exp(self.delta[p] + self.bias[c]))
                total = 0
                for n in range(STATES):
                    pole, v = self.A[c * STATES + n], d * self.A[c * STATES + n]
                    a, b = cmath.exp(v), d
                    if rule == "zoh":
                        b = (cmath.exp(v) - 1) / pole
                    if rule == "bilinear":
                        a, b = (1 + v / 2) / (1 - v / 2), d / (1 - v / 2)
                    final[at + n] = a * final[at + n] + b * self.varying(self.B, i, c, n, t) * self.u[p]
                    total += self.varying(self.C, i, c, n, t) * final[at + n]
                total = (2 if self.pairs else 1) * complex(total).real + self.D[c] * self.u[p]
                y[p] = total * self.z[p] / (1 + math.exp(-self.z[p]))
        return y, final


class SelectiveTest(ProgramTest):
    def write(self, case, real="<f8"):
        kind = {"<f8": "<c16", "<f4": "<c8"}[real] if case.pairs else real
        whole = (BATCH, CHANNELS, TIME)
        for name in ("u", "delta", "z"):
            self.save(f"{name}.npy", real, whole, getattr(case, name))
        self.save("A.npy", kind, (CHANNELS, STATES), case.A)
        self.save("B.npy", kind, case.shape(), case.B)
        self.save("C.npy", kind, case.shape(), case.C)
        self.save("D.npy", real, (CHANNELS,), case.D)
        self.save("bias.npy", real, (CHANNELS,), case.bias)
        segments = len(case.offsets) - 1
        state = (BATCH, CHANNELS, segments, STATES) if segments > 1 else (BATCH, CHANNELS, STATES)
        self.save("h.npy", kind, state, case.initial)
        self.save("o.npy", "<i8", (segments + 1,), case.offsets)
        return ["selective"] + [f"--{name}={name}.npy" for name in ("u", "delta", "A", "B", "C", "D", "z")] + \
            ["--delta-bias=bias.npy", "--softplus", "--initial=h.npy"] + (["--offsets=o.npy"] if segments > 1 else [])

    def test_every_mode_is_the_definition(self):
        modes = [["--mode=fused"], ["--mode=recurrence"], ["--mode=unfused", "--algorithm=blelloch"], ["--mode=unfused", "--backend=serial"]]
        for pairs, groups, packed in itertools.product((False, True), (0, 1, 2), (False, True)):
            case = Case(pairs, groups, packed)
            for real, tolerance in (("<f8", 1e-12), ("<f4", 1e-4)):
                arguments = self.write(case, real)
                for rule in ("mamba", "zoh", "bilinear"):
                    y, final = case.expected(rule)
                    for mode in modes if real == "<f8" else modes[:1]:
                        self.good(*arguments, *mode, f"--discretization={rule}", "--out=y.npy", "--final=x.npy", "--force")
                        for name, expected in (("y.npy", y), ("x.npy", final)):
                            for got, wanted in zip(self.load(name)[2], expected, strict=True):
                                self.assertLessEqual(abs(got - wanted), tolerance * (1 + abs(wanted)), (pairs, groups, packed, rule, mode, name))

    def test_says_what_ran(self):
        arguments = self.write(Case(False, 1, False))
        self.assertIn("ran fused on openmp", self.good(*arguments, "--out=y.npy", "--explain").stderr)
        spelled = self.good(*arguments, "--out=y.npy", "--force", "--explain", "--mode=unfused", "--algorithm=heisen")
        self.assertIn("ran heinsen on openmp", spelled.stderr)

    def test_refusals(self):
        arguments = self.write(Case(False, 1, False))
        refuse = lambda told, *more: self.bad(2, [told], *arguments, "--out=new.npy", *more)
        refuse("--algorithm: got blelloch with --mode fused; need --mode unfused", "--algorithm=blelloch")
        refuse("--discretization: got", "--discretization=euler")
        refuse("--mode: got", "--mode=convolution")
        refuse("--backend: got", "--backend=gpu")
        refuse("--final: got new.npy, which is --out too", "--final=new.npy")
        refuse("--offsets: u.npy: got type '<f8'; need <i8", "--offsets=u.npy")
        refuse("--inner: got blelloch with --mode fused; need --mode unfused", "--inner=blelloch")
        self.save("wrong.npy", "<i8", (3,), [0, TIME + 1, TIME])
        from_rest = [one for one in arguments if not one.startswith("--initial=")]
        self.bad(2, [f"--offsets: got {TIME + 1} then {TIME} at position 2; need ascending values\n"], *from_rest, "--out=new.npy",
                 "--offsets=wrong.npy")
        self.save("wrong.npy", "<f4", (CHANNELS, STATES), [0] * CHANNELS * STATES)
        for name, told in (("A", "need one of <f8, <c16, with <f8 of --u"), ("B", "need <f8, the type of --A"), ("D", "need <f8")):
            changed = [f"--{name}=wrong.npy" if one.startswith(f"--{name}=") else one for one in arguments]
            self.bad(2, [f"--{name}: wrong.npy: got type '<f4'; {told}\n"], *changed, "--out=new.npy")
        self.save("wrong.npy", "<f8", (CHANNELS, STATES + 1), [0] * CHANNELS * (STATES + 1))
        changed = ["--C=wrong.npy" if one.startswith("--C=") else one for one in arguments]
        self.bad(2, ["--C: got shape (4, 4); need (4, 3)"], *changed, "--out=new.npy")
        self.save("wrong.npy", "<f8", (CHANNELS, 0), [])
        changed = ["--A=wrong.npy" if one.startswith("--A=") else one for one in arguments]
        self.bad(2, ["--A: got shape (4, 0); need (4, states), at least one state"], *changed, "--out=new.npy")
        self.bad(2, ["--u: got nothing"], "selective", "--out=new.npy")


if __name__ == "__main__":
    unittest.main()
