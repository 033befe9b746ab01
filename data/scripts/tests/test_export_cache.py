"""Unit tests of export_cache.py on a tiny random model: `python -m unittest discover data/scripts/tests`, or `make test-scripts`."""
import contextlib
import copy
import io
import json
import math
import os
import re
import shutil
import stat
import struct
import sys
import tempfile
import unittest
from unittest import mock

import torch

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import export_cache as ec  # noqa: E402

V, D, CONTEXT = 40, 16, 48
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content.split('</think>')[-1] if m.role == 'assistant' else m.content }}<e>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|><think>{% endif %}")


def make_model(folder, vocabulary=V, seed=0):
    from transformers import LlamaConfig, LlamaForCausalLM
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=D, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        max_position_embeddings=CONTEXT, bos_token_id=1, eos_token_id=2, initializer_range=0.3)
    LlamaForCausalLM(config).save_pretrained(folder)


def make_tokenizer(folder, size=V, bos=False):
    """A token for each of a few letters; the rest of the vocabulary are tokens of their own."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    names = ["<u>", "<s>", "<e>", "<|user|>", "<|assistant|>", "<think>", "\n", *"abcdefgh0123456789 \\{}box"]
    names = list(dict.fromkeys(names))
    names += [f"<{i}>" for i in range(size - len(names))]
    tokenizer = Tokenizer(models.WordLevel({name: i for i, name in enumerate(names[:size])}, unk_token="<u>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.add_special_tokens(["<u>", "<s>", "<e>", "<|user|>", "<|assistant|>", "<think>"])
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.save(os.path.join(folder, "tokenizer.json"))
    with open(os.path.join(folder, "tokenizer_config.json"), "w") as file:
        json.dump({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<e>", "bos_token": "<s>", "chat_template": TEMPLATE}, file)


def read_shard(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__")
    kinds = {"I32": torch.int32, "F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + size + offset for offset in entry["data_offsets"])
        tensors[name] = torch.frombuffer(bytearray(data[start:end]), dtype=kinds[entry["dtype"]]).reshape(entry["shape"])
    return metadata, tensors


def read_cache(folder):
    with open(os.path.join(folder, "cache.json")) as file:
        manifest = json.load(file)
    shards = [read_shard(os.path.join(folder, row["file"]))[1] for row in manifest["shards"]]
    return manifest, {name: torch.cat([shard[name] for shard in shards]) for name in shards[0]}


class Folder(unittest.TestCase):
    """A folder with a model, and the command."""

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp()
        cls.model = os.path.join(cls.place, "model")
        make_model(cls.model)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place)

    def path(self, name):
        return os.path.join(self.place, self.id().split(".")[-1] + "-" + name)

    def lines(self, *lines):
        path = self.path("t.jsonl")
        with open(path, "w") as file:
            file.writelines((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        return path

    def run_command(self, trajectories, output, *more, model=None):
        """(exit status, standard error)."""
        arguments = [
            "--model", model or self.model, "--trajectories", trajectories, "--device", "cpu", "--dtype", "float32", "--hidden-type", "F32", "--top-logits",
            "8", "--tail-bins", "8", *(("--output", output) if output else ()), *more]
        with contextlib.redirect_stderr(io.StringIO()) as errors:
            try:
                status = ec.main(arguments)
            except SystemExit as exit:
                status = exit.code
        return status, errors.getvalue()

    def refuses(self, trajectories, *words, more=(), model=None):
        output = self.path("refused")
        status, errors = self.run_command(trajectories, output, *more, model=model)
        self.assertEqual(status, 2, errors)
        for word in words:
            self.assertIn(word, errors)
        self.assertEqual([n for n in os.listdir(output) if n.startswith("shard")] if os.path.isdir(output) else [], [])


def some_trajectories(count=12, seed=3):
    generator = torch.Generator().manual_seed(seed)
    draw = lambda low, high, size=(): torch.randint(low, high, size, generator=generator)
    return [
        {"prompt_ids": draw(3, V, (int(draw(1, 9)),)).tolist(), "completion_ids": draw(3, V, (int(draw(1, 25)),)).tolist() + [2]} for _ in range(count)
    ]


class SketchTests(unittest.TestCase):
    def by_definition(self, row, label, K, B):
        """The sketch of one row, by sorting it, in double precision."""
        order = sorted((t for t in range(len(row)) if row[t] > -1e30), key=lambda t: (-row[t], t))
        rank, tail = order.index(label), order[K:]
        q = 100 ** (1 / (B - 1)) if B > 1 else 100
        floor = row[order[0]] - 64
        top = max(row[tail[0]], floor) if tail else 0
        deepest = top - max(row[tail[-1]], floor) if tail else 0

        def bin(token):
            if deepest == 0:
                return 0
            depth = top - max(row[token], floor)
            edges = [deepest * (q**j - 1) / (q**B - 1) for j in range(B)]
            return max(j for j in range(B) if edges[j] <= depth + 1e-6 * deepest)

        bins = [[] for _ in range(B + 1)]
        for place, token in enumerate(tail, K):
            j = bin(token)
            if rank >= K:
                j = max(j, bin(label)) + 1 if place > rank else min(j, bin(label))
            bins[j].append(max(row[token], floor))
        return rank, bins

    def check(self, logits, labels, K, B):
        found = ec.sketch(logits, labels, K, B)
        for n, label in enumerate(labels.tolist()):
            row = logits[n].double().tolist()
            rank, bins = self.by_definition(row, label, K, B)
            self.assertEqual(int(found["label_rank"][n]), rank)
            self.assertEqual(found["label_logit"][n], logits[n, label])
            largest = sorted((x if x > -1e30 else -math.inf for x in row), reverse=True)[:K]
            self.assertEqual(found["top_logits"][n].tolist(), largest)
            if len(row) <= K:
                self.assertNotIn("tail_count", found)
                continue
            for j, bin in enumerate(bins):
                mean = sum(bin) / len(bin) if bin else 0
                variance = sum((x - mean) ** 2 for x in bin) / len(bin) if bin else 0
                self.assertEqual(int(found["tail_count"][n, j]), len(bin), (n, j))
                self.assertAlmostEqual(float(found["tail_mean"][n, j]), mean, delta=1e-5 * (1 + abs(mean)))
                self.assertAlmostEqual(float(found["tail_variance"][n, j]), variance, delta=1e-5 * (1 + variance))
            if rank >= K:
                counts = found["tail_count"][n].cumsum(0).int().tolist()
                self.assertIn(rank + 1 - K, counts, "the label's bin is cut after it")

    def test_the_sketch_is_what_its_definition_says(self):
        for seed in range(4):
            generator = torch.Generator().manual_seed(seed)
            logits = torch.randn(24, 300, generator=generator) * (1, 3, 10, 30)[seed]
            labels = torch.randint(0, 300, (24,), generator=generator)
            for K, B in ((8, 8), (256, 128), (5, 1), (17, 3)):
                self.check(logits, labels, K, B)

    def test_equal_logits_are_in_the_order_of_their_ids(self):
        generator = torch.Generator().manual_seed(1)
        logits = torch.randint(0, 5, (40, 60), generator=generator).float()
        labels = torch.randint(0, 60, (40,), generator=generator)
        for K, B in ((8, 8), (20, 3), (59, 2)):
            self.check(logits, labels, K, B)
        self.check(torch.zeros(60, 60), torch.arange(60), 8, 4)

    def test_impossible_tokens_count_nowhere(self):
        logits = torch.randn(12, 50, generator=torch.Generator().manual_seed(2))
        logits[:6, 10:] = -math.inf
        logits[6:, 3:] = -3.4e38
        self.check(logits, torch.arange(12) % 3, 8, 8)
        self.check(logits[:6], torch.arange(6) + 4, 5, 8)

    def test_logits_far_below_count_as_64_below(self):
        logits = torch.randn(8, 50, generator=torch.Generator().manual_seed(4))
        logits[:, 20] = -1000
        logits[4:, 25:] = -300
        self.check(logits, torch.tensor([20, 1, 2, 3, 30, 20, 1, 49]), 8, 8)
        logits[:, 1:] -= 500
        self.check(logits, torch.tensor([0, 1, 2, 3, 30, 20, 1, 49]), 8, 8)

    def test_small_vocabularies_have_no_tail(self):
        self.check(torch.randn(5, 8), torch.arange(5), 8, 8)

    def test_unsound_rows_are_named(self):
        for value in (math.nan, math.inf):
            logits = torch.zeros(3, 20)
            logits[1, 7] = value
            with self.assertRaises(ec.UnsoundRow) as caught:
                ec.sketch(logits, torch.zeros(3), 8, 8)
            self.assertEqual(caught.exception.row, 1)
            self.assertIn("token 7", caught.exception.problem)
        logits = torch.zeros(3, 20)
        logits[2, 4] = -math.inf
        with self.assertRaises(ec.UnsoundRow) as caught:
            ec.sketch(logits, torch.tensor([4, 3, 4]), 8, 8)
        self.assertEqual(caught.exception.row, 2)


class CacheTests(Folder):
    def test_tokens_are_what_the_model_says(self):
        lines = some_trajectories()
        wrong = dict(lines[0], correct=False)
        file = self.lines(lines[0], "", wrong, *lines[1:])
        status, errors = self.run_command(file, self.path("c"), "--shard-tokens", "40", "--batch-tokens", "64", "--top-logits", "256")
        self.assertEqual(status, 0, errors)
        manifest, tokens = read_cache(self.path("c"))
        self.assertGreater(len(manifest["shards"]), 2)
        self.assertNotIn("tail_count", tokens)
        from transformers import AutoModelForCausalLM
        model = AutoModelForCausalLM.from_pretrained(self.model, dtype=torch.float32)
        row = 0
        for number, line in zip([0, *range(3, 20)], lines):
            prompt, completion = line["prompt_ids"], line["completion_ids"]
            with torch.inference_mode():
                out = model(torch.tensor([prompt + completion]), output_hidden_states=True)
            for i, label in enumerate(completion):
                position = len(prompt) + i
                self.assertEqual([int(tokens[n][row]) for n in ("label", "trajectory", "position")], [label, number, position])
                logits = out.logits[0, position - 1]
                self.assertLess(float((tokens["hidden"][row] - out.hidden_states[-1][0, position - 1]).abs().max()), 1e-5)
                self.assertLess(float((tokens["top_logits"][row] - logits.sort(descending=True).values).abs().max()), 1e-5)
                self.assertLess(float((tokens["label_logit"][row] - logits[label]).abs()), 1e-5)
                row += 1
        self.assertEqual(row, len(tokens["label"]))

    def test_files_have_the_contracts_form(self):
        self.run_command(self.lines(*some_trajectories(3)), self.path("c"), "--hidden-type", "BF16")
        with open(os.path.join(self.path("c"), "cache.json")) as file:
            text = file.read()
        manifest = json.loads(text)
        self.assertEqual(list(manifest), sorted(manifest))
        self.assertTrue(text.startswith('{\n  "format_version" : 1,\n  "hidden_dtype" : "BF16",\n') and text.endswith("}\n"))
        shard = os.path.join(self.path("c"), manifest["shards"][0]["file"])
        self.assertEqual(manifest["shards"][0]["crc32"], ec.crc_of_file(shard))
        metadata, tensors = read_shard(shard)
        self.assertEqual(
            list(tensors),
            ["label", "label_rank", "trajectory", "position", "label_logit", "top_logits", "tail_count", "tail_mean", "tail_variance", "hidden"])
        self.assertEqual((tensors["hidden"].dtype, tensors["label"].dtype, tensors["tail_count"].shape[1]), (torch.bfloat16, torch.int32, 9))
        self.assertEqual(sorted(metadata), ["fingerprint", "format", "layout"])
        self.assertIn("config.json", os.listdir(os.path.join(self.path("c"), "backbone")))
        self.assertFalse([n for n in os.listdir(self.path("c")) if n.startswith(".")])

    def test_trajectories_do_not_depend_on_their_company(self):
        file = self.lines(*some_trajectories(20))
        self.run_command(file, self.path("a"), "--batch-tokens", "1")
        self.run_command(file, self.path("b"), "--batch-tokens", "4096", "--shard-tokens", "100")
        a, b = read_cache(self.path("a"))[1], read_cache(self.path("b"))[1]
        for name in a:
            self.assertLess(float((a[name].double() - b[name].double()).abs().max()), 1e-4, name)

    def test_an_interrupted_run_goes_on_at_its_last_whole_shard(self):
        file, whole, cut = self.lines(*some_trajectories()), self.path("whole"), self.path("cut")
        settings = ("--shard-tokens", "40")
        self.run_command(file, whole, *settings)
        write, calls = ec.write_safetensors, []

        def dying(path, *rest):
            calls.append(path)
            if len(calls) == 3:
                with open(os.path.join(cut, ".shard-00002.safetensors.1-0.partial"), "w") as half:
                    half.write("half")
                raise KeyboardInterrupt
            write(path, *rest)

        with mock.patch.object(ec, "write_safetensors", dying):
            self.assertEqual(self.run_command(file, cut, *settings)[0], 130)
        self.assertFalse(os.path.exists(os.path.join(cut, "cache.json")))
        kept = os.stat(os.path.join(cut, "shard-00000.safetensors")).st_mtime_ns
        self.assertEqual(self.run_command(file, cut, *settings)[0], 0)
        self.assertEqual(kept, os.stat(os.path.join(cut, "shard-00000.safetensors")).st_mtime_ns)
        self.assertEqual(sorted(os.listdir(whole)), sorted(os.listdir(cut)))
        for name in os.listdir(whole):
            if os.path.isfile(os.path.join(whole, name)):
                self.assertEqual(ec.crc_of_file(os.path.join(whole, name)), ec.crc_of_file(os.path.join(cut, name)), name)
        self.assertIn("complete already", self.run_command(file, cut, *settings)[1])

    def test_another_caches_folder_is_refused(self):
        file = self.lines(*some_trajectories())
        self.run_command(file, self.path("c"))
        for more, words in ((("--tail-bins", "9"), "sketch 8,9"), (("--hidden-type", "F16"), "hidden 16 F32"), (("--dtype", "bfloat16"), "dtype was float32 there and is bfloat16 now")):
            status, errors = self.run_command(file, self.path("c"), *more)
            self.assertEqual(status, 2)
            self.assertIn(words, errors)
            self.assertIn("remove the folder or give another", errors)
        other = self.path("model")
        make_model(other, seed=1)
        status, errors = self.run_command(file, self.path("c"), model=other)
        self.assertEqual(status, 2)
        self.assertIn("model/model.safetensors was", errors)

    def test_ranks_write_disjoint_parts_of_the_same_cache(self):
        file = self.lines(*some_trajectories(), "", *some_trajectories(5, seed=9))
        self.run_command(file, self.path("one"))
        whole = read_cache(self.path("one"))[1]
        parts, marks = [], set()
        for rank in range(3):
            self.assertEqual(self.run_command(file, self.path("many"), "--rank", str(rank), "--world", "3")[0], 0)
            folder = os.path.join(self.path("many"), f"part-{rank:05d}-of-00003")
            parts.append(read_cache(folder)[1])
            metadata = read_shard(os.path.join(folder, "shard-00000.safetensors"))[0]
            marks.add(metadata["fingerprint"])
            self.assertEqual(metadata["part"], f"{rank:05d}-of-00003")
        self.assertEqual(len(marks), 1, "parts of one cache have one fingerprint")
        joined = {name: torch.cat([part[name] for part in parts]) for name in whole}
        order = sorted(range(len(joined["label"])), key=lambda i: (int(joined["trajectory"][i]), int(joined["position"][i])))
        for name in whole:
            self.assertLess(float((joined[name][order].double() - whole[name].double()).abs().max()), 1e-4, name)
        status, errors = self.run_command(self.lines(some_trajectories(1)[0]), self.path("few"), "--rank", "1", "--world", "2")
        self.assertEqual(status, 2)
        self.assertIn("take fewer ranks", errors)


class FileTests(Folder):
    def test_a_whole_file_replaces_what_a_link_leads_to(self):
        os.mkdir(self.path("there"))
        os.symlink(os.path.join(os.path.basename(self.path("there")), "file"), self.path("link"))
        for content in (b"one", b"two"):
            ec.write_whole(self.path("link"), [content])
            self.assertTrue(os.path.islink(self.path("link")))
            with open(os.path.join(self.path("there"), "file"), "rb") as file:
                self.assertEqual(file.read(), content)
        self.assertEqual(os.listdir(self.path("there")), ["file"])

    def test_a_device_and_a_pipe_take_the_bytes_and_stay(self):
        os.symlink("/dev/null", self.path("null"))
        ec.write_whole(self.path("null"), [b"one"])
        self.assertTrue(os.path.islink(self.path("null")) and stat.S_ISCHR(os.stat(self.path("null")).st_mode))
        os.mkfifo(self.path("pipe"))
        reader = os.open(self.path("pipe"), os.O_RDONLY | os.O_NONBLOCK)
        ec.write_whole(self.path("pipe"), [b"one", b"two"])
        self.assertEqual(os.read(reader, 100), b"onetwo")
        os.close(reader)
        self.assertTrue(stat.S_ISFIFO(os.stat(self.path("pipe")).st_mode))
        with self.assertRaisesRegex(ec.InputError, "neither a file, a device nor a pipe"):
            ec.write_whole(os.path.dirname(self.path("pipe")), [b"one"])


class RefusalTests(Folder):
    POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"

    def test_a_git_lfs_pointer_is_told_from_a_file(self):
        words = "found a Git LFS pointer, expected the file itself of 12345 bytes; fetch it with git lfs pull"
        self.refuses(self.lines(self.POINTER.strip()), "t.jsonl: " + words)
        for name in ("config.json", "model.safetensors", "tokenizer.json", "model-00001-of-00002.safetensors"):
            folder = self.path(f"pointer to {name}")
            shutil.copytree(self.model, folder)
            with open(os.path.join(folder, name), "w") as file:
                file.write(self.POINTER)
            self.refuses(self.lines(self.GOOD), f"{name}: {words}", model=folder)

    def test_deep_nesting_is_a_sentence(self):
        self.refuses(self.lines(self.GOOD, "[" * 200_000), "line 2: ", "nested deeper than 200 levels")

    GOOD = {"prompt_ids": [1, 5], "completion_ids": [6, 2]}

    def test_bad_lines_are_named_with_what_to_do(self):
        for line, words in (
            ({"prompt_ids": [1, 5], "completion_ids": [V]}, ("found token id 40, expected 0 to 39", "give the model that they were made for")),
            ({"prompt_ids": [1, 5], "completion_ids": []}, ("the completion has no tokens", "remove the line")),
            ({"prompt_ids": [], "completion_ids": [3]}, ("the prompt has no tokens",)),
            ({"prompt_ids": [1] * CONTEXT, "completion_ids": [3]}, ("found 49 tokens, expected at most 48", "--skip-too-long")),
            ({"prompt_ids": [1, "a"], "completion_ids": [3]}, ("no list of whole numbers",)),
            ({"prompt": "a", "completion": "b"}, ("has no tokenizer", "give prompt_ids and completion_ids")),
            ({"text": "a"}, ("has neither",)),
            ({"prompt_ids": [1], "completion_ids": [3], "truncated": 1}, ("truncated is 1, expected true or false",)),
            ("{", ("is not JSON",)),
            ("[1]", ("is no JSON object",)),
        ):
            self.refuses(self.lines(self.GOOD, line), "line 2: ", *words)
        self.refuses(self.lines(dict(self.GOOD, correct=False)), "only wrong completions")
        self.refuses(self.lines(""), "no trajectories")
        self.refuses(self.path("absent"), "cannot be read")

    def write(self, data):
        with open(self.path("raw.jsonl"), "wb") as file:
            file.write(data)
        return self.path("raw.jsonl")

    def test_json_is_read_as_the_toolkit_reads_it(self):
        good = json.dumps(self.GOOD).encode()
        plus = lambda text: good[:-1] + b', "more": ' + text + b"}"
        read = lambda data: [t.line for t in ec.read_trajectories(self.write(data), None, V, CONTEXT)[0]]
        self.assertEqual(read(b"\xef\xbb\xbf" + good + b"\n\xef\xbb\xbf" + good + b"\n\xef\xbb\xbf\n"), [0, 1])
        self.assertEqual(read(plus(b"[NaN, -Infinity]")), [0])
        self.assertEqual(read(plus(rb'"\ud83d\ude00 \\ud83d"')), [0])
        for row, words in (
            (plus(rb'"\ud83d"'), r"line 2: holds \ud83d, half of a surrogate pair"),
            (plus(rb'"\uDE00x"'), r"line 2: holds \uDE00, half of a surrogate pair"),
            (plus(rb'"\ud83d\ud83d\ude00"'), r"line 2: holds \ud83d, half of a surrogate pair"),
            (plus(rb'"\\\ud83d"'), r"line 2: holds \ud83d, half of a surrogate pair"),
            (plus(b'"\xff"'), "line 2: byte 58 is not UTF-8"),
            (plus(b"[" * 250 + b"]" * 250), "line 2: it is nested deeper than 200 levels"),
            (plus(b"[" * 200_000), "line 2: it is nested deeper than 200 levels"),
            (plus(b"9" * 5000), "line 2: is not JSON"),
            (good[:-1] + b', "correct": NaN}', "line 2: correct is nan, expected true or false"),
            (good[:-1] + b', "reward": true}', "line 2: reward is True, expected a number from -1000000 to 1000000"),
            (good[:-1] + b', "reward": NaN}', "line 2: reward is nan, expected a number from -1000000 to 1000000"),
        ):
            self.refuses(self.write(good + b"\n" + row), words)

    def test_what_earned_nothing_is_left_out(self):
        file = self.lines(*({**self.GOOD, "reward": reward} for reward in (1, 0, 0.5, -1, None)))
        self.assertEqual([t.line for t in ec.read_trajectories(file, None, V, CONTEXT)[0]], [0, 2, 4])

    def test_trajectories_that_are_too_long_can_be_left_out(self):
        file = self.lines({"prompt_ids": [1] * CONTEXT, "completion_ids": [3]}, self.GOOD)
        status, errors = self.run_command(file, self.path("c"), "--skip-too-long")
        self.assertEqual(status, 0)
        self.assertIn("left out 1 trajectories", errors)
        self.assertEqual(read_cache(self.path("c"))[1]["trajectory"].tolist(), [1, 1])

    def test_a_tokenizer_of_another_model_is_refused(self):
        for size in (V + 5, V - 8):
            model = self.path(f"model-{size}")
            shutil.copytree(self.model, model)
            make_tokenizer(model, size)
            self.refuses(self.lines(self.GOOD), f"the tokenizer has {size} tokens", "published with the model", model=model)

    def test_a_vocabulary_that_does_not_fit_the_weights_is_refused(self):
        model = self.path("model")
        shutil.copytree(self.model, model)
        path = os.path.join(model, "config.json")
        with open(path) as file:
            config = json.load(file)
        with open(path, "w") as file:
            json.dump(dict(config, vocab_size=V + 3), file)
        self.refuses(self.lines(self.GOOD), "has the shape [40, 16], expected [43, 16]", "take config.json and weights of the same model", model=model)

    def test_weights_that_are_missing_are_refused(self):
        from safetensors.torch import load_file, save_file
        model = self.path("model")
        shutil.copytree(self.model, model)
        path = os.path.join(model, "model.safetensors")
        weights = load_file(path)
        del weights["model.layers.1.mlp.up_proj.weight"]
        save_file(weights, path, {"format": "pt"})
        self.refuses(self.lines(self.GOOD), "lack 1 tensors, such as model.layers.1.mlp.up_proj.weight", model=model)

    def test_a_tied_output_matrix_of_other_values_is_taken_with_a_warning(self):
        from safetensors.torch import load_file, save_file
        file, untied = self.lines(self.GOOD), self.path("untied")
        self.assertEqual(self.run_command(file, untied)[0], 0)
        model = self.path("model")
        shutil.copytree(self.model, model)
        with open(os.path.join(model, "config.json")) as config:
            entries = json.load(config)
        self.assertFalse(entries["tie_word_embeddings"])
        with open(os.path.join(model, "config.json"), "w") as config:
            json.dump(entries | {"tie_word_embeddings": True}, config)
        output = self.path("tied")
        status, errors = self.run_command(file, output, model=model)
        self.assertEqual(status, 0, errors)
        self.assertIn("transformers 4.57 overwrites it", errors)
        self.assertIn("model/output=own_against_configuration", read_shard(os.path.join(output, "shard-00000.safetensors"))[0]["fingerprint"])
        for name, values in read_cache(untied)[1].items():
            self.assertTrue(torch.equal(values, read_cache(output)[1][name]), name)
        # The same values twice are as good as once.
        path = os.path.join(model, "model.safetensors")
        weights = load_file(path)
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()
        save_file(weights, path, {"format": "pt"})
        status, errors = self.run_command(file, self.path("twice"), model=model)
        self.assertEqual(status, 0, errors)
        self.assertNotIn("warning:", errors)

    def test_numbers_that_are_not_finite_are_refused_with_their_place(self):
        from safetensors.torch import load_file, save_file
        for name, place, words in (
            ("model.norm.weight", (3,), "position 2: the hidden state is not finite"), ("lm_head.weight", (7, 3), "position 2: the logit of token 7 is nan")
        ):
            model = self.path(name)
            shutil.copytree(self.model, model)
            path = os.path.join(model, "model.safetensors")
            weights = load_file(path)
            weights[name][place] = math.nan
            save_file(weights, path, {"format": "pt"})
            self.refuses(self.lines(self.GOOD), "trajectory 0, " + words, "--dtype float32", model=model)
        model = self.path("large")
        shutil.copytree(self.model, model)
        path = os.path.join(model, "model.safetensors")
        weights = load_file(path)
        weights["model.norm.weight"] *= 1e6
        save_file(weights, path, {"format": "pt"})
        self.refuses(self.lines(self.GOOD), "leaves the range of F16", "--hidden-type BF16", model=model, more=("--hidden-type", "F16"))

    def test_flags_that_contradict_each_other_are_refused(self):
        file = self.lines(self.GOOD)
        self.refuses(file, "--rank is 2", more=("--rank", "2", "--world", "2"))
        self.refuses(file, "belong together", more=("--sample", "2"))
        self.refuses(file, "from 5 to 65536", more=("--top-logits", "4"))


class TextTests(Folder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_tokenizer(cls.model)
        cls.text = ec.Text(cls.model, [2])

    def encode(self, line, text=None):
        ids, labels = ec.encode_line(line, text or self.text, V, CONTEXT)
        return self.text.chat.convert_ids_to_tokens(ids), labels

    def test_the_end_token_is_appended_unless_it_is_there_or_the_completion_is_cut_off(self):
        self.assertEqual(self.encode({"prompt": "ab", "completion": "cd"}), (["a", "b", "c", "d", "<e>"], [2, 3, 4]))
        self.assertEqual(self.encode({"prompt": "ab", "completion": "cd<e>"}), (["a", "b", "c", "d", "<e>"], [2, 3, 4]))
        self.assertEqual(self.encode({"prompt": "ab", "completion": "cd", "truncated": True}), (["a", "b", "c", "d"], [2, 3]))

    def test_ids_win_and_are_taken_as_they_are(self):
        self.assertEqual(self.encode({"prompt": "ab", "completion": "cd", "prompt_ids": [8], "completion_ids": [9]}), (["b", "c"], [1]))

    def test_bos_comes_first_where_the_tokenizer_asks_for_it(self):
        folder = self.path("bos")
        os.makedirs(folder)
        make_tokenizer(folder, bos=True)
        text = ec.Text(folder, [2])
        self.assertEqual(text.bos, 1)
        for prompt in ("a", "<s>a"):
            self.assertEqual(self.encode({"prompt": prompt, "completion": "c"}, text), (["<s>", "a", "c", "<e>"], [2, 3]))

    def test_completions_that_share_a_token_with_their_prompt_are_counted_and_named(self):
        text = copy.copy(self.text)
        # "99" is one token, 5.
        text.encode = lambda words: [5 if word == "99" else 7 for word in re.findall("99|.", words, re.DOTALL)]
        sound, merged = {"prompt": "9", "completion": "8"}, {"prompt": "9", "completion": "99"}

        def said(*lines):
            with contextlib.redirect_stderr(io.StringIO()) as errors:
                ec.read_trajectories(self.lines(*lines), text, V, CONTEXT)
            return errors.getvalue()

        self.assertEqual(said(sound, {"prompt_ids": [1], "completion_ids": [5]}, dict(merged, correct=False)), "")
        self.assertIn("the completion of 1 line (line 2) merges into the prompt's last token", said(sound, merged, sound))
        self.assertIn("the completions of 2 lines (the first is line 1) merge into the prompt's last token", said(merged, merged))

    def test_an_empty_completion_is_refused(self):
        with self.assertRaisesRegex(ec.Misfit, "the completion is empty; remove the line"):
            self.encode({"prompt": "a", "completion": ""})

    def test_the_assistants_tokens_are_the_labels(self):
        user, says = {"role": "user", "content": "ab"}, {"role": "assistant", "content": "cd"}
        expected = (["<|user|>", "a", "b", "<e>", "\n", "<|assistant|>", "c", "d", "<e>"], [6, 7, 8])
        self.assertEqual(self.encode({"messages": [user, says]}), expected)
        self.assertEqual(self.encode({"prompt": [user], "completion": [says]}), expected)
        tokens, labels = self.encode({"messages": [user, says, user, says, user]})
        self.assertEqual([tokens[i] for i in labels], ["c", "d", "<e>"] * 2)
        self.assertEqual(labels[0], 6)
        tokens, labels = self.encode({"prompt": [user, says, user], "completion": [says]})
        self.assertEqual((labels, len(tokens)), ([16, 17, 18], 19))

    def test_conversations_that_a_template_changes_are_refused(self):
        user = {"role": "user", "content": "ab"}
        with self.assertRaisesRegex(ec.Misfit, "leaves out a part of message 1"):
            self.encode({"messages": [user, {"role": "assistant", "content": "a</think>b"}]})
        with self.assertRaisesRegex(ec.Misfit, "no message of the assistant"):
            self.encode({"messages": [user]})
        with self.assertRaisesRegex(ec.Misfit, "is empty"):
            self.encode({"messages": [user, {"role": "assistant", "content": " "}]})

    def test_texts_and_their_ids_make_the_same_cache(self):
        texts = self.lines({"prompt": "abc", "completion": "de"}, {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})
        kept, _, _ = ec.read_trajectories(texts, self.text, V, CONTEXT)
        self.assertEqual(self.run_command(texts, self.path("a"))[0], 0)
        ids = self.lines(*({"prompt_ids": t.ids[:t.labels[0]].tolist(), "completion_ids": t.ids[t.labels[0]:].tolist()} for t in kept))
        self.assertEqual(self.run_command(ids, self.path("b"))[0], 0)
        a, b = read_cache(self.path("a"))[1], read_cache(self.path("b"))[1]
        for name in a:
            self.assertTrue(torch.equal(a[name], b[name]), name)
        self.assertIn("tokenizer.json", os.listdir(os.path.join(self.path("a"), "backbone")))

    def test_completions_of_one_problem_are_known_as_such(self):
        pair = {"prompt_ids": [5], "completion_ids": [7, 2]}
        file = self.lines(*({**pair, **more} for more in (
            {"problem_id": "a"}, {"problem_id": 7}, {}, {"problem_id": "7"}, {"problem_id": "b", "correct": False}, {"problem_id": "a"}, {"problem_id": "c"})))
        expected = [0, 1, -1, 1, 2, 0, 3]
        for name, more in (("whole", []), ("parts", ["--rank", "0", "--world", "2"]), ("parts", ["--rank", "1", "--world", "2"])):
            status, errors = self.run_command(file, self.path(name), *more)
            self.assertEqual(status, 0, errors)
        for folder in (self.path("whole"), *(os.path.join(self.path("parts"), f"part-0000{i}-of-00002") for i in (0, 1))):
            self.assertEqual(read_shard(os.path.join(folder, "trajectories.safetensors"))[1]["problem"].tolist(), expected)

        # A cache of an earlier version gets its table, and nothing else is written again.
        table, shard = self.path("whole/trajectories.safetensors"), self.path("whole/shard-00000.safetensors")
        os.unlink(table)
        before = os.stat(shard).st_mtime_ns
        self.assertEqual(self.run_command(file, self.path("whole"))[0], 0)
        self.assertTrue(os.path.exists(table))
        self.assertEqual(os.stat(shard).st_mtime_ns, before)

        self.assertEqual(self.run_command(self.lines(pair), self.path("none"))[0], 0)
        self.assertFalse(os.path.exists(self.path("none/trajectories.safetensors")))
        with self.assertRaisesRegex(ec.Misfit, "problem_id is True, expected a text or a number"):
            self.encode({**pair, "problem_id": True})


class SamplingTests(Folder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_tokenizer(cls.model)
        cls.problems = os.path.join(cls.place, "problems.jsonl")
        with open(cls.problems, "w") as file:
            file.writelines(json.dumps({"problem": p, "gt": g, "id": f"p{i}"}) + "\n" for i, (p, g) in enumerate([("ab", "5"), ("cd", 7), ("ef", "1/2")]))

    def sample(self, output, *more):
        return self.run_command(self.path("t.jsonl"), output, "--sample", "6", "--problems", self.problems, "--max-tokens", "12", "--keep", "2", *more)

    def test_right_completions_are_kept_and_exported(self):
        # A random model finds no answers: every third completion counts as right.
        with mock.patch.object(ec, "is_right", lambda text, answer: len(text) % 3 == 0):
            status, errors = self.sample(self.path("c"))
        self.assertEqual(status, 0, errors)
        with open(self.path("t.jsonl")) as file:
            lines = [json.loads(row) for row in file]
        self.assertLessEqual(len(lines), 6)
        for line in lines:
            self.assertEqual(line["completion_ids"][-1], 2)
            self.assertNotIn(2, line["completion_ids"][:-1])
            self.assertLessEqual(len(line["completion_ids"]), 12)
            self.assertIn(line["problem_id"], ("p0", "p1", "p2"))
        self.assertEqual(len({(line["problem_id"], *line["completion_ids"]) for line in lines}), len(lines))
        tokens = read_cache(self.path("c"))[1]
        self.assertEqual(tokens["label"].tolist(), [i for line in lines for i in line["completion_ids"]])
        self.assertFalse(os.path.exists(self.path("t.jsonl.partial")))

    def test_completions_end_before_stop_texts(self):
        def texts(*stops):
            seen = []
            with mock.patch.object(ec, "is_right", lambda text, answer: seen.append(text) or True):
                status, errors = self.sample(None, "--sample-only", "--keep", "6", *(word for stop in stops for word in ("--stop", stop)))
            self.assertEqual(status, 0, errors)
            with open(self.path("t.jsonl")) as file:
                lines = [json.loads(row) for row in file]
            os.unlink(self.path("t.jsonl"))
            return seen, lines

        stops = ("1", "ab", "<9>")
        seen, lines = texts(*stops)
        self.assertGreater(len(seen), len(texts()[0]))  # the others never ended
        stopped = [line for line in lines if line["completion_ids"][-1] != 2]
        self.assertGreater(len(stopped), 3)
        tokenizer = ec.Text(self.model, [2]).chat
        for line in lines:
            for stop in stops:
                self.assertNotIn(stop, line["completion"])
            self.assertIn(line["completion"], seen)
        for line in stopped:
            said = [tokenizer.decode(line["completion_ids"][:n], skip_special_tokens=True) for n in (-1, None)]
            self.assertFalse(any(stop in said[0] for stop in stops))
            self.assertTrue(any(said[1].startswith(line["completion"] + stop) for stop in stops), (line, said))
        self.assertEqual(self.sample(None, "--sample-only", "--stop", "")[0], 2)

    def test_contents_of_parts_are_joined_and_other_parts_named(self):
        parts = [{"type": "text", "text": "a"}, {"text": "b"}, "c"]
        joined = ec.with_plain_contents([{"role": "user", "content": parts}, {"role": "assistant", "content": "d", "tool_calls": []}])
        self.assertEqual(joined, [{"role": "user", "content": "abc"}, {"role": "assistant", "content": "d", "tool_calls": []}])
        text = ec.Text(self.model, [2])
        for form in ({"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": [{"type": "text", "text": "d"}]}]},
                     {"prompt": [{"role": "user", "content": parts}], "completion": [{"role": "assistant", "content": [{"type": "text", "text": "d"}]}]}):
            plain = {"messages": [{"role": "user", "content": "abc"}, {"role": "assistant", "content": "d"}]}
            self.assertEqual(ec.encode_line(form, text, V, None), ec.encode_line(plain, text, V, None))
        image = {"messages": [{"role": "user", "content": [{"type": "image", "url": "x"}]}, {"role": "assistant", "content": "d"}]}
        self.refuses(self.lines(image), "line 1: message 0 holds a part of type 'image', expected text alone")

    def test_a_gguf_file_is_told_what_was_expected(self):
        path = self.path("model.gguf")
        with open(path, "wb") as file:
            file.write(b"GGUF\x03\0\0\0")
        for model, words in ((path, "is a GGUF file, expected a model's folder"), (self.problems, "is a file, expected a model's folder")):
            self.refuses(self.lines("{}"), words, model=model)

    def test_the_first_stop_text_that_is_complete_cuts(self):
        class Letters:
            def decode(self, ids, **rest):
                return bytes(ids).decode(errors="replace")

        def cut(text, *stops):
            found = ec.cut_at_stop(list(text.encode()), Letters(), stops, {2})
            return found and (bytes(found[0]).decode(errors="replace"), found[1])
        self.assertEqual(cut("abcd", "cd", "b"), ("ab", "a"))
        self.assertEqual(cut("abcd", "bc", "abc", "c"), ("abc", ""))  # complete at once: the longest
        self.assertEqual(cut("aäb", "ä"), ("aä", "a"))
        self.assertEqual(cut("aab", "ab"), ("aab", "a"))
        self.assertIsNone(cut("abc", "d"))

    def test_all_files_of_a_model_say_where_a_text_ends(self):
        model = self.path("model")
        shutil.copytree(self.model, model)
        with open(os.path.join(model, "generation_config.json"), "w") as file:
            json.dump({"eos_token_id": [9, 7]}, file)
        with open(os.path.join(model, "config.json")) as file:
            config = json.load(file)
        with open(os.path.join(model, "config.json"), "w") as file:
            json.dump(config | {"eos_token_id": 7, "tie_word_embeddings": False}, file)
        backbone = ec.Backbone(model, torch.float32, "cpu")
        self.assertEqual((backbone.end_tokens, backbone.text().ends), ([9, 7], {2, 7, 9}))

    def test_sampling_goes_on_behind_finished_problems(self):
        right = lambda text, answer: len(text) % 2 == 0
        with mock.patch.object(ec, "is_right", right):
            self.assertEqual(self.sample(None, "--sample-only")[0], 0)
            with open(self.path("t.jsonl")) as file:
                whole = file.read()
            os.unlink(self.path("t.jsonl"))
            sample, calls = ec.TransformersEngine.sample, []

            def dying(engine, *rest):
                calls.append(rest)
                if len(calls) == 3:
                    raise KeyboardInterrupt
                return sample(engine, *rest)

            with mock.patch.object(ec.TransformersEngine, "sample", dying):
                self.assertEqual(self.sample(None, "--sample-only")[0], 130)
            self.assertFalse(os.path.exists(self.path("t.jsonl")))
            self.assertIn("belongs to a run with another", self.sample(None, "--sample-only", "--seed", "5")[1])
            with mock.patch.object(ec.TransformersEngine, "sample", autospec=True, side_effect=sample) as counted:
                self.assertEqual(self.sample(None, "--sample-only")[0], 0)
            self.assertEqual(counted.call_count, 1)
        with open(self.path("t.jsonl")) as file:
            self.assertEqual(file.read(), whole)

    def test_problems_are_read_as_the_toolkit_reads_them(self):
        def read(*rows):
            with open(self.path("p.jsonl"), "wb") as file:
                file.write(b"\n".join(rows))
            return ec.read_problems(self.path("p.jsonl"))

        self.assertEqual(
            read(b'\xef\xbb\xbf{"prompt": "a", "gt": "1", "score": NaN}', b'{"problem": "b", "prompt": "x", "answer": 1e-7, "id": null}',
                 b'{"problem": "c", "gt": "2", "verifier": "boxed", "id": 7}'), [("1", "a", "1"), ("2", "b", "1e-7"), ("7", "c", "2")])
        good = b'{"problem": "a", "gt": "1"}'
        for row, words in (
            (rb'{"problem": "\ud83d", "gt": "1"}', r"line 2: holds \\ud83d, half of a surrogate pair"),
            (b'{"problem": "a", "gt": NaN}', "line 2: expected a problem such as"),
            (b'{"problem": "a", "gt": "1", "id": NaN}', "line 2: expected a problem such as"),
            (b'{"problem": "a", "gt": "B", "verifier": "choice"}', "line 2: names the verifier 'choice', expected boxed"),
        ):
            with self.assertRaisesRegex(ec.InputError, words):
                read(good, row)

    def test_that_nothing_is_right_is_told_early_with_reasons(self):
        with mock.patch.object(ec.Reasons, "EARLY", 6):
            errors = self.sample(self.path("c"))[1]
        self.assertRegex(errors, r"none of the first 6 completions is right: (cut off at --max-tokens|no answer in a box) \d")
        self.assertEqual(errors.count("none of the first"), 1)
        self.assertIn("The last one: “", errors)

    def test_nothing_right_and_vllm_that_is_absent_are_refused(self):
        status, errors = self.sample(self.path("c"))
        self.assertEqual(status, 2)
        self.assertIn("none of 18 completions is right", errors)
        self.assertNotIn("none of the first", errors)
        os.unlink(self.path("t.jsonl.partial"))
        with mock.patch.object(ec.importlib.util, "find_spec", lambda name: None):
            status, errors = self.sample(self.path("c"), "--engine", "vllm")
        self.assertEqual(status, 2)
        self.assertIn("vLLM is not installed; install it", errors)


# As in the toolkit's own tests of its verifier.
SAME = r"""
5|5;5.|5;070|70;5.0|5;.5|0.5;-.5|-\frac12;\frac{1}{2}|0.5;1/2|\frac{1}{2};\dfrac{1}{2}|\tfrac{1}{2};\frac12|\frac{1}{2};\frac1{72}|1/72
\frac{2}{4}|\frac{1}{2};-\frac{2431}{50}|\frac{-2431}{50};-48.62|-\frac{2431}{50};3\frac{1}{2}|\frac72;7 3/4|7.75;\sqrt2|\sqrt{2}
\sqrt{8}|2\sqrt{2};\frac{1}{\sqrt{2}}|\frac{\sqrt2}{2};\sqrt[3]{27}|3;2\sqrt{2}+3|3+2\sqrt{2};\frac{\sqrt{13}}{2}|\sqrt{13}/2
2^{99}|633825300114114700748351602688;2^3|8;10^{-2}|0.01;20\pi|20 \pi;20π|20\pi;5!|120;3 \cdot 4|12;3\times 10^4|30{,}000;1,000|1000
1{,}234{,}567|1234567;10\,000|10000;1,234.5|1234.5;\$12.50|12.5;50\%|50;60^\circ|60;60^{\circ}|60;60°|60;5\text{ cm}|5;5\,\mathrm{cm}^2|5;5 cm|5
12 \text{ square units}|12;\text{Evelyn}|Evelyn;\text{(C)}|(C);x=5|5;$\frac{9\sqrt{30}}{4}$|\frac{9 \sqrt{30}}{4}
\left( 3, \frac{\pi}{2} \right)|(3,\frac{\pi}{2});(0.5, 2)|(1/2,2);[2,5)|\left[2, 5\right);(-\infty,0)\cup(1,\infty)|(1, \infty) \cup (-\infty, 0)
\{1,2,3\}|\{3, 2, 1\};2,3,\frac{3-i\sqrt{3}}{2},\frac{3+i\sqrt{3}}{2}|2,3,\frac{3+i\sqrt{3}}{2},\frac{3-i\sqrt{3}}{2};1 \text{ and } 2|2, 1
x^2+2x+1|1 + 2x + x^{2};\frac{x}{2}|x/2;y=2x+3|2x+3;x \leq 3|x\le3;11\!\frac{1}{9}|\frac{100}{9};100,200|100, 200;−3|-3
\begin{pmatrix} 1/2 \\ 3 \end{pmatrix}|\begin{bmatrix}0.5\\3\end{bmatrix};x=1, x=2|2,1;x \in [0,1]|[0,1];27^{2/3}|9;1 234 567|1234567;6 \text{ or } -6|-6, 6
"""
DIFFERENT = r"""
5|6;5|-5;0.33|\frac13;0.333333333333333|1/3;\frac{1}{2}|\frac{2}{1};12|\frac12;\sqrt2|2;1.414|\sqrt{2};2^{99}+1|2^{99};2^{200}|2^{200}+1;3.14|\pi
1,000|1;(1,000)|1000;50\%|0.5;(1,2)|(2,1);[2,5)|(2,5);\{1,2\}|\{1,2,2\};1,2|1,2,3;x+1|x-1;x|y;xy|x+y;\text{Evelyn}|\text{Carla};x<3|x\le 3
7 3/4|73/4;\frac{5}{0}|5;i|1;\infty|-\infty;10_2|10;\begin{pmatrix}1&2\end{pmatrix}|\begin{pmatrix}1\\2\end{pmatrix};A|B;5x|5;(|5;\frac|5;\pm 2|2
[0,1]\cup[2,3]|[0,1];x=1,y=2|y=1,x=2
"""


class AnswerTests(unittest.TestCase):
    def pairs(self, text):
        return [pair.split("|") for line in text.strip().split("\n") for pair in line.split(";")]

    def test_answers_that_mean_the_same_are_equal(self):
        for a, b in self.pairs(SAME):
            self.assertTrue(ec.is_right(f"so \\boxed{{{a}}}.", b), (a, b))
            self.assertTrue(ec.is_right(f"so \\boxed{{{b}}}.", a), (b, a))

    def test_answers_that_mean_others_are_not(self):
        for a, b in self.pairs(DIFFERENT):
            self.assertFalse(ec.is_right(f"so \\boxed{{{a}}}.", b), (a, b))
            self.assertFalse(ec.is_right(f"so \\boxed{{{b}}}.", a), (b, a))

    def test_the_last_balanced_box_counts(self):
        for text in (r"\boxed{1} then \boxed{2}", r"\boxed{2}, or \boxed{3", r"\fbox{2}", r"$\boxed 2$"):
            self.assertTrue(ec.is_right(text, "2"), text)
        for text in ("2", r"\boxed{}", r"\boxed{2", r"\boxedx{2}"):
            self.assertFalse(ec.is_right(text, "2"), text)
        self.assertTrue(ec.is_right(r"\boxed{\{1, \frac{1}{2}\}}", r"\{0.5, 1\}"))

    def test_boxes_without_end_are_judged_too(self):
        for part in ("{", "(", "-", "\\frac", "\\sqrt", "\\{", "1^", "[", "\\text{"):
            for count in (20_000, 38):
                closing = ("\\}" if part.startswith("\\{") else "}") * count if part.endswith("{") else ""
                with self.subTest(part=part, count=count):
                    self.assertFalse(ec.is_right("\\boxed{" + part * count + ("1" if closing else "") + closing + "}", "2"))
        self.assertTrue(ec.is_right("\\boxed{" + "(" * 40 + "2" + ")" * 40 + "}", "2"))


if __name__ == "__main__":
    unittest.main()
