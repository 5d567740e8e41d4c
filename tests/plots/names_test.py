"""The grammar of benchmark names, as plots/ reads them."""

import unittest

import reports  # noqa: F401  (where plots/ is)
from benchmark_name import parse_name


class Names(unittest.TestCase):
    good = {
        "throughput/affine.f32/look_back/cuda/lanes:1/time:67108864": ("throughput", "affine", "f32", "look_back", "", "cuda", 1, 67108864, {}),
        "accuracy/semi_log.f64/heinsen.plain/serial/lanes:1/time:0/family:near1/inner:blelloch/iterations:1/manual_time": ("accuracy", "semi_log", "f64", "heinsen", "plain", "serial", 1, 0, {"family": "near1", "inner": "blelloch"}),
        "latency/affine.c64/std_par/openmp/lanes:13/time:8/layout:time_major/threads:2/real_time": ("latency", "affine", "c64", "std_par", "", "openmp", 13, 8, {"layout": "time_major", "threads": "2"}),
        "throughput/affine.f32/blelloch.2x/serial/lanes:1/time:8/repeats:3/min_time:0.010/real_time": ("throughput", "affine", "f32", "blelloch", "2x", "serial", 1, 8, {}),
    }
    bad = ("", "throughput", "speed/affine.f32/chunked/serial/lanes:1/time:8", "throughput/affine/chunked/serial/lanes:1/time:8", "throughput/affine.f32/Chunked/serial/lanes:1/time:8", "throughput/affine.f32/chunked./serial/lanes:1/time:8",
           "throughput/affine.f32/chunked/serial/time:8/lanes:1", "throughput/affine.f32/chunked/serial/lanes:1/time:-8", "throughput/affine.f32/chunked/serial/lanes:1/time:²", "throughput/affine.f32/chunked/serial/lanes:1/time:8/odd",
           "throughput/affine.f32/chunked/serial/lanes:1/time:8/family:a/family:b", "throughput/affine.f32/chunked//lanes:1/time:8")

    def test_grammar(self):
        for text, parts in self.good.items():
            n = parse_name(text)
            self.assertEqual((n.question, n.operation, n.dtype, n.algorithm, n.variant, n.backend, n.lanes, n.time, dict(n.options)), parts)

    def test_malformed_names_are_refused(self):
        for text in self.bad:
            with self.subTest(text), self.assertRaises(ValueError):
                parse_name(text)
