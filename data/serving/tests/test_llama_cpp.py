"""data/serving/llama_cpp in the stock llama-cpp-python that is installed, with a small published model."""

import json
import tempfile
import unittest
from unittest import mock

import numpy
from gguf import GGUFReader
from gguf.quants import dequantize
from llama_cpp import Llama
from support import SMOLLM2, assert_close, chi_square, exact_distribution, toolkit_predictions, write_heads

import generate_llama_cpp
from generate_llama_cpp import FILTERS, Heads, LlamaWithHeads, filtered

GGUF = SMOLLM2 / "SmolLM2-135M-Instruct.Q4_1.gguf"
PROMPT = "Once upon a time, in a village by the sea,"
SETTINGS = {"n_ctx": 512, "n_threads": 2, "verbose": False}


def watched(call):
    """What a call gives, and what the heads read and predicted in it: hidden, logits, T̂, P̂, a row a token."""
    seen, predict = [], Heads.predict

    def watch(heads, hidden, logits):
        result = predict(heads, hidden, logits)
        seen.append((hidden, logits, *result))
        return result

    with mock.patch.object(Heads, "predict", watch):
        result = call()
    return result, [numpy.array(part) for part in zip(*seen)]


class FilterTests(unittest.TestCase):
    def test_filters_are_those_of_the_equations(self):
        random = numpy.random.default_rng(3)
        for size, spread in ((7, 2), (300, 1), (5000, 0.3), (5000, 3)):
            for row in range(24):
                logits = (random.standard_normal(size) * spread).astype(numpy.float32)
                if row % 4 == 0:
                    logits = numpy.round(logits * 2) / 2
                if row % 4 in (1, 2):
                    logits[1::3] = -numpy.inf if row % 4 == 1 else numpy.finfo(numpy.float32).min
                temperature, top_p = random.uniform(0.1, 1.9), [1.0, 0.0, 0.999, random.uniform()][min(row, 3)]
                for name in FILTERS:
                    found = numpy.exp(filtered(logits, temperature, top_p, name).astype(numpy.float64))
                    expected = exact_distribution(logits, temperature, top_p, name)
                    assert_close(self, found / found.sum(), expected, 1e-6, f"{name}, V = {size}, row {row}")


class LlamaTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not GGUF.exists():
            raise unittest.SkipTest(f"{GGUF} is not there, which data/scripts/get_smollm2.py gets")
        cls.folder = tempfile.TemporaryDirectory()
        cls.heads = write_heads(f"{cls.folder.name}/heads", hidden_size=576)
        cls.log = f"{cls.folder.name}/knobs.jsonl"
        cls.llm = LlamaWithHeads(str(GGUF), heads=cls.heads, log=cls.log, **SETTINGS)
        cls.stock = Llama(str(GGUF), **SETTINGS)
        cls.prompt = cls.llm.tokenize(PROMPT.encode())

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_predictions_are_the_toolkits(self):
        open(self.log, "w").close()
        result, (hidden, logits, temperature, top_p) = watched(
            lambda: self.llm.create_completion(PROMPT, max_tokens=200, seed=1, logit_bias={2: -100.0}))
        self.assertEqual(result["usage"]["completion_tokens"], 200)
        expected_temperature, expected_top_p = toolkit_predictions(self, self.heads, hidden[:200], logits[:200])
        assert_close(self, temperature[:200], expected_temperature, 1e-5, "T̂")
        assert_close(self, top_p[:200], expected_top_p, 1e-5, "P̂")
        self.assertGreater(temperature.std(), 0.01)
        # The log holds the same numbers.
        with open(self.log) as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual([line["position"] for line in lines[:200]], list(range(len(self.prompt), len(self.prompt) + 200)))
        self.assertEqual([(line["temperature"], line["top_p"]) for line in lines], self.llm.knobs)

    def test_hidden_states_are_those_after_the_final_norm(self):
        reader = GGUFReader(GGUF)
        matrix = next(tensor for tensor in reader.tensors if tensor.name == "token_embd.weight")
        self.llm.reset()
        self.llm.eval(self.prompt)
        hidden, logits = self.llm.state()
        # llama.cpp rounds the hidden state to 8 bits for its product.
        product = dequantize(matrix.data, matrix.tensor_type) @ hidden
        self.assertGreater(numpy.corrcoef(product, logits)[0, 1], 0.999)
        self.assertLess(numpy.abs(product - logits).max(), 0.05 * logits.std() * 5)

    def test_prompts_read_without_logits_give_the_stock_logits(self):
        self.llm.reset()
        self.llm.eval(self.prompt)
        reference = Llama(str(GGUF), **SETTINGS, logits_all=True)
        reference.eval(self.prompt)
        difference = numpy.abs(self.llm.state()[1] - reference.scores[len(self.prompt) - 1])
        # One token alone goes through other kernels than a batch.
        self.assertLess(difference.max(), 0.3)
        self.assertLess(difference.mean(), 0.1)

    def draws(self, name="hard", count=1000, **settings):
        """How often each token followed the prompt, and what the heads read there."""
        tokens = []

        def draw():
            for seed in range(count):
                self.llm.set_seed(seed)
                tokens.append(next(self.llm.generate(list(self.prompt), **settings)))

        with mock.patch.object(self.llm, "filter", name):
            _, (_, logits, temperature, top_p) = watched(draw)
        return numpy.bincount(tokens, minlength=self.llm.n_vocab()), logits[0], temperature[0], top_p[0]

    def test_tokens_have_the_exact_distribution(self):
        for name in FILTERS:
            counts, logits, temperature, top_p = self.draws(name)
            chi_square(self, counts, exact_distribution(logits, temperature, top_p, name))

    def test_knobs_of_the_request_stay(self):
        counts, logits, _, top_p = self.draws(temp=1.5)
        chi_square(self, counts, exact_distribution(logits, 1.5, top_p))
        counts, logits, temperature, _ = self.draws(top_p=0.7)
        chi_square(self, counts, exact_distribution(logits, temperature, 0.7))
        counts, *_ = self.draws(count=100, top_k=2)
        self.assertEqual((counts > 0).sum(), 2)

    def test_greedy_stays_greedy(self):
        found = self.llm.create_completion(PROMPT, max_tokens=20, temperature=0.0)["choices"][0]["text"]
        expected = self.stock.create_completion(PROMPT, max_tokens=20, temperature=0.0)["choices"][0]["text"]
        self.assertEqual(found, expected)

    def test_chats_are_drawn_with_heads(self):
        messages = [{"role": "user", "content": "Say hello."}]
        result, (hidden, *_) = watched(lambda: self.llm.create_chat_completion(messages, max_tokens=8, seed=3))
        self.assertEqual(len(hidden), len(self.llm.knobs))
        self.assertGreaterEqual(len(hidden), result["usage"]["completion_tokens"])

    def test_heads_that_fail_are_not_left_out_in_silence(self):
        with mock.patch.object(Heads, "predict", side_effect=RuntimeError("no prediction")):
            with self.assertRaisesRegex(RuntimeError, "no prediction"):
                self.llm.create_completion(PROMPT, max_tokens=4)

    def test_mistakes_are_said(self):
        narrow = write_heads(f"{self.folder.name}/narrow", hidden_size=64)
        for words, arguments, options in (
            ("576 elements, the heads in .* read 64", (str(GGUF),), {"heads": narrow}),
            ("config.json does not exist", (str(GGUF),), {"heads": self.folder.name}),
            ("does not exist, expected a GGUF file", ("none.gguf",), {"heads": self.heads}),
            ("expected one of hard, soft, inclusive", (str(GGUF),), {"heads": self.heads, "filter": "strict"}),
        ):
            with self.assertRaisesRegex(ValueError, words):
                LlamaWithHeads(*arguments, **options, **SETTINGS)
        with self.assertRaises(SystemExit), mock.patch("sys.stderr"):
            generate_llama_cpp.main(["--model", str(GGUF), "text"])


if __name__ == "__main__":
    unittest.main()
