"""Makes tests/data/tokenizer with Hugging Face's tokenizers: a small byte-level BPE in the form of GPT-NeoX's tokenizer.json,
trained on the texts below and a text file given, and what it makes of them.

    python tests/reference/make_tokenizer_reference.py TEXT-FILE"""
import json
import pathlib
import sys

import tokenizers

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "data" / "tokenizer"
TEXTS = ["", " ", "Hello world", "  two  spaces ", "I'll we've they're it's DON'T 'twas", "line\nbreak\r\n\ttab   \n\n end",
         "3.14159 1,000,000 \u00b2\u0663", "na\u00efve caf\u00e9 \u00fcber stra\u00dfe", "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8",
         "emoji \U0001f600\U0001f680 end", "nbsp\u00a0and\u2003em\u3000space", "<|endoftext|>", "a<|endoftext|>b <|endoftext|> c",
         "<|endof", "tokens    with      runs", "snake_case CamelCase x=y+z; // comment", "\u0000\u0001\u007f", "\u0410\u0411\u0412 \u03b1\u03b2\u03b3 ",
         "it\u2019s \u201cquoted\u201d \u2014 dash", "KING RICHARD: Now is the winter of our discontent\nMade glorious summer"]


def main():
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.normalizer = tokenizers.normalizers.NFC()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=700, special_tokens=["<|endoftext|>", "<|padding|>"],
                                             initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet())
    text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")[:200000]
    tokenizer.train_from_iterator(text.splitlines(keepends=True), trainer)
    tokenizer.add_tokens([tokenizers.AddedToken(" " * n, normalized=True) for n in (4, 3, 2)])
    FOLDER.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(FOLDER / "tokenizer.json"))
    cases = [{"text": one, "ids": (ids := tokenizer.encode(one).ids), "decoded": tokenizer.decode(ids, skip_special_tokens=False)}
             for one in TEXTS + text[1000:3000].split("\n\n")]
    (FOLDER / "cases.json").write_text(json.dumps({"tokenizers": tokenizers.__version__, "cases": cases}, ensure_ascii=True,
                                                  indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
