"""Makes tests/data/layers, tests/data/safetensors and tests/data/sequence_model with PyTorch and the safetensors package:
our own code takes no part. Run from the repository's root: python tests/reference/make_torch_reference.py"""
import pathlib

import numpy
import safetensors
import safetensors.torch
import torch
import torch.nn.functional as functional

ROOT = pathlib.Path(__file__).resolve().parents[1] / "data"
TYPES = {"boolean": torch.bool, "u8": torch.uint8, "i8": torch.int8, "i16": torch.int16, "f16": torch.float16,
         "bf16": torch.bfloat16, "i32": torch.int32, "f32": torch.float32, "f64": torch.float64, "i64": torch.int64}


def layers():
    torch.manual_seed(6)
    x = 3 * torch.randn(5, 14, dtype=torch.float64)
    weight, bias = torch.randn(9, 14, dtype=torch.float64), torch.randn(9, dtype=torch.float64)
    scale, shift = torch.randn(14, dtype=torch.float64), torch.randn(14, dtype=torch.float64)
    ids = torch.tensor([3, 0, 8, 3])
    line = torch.linspace(-40, 40, 161, dtype=torch.float64)
    arrays = {
        "x": x, "weight": weight, "bias": bias, "scale": scale, "shift": shift, "ids": ids, "line": line,
        "linear": functional.linear(x, weight, bias), "embedding": functional.embedding(ids, weight),
        "layer_norm": functional.layer_norm(x, (14,), scale, shift, 1e-3),
        "rms_norm": functional.rms_norm(x, (14,), scale, 1e-3), "silu": functional.silu(line),
        "gelu": functional.gelu(line), "gelu_tanh": functional.gelu(line, approximate="tanh"),
        "glu": functional.glu(x, 1),
    }
    for name, value in arrays.items():
        numpy.save(ROOT / "layers" / f"{name}.npy", value.numpy())


def files():
    # Every type, with values that 16 bits hold and others that they round; an empty tensor and one without axes.
    values = torch.tensor([[0.0, 1.0, 2.0, 5.0], [3.0, 100.0, 7.0, 1.0]])
    tensors = {f"t.{name}": values.to(kind) for name, kind in TYPES.items()}
    tensors["scalar"] = torch.tensor(2.5)
    tensors["empty"] = torch.zeros(0, 3)
    safetensors.torch.save_file(tensors, ROOT / "safetensors" / "types.safetensors", metadata={"made by": "torch"})
    # All 65536 patterns are tested against a formula; these against torch.
    floats = torch.tensor([1 / 3, -65519.0, 65520.0, 6e-8, 2.9e-8, 3.4e38, -0.0, 1.00390625, 1.01171875, 1e-40])
    safetensors.torch.save_file({"f32": floats, "f16": floats.half(), "bf16": floats.bfloat16()},
                                ROOT / "safetensors" / "rounded.safetensors")


# Of the sequence models: small, and no two sizes alike.
TIME, INPUTS, FEATURES, PAIRS, OUTPUTS, VOCABULARY, BLOCKS, EPSILON = 20, 3, 4, 5, 2, 7, 2, 0.01


