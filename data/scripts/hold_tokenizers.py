"""Holds `autodeco-inspect tokens` to Hugging Face's `tokenizers` on seeded texts, kind by kind.

    python data/scripts/hold_tokenizers.py [--bin .build/release] [--texts 20000] [--seed 1]

needs `tokenizers`. No published vocabulary is at hand here: those of make_tokenizer_goldens.py stand for them, small
ones of the same kinds and with the same parts, and beside them variants that those leave out. For every text the ids
with and without the post-processor's tokens and the decoded text must be the same. Exit status 1 where one differs.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer, models, pre_tokenizers, decoders, normalizers

import make_tokenizer_goldens as made


def few_bytes(fuses):
    """Bytes below 0x80 alone, so that some characters have theirs and others are unknown."""
    tokenizer = made.sentencepiece(bytes=range(0x80), fuses=fuses)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return made.with_marks_as_spaces(tokenizer, strips=True)


def unigram_with_bytes():
    """Unigram whose unknown characters become bytes, with ▁ put before the beginning alone, and nothing cut."""
    description = json.loads(made.unigram().to_str())
    model = description["model"]
    model["vocab"] += [[f"<0x{byte:02X}>", 0.0] for byte in range(256)]
    model["byte_fallback"] = True
    for token in description["added_tokens"]:
        if token["content"] == "<|end|>":
            token["id"] = len(model["vocab"])
    tokenizer = Tokenizer.from_str(json.dumps(description))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    return made.with_marks_as_spaces(tokenizer, strips=True)


def unigram_of_equal_scores():
    """Many ways to cut have the same sum: which one is taken is a matter of order."""
    letters = ["▁", "a", "b", "c", "d"]
    words = letters + [x + y for x in letters for y in letters[1:]] + ["abc", "▁abcd", "dd▁"]
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0)] + [(word, -float(len(word))) for word in words], 0, False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=False)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="never")
    return tokenizer


def metaspace_first_and_split():
    tokenizer = made.mistral()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=True)
    return tokenizer


KINDS = {
    "beginning": made.beginning, "composing": made.composing, "gemma": made.gemma, "phi3": made.phi3,
    "mistral": made.mistral, "unigram": made.unigram, "metaspace_first_and_split": metaspace_first_and_split,
    "unigram_with_bytes": unigram_with_bytes, "unigram_of_equal_scores": unigram_of_equal_scores,
    "few_bytes": lambda: few_bytes(True), "few_bytes_not_fused": lambda: few_bytes(False),
}


def character(source):
    """A scalar of any plane, most often of the first pages; no surrogate."""
    limit = source.choice([0x80, 0x80, 0x250, 0x3000, 0x10000, 0x110000])
    while True:
        scalar = source.randrange(limit)
        if not 0xD800 <= scalar < 0xE000:
            return chr(scalar)


def text(source):
    """Words and characters, runs of spaces, marks, added tokens and spelled-out bytes, in any order."""
    words = [word for sentence in made.SENTENCES for word in sentence.split(" ")]
    parts = []
    for _ in range(source.randrange(1, 14)):
        draw = source.random()
        if draw < 0.35:
            parts.append(source.choice(words))
        elif draw < 0.5:
            parts.append("".join(character(source) for _ in range(source.randrange(1, 6))))
        elif draw < 0.7:
            parts.append(source.choice([" ", " ", "  ", "   ", "     ", "\n", "\n\n", "\t\t", "\u00a0"]))
        elif draw < 0.8:
            parts.append(source.choice(["▁", "▁▁", "<|end|>", "<|step|>", "<s>", "</s>", "<unk>", "<0x41>", "<0xe2>"]))
        elif draw < 0.9:
            parts.append("".join(source.choice("abcd ") for _ in range(source.randrange(1, 12))))
        else:
            parts.append(source.choice(made.TEXTS))
    return "".join(parts)


def held(tokenizer, texts, program, folder):
    """How many of the texts have other ids or decode to another text; the first few are printed."""
    tokenizer.save(os.path.join(folder, "tokenizer.json"))
    lines = os.path.join(folder, "texts.jsonl")
    with open(lines, "w") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in texts)
    output = subprocess.run(
        [program, "tokens", "--model", folder, "--input", lines, "--json"], capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in output.stdout.rstrip("\n").split("\n")]
    differences = abs(len(rows) - len(texts))
    for text, row in zip(texts, rows):
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        expected = {
            "ids": tokenizer.encode(text).ids, "ids_without_special": plain,
            "decoded": tokenizer.decode(plain, skip_special_tokens=False)}
        different = [key for key, value in expected.items() if row[key] != value]
        differences += bool(different)
        if different and differences <= 3:
            key = different[0]
            print(f"  {key} of {text!r}:\n    found    {row[key]!r}\n    expected {expected[key]!r}")
    return differences


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=".build/release", help="folder of autodeco-inspect")
    parser.add_argument("--texts", type=int, default=20_000, help="texts for each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default="", help="some of the kinds, with commas between")
    arguments = parser.parse_args()
    program, failed = os.path.join(arguments.bin, "autodeco-inspect"), 0
    for name, make in KINDS.items():
        if arguments.kinds and name not in arguments.kinds.split(","):
            continue
        source = random.Random(f"{arguments.seed} {name}")
        texts = made.TEXTS + [text(source) for _ in range(arguments.texts)]
        with tempfile.TemporaryDirectory() as folder:
            differences = held(make(), texts, program, folder)
        print(f"{name}: {len(texts)} texts, {differences} differ")
        failed += differences > 0
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
