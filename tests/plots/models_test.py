"""The pages of plots/models.py: made of the input's numbers, and held to them."""

import json
import pathlib
import tempfile
import unittest
import unittest.mock

import reports  # noqa: F401  (where plots/ is)
import models
import synthetic

try:
    import matplotlib  # noqa: F401
except ImportError:
    matplotlib = None


def record(name, microseconds, **more):
    return {"name": name, "run_type": "iteration", "real_time": microseconds, "time_unit": "us", "iterations": 1, **more}


def records():
    made = []
    for place in ("cuda", "openmp"):
        for time in (256, 1024):
            shape = f"{place}/lanes:{models.LANES}/time:{time}/N:{models.STATES}"
            layer = "f32" if place == "cuda" else "f64"
            made.append(record(f"ssm/layer.{layer}/convolution/{shape}/manual_time", time / 10, bytes_beside=4096.0 * time))
            made.append(record(f"ssm/selective.f32/fused/{shape}/manual_time", time / 20))
            for k, scan in enumerate(models.SCANS):
                made.append(record(f"ssm/selective.f32/{scan}/{shape}/manual_time", time * (k + 1), bytes_beside=2.0**20 * time))
                if place == "openmp":
                    made.append(record(f"ssm/layer.f64/{scan}/{shape}/manual_time", time * (k + 2) / 10))
    shape = "cuda/lanes:16384/time:2048/family:batch_8/N:16/manual_time"
    made.append(record(f"ssm/selective.f32/automatic/{shape}", 277, label="chose fused: real; replayed from a graph"))
    made.append({"name": f"ssm/selective.f32/blelloch/{shape}", "run_type": "iteration", "error_occurred": True, "error_message": "not run: too much"})
    return made


@unittest.skipIf(matplotlib is None, "no matplotlib")
class Pages(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name) / "results"
        patch = unittest.mock.patch.object(models, "FOLDER", self.folder)
        patch.start()
        self.addCleanup(patch.stop)
        path = pathlib.Path(temporary.name) / "a.json"
        path.write_text(json.dumps({"context": {**synthetic.HOST, "command": f"bench_ssm --benchmark_out={path} --x"}, "benchmarks": records()}))
        models.main(["take", "gpu", str(path)])

    def rows(self, heading):
        text = (self.folder / "gpu.md").read_text(encoding="utf-8")
        block = text.split(f"## {heading}")[1].split("\n## ")[0]
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines() if line.startswith("|")]
        return {row[0]: dict(zip(cells[0], row)) for row in cells[2:]}

    def test_numbers_are_the_inputs(self):
        times = self.rows("GPU: ms a pass")
        self.assertEqual(times["S4D convolution"]["2⁸"], "0.0256")
        self.assertEqual(times["Mamba by hillis_steele"]["2¹⁰"], "2.05")
        self.assertEqual(self.rows("CPU: ms a pass")["S4D scan"]["2¹⁰"], "0.205")  # the fastest of the scans
        memory = self.rows("GPU: MiB beside input and output")
        self.assertEqual((memory["Mamba by chunked"]["2⁸"], memory["S4D convolution"]["2⁸"], memory["Mamba fused"]["2⁸"]), ("256", "1", ""))
        shapes = self.rows("The selective scan on the GPU, float: ms")
        self.assertEqual(shapes["(8, 2,048, 2,048, 16)"]["automatic"], "0.277 (fused)")
        self.assertEqual(shapes["(8, 2,048, 2,048, 16)"]["blelloch"], "not run")

    def test_a_page_is_held_to_its_numbers(self):
        self.assertEqual(models.main(["check"]), 0)
        page = self.folder / "gpu.md"
        page.write_text(page.read_text(encoding="utf-8").replace("0.277", "0.2"), encoding="utf-8")
        self.assertEqual(models.main(["check"]), 1)
        self.assertNotIn("--benchmark_out", (self.folder / "gpu.json").read_text(encoding="utf-8"))
        self.assertIn("</svg>", (self.folder / "gpu.svg").read_text(encoding="utf-8"))

    def test_the_repositorys_pages_are_their_numbers(self):
        with unittest.mock.patch.object(models, "FOLDER", pathlib.Path(models.__file__).resolve().parent.parent / "docs" / "results"):
            self.assertEqual(models.main(["check"]), 0)


if __name__ == "__main__":
    unittest.main()
