"""The pages of docs/results/: made of the input's numbers, held to them, and never mixed from two runs within a row."""

import json
import os
import pathlib
import tempfile
import unittest
import unittest.mock

from reports import needs_matplotlib  # and where plots/ is
import gpu_results
import results
import synthetic


class Pages(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name) / "results"
        patch = unittest.mock.patch.object(gpu_results, "FOLDER", self.folder)
        patch.start()
        self.addCleanup(patch.stop)

    def file(self, name, records, **context):
        path = os.path.join(self.folder.parent, name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"context": {**synthetic.HOST, "command": f"bench_throughput --benchmark_out={path} --x", **context}, "benchmarks": records}, file)
        return path

    def rows(self, heading):
        text = (self.folder / "gpu.md").read_text(encoding="utf-8")
        block = text.split(f"## {heading}")[1].split("\n## ")[0]
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines() if line.startswith("|")]
        return [dict(zip(cells[0], row)) for row in cells[2:]]

    def test_shares_and_times_are_the_inputs(self):
        gpu_results.main(["take", "gpu", self.file("a.json", synthetic.results()["benchmarks"])])
        rows = self.rows("Shares of the bound, float")
        self.assertEqual(len(rows), len(synthetic.GPU_LENGTHS) + 2 * 3)  # lanes 12288 at two lengths and 512 at one, in two layouts
        for row in rows:
            for algorithm, share in synthetic.GPU_SHARE.items():
                if algorithm in row and row[algorithm]:
                    self.assertEqual(float(row[algorithm]), share)
        first = rows[0]
        self.assertEqual(first["lanes x time"], "1 x 2¹⁶ f32")
        self.assertEqual(float(first["bound, µs"]), float("%.4g" % (2**16 / synthetic.GPU_BOUND * 1e6)))
        self.assertEqual(float(first["our fastest, µs"]), float("%.4g" % (2**16 / (0.82 * synthetic.GPU_BOUND) * 1e6)))
        self.assertEqual([row["time"] for row in self.rows("One call on one short sequence")], ["0", "2⁴", "2¹²"])

    def test_a_page_is_held_to_its_numbers(self):
        gpu_results.main(["take", "gpu", self.file("a.json", synthetic.gpu_records())])
        self.assertEqual(gpu_results.main(["check"]), 0)
        page = self.folder / "gpu.md"
        page.write_text(page.read_text(encoding="utf-8").replace("0.820", "0.999"), encoding="utf-8")
        self.assertEqual(gpu_results.main(["check"]), 1)
        self.assertNotIn("--benchmark_out", (self.folder / "gpu.json").read_text(encoding="utf-8"))

    @needs_matplotlib
    def test_figures_are_drawn_of_the_numbers(self):
        gpu_results.main(["take", "gpu", self.file("a.json", synthetic.gpu_records())])
        kept = json.loads((self.folder / "gpu.json").read_text(encoding="utf-8"))
        again = self.folder.parent / "again.json"
        again.write_text(json.dumps(gpu_results.benchmarks_of(kept)), encoding="utf-8")
        read = {str(m.name): m for m in results.load_benchmarks(again).measurements}
        self.assertEqual(set(read), {record["name"] for record in kept["records"]})
        for record in kept["records"]:
            measured = read[record["name"]]
            self.assertEqual(measured.error, record.get("error", ""))
            if "us" in record:
                self.assertAlmostEqual(measured.seconds * 1e6 / record["us"], 1, places=12)
            if "share" in record:
                self.assertEqual(measured.value("share_of_triad"), record["share"])
        self.assertNotIn(".svg", (self.folder / "gpu.md").read_text(encoding="utf-8"))
        self.assertEqual(gpu_results.main(["draw", "gpu"]), 0)
        page = (self.folder / "gpu.md").read_text(encoding="utf-8")
        for kind in ("throughput", "share"):
            self.assertIn(f"](gpu_{kind}.svg)", page)
            self.assertIn("look_back", (self.folder / f"gpu_{kind}.svg").read_text(encoding="utf-8"))

    def test_runs_are_not_mixed_in_a_row(self):
        records = synthetic.gpu_records()
        newer = [r for r in records if "/time:65536/" in r["name"] and "/cub/" not in r["name"] and "throughput/affine.f32" in r["name"]]
        gpu_results.main(["take", "gpu", self.file("new.json", newer), self.file("old.json", records, commit="0ld")])
        rows = {row["lanes x time"]: row for row in self.rows("Shares of the bound, float")}
        self.assertEqual(rows["1 x 2¹⁶ f32"]["cub"], "")  # only the older run has it
        self.assertEqual(rows["1 x 2²⁰ f32 (at 0ld)"]["cub"], "0.550")

    def test_a_peer_stands_beside_ours_of_its_shape(self):
        peer = synthetic.runs("throughput/affine.f32/torch/cuda/lanes:12288/time:4096", 1e-3, 12288 * 4096)
        broken = [{"name": "throughput/affine.f32/fla_hgrn/cuda/lanes:12288/time:4096/family:slow/manual_time", "run_type": "iteration", "error_occurred": True, "error_message": "not run: fla: not installed", "real_time": 0.0, "cpu_time": 0.0, "time_unit": "ns"}]
        gpu_results.main(["take", "gpu", self.file("ours.json", synthetic.gpu_records()), self.file("peers.json", peer + broken, torch="2.0", commit="0ld")])
        (row,) = self.rows("Beside the peers' Python packages, µs, float")
        self.assertEqual((float(row["torch"]), float(row["look_back"])), (1000, float("%.4g" % (12288 * 4096 / (0.82 * synthetic.GPU_BOUND) * 1e6))))
        text = (self.folder / "gpu.md").read_text(encoding="utf-8")
        self.assertIn("- fla_hgrn: not run: fla: not installed", text)
        self.assertNotIn("(at 0ld)", text)  # of the peer's run, not of ours beside it
        self.assertIn("Theirs are of the record at 0ld", text)


if __name__ == "__main__":
    unittest.main()
