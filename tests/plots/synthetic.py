"""Inputs of the shape the benchmarks write, from simple formulas, so that a test can say what every number must be."""

import json
import math
import os

HOST = {
    "date": "2026-01-02T03:04:05+00:00", "host_name": "example", "executable": "build/bench/bench_throughput", "num_cpus": 2, "mhz_per_cpu": 2600,
    "library_build_type": "release", "schema": "ssmscan.results/1", "host": "example", "cpu": "Example CPU <E5> @ 2.60GHz", "simd": "AVX2",
    "gpu": "Example GPU 80GB, compute capability 9.0", "gpu_driver": "1.2.3", "cuda": "runtime 13.0", "threads": 2, "compiler": "GNU 12.2.0", "flags": "-O3 -ffp-contract=off", "commit": "0123456789abcdef0123456789abcdef01234567",
}
OURS = ("sequential", "hillis_steele", "blelloch", "chunked", "heinsen", "look_back")
LIBRARIES = (("std", "serial"), ("std_par", "openmp"), ("tbb", "openmp"), ("thrust_omp", "openmp"))
FAMILIES = ("slow", "mid", "fast", "near1", "growth", "signed", "normal", "zeros", "ladder", "transients", "denormals", "step")
A_STAR_PER_STEP = {"slow": 1e-3, "mid": 0.1, "fast": 1.6, "near1": 5e-7, "growth": 6e-5, "signed": 0.5, "normal": 0.64, "zeros": 0.1, "ladder": 1e-4, "transients": 0.7, "denormals": 0.69, "step": 0.05}
INNER_LENGTH = 2**12
LENGTHS = tuple(2**k for k in range(10, 21, 2))
SPEED = {"sequential": 0.25, "hillis_steele": 0.03, "blelloch": 0.12, "chunked": 0.42, "heinsen": 0.02, "look_back": 0.38, "std": 0.22, "std_par": 0.2, "tbb": 0.3, "thrust_omp": 0.18, "triad": 1.0}
# On the GPU: share of the bound at any length, and the bound itself in elements per second.
GPU_SHARE = {"sequential": 0.05, "blelloch": 0.1, "look_back": 0.82, "look_back.textbook": 0.2, "heinsen": 0.4, "cub": 0.55, "cub_pairs": 0.45, "thrust": 0.5, "triad": 1.0}
GPU_ERROR = 0.75  # in u S
GPU_BOUND, GPU_LENGTHS = 3e11, (2**16, 2**20, 2**24, 2**28)


def gpu_records():
    records = []
    for algorithm, share in GPU_SHARE.items():
        for lanes, lengths in ((1, GPU_LENGTHS), (12288, (1024, 4096)), (512, (131072,))):
            for time in lengths:
                if lanes > 1 and algorithm in ("cub", "cub_pairs", "thrust"):
                    continue
                for option in ("",) if lanes == 1 else ("", "/layout:time_major"):
                    rate = share * GPU_BOUND
                    records += runs(f"throughput/affine.f32/{algorithm}/cuda/lanes:{lanes}/time:{time}{option}", lanes * time / rate, lanes * time, {"bytes_per_element": 12.0, "share_of_triad": share})
    records.append({"name": "throughput/affine.f64/look_back/cuda/lanes:1/time:65536/manual_time", "run_type": "iteration", "error_occurred": True, "error_message": "not run: cudaErrorNoDevice: no CUDA-capable device is detected", "real_time": 0.0, "cpu_time": 0.0, "time_unit": "ns"})
    for algorithm in ("sequential", "look_back"):
        for time in (0, 16, 4096):
            records += runs(f"latency/affine.f32/{algorithm}/cuda/lanes:1/time:{time}", 1e-5 * (1 + (algorithm == "sequential") * (1 + time / 100)), time)
    return records



def rate_of(algorithm, backend, dtype, lanes, time, variant=""):
    """Elements per second: a fixed cost per call and a speed that falls where the data leave the cache."""
    speed = SPEED[algorithm] * 1e9 * (1.8 if backend == "openmp" and algorithm not in ("sequential", "heinsen") else 1.0)
    speed *= {"f32": 1.0, "f64": 0.55}.get(dtype, 0.4) * (1.6 if lanes > 1 and algorithm == "sequential" else 1.0) * (0.7 if variant else 1.0)
    speed *= 1.0 if time * lanes < 2**17 else 0.6
    return 1.0 / (1.0 / speed + (4e-6 if backend == "openmp" else 2e-7) / (lanes * time))


