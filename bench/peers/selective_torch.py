"""The selective scan as PyTorch programs have it without a kernel: mamba_ssm's and transformers' reference loop over time,
float32, on the CPU. Prints one line: seconds of the best of three at (1, channels, time, N). The same data as bench_selective
in distribution, not in bits.

    python bench/peers/selective_torch.py [channels] [time] [N]"""
import sys
import time

import torch


def reference_loop(u, delta, a, b, c, d, z, bias):
    delta = torch.nn.functional.softplus(delta + bias[None, :, None])
    decay = torch.exp(torch.einsum("bdl,dn->bdln", delta, a))
    drive = torch.einsum("bdl,bnl,bdl->bdln", delta, b, u)
    state, outputs = torch.zeros(u.shape[0], u.shape[1], a.shape[1]), []
    for t in range(u.shape[2]):
        state = decay[:, :, t] * state + drive[:, :, t]
        outputs.append(torch.einsum("bdn,bn->bd", state, c[:, :, t]))
    y = torch.stack(outputs, dim=2) + u * d[None, :, None]
    return y * torch.nn.functional.silu(z)


def main():
    channels, length, states = (int(x) for x in (sys.argv[1:] + ["1536", "2048", "16"][len(sys.argv) - 1:]))
    torch.manual_seed(0)
    u, delta, z = (torch.randn(1, channels, length) for _ in range(3))
    b, c = torch.randn(1, states, length), torch.randn(1, states, length)
    a = -torch.arange(1.0, states + 1).repeat(channels, 1)
    d, bias = torch.randn(channels), torch.full((channels,), -2.0)
    best = float("inf")
    with torch.no_grad():
        for _ in range(3):
            begin = time.perf_counter()
            reference_loop(u, delta, a, b, c, d, z, bias)
            best = min(best, time.perf_counter() - begin)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, (1, {channels}, {length}, {states}): {best:.3f} s")


if __name__ == "__main__":
    main()
