"""What the scripts of bench/peers say before they run anything, whether their packages are here or not."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ARGUMENTS = None
COMMON = ("cpu.py", "gpu.py", "language_model.py", "selective.py")  # those with the arguments of peers.py
MISSING = 77  # a package is


class Peers(unittest.TestCase):
    def run_script(self, name, *flags):
        return subprocess.run([sys.executable, "-B", ARGUMENTS.peers / name, *flags], capture_output=True, text=True, timeout=60)

    def told(self, name, code, told, *flags):
        done = self.run_script(name, *flags)
        if done.returncode == MISSING:
            self.assertRegex(done.stderr, rf"^{name}: No module named '\w+': skipped\n$")
        else:
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(told, done.stdout + done.stderr)

    def test_scripts(self):
        scripts = {path.name for path in ARGUMENTS.peers.glob("*.py")} - {"peers.py"}
        self.assertLessEqual(set(COMMON), scripts)
        table = (ARGUMENTS.peers / "README.md").read_text(encoding="utf-8")
        for name in scripts:
            self.assertIn(f"| `{name}` |", table)
            self.told(name, 0, "usage: " + name, "--help")
            self.told(name, 2, "error", "--no_such_flag")

    def test_what_cannot_be_written_or_names_nobody_is_refused_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "peers.json")
            for name in COMMON:
                self.told(name, 2, "--out: got /no/such/folder/peers.json; need a file in a folder that exists",
                          "--out=/no/such/folder/peers.json")
                self.told(name, 2, "--only: got abacus; need a part of one of ", "--only=abacus", f"--out={out}")
            self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", type=pathlib.Path, required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    unittest.main(argv=["peers_test.py", *rest])
