#!/usr/bin/env python3
"""Numbers made by NumPy and SciPy, for tests of ssm/ that must not rest on our own code.

    python3 tests/reference/make_scipy_reference.py tests/data        (Debian 12: python3-scipy; last run with 1.10.1)

Writes <out>/scipy/*.npy and <out>/io/*; the outputs are committed, so that the tests need neither NumPy nor SciPy.
"""
import gzip
import pathlib
import struct
import sys

import numpy as np
import scipy.linalg
import scipy.signal
import scipy.special

out = pathlib.Path(sys.argv[1])
(out / "scipy").mkdir(parents=True, exist_ok=True)
(out / "io").mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(20220613)


def save(name, array):
    np.save(out / "scipy" / f"{name}.npy", np.ascontiguousarray(array))


# Dense discretisation of the HiPPOs, written here from their definitions. A file for each system, size and step: (rule, N, N + 1), [Ad Bd]
# by each rule, and last [e^{step A}, step B].
def hippo(which, n):
    row, column = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    norm = np.sqrt(2 * np.arange(n) + 1.0)
    if which == "legs":
        return np.where(row > column, -np.outer(norm, norm), np.where(row == column, -(row + 1.0), 0.0)), norm
    if which == "legt":
        return -np.outer(norm, norm) * np.where(row >= column, 1.0, (-1.0) ** (row - column)), norm
    if which == "lagt":
        return np.where(row > column, -1.0, np.where(row == column, -0.5, 0.0)), np.ones(n)
    # fout: 1, sqrt(2) cos 2 pi m s, sqrt(2) sin 2 pi m s turn into each other, and each loses what leaves the window at s = 1.
    at_ends = np.array([1.0] + [np.sqrt(2) if i % 2 == 1 else 0.0 for i in range(1, n)])
    turning = np.zeros((n, n))
    for m in range(1, n // 2 + 1):
        turning[2 * m, 2 * m - 1], turning[2 * m - 1, 2 * m] = 2 * np.pi * m, -2 * np.pi * m
    return turning - 2 * np.outer(at_ends, at_ends), 2 * at_ends


for which, n, step in (("legs", 8, 0.05), ("legs", 32, 0.002), ("legs", 3, 1.0), ("legt", 8, 0.05), ("legt", 16, 0.003), ("legt", 2, 1.0),
                       ("lagt", 8, 0.05), ("lagt", 32, 0.02), ("lagt", 3, 1.0), ("fout", 7, 0.05), ("fout", 15, 0.004), ("fout", 3, 0.3)):
    a, b = hippo(which, n)
    made = []
    for rule, alpha in {"zoh": None, "bilinear": None, "euler": None, "backward_diff": None, "gbt": 0.3}.items():
        ad, bd, *_ = scipy.signal.cont2discrete((a, b[:, None], np.zeros((1, n)), np.zeros((1, 1))), step, method=rule, alpha=alpha)
        made.append(np.hstack([ad, bd]))
    made.append(np.hstack([scipy.linalg.expm(step * a), step * b[:, None]]))
    save(f"dense_{which}_{n}_{step}", np.array(made))

# Several inputs and outputs: A (4, 4), B (4, 2), C (3, 4), D (3, 2). [Ad Bd] by each rule as above, and the outputs of dlsim under zoh.
own = np.random.default_rng(4)
a, b, c, d, u = (own.standard_normal(shape) for shape in ((4, 4), (4, 2), (3, 4), (3, 2), (60, 2)))
a -= 3 * np.eye(4)
for name, array in {"a": a, "b": b, "c": c, "d": d, "u": u.T}.items():
    save(f"mimo_{name}", array)
made = []
for rule, alpha in {"zoh": None, "bilinear": None, "euler": None, "backward_diff": None, "gbt": 0.3}.items():
    ad, bd, *_ = scipy.signal.cont2discrete((a, b, c, d), 0.1, method=rule, alpha=alpha)
    made.append(np.hstack([ad, bd]))
    if rule == "zoh":
        _, y, _ = scipy.signal.dlsim((ad, bd, c @ ad, c @ bd + d, 0.1), u)  # y[t] = C x[t] + D u[t], u[t] already in x[t]
        save("mimo_y", y.T)
made.append(np.hstack([scipy.linalg.expm(0.1 * a), 0.1 * b]))
save("mimo_discrete", np.array(made))

rng.standard_normal(8)  # drawn by an earlier form of this file: what follows stays what it was
# One layer of a diagonal complex system, as the real system of 2 x 2 blocks that it stands for, run by dlsim.
half, length, step, d = 6, 300, 0.02, 0.7
decay = np.array([-0.5, -0.5, -0.5, -3.0, -0.01, -40.0])
turn = np.array([0.0, np.pi, 30.0, 7.5, 1.0, 0.0])
weights = rng.standard_normal((2, half, 2)) @ np.array([1, 1j])
b, c = weights
u = rng.standard_normal(length)
blocks_a = np.zeros((2 * half, 2 * half))
blocks_b = np.zeros((2 * half, 1))
blocks_c = np.zeros((1, 2 * half))
for i in range(half):
    at = slice(2 * i, 2 * i + 2)
    blocks_a[at, at] = [[decay[i], -turn[i]], [turn[i], decay[i]]]
    blocks_b[at, 0] = b[i].real, b[i].imag
    blocks_c[0, at] = 2 * c[i].real, -2 * c[i].imag  # 2 Re(c x)
save("layer_lambda", decay + 1j * turn)
save("layer_b", b)
save("layer_c", c)
save("layer_u", u)
for rule in ("zoh", "bilinear"):
    ad, bd, *_ = scipy.signal.cont2discrete((blocks_a, blocks_b, blocks_c, np.zeros((1, 1))), step, method=rule)
    # dlsim reads out before it steps; here y[t] = C x[t] with x[t] = Ad x[t-1] + Bd u[t].
    _, y, _ = scipy.signal.dlsim((ad, bd, blocks_c @ ad, blocks_c @ bd + d, step), u)
    save(f"layer_{rule}_y", y[:, 0])
    impulse = np.zeros(length)
    impulse[0] = 1
    _, k, _ = scipy.signal.dlsim((ad, bd, blocks_c @ ad, blocks_c @ bd, step), impulse)
    save(f"layer_{rule}_kernel", k[:, 0])

# Convolution: exact in integers, and in double.
kernel = rng.standard_normal(130)
signal = rng.standard_normal(257)
save("convolution_kernel", kernel)
save("convolution_input", signal)
save("convolution_output", scipy.signal.convolve(signal, kernel, method="direct")[: len(signal)])

# e^z - 1 where it is small or nearly cancels.
z = np.array([x + 1j * y for x in (0.0, -1e-9, 1e-9, -1e-3, 0.4, -2.0, -30.0, 1.5)
              for y in (0.0, 1e-12, -1e-6, 0.3, 3.1, 2 * np.pi, -2 * np.pi + 1e-7, 40.0)])
save("expm1_z", z)
save("expm1_value", scipy.special.expm1(z))

# Files as numpy.save writes them.
for name, array in {
    "f4_2x3": np.arange(6, dtype="<f4").reshape(2, 3) / 4,
    "f8_scalar": np.array(2.5),
    "c8_3": np.array([1 + 2j, -0.5j, 3], dtype="<c8"),
    "c16_1x2x2": np.array([1 + 2j, -0.5j, 3, 4 - 1j], dtype="<c16").reshape(1, 2, 2),
    "u4_4": np.array([0, 1, 2**31, 2**32 - 1], dtype="<u4"),
    "i8_3": np.array([-(2**63), 0, 2**63 - 1], dtype="<i8"),
    "u1_0x5": np.zeros((0, 5), dtype="u1"),
}.items():
    np.save(out / "io" / f"{name}.npy", array)
np.save(out / "io" / "fortran.npy", np.asfortranarray(np.arange(6.0).reshape(2, 3)))
np.save(out / "io" / "big_endian.npy", np.arange(3, dtype=">f8"))
np.save(out / "io" / "float16.npy", np.arange(3, dtype="<f2"))
with open(out / "io" / "version2.npy", "wb") as file:
    np.lib.format.write_array(file, np.arange(3.0), version=(2, 0))

# Three images of 2 x 4 pixels, in IDX, gzipped.
pixels = bytes((37 * i + 5) % 256 for i in range(3 * 2 * 4))
idx = struct.pack(">BBBBIII", 0, 0, 8, 3, 3, 2, 4) + pixels
(out / "io" / "images.idx3-ubyte.gz").write_bytes(gzip.compress(idx, mtime=0))
