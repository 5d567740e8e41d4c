#!/usr/bin/env python3
"""Peers of decoding: transformers' MambaForCausalLM, a token at a time with its cache, on bench_decode's model: the shapes of
mamba-130m and the same random weights, number for number. In float32, and in bfloat16 (there its activations are bfloat16 too,
where ours are float). Its compiled kernels are those of mamba_ssm and causal_conv1d; without them, as pip installs it, it
runs its own formulas in torch, and the label says so.

    bench/peers/language_model.py --out peers.json [--save DIR]     DIR gets the model as a checkpoint, ids.npy and logits.npy:
    ssmscan mamba logits --model DIR --ids DIR/ids.npy --out ours.npy      computes the same of the same weights
"""

import importlib.util
import inspect
import os
import sys
from dataclasses import dataclass

import peers  # first: it says so where NumPy is not
from peers import Contender, NotRun, need

import numpy

FIRST_IDS = [1, 2, 3, 5, 8, 13]
LEAST_SHARE = 1e-8  # of squares: a part in ten thousand of the logits' size, bench_decode's bar; for bfloat16, which keeps 8 bits, a tenth
NARROW_SHARE = 1e-2


class MinstdRand:
    """std::minstd_rand(1), and libstdc++'s uniform_real_distribution<float>(-1, 1) over it: one draw a number."""

    MODULUS, FACTOR = 2**31 - 1, 48271

    def __init__(self):
        self.state = 1

    def uniform(self, count):
        width = 1 << 12
        powers = numpy.empty(width, numpy.uint64)
        power = 1
        for k in range(width):
            power = power * self.FACTOR % self.MODULUS
            powers[k] = power
        made = numpy.empty(-(-count // width) * width, numpy.uint64)
        for at in range(0, made.size, width):  # products of two numbers of 31 bits fit in 64
            made[at : at + width] = self.state * powers % numpy.uint64(self.MODULUS)
            self.state = made[at + width - 1]
        made = made[:count]
        self.state = made[-1]
        unit = (made - numpy.uint64(1)).astype(numpy.float32) / numpy.float32(2.0**31)
        unit = numpy.minimum(unit, numpy.nextafter(numpy.float32(1), numpy.float32(0)))
        return unit * numpy.float32(2) + numpy.float32(-1)


@dataclass(frozen=True)
class Shape:
    dtype: str  # f32, bf16
    hidden: int = 768
    layers: int = 24
    vocabulary: int = 50280
    states: int = 16
    elements: int = 1  # tokens of a call
    lanes: int = 1
    time: int = 1

    @property
    def bytes_per_element(self):  # the weights that a token reads, matrices in the type
        inner, rank = 2 * self.hidden, -(-self.hidden // 16)
        matrices = self.vocabulary * self.hidden + self.layers * (
            3 * inner * self.hidden + inner * (rank + 2 * self.states) + inner * rank)
        vectors = self.hidden + self.layers * (self.hidden + inner * (4 + 3 + self.states))
        return {"f32": 4, "bf16": 2}[self.dtype] * matrices + 4 * vectors

    def named(self, contender):
        return f"ssm/decode.{self.dtype}/{contender.name}/{contender.backend}/lanes:1/time:1/N:{self.states}/H:{self.hidden}"


def weights_of(shape, names):
    """Values by name, drawn in the order that bench_decode's model asks for them. `names`: (name, shape) in that order."""
    random, made = MinstdRand(), {}
    for name, axes in names:
        size = int(numpy.prod(axes))
        if name.endswith("A_log"):
            values = numpy.log(numpy.tile(numpy.arange(1, shape.states + 1, dtype=numpy.float32), size // shape.states))
        elif name.endswith("dt_proj.bias"):
            values = numpy.full(size, -3, numpy.float32)
        elif name.endswith(("norm.weight", "norm_f.weight", ".D")):
            values = numpy.ones(size, numpy.float32)
        else:
            values = numpy.sqrt(numpy.float32(3) / numpy.float32(axes[-1])) * random.uniform(size)
        made[name] = values.astype(numpy.float32).reshape(axes)
    return made


def names_of(shape):
    inner, rank = 2 * shape.hidden, -(-shape.hidden // 16)
    names = [("backbone.embeddings.weight", (shape.vocabulary, shape.hidden))]
    for layer in range(shape.layers):
        here = f"backbone.layers.{layer}."
        names += [(here + "norm.weight", (shape.hidden,))]
        names += [(here + "mixer." + name, axes) for name, axes in (
            ("in_proj.weight", (2 * inner, shape.hidden)), ("conv1d.weight", (inner, 1, 4)), ("conv1d.bias", (inner,)),
            ("x_proj.weight", (rank + 2 * shape.states, inner)), ("dt_proj.weight", (inner, rank)), ("dt_proj.bias", (inner,)),
            ("A_log", (inner, shape.states)), ("D", (inner,)), ("out_proj.weight", (shape.hidden, inner)))]
    return names + [("backbone.norm_f.weight", (shape.hidden,))]


def made_model(shape):
    """In float32 on the CPU."""
    torch, transformers = need("torch"), need("transformers")
    config = transformers.MambaConfig(vocab_size=shape.vocabulary, hidden_size=shape.hidden, num_hidden_layers=shape.layers, state_size=shape.states,
                                      use_bias=False, use_conv_bias=True, tie_word_embeddings=True)
    with torch.device("meta"):
        model = transformers.MambaForCausalLM(config)
    model = model.to_empty(device="cpu").eval()
    model.tie_weights()
    given = {name: torch.from_numpy(values) for name, values in weights_of(shape, names_of(shape)).items()}
    left = model.load_state_dict(given, strict=False)
    if set(left.missing_keys) - {"lm_head.weight"} or left.unexpected_keys:
        raise RuntimeError(f"tensors of another model: {left}")
    return model


class Problem:
    """The model, and what transformers' own scan of all first ids says of the last."""

    def __init__(self, shape):
        self.shape = shape
        self.model = made_model(shape)
        torch = need("torch")
        with torch.no_grad():
            self.all_logits = self.model(input_ids=torch.tensor([FIRST_IDS])).logits.float().numpy()
        self.expected = self.all_logits[0, -1]

    def wrong(self, result, right_steps, rounding_logs=0.0):
        got, want = numpy.asarray(result, numpy.float64).ravel(), self.expected.astype(numpy.float64)
        share = float(((got - want) ** 2).sum() / (want**2).sum())
        allowed = LEAST_SHARE if self.shape.dtype == "f32" else NARROW_SHARE
        return "" if share <= allowed else f"{peers.WRONG}steps are not the scan: {share**0.5:.3g} of the logits' size"

    def save(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.model.save_pretrained(folder, safe_serialization=True)
        numpy.save(os.path.join(folder, "ids.npy"), numpy.array([FIRST_IDS], numpy.int64))
        numpy.save(os.path.join(folder, "logits.npy"), self.all_logits.astype(numpy.float32))


class Steps:
    """The first ids one by one; each call after that is one token more."""

    def __init__(self, problem, device):
        self.torch = torch = need("torch")
        if device == "cuda" and not torch.cuda.is_available():
            raise NotRun("no GPU that torch can use")
        self.device = device
        self.model = problem.model.to(device=device, dtype={"f32": torch.float32, "bf16": torch.bfloat16}[problem.shape.dtype])
        self.takes = inspect.signature(self.model.forward).parameters
        self.cache, self.at, self.logits = None, 0, None

    def token(self, id_):
        torch, more = self.torch, {}
        if "cache_position" in self.takes:
            more["cache_position"] = torch.tensor([self.at], device=self.device)
        if self.cache is not None:
            more["cache_params"] = self.cache
        with torch.no_grad():
            out = self.model(input_ids=torch.tensor([[id_]], device=self.device), use_cache=True, **more)
        self.cache, self.at, self.logits = out.cache_params, self.at + 1, out.logits
        return self.logits

    def __call__(self):
        if self.at < len(FIRST_IDS):
            while self.at < len(FIRST_IDS):
                self.token(FIRST_IDS[self.at])
            return self.logits
        return self.token(self.at * 7 % 1000)


def finished(value):
    if value.is_cuda:
        need("torch").cuda.synchronize()
    return value


def path_taken():
    compiled = [name for name in ("mamba_ssm", "causal_conv1d") if importlib.util.find_spec(name) is not None]
    return "kernels of " + " and ".join(compiled) if len(compiled) == 2 else "in torch: mamba_ssm and causal_conv1d are not both installed"


CONTENDERS = [
    Contender("transformers", backend, lambda shape: True, lambda p, device=device: Steps(p, device), path_taken(), lambda v: v.float().cpu().numpy(), question="ssm")
    for backend, device in (("openmp", "cpu"), ("cuda", "cuda"))
]


def main():
    more = lambda parser: parser.add_argument("--save", metavar="DIR", help="the model as a checkpoint, ids.npy and logits.npy")  # noqa: E731
    options = peers.arguments(__doc__, CONTENDERS, more)
    folder = options.save
    sizes = {"hidden": 256, "layers": 4, "vocabulary": 5000} if options.quick else {}
    records = []
    for dtype in ("f32", "bf16"):
        shape, problem = Shape(dtype, **sizes), None
        for contender in (c for c in CONTENDERS if options.only in c.name):
            try:
                problem = problem or Problem(shape)
            except NotRun as why:
                records.append(peers.failure(shape.named(contender), peers.NOT_RUN + str(why)))
                continue
            if folder:
                problem.save(folder)
                folder = None
            records += peers.measure(contender, problem, lambda run: peers.host_timer(run, finish=finished), 0)
    return peers.finish(options, peers.versions(("torch", "transformers", "mamba_ssm", "causal_conv1d")), records)


if __name__ == "__main__":
    sys.exit(main())
