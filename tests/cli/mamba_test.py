"""`ssmscan mamba logits | generate` on tests/data/tiny-mamba: transformers' logits and greedy ids; seeds; text; refusals."""
import json
import os
import shutil
import struct
import unittest

from program import ProgramTest, difference

DATA = os.environ["SSMSCAN_TEST_DATA"]
MODEL = os.path.join(DATA, "tiny-mamba")


def tensors(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    code = {"F32": "f", "I64": "q"}
    made = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            kind = code[entry["dtype"]]
            made[name] = entry["shape"], list(struct.unpack(f"<{(end - begin) // struct.calcsize(kind)}{kind}", data[begin:end]))
    return made


class MambaTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.reference = tensors(os.path.join(MODEL, "reference.safetensors"))
        self.save("ids.npy", "<i8", *self.reference["ids"])

    def test_logits_are_transformers(self):
        shape, expected = self.reference["logits"]
        ways = [[], ["--mode=recurrence"], ["--algorithm=blelloch"], ["--algorithm=heisen"]]
        for more in [*ways, ["--backend=serial"], *([*way, "--backend=cuda"] for way in ways if self.gpu_here())]:
            told = self.good("mamba", "logits", "--model", MODEL, "--ids=ids.npy", "--out=y.npy", "--force", *more).stderr
            self.assertRegex(told, r"^66 tokens in [0-9.]+ s, [0-9.]+ tokens/s\n$")
            descr, got_shape, got = self.load("y.npy")
            self.assertEqual((descr, list(got_shape)), ("<f4", shape))
            self.assertLessEqual(difference(got, expected), 1e-4, more)

    def test_weights_in_bfloat16_are_near(self):
        made = {}
        for weights in ("float32", "bfloat16"):
            self.good("mamba", "logits", "--model", MODEL, "--ids=ids.npy", "--out=y.npy", "--force", f"--weights={weights}")
            made[weights] = self.load("y.npy")[2]
        # Rounding moves each weight by 2^-9 of itself at most; 13 matrices stand one after the other; a reason for the size, not a proof.
        off = difference(made["float32"], made["bfloat16"])
        self.assertGreater(off, 0)
        self.assertLess(off, 13 * 2**-9 * max(map(abs, made["float32"])))
        self.bad(2, ['--weights: got "half"'], "mamba", "logits", "--model", MODEL, "--ids=ids.npy", "--out=z.npy", "--weights=half")

    def test_weights_that_are_not_finite_are_told(self):
        shutil.copytree(MODEL, self.path("model"))
        with open(self.path("model/model.safetensors"), "r+b") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
            at = header["backbone.norm_f.weight"]["data_offsets"][0]
            file.seek(file.tell() + at)
            file.write(struct.pack("<f", float("nan")))
        result = self.good("mamba", "logits", "--model=model", "--ids=ids.npy", "--out=y.npy")
        self.assertIn("warning: model: weights that are NaN or infinite: 1", result.stderr)

    def generate(self, *more):
        return self.good("mamba", "generate", "--model", MODEL, "--ids=prompt.npy", *more)

    def test_generate(self):
        ids = self.reference["generated"][1]
        self.save("prompt.npy", "<i8", (5,), ids[:5])
        result = self.generate("--tokens=24")
        self.assertEqual([int(one) for one in result.stdout.split()], ids[5:])
        self.assertIn("tokens/s", result.stderr)
        if self.gpu_here():
            self.assertEqual(self.generate("--tokens=24", "--backend=cuda").stdout, result.stdout)
            self.assertIn("tokens/s", self.generate("--tokens=24", "--backend=cuda", "--temperature=1").stderr)
        drawn = self.generate("--tokens=20", "--temperature=2", "--seed=3").stdout
        self.assertEqual(drawn, self.generate("--tokens=20", "--temperature=2", "--seed=3").stdout)
        others = {self.generate("--tokens=20", "--temperature=2", f"--seed={seed}").stdout for seed in range(4, 8)}
        self.assertGreater(len(others), 1)
        # So small a nucleus is the likeliest id alone.
        self.assertEqual(self.generate("--tokens=24", "--temperature=2", "--top-p=1e-9").stdout, result.stdout)

    def test_generate_from_text(self):
        shutil.copytree(MODEL, self.path("model"))
        shutil.copy(os.path.join(DATA, "tokenizer", "tokenizer.json"), self.path("model"))
        # Of the tokenizer's ids only the first 97 are the model's: single printable characters, mostly.
        text = self.good("mamba", "generate", "--model=model", "--prompt=Q9!", "--tokens=8").stdout
        self.assertGreater(len(text), 0)
        told = ["--ids", "need an id of 0 to 96"]
        self.bad(2, told[1:], "mamba", "generate", "--model=model", "--prompt= the", "--tokens=8")
        drawn = ["mamba", "generate", "--model=model", "--prompt=Q9!", "--tokens=20", "--temperature=5", "--seed=1"]
        whole = self.good(*drawn).stdout
        # Ids that the model has and its tokenizer has not are no text, and no end of it.
        with open(self.path("model/tokenizer.json"), encoding="utf-8") as file:
            known = json.load(file)
        kept = [known["model"]["vocab"][one] for one in "Q9!"]
        for token, number in known["model"]["vocab"].items():
            known["model"]["vocab"][token] = number if number > 96 or number in kept else number + 5000
        known["added_tokens"] = []
        with open(self.path("model/tokenizer.json"), "w", encoding="utf-8") as file:
            json.dump(known, file)
        result = self.good(*drawn)
        self.assertIn("generated 20 in", result.stderr)
        self.assertLess(len(result.stdout), len(whole))

    def test_refusals(self):
        self.save("prompt.npy", "<i8", (2,), [1, 2])
        self.save("wrong.npy", "<i8", (1, 2), [1, 97])
        self.save("reals.npy", "<f4", (1, 2), [1, 2])
        self.save("none.npy", "<i8", (0, 3), [])
        generate, logits = ["mamba", "generate", "--model", MODEL], ["mamba", "logits", "--model", MODEL, "--out=new.npy"]
        for told, arguments in (
                ("need one of", ["mamba"]), ("--model: got nothing", ["mamba", "generate", "--ids=prompt.npy"]),
                ("--ids, --prompt: got neither", generate), ("--ids, --prompt: got both", [*generate, "--ids=prompt.npy", "--prompt=a"]),
                ("tokenizer.json: got no file", [*generate, "--prompt=a"]), ("--tokens: got", [*generate, "--ids=prompt.npy", "--tokens=-1"]),
                ("--temperature: got", [*generate, "--ids=prompt.npy", "--temperature=-1"]),
                ("--temperature: got", [*generate, "--ids=prompt.npy", "--temperature=nan"]),
                ("--top-p: got", [*generate, "--ids=prompt.npy", "--top-p=0"]), ("--seed: got", [*generate, "--ids=prompt.npy", "--seed=1.5"]),
                ("--top-p: got 0.9", [*generate, "--ids=prompt.npy", "--top-p=0.9"]), ("--seed: got 7", [*generate, "--ids=prompt.npy", "--seed=7"]),
                ("--ids[1]: got 97; need an id of 0 to 96", [*logits, "--ids=wrong.npy"]), ("--ids: reals.npy: got type '<f4'; need <i8", [*logits, "--ids=reals.npy"]),
                ("--ids: got shape (2,); need two axes", [*logits, "--ids=prompt.npy"]),
                ("--ids: got shape (0, 3); need two axes, (batch, time), a batch of at least 1", [*logits, "--ids=none.npy"]), ("--mode: got", [*logits, "--ids=ids.npy", "--mode=steps"]),
                ("--algorithm: got", [*logits, "--ids=ids.npy", "--algorithm=fast"]),
                ("config.json: got no file", ["mamba", "logits", "--model=absent", "--ids=ids.npy", "--out=new.npy"])):
            self.bad(2, [told], *arguments)
        if self.gpu_here() is not None:  # said whether or not a GPU is there
            self.bad(2, ["--ids, --prompt: got both"], *generate, "--ids=prompt.npy", "--prompt=a", "--backend=cuda")


if __name__ == "__main__":
    unittest.main()
