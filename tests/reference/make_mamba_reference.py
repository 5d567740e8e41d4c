"""Makes tests/data/mamba-variants with transformers (MambaForCausalLM on CPU): configurations that tests/data/tiny-mamba
does not have. Run from the repository's root: python tests/reference/make_mamba_reference.py"""
import pathlib
import shutil

import safetensors.torch
import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[1] / "data" / "mamba-variants"


def make(name, kind, shard, **options):
    torch.manual_seed(11)
    config = transformers.MambaConfig(vocab_size=41, hidden_size=24, state_size=5, num_hidden_layers=2, **options)
    model = transformers.MambaForCausalLM(config).eval().float()
    with torch.no_grad():  # the defaults of these are trivial: wrong code would pass
        for layer in model.backbone.layers:
            layer.norm.weight.mul_(1 + 0.3 * torch.randn_like(layer.norm.weight))
            layer.mixer.A_log.add_(0.3 * torch.randn_like(layer.mixer.A_log))
            layer.mixer.D.add_(0.5 * torch.randn_like(layer.mixer.D))
            for bias in (layer.mixer.conv1d.bias, layer.mixer.in_proj.bias, layer.mixer.out_proj.bias):
                if bias is not None:
                    bias.add_(0.2 * torch.randn_like(bias))
        model.backbone.norm_f.weight.mul_(1 + 0.3 * torch.randn_like(model.backbone.norm_f.weight))
    model = model.to(kind)
    folder = ROOT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, safe_serialization=True, max_shard_size=shard)
    (folder / "generation_config.json").unlink(missing_ok=True)
    model = model.float()  # computed in float32 on the weights as they are stored
    ids = torch.randint(1, 41, (2, 9))
    with torch.no_grad():
        logits = model(ids, use_cache=False).logits
        generated = model.generate(ids[:1, :4], max_new_tokens=12, do_sample=False)
    safetensors.torch.save_file({"ids": ids, "logits": logits.contiguous(), "generated": generated},
                                folder / "reference.safetensors",
                                metadata={"transformers": transformers.__version__, "torch": torch.__version__})


if __name__ == "__main__":
    make("bias-rank-untied", torch.float32, "10MB", use_bias=True, time_step_rank=7, tie_word_embeddings=False,
         layer_norm_epsilon=1e-3, conv_kernel=3, expand=3, initializer_range=0.3)
    make("bfloat16-sharded", torch.bfloat16, "12KB", use_conv_bias=False, initializer_range=0.3)
    make("half", torch.float16, "10MB", conv_kernel=2, initializer_range=0.3)