def random(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def random_complex(*shape):
    return torch.complex(random(*shape), random(*shape))


def systems(kind):
    """A system for each feature, half spectra."""
    made = {"lambda": torch.complex(-0.2 - torch.rand(FEATURES, PAIRS, dtype=torch.float64), 3 * random(FEATURES, PAIRS)),
            "b": random_complex(FEATURES, PAIRS), "c": random_complex(FEATURES, PAIRS) / PAIRS,
            "d": random(FEATURES), "step": 0.02 + 0.3 * torch.rand(FEATURES, dtype=torch.float64)}
    if kind == "s4":
        made["p"] = random_complex(FEATURES, 1, PAIRS)
    return made


def recurrence(system, u):
    """y (time, features): x[t] = Ab x[t-1] + Bb u[t], y = 2 Re(c x) + d u, channel by channel over the whole spectrum."""
    y = torch.empty_like(u)
    for h in range(FEATURES):
        step = system["step"][h]
        eigenvalues, b, c = (torch.cat([v[h], v[h].conj()]) for v in (system["lambda"], system["b"], system["c"]))
        if "p" in system:  # bilinear
            p = torch.cat([system["p"][h], system["p"][h].conj()], dim=1)
            a = step / 2 * (torch.diag(eigenvalues) - p.T @ p.conj())
            one = torch.eye(2 * PAIRS, dtype=a.dtype)
            ab, bb = torch.linalg.solve(one - a, one + a), torch.linalg.solve(one - a, step * b)
        else:  # zero-order hold; e^z - 1 = 2 e^(z/2) sinh(z/2) does not cancel
            z = step * eigenvalues
            ab, bb = torch.diag(torch.exp(z)), 2 * torch.exp(z / 2) * torch.sinh(z / 2) / eigenvalues * b
        x = torch.zeros(2 * PAIRS, dtype=ab.dtype)
        for t in range(len(u)):
            x = ab @ x + bb * u[t, h]
            y[t, h] = (c @ x).real + system["d"][h] * u[t, h]
    return y


def sequence_models():
    """ssm/sequence_model.hpp's model in PyTorch's functions, with a plain recurrence; one file of parameters for each kind of
    system and of encoder, in the format written there, and the outputs of every pooling."""
    torch.manual_seed(7)
    folder = ROOT / "sequence_model"
    u, ids = random(TIME, INPUTS), torch.randint(VOCABULARY, (TIME,))
    numpy.save(folder / "u.npy", u.numpy())
    numpy.save(folder / "ids.npy", ids.numpy())
    for kind in ("s4d", "s4"):
        for encoder in ("linear", "embedding"):
            saved = {"decoder.weight": random(OUTPUTS, FEATURES), "decoder.bias": random(OUTPUTS)}
            if encoder == "linear":
                saved |= {"encoder.weight": random(FEATURES, INPUTS), "encoder.bias": random(FEATURES)}
                x = functional.linear(u, saved["encoder.weight"], saved["encoder.bias"])
            else:
                saved["encoder.weight"] = random(VOCABULARY, FEATURES)
                x = functional.embedding(ids, saved["encoder.weight"])
            for i in range(BLOCKS):
                norm, shift = random(FEATURES), random(FEATURES)
                mix, bias = random(2 * FEATURES, FEATURES), random(2 * FEATURES)
                system = systems(kind)
                y = recurrence(system, functional.layer_norm(x, (FEATURES,), norm, shift, EPSILON))
                y = functional.gelu(y, approximate="tanh")
                x = x + functional.glu(functional.linear(y, mix, bias), 1)
                saved |= {f"layers.{i}.norm.weight": norm, f"layers.{i}.norm.bias": shift,
                          f"layers.{i}.mix.weight": mix, f"layers.{i}.mix.bias": bias}
                for name, value in system.items():
                    saved[f"layers.{i}.ssm.{name}"] = torch.view_as_real(value) if value.is_complex() else value
            name = f"{kind}.{encoder}"
            for pooling, value in {"none": x, "mean": x.mean(0, keepdim=True), "last": x[-1:]}.items():
                made = functional.linear(value, saved["decoder.weight"], saved["decoder.bias"])
                numpy.save(folder / f"{name}.{pooling}.npy", made.numpy())
            metadata = {"format": "ssmscan.sequence_model/1", "ssm": kind, "pooling": "none", "encoder": encoder,
                        "epsilon": str(EPSILON)}
            safetensors.torch.save_file(saved, folder / f"{name}.safetensors", metadata=metadata)


if __name__ == "__main__":
    for folder in ("layers", "safetensors", "sequence_model"):
        (ROOT / folder).mkdir(parents=True, exist_ok=True)
    layers()
    files()
    sequence_models()
    print(f"numpy {numpy.__version__}, torch {torch.__version__}, safetensors {safetensors.__version__}")