def runs(name, seconds, items, counters=None, repetitions=5, suffix="/manual_time"):
    """Repetitions and aggregates of one benchmark, as Google Benchmark 1.7 writes them."""
    records = []
    for i in range(repetitions):
        t = seconds * (1 + 0.02 * (i - repetitions // 2))
        records.append({"name": name + suffix, "run_name": name + suffix, "run_type": "iteration", "repetitions": repetitions, "repetition_index": i, "threads": 1, "iterations": 10,
                        "real_time": t * 1e9, "cpu_time": t * 1e9, "time_unit": "ns", "items_per_second": items / t, **(counters or {})})
    for aggregate, t in (("mean", seconds), ("median", seconds), ("stddev", seconds * 0.02)):
        records.append({"name": f"{name}{suffix}_{aggregate}", "run_name": name + suffix, "run_type": "aggregate", "aggregate_name": aggregate, "aggregate_unit": "time", "repetitions": repetitions,
                        "iterations": repetitions, "real_time": t * 1e9, "cpu_time": t * 1e9, "time_unit": "ns", "items_per_second": items / t, **(counters or {})})
    return records


def results():
    records = []
    contenders = [(a, b, v) for a in OURS for b in ("serial", "openmp") for v in ("", "textbook") if not v or a in ("blelloch", "chunked")] + [(a, b, "") for a, b in LIBRARIES] + [("triad", "serial", ""), ("triad", "openmp", ""), ("triad", "openmp", "streaming")]
    for dtype in ("f32", "f64", "c64"):
        for lanes in (1, 64):
            for time in LENGTHS[: 6 if lanes == 1 else 3]:
                bound = rate_of("triad", "openmp", dtype, lanes, time)
                for algorithm, backend, variant in contenders:
                    rate = rate_of(algorithm, backend, dtype, lanes, time, variant)
                    label = algorithm + (f".{variant}" if variant else "")
                    name = f"throughput/affine.{dtype}/{label}/{backend}/lanes:{lanes}/time:{time}"
                    records += runs(name, lanes * time / rate, lanes * time, {"bytes_per_element": 12.0, "share_of_triad": rate / bound, "unknown_extra": 7})
    # Shapes of one length each, an inner algorithm, and the choosing contender with what it chose.
    for algorithm, backend, variant in contenders:
        rate = rate_of(algorithm, backend, "f32", 1024, 16384, variant)
        label = algorithm + (f".{variant}" if variant else "")
        for option in ("", "/layout:time_major", "/direction:reverse"):
            records += runs(f"throughput/affine.f32/{label}/{backend}/lanes:1024/time:16384{option}", 1024 * 16384 / rate, 1024 * 16384, {"share_of_triad": 0.5, "label": "plain stores" if algorithm == "triad" else ""})
    records += runs("throughput/affine.f32/heinsen/openmp/lanes:1/time:131072/inner:blelloch", 131072 / 1e7, 131072, suffix="/real_time")
    for time in LENGTHS:
        records += runs(f"throughput/affine.f32/automatic/openmp/lanes:1/time:{time}", time / rate_of("chunked", "openmp", "f32", 1, time), time, {"label": "chose chunked: long <lane>"})
    records.append({"name": "throughput/affine.f32/hillis_steele/serial/lanes:1/time:16777216/real_time", "run_type": "iteration", "error_occurred": True, "error_message": "not run: a pass would take over 1 s: 3.2 s", "real_time": 0.0, "cpu_time": 0.0, "time_unit": "ns"})
    for algorithm in OURS:
        for backend in ("serial", "openmp"):
            for time in (0, 1, 16, 64, 256, 1024, 4096):
                # A call on nothing takes time and has no rate.
                seconds = time / rate_of(algorithm, backend, "f32", 1, time) if time else 1e-7 * (1 + OURS.index(algorithm)) * (20 if backend == "openmp" else 1)
                records += runs(f"latency/affine.f32/{algorithm}/{backend}/lanes:1/time:{time}", seconds, time)
    records += runs("latency/affine.f32/loop/serial/lanes:1/time:16", 1e-8, 16)
    records.append({"name": "throughput/affine.f32/hillis_steele/serial/lanes:1/time:4194304/manual_time", "run_type": "iteration", "error_occurred": True,
                    "error_message": "wrong at element 7: <b>error</b> 3.2 x the bound", "real_time": 123456.0, "cpu_time": 1.0, "time_unit": "ns", "items_per_second": 98765.0})
    return {"context": HOST, "benchmarks": records + gpu_records()}


def accuracy_of(algorithm, family, time, operation="affine"):
    """error/(u S) of one case; the plain formula follows its law 3 |a*|."""
    step = math.log2(time) + 1 + FAMILIES.index(family) % 3
    if algorithm == "heinsen.plain":
        return math.nan if family == "zeros" else 2 + 3 * A_STAR_PER_STEP[family] * time
    return {"sequential": 1.1, "hillis_steele": 2.2, "blelloch": 2.0, "chunked": 1.4, "heinsen": 3.0, "look_back": 1.5}[algorithm] * (1 + 0.05 * step) * (0.5 if operation == "semi_log" else 1)


# What is compared for exactness: of each operation and type, its algorithms. Logarithms of a need a real a and no heinsen.
TREES = tuple(algorithm for algorithm in OURS if algorithm != "heinsen")
ACCURACY = {("affine", "f32"): OURS + ("heinsen.plain",), ("affine", "f64"): OURS + ("heinsen.plain",), ("semi_log", "f64"): TREES, ("affine", "c128"): OURS + ("heinsen.plain",)}


def accuracy():
    records = []
    for (operation, dtype), algorithms in ACCURACY.items():
        for family in FAMILIES:
            for algorithm in algorithms:
                for time in LENGTHS:
                    error = accuracy_of(algorithm, family, time, operation)
                    bound = 2 * max(error, 1.0) if error == error else 40.0
                    fields = {"error_over_us": error, "error_over_bound": error / bound, "bound_over_us": bound, "error_max_relative_to_S": error * 2.0 ** (-24 if dtype == "f32" else -53)}
                    if algorithm.startswith("heinsen"):
                        fields["a_star_max"] = A_STAR_PER_STEP[family] * time
                    records.append({"name": f"accuracy/{operation}.{dtype}/{algorithm}/serial/lanes:1/time:{time}/family:{family}/iterations:1", "run_type": "iteration", "repetitions": 1, "repetition_index": 0,
                                    "threads": 1, "iterations": 1, "real_time": 1000.0, "cpu_time": 1000.0, "time_unit": "ns", **fields})
    for dtype in ("f32", "c128"):  # heinsen by its other inner algorithms, at one length
        for family in FAMILIES:
            for inner in TREES:
                error = accuracy_of("heinsen", family, INNER_LENGTH) / 4096  # far below the others: numbers of many digits at the axis
                records.append({"name": f"accuracy/affine.{dtype}/heinsen/serial/lanes:1/time:{INNER_LENGTH}/family:{family}/inner:{inner}/iterations:1", "run_type": "iteration", "repetitions": 1, "repetition_index": 0, "threads": 1,
                                "iterations": 1, "real_time": 1000.0, "cpu_time": 1000.0, "time_unit": "ns", "error_over_us": error, "error_over_bound": error / 4, "bound_over_us": 4.0, "error_max_relative_to_S": error * 2.0 ** (-24 if dtype == "f32" else -53), "a_star_max": A_STAR_PER_STEP[family] * INNER_LENGTH})
    for family in FAMILIES:  # the GPU's own tree, of another error than the CPU's of the same name
        for time in LENGTHS:
            records.append({"name": f"accuracy/affine.f32/look_back/cuda/lanes:1/time:{time}/family:{family}/iterations:1", "run_type": "iteration", "repetitions": 1, "repetition_index": 0, "threads": 1, "iterations": 1,
                            "real_time": 1000.0, "cpu_time": 1000.0, "time_unit": "ns", "error_over_us": GPU_ERROR, "error_over_bound": 0.5, "bound_over_us": 2 * GPU_ERROR, "error_max_relative_to_S": GPU_ERROR * 2.0**-24})
    return {"context": dict(HOST, schema="ssmscan.accuracy/1", executable="build/bench/bench_accuracy"), "benchmarks": records}


def validation():
    checks = [{"name": f"s4d recurrence = {algorithm} scan", "algorithm": algorithm, "backend": backend, "dtype": "f64", "norm": "componentwise", "error": 1e-16 * (i + 1), "bound": 1e-14, "ratio": 1e-2 * (i + 1), "status": "pass"}
              for i, algorithm in enumerate(OURS) for backend in ("serial", "openmp")]
    checks.append({"name": "forward Euler, stiff", "algorithm": "sequential", "backend": "serial", "dtype": "f64", "norm": "l2", "error": None, "bound": None, "ratio": None, "status": "skip", "reason": "spectral radius 40.2 & unstable"})
    return {"schema": "ssmscan.validation/1", "machine": {"host": "example", "cpu": HOST["cpu"], "threads": 2, "compiler": "GNU 12.2.0", "commit": HOST["commit"]}, "signal": "built-in", "checks": checks, "passed": len(checks) - 1, "failed": 0, "skipped": 1}


def write(folder):
    """Writes the three inputs and returns their paths."""
    paths = {}
    for kind, document in (("results", results()), ("accuracy", accuracy()), ("validation", validation())):
        paths[kind] = os.path.join(folder, f"{kind}.json")
        with open(paths[kind], "w", encoding="utf-8") as file:
            json.dump(document, file)
    return paths
