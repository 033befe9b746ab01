"""Makes the goldens of tokenizers: small vocabularies of every kind, and texts with their ids.

    python data/scripts/make_tokenizer_goldens.py Tests/Goldens/tokenizers

needs `tokenizers`. All are trained here, on the sentences below, and differ as published ones differ. Byte-level BPE:

`beginning`  splits by the pattern of GPT-2, puts a beginning-of-sequence token first, and takes a word that is in the
             vocabulary as it is, whatever its merges say (`ignore_merges`)
`composing`  composes characters (NFC), splits by a pattern of its own with contractions in any case, single digits and
             lines, has added tokens that take the spaces beside them or must be whole words, and adds nothing

and SentencePiece's kinds, put together as the files of these models are, with BPE and a token for each byte:

`gemma`      writes ▁ for every space, cuts behind each, and has tokens of several ▁
`phi3`       puts ▁ before every stretch of text, as the older Mistral does, and cuts nothing
`mistral`    puts ▁ before the beginning of the text alone (Metaspace)
`unigram`    cuts before every ▁, chooses the tokens whose scores sum highest, and has no bytes

expected.json holds for each text `ids`, `ids_without_special` (which the post-processor adds), what these decode to
(`decoded`, special tokens kept), and what all of them but the last decode to (`decoded_without_last`), which may end
within a character.
"""

import json
import os
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SENTENCES = [
    "The quick heads read what the model has seen, and say how warm the next token is to be.",
    "If 12 apples cost 3.50, then 144 apples cost 42.00; that's 12 times as much, isn't it?",
    "def predict(hidden):\n    return 2 * sigmoid(weight @ hidden + bias)\n\n\tprint('done')  # 100%\r\n",
    "Élodie a mangé des pâtes à la crème brûlée; Jürgen wäscht süße Äpfel, Łukasz pije wódkę.",
    "Сегодня утром мы решили задачу: ответ равен сорока двум. Το αποτέλεσμα είναι σωστό.",
    "今天我们来算一算，答案是四十二。これは正しいです。정답은 마흔둘입니다.",
    "नमस्ते दुनिया, यह एक परीक्षा है। مرحبا بالعالم، هذا اختبار. שלום עולם, זה מבחן.",
    "Therefore \\frac{1}{2} + \\sqrt{16} = 4.5, and the answer is \\boxed{9/2}. We're done, you'll see; they've left.",
    "🙂🙂 👩‍👩‍👧 👍🏽 🇩🇪 e\u0301 n\u0303 … — “quoted” ‘single’ ½ ² ³ ① Ⅳ ٣ ४",
]

TEXTS = [
    "", " ", "  ", "   a", "a   ", "\n", "\n\n\n", " \n \n", "\r\n\r\n", "\t\tx\t", "a\u00a0b",
    "\u2003wide\u2003space\u3000", "\u2028line\u2029paragraph\u0085next", "The quick heads", "the model has seen",
    "isn't it? ISN'T IT? We'Ll they’ve I'M 'tis 'S s'", "don''t '' 're",
    "0 12 345 6789 1234567890 3.14159 1,000,000 1e-7 x2y3", "½ ² ① Ⅳ ٣ ४ ১২৩ 𝟜𝟚 ⅷ", "café cafe\u0301 CAFÉ CAFE\u0301",
    "a\u0323\u0307 a\u0307\u0323 \u1e69 s\u0323\u0307", "\u212b \u2126 \u212a \ufb01 \u1e9b\u0323",
    "\u0301 starts with a mark", "\u0958 \u0915\u093c \u2adc", "각 \u1100\u1161\u11a8 가 \u1100\u1161 정답은 마흔둘",
    "今天我们来算一算，答案是四十二。", "これは正しいです。がぎぐ か\u3099き\u3099", "नमस्ते दुनिया क्षत्रिय", "مرحبا بالعالم لا إله",
    "שלום עולם שָׁלוֹם", "ไทยไม่มีช่องว่าง", "Ångström naïve Straße İstanbul ıI ǅ ß ẞ", "🙂", "👩‍👩‍👧‍👦", "👍🏽👍🏿",
    "🇩🇪🇫🇷🇯", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "❤️ ❤ ☺︎",
    "a\u200db\u200cc\u200bd\u2060e\ufeff", "\ufeffstarts with a mark of byte order", "\x00 \x01 \x7f \x1b[0m",
    "\u0378 \u0e5c \U000e0fff \U0010ffff \ufffe \uffff", "\ue000 \U000f0000 \ufffd",
    "\u202eright to left\u202c \u2066isolated\u2069", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝐛𝐨𝐥𝐝 𐍈 𒀀 𓀀", "Z̸̡͓͚a̷̢̛l̶̨͍g̴̢̛o̵̢͙",
    "\\boxed{\\frac{12}{127}} and \\sqrt{2}^{10}", "def f(x):\n    return x\n\n\n        deep()\n",
    "a=b+c*(d-e)/f%g&h|i^j~k!l@m#n$o`p", "https://example.org/a?b=c&d=%20#e", "<|end|>", "text<|end|>text",
    "<|end|><|end|>", "< |end| >", "<|end", "the<|step|>the", "a <|step|> b", "a  <|step|>\n\nb",
    "answer answers reanswer answer. (answer)", "an answer_ _answer answer1 éanswer answeré", "WORD word Word wOrD",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "abababababababababababab", "    " * 20, "\n" * 17, "é" * 33,
    "one\ttwo\x0bthree\x0cfour\u1680five\u180esix", "mixed 中文english한국어русскийعربي٣4५", "—–‒―−-‐‑", "‘’‚‛“”„‟′″",
    "x" + "\u0300" * 40 + "y", "e\u0301" * 9, " leading", "trailing ", "two  spaces", "three   spaces", "1 2  3   4",
    "a\n b\n  c", "a \n\n b", "!\n\n?", "...\r\n", "...\r\n\r\nx", " '", "' ", "'", "''",
]


