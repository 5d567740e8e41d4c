"""Every option of every command, given wrongly in every way that is wrong for any option; and every combination that no
algorithm has. ProgramTest.bad holds each answer to one line: the flag, what was given, what is needed."""
import re
import unittest

from program import ProgramTest

VALUED = re.compile(r"(?m)^  --(\w+) ([A-Z][\w.]*)(.*)$")
FLAG = re.compile(r"(?m)^  (?:-h,)?--(\w+)(?: {2,}|$)")


class EveryOption(ProgramTest):
    def options(self, command):
        text = self.good(command, "--help").stdout
        return VALUED.findall(text), FLAG.findall(text)

    def setUp(self):
        super().setUp()
        self.found = {command: self.options(command) for command in ("info", "list", "scan", "validate")}

    def test_all_are_found(self):
        self.assertEqual({name for name, _, _ in self.found["scan"][0]},
                         set("a b out initial final offsets reset algorithm inner operator backend layout threads".split()))
        self.assertEqual(set(self.found["scan"][1]), {"help", "reverse", "force", "explain"})
        self.assertEqual({name for name, _, _ in self.found["validate"][0]}, {"json", "signal", "algorithm", "backend"})

    def test_a_value_that_is_missing_empty_or_an_option(self):
        for command, (valued, _) in self.found.items():
            for name, kind, _ in valued:
                flag = "--" + name
                self.bad(2, [f"{flag}: got nothing; need one value ({kind})"], command, flag)
                self.bad(2, [f"{flag}: got an empty value; need one value ({kind})"], command, flag, "")
                self.bad(2, [f"{flag}: got --help, which is an option; need one value ({kind})"], command, flag, "--help", "x")

    def test_a_value_given_twice(self):
        for command, (valued, _) in self.found.items():
            for name, kind, _ in valued:
                if command == "validate" and name in ("algorithm", "backend"):  # these may be repeated, and are names
                    self.bad(2, [f'--{name}: got "x"; need one of'], command, "--" + name, "x", "--" + name, "y")
                else:
                    self.bad(2, [f"--{name}: got 2 values; need one value ({kind})"], command, "--" + name, "x", "--" + name, "y")

    def test_a_flag_with_a_value(self):
        for command, (_, flags) in self.found.items():
            for name in set(flags) - {"help"}:  # which helps, whatever follows
                self.bad(2, [f"--{name}: got \"odd\"; need no value"], command, f"--{name}=odd")

    def test_what_is_no_option(self):
        for command in self.found:
            self.bad(2, ['option: got "--nothing"'], command, "--nothing")
            self.bad(2, ['got "-x"'], command, "-x")
            self.bad(2, ['got "word"'], command, "word")

    def test_names_that_would_break_a_terminal(self):
        said = self.bad(2, ["--signal: "], "validate", "--signal", "no\x1b[31m\nsuch\x07file")
        self.assertNotRegex(said[:-1], r"[\x00-\x1f]")


class EveryCombination(ProgramTest):
    DESCR = {"f32": "<f4", "f64": "<f8", "c64": "<c8", "c128": "<c16", "u32": "<u4"}

    def test_what_the_table_lacks_is_refused_and_what_it_has_runs(self):
        rows = [row for row in self.offers() if row["backend"] != "cuda"]  # of the default backend
        has = {(r["algorithm"], r["dtype"], r["operation"]) for r in rows}
        packed = {(r["algorithm"], r["dtype"], r["operation"]) for r in rows if r["packed"]}
        operations = {(dtype, operation) for _, dtype, operation in has}
        self.save("o.npy", "<i8", (3,), [0, 1, 2])
        self.save("r.npy", "|u1", (2,), [1, 0])
        refused = 0
        for dtype, descr in self.DESCR.items():
            self.save("a.npy", descr, (2,), [1, 1])
            for algorithm in sorted({r["algorithm"] for r in rows} | {"automatic"}):
                for operation in ("affine", "semi_log"):
                    for packing in ([], ["--offsets", "o.npy"], ["--reset", "r.npy"]):
                        arguments = ["scan", "--a", "a.npy", "--b", "a.npy", "--algorithm", algorithm, "--operator", operation, *packing]
                        combination = (algorithm, dtype, operation)
                        if (dtype, operation) not in operations:
                            told = f"--operator: got {operation} for {descr}; need affine"
                        elif algorithm != "automatic" and combination not in has:
                            told = f"--algorithm: got {algorithm} for {descr} {operation}; need one of"
                        elif packing and algorithm != "automatic" and combination not in packed:
                            told = f"--algorithm: got {algorithm} with {packing[0]}; need one of"
                        else:
                            self.good(*arguments, "--out", "x.npy", "--force")
                            continue
                        said = self.bad(2, [told], *arguments, "--out", "new.npy")
                        refused += 1
                        if "need one of" in told:  # what is offered is accepted
                            offered = said.rstrip().split("need one of ")[1].split(", ")
                            self.assertIn("sequential", offered)
                            self.assertNotIn(algorithm, offered)
        self.assertGreater(refused, 20)


if __name__ == "__main__":
    unittest.main()
