"""Makes tests/data/layers and tests/data/safetensors with PyTorch and the safetensors package: our own code takes no
part. Run from the repository's root: python tests/reference/make_torch_reference.py"""
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


if __name__ == "__main__":
    for folder in ("layers", "safetensors"):
        (ROOT / folder).mkdir(parents=True, exist_ok=True)
    layers()
    files()
    print(f"numpy {numpy.__version__}, torch {torch.__version__}, safetensors {safetensors.__version__}")