def trained(tokenizer, size, special):
    bytes = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=special, initial_alphabet=bytes, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES * 3, trainer)
    return tokenizer


def with_words_that_no_merge_makes(tokenizer):
    """One word is a piece of its own in the texts, the other only ever part of a piece."""
    description = json.loads(tokenizer.to_str())
    for word in ("trailing", "lead"):
        description["model"]["vocab"][word] = len(description["model"]["vocab"])
    return Tokenizer.from_str(json.dumps(description))


def beginning():
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trained(tokenizer, 460, ["<|begin|>", "<|end|>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A", pair="<|begin|> $A <|begin|> $B",
        special_tokens=[("<|begin|>", tokenizer.token_to_id("<|begin|>"))])
    return with_words_that_no_merge_makes(tokenizer)


def composing():
    words = r"(?i:'(?:s|t|d|m|re|ve|ll))|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    pattern = words + r"|\s?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer = with_words_that_no_merge_makes(trained(tokenizer, 440, ["<|end|>"]))
    tokenizer.add_tokens([
        AddedToken("<|step|>", lstrip=True, rstrip=True, normalized=False),
        AddedToken("answer", single_word=True, normalized=False),
    ])
    return tokenizer


def with_bytes_and_spaces(tokenizer, bytes=range(256)):
    """The vocabulary again, with the special tokens and a token for each byte first and tokens of several ▁ last."""
    description = json.loads(tokenizer.to_str())
    model, first = description["model"], ["<unk>", "<s>", "</s>"]
    words = [word for word, _ in sorted(model["vocab"].items(), key=lambda entry: entry[1]) if word not in first]
    spaces = [("▁", "▁"), ("▁▁", "▁▁"), ("▁▁▁▁", "▁▁▁▁")]
    tokens = first + [f"<0x{byte:02X}>" for byte in bytes] + words + [left + right for left, right in spaces]
    model["vocab"] = {token: id for id, token in enumerate(tokens)}
    model["merges"] += [list(pair) for pair in spaces]
    for token in description["added_tokens"]:
        token["id"] = model["vocab"][token["content"]]
    return Tokenizer.from_str(json.dumps(description))


def sentencepiece(bytes=range(256), fuses=True):
    """BPE over words that begin with ▁."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=fuses, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False)
    tokenizer.train_from_iterator([sentence[:60] for sentence in SENTENCES[:3]] * 3, trainer)
    tokenizer = with_bytes_and_spaces(tokenizer, bytes)
    tokenizer.pre_tokenizer = None
    return tokenizer


def beginning_with_s(tokenizer):
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))])
    return tokenizer


def with_marks_as_spaces(tokenizer, strips):
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence(steps + ([decoders.Strip(" ", 1, 0)] if strips else []))
    return beginning_with_s(tokenizer)


def gemma():
    tokenizer = sentencepiece()
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.add_tokens([AddedToken("\n\n", normalized=False), AddedToken("\t\t", normalized=False)])
    return with_marks_as_spaces(tokenizer, strips=False)


def phi3():
    tokenizer = sentencepiece()
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.add_special_tokens([AddedToken("<|end|>", rstrip=True, normalized=False)])
    tokenizer.add_tokens([AddedToken("<|step|>", normalized=True)])
    return with_marks_as_spaces(tokenizer, strips=True)


def mistral():
    tokenizer = sentencepiece()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.add_special_tokens([AddedToken("<|end|>", normalized=False), AddedToken("<|step|>", normalized=False)])
    return with_marks_as_spaces(tokenizer, strips=True)


def unigram():
    """The words of the BPE vocabulary; scores fall with their place, and long words cost less than their parts.

    The library's own trainer gives other scores in every run.
    """
    words = [word for word in json.loads(sentencepiece(bytes=()).to_str())["model"]["vocab"] if word[0] != "<"]
    scores = [(word, -round(3 + 0.01 * place + 1.5 * len(word), 2)) for place, word in enumerate(words)]
    special = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(special + scores, unk_id=0, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>", "<|end|>"])
    return beginning_with_s(tokenizer)


def main(folder):
    for make in (beginning, composing, gemma, phi3, mistral, unigram):
        tokenizer, place = make(), os.path.join(folder, make.__name__)
        os.makedirs(place, exist_ok=True)
        tokenizer.save(os.path.join(place, "tokenizer.json"), pretty=False)
        rows = []
        for text in TEXTS:
            plain = tokenizer.encode(text, add_special_tokens=False).ids
            rows.append({
                "text": text, "ids": tokenizer.encode(text).ids, "ids_without_special": plain,
                "decoded": tokenizer.decode(plain, skip_special_tokens=False),
                "decoded_without_last": tokenizer.decode(plain[:-1], skip_special_tokens=False),
            })
        with open(os.path.join(place, "expected.json"), "w") as file:
            file.write("[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
