"""The program under test, in a folder of its own, and npy files written and read by hand (no NumPy)."""
import ast
import json
import math
import os
import re
import struct
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["SSMSCAN"]
# descr: struct format, and how many numbers make one element
FORMATS = {"<f4": ("f", 1), "<f8": ("d", 1), "<c8": ("f", 2), "<c16": ("d", 2), "<u4": ("I", 1), "<i4": ("i", 1), "<i8": ("q", 1), "|u1": ("B", 1)}

# A refusal: the flag (or "command", "option", "argument"), what was given, what is needed.
REFUSAL = re.compile(r"ssmscan( \w+){0,2}: (--[A-Za-z-]+(\[\d+\])?(, --[A-Za-z-]+)*|command|option|argument): .*got .+; need .+\n")
# What a user of the program has never heard of: the library's C++, the parser's words, a shell of an error.
FOREIGN = re.compile(r"::|\(\)|\bstd\b|capabilities|execution|recurrence<|pointer|exception|required|convert|basic_|vector")


def count(shape):
    product = 1
    for size in shape:
        product *= size
    return product


def npy_bytes(descr, shape, values):
    header = "{'descr': '%s', 'fortran_order': False, 'shape': %r, }" % (descr, tuple(shape))
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"  # 10: magic, version, length; data begin at a multiple of 64
    code, parts = FORMATS[descr]
    numbers = [p for v in values for p in (v.real, v.imag)] if parts == 2 else list(values)
    assert len(numbers) == parts * count(shape)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack("<%d%s" % (len(numbers), code), *numbers)


def parse_npy(data):
    assert data[:8] == b"\x93NUMPY\x01\x00", data[:8]
    (length,) = struct.unpack("<H", data[8:10])
    header = ast.literal_eval(data[10:10 + length].decode())
    assert header["fortran_order"] is False
    code, parts = FORMATS[header["descr"]]
    numbers = struct.unpack("<%d%s" % (parts * count(header["shape"]), code), data[10 + length:])
    values = [complex(r, i) for r, i in zip(numbers[::2], numbers[1::2])] if parts == 2 else list(numbers)
    return header["descr"], header["shape"], values


# The largest; infinite where one is not a number, which max() would pass over.
def difference(given, expected):
    return max((math.inf if math.isnan(d) else d for d in (abs(a - b) for a, b in zip(given, expected, strict=True))), default=0.0)


class ProgramTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_program(self, *arguments, environment=None, stdout=subprocess.PIPE):
        return subprocess.run([PROGRAM, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=stdout, timeout=300,
                              stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})

    def path(self, name):
        return os.path.join(self.folder, name)

    def files(self):
        return sorted(os.listdir(self.folder))

    # What `ssmscan list` offers; of the GPU's rows only where there is one that can be used.
    def offers(self):
        rows, gpu = json.loads(self.good("list", "--json").stdout)["capabilities"], self.gpu_here()
        return [row for row in rows if row["backend"] != "cuda" or gpu]

    # None in a build without CUDA.
    def gpu_here(self):
        gpu = re.search(r"(?m)^gpu: +(.*)$", self.good("info").stdout)
        return None if gpu is None else not gpu[1].startswith("not usable")

    def save(self, name, descr, shape, values):
        with open(self.path(name), "wb") as file:
            file.write(npy_bytes(descr, shape, values))

    def load(self, name):
        return parse_npy(self.read(name))

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def good(self, *arguments, **more):
        result = self.run_program(*arguments, **more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    # Exit code, nothing on stdout, one line on stderr that holds each of `told`; no file made, changed or left over.
    def bad(self, code, told, *arguments):
        before = {name: self.read(name) for name in self.files() if os.path.isfile(self.path(name))}
        names = self.files()
        result = self.run_program(*arguments)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("ssmscan"), result.stderr)
        if code == 2:
            self.assertRegex(result.stderr, REFUSAL)
            self.assertNotRegex(result.stderr, FOREIGN)
        for text in told:
            self.assertIn(text, result.stderr)
        self.assertEqual(self.files(), names)
        for name, content in before.items():
            self.assertEqual(self.read(name), content)
        return result.stderr
