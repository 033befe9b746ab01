"""data/serving/transformers in the stock `transformers` that is installed."""

import os
import shutil
import tempfile
import unittest

import torch
from support import FREE_PROMPT, MODEL, PROMPT, ROOT, assert_close, chi_square, exact_distribution, toolkit_predictions, write_heads

os.environ.setdefault("HF_MODULES_CACHE", tempfile.mkdtemp())
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import generate
import transformers
from generate import Heads, decode_with, filtered
from transformers import AutoModelForCausalLM

transformers.logging.set_verbosity_error()
SOURCE = ROOT / "data" / "serving" / "transformers"


class FilterTests(unittest.TestCase):
    def test_filters_are_those_of_the_equations(self):
        random = torch.Generator().manual_seed(3)
        for size, spread in ((7, 2), (300, 1), (5000, 0.3), (5000, 3)):
            logits = torch.randn(40, size, generator=random) * spread
            # Equal logits, impossible tokens of both kinds.
            logits[::4] = (logits[::4] * 2).round() / 2
            logits[1::4, 1::3] = -torch.inf
            logits[2::4, 1::3] = torch.finfo(torch.float32).min
            temperature = torch.rand(40, generator=random) * 1.8 + 0.1
            top_p = torch.rand(40, generator=random)
            top_p[:3] = torch.tensor([1.0, 0.0, 0.999])
            for name in generate.FILTERS:
                found = filtered(logits, temperature, top_p, name).double().softmax(dim=-1)
                for row in range(40):
                    expected = exact_distribution(logits[row], temperature[row].item(), top_p[row].item(), name)
                    assert_close(self, found[row], expected, 1e-6, f"{name}, V = {size}, row {row}")

    def test_nucleus_beyond_the_first_selection_is_found(self):
        logits = torch.zeros(2, 10_000)
        logits[:, 0] = 1
        kept = filtered(logits, torch.ones(2), torch.tensor([0.5, 0.9]), "hard").isfinite().sum(dim=-1)
        self.assertEqual(kept.tolist(), [(exact_distribution(logits[0], 1, p) > 0).sum() for p in (0.5, 0.9)])


class GenerateTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        cls.model = AutoModelForCausalLM.from_pretrained(MODEL, torch_dtype=torch.float32)
        cls.folder = tempfile.TemporaryDirectory()
        cls.heads = write_heads(f"{cls.folder.name}/heads")
        os.makedirs(f"{cls.heads}/custom_generate")
        for name in ("generate.py", "requirements.txt"):
            shutil.copy(SOURCE / name, f"{cls.heads}/custom_generate")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        torch.manual_seed(1)

    def generate(self, prompts=(PROMPT,), heads=None, **request):
        longest = max(len(prompt) for prompt in prompts)
        ids = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        request = {"max_new_tokens": 12, "return_dict_in_generate": True, "pad_token_id": 1, **request}
        if "custom_generate" not in request:
            request |= {"custom_generate": self.heads, "trust_remote_code": True, "autodeco_heads": heads or self.heads}
        return self.model.generate(input_ids=ids, attention_mask=mask, **request)

    def test_predictions_are_the_toolkits(self):
        for kind in ({}, {"features": False}, {"top_p": False}, {"temperature": False}, {"temperature": False, "features": False}):
            heads = write_heads(f"{self.folder.name}/{'-'.join(kind) or 'all'}", **kind)
            result = self.generate([PROMPT] * 4, heads, output_logits=True, output_hidden_states=True, eos_token_id=-1, max_new_tokens=50)
            hidden = torch.cat([states[-1][:, -1] for states in result.hidden_states])
            temperature, top_p = toolkit_predictions(self, heads, hidden, torch.cat(result.logits))
            self.assertEqual(result.temperature.shape, (4, 50))
            assert_close(self, result.temperature.T.flatten(), temperature, 1e-5, f"T̂ of {kind}")
            assert_close(self, result.top_p.T.flatten(), top_p, 1e-5, f"P̂ of {kind}")
            for values, is_constant in ((temperature, kind.get("temperature") is False), (top_p, kind.get("top_p") is False)):
                self.assertEqual(values.std().item() < 1e-3, is_constant, f"knobs of {kind} show something")

    def test_tokens_have_the_exact_distribution(self):
        for name in generate.FILTERS:
            result = self.generate([FREE_PROMPT], max_new_tokens=1, num_return_sequences=3000, output_logits=True, autodeco_filter=name)
            counts = torch.bincount(result.sequences[:, -1], minlength=50)
            knobs = result.temperature[0, 0].item(), result.top_p[0, 0].item()
            chi_square(self, counts, exact_distribution(result.logits[0][0], *knobs, name))

    def test_scores_are_filtered_logits_whatever_the_model_sets(self):
        self.model.generation_config.update(do_sample=True, temperature=0.1, top_k=1, top_p=0.5)
        try:
            for way in ({}, {"custom_generate": decode_with(self.heads)}):
                result = self.generate(output_logits=True, output_scores=True, **way)
                for step, (logits, scores) in enumerate(zip(result.logits, result.scores)):
                    expected = filtered(logits, result.temperature[:, step], result.top_p[:, step])
                    assert_close(self, scores.softmax(-1), expected.softmax(-1), 1e-6, f"step {step}")
        finally:
            self.model.generation_config.update(do_sample=False, temperature=1.0, top_k=50, top_p=1.0)

    def test_batch_with_left_padding_equals_single_sequences(self):
        # P̂ is next to 0, so that heads always take the likeliest token.
        heads = write_heads(f"{self.folder.name}/greedy", top_p_bias=-30.0)
        prompts = [PROMPT, PROMPT[:4], PROMPT[:7]]
        batch = self.generate(prompts, heads)
        for row, prompt in enumerate(prompts):
            single = self.generate([prompt], heads)
            length = single.temperature.shape[1]
            self.assertEqual(batch.sequences[row, len(PROMPT) :][:length].tolist(), single.sequences[0, len(prompt) :].tolist())
            assert_close(self, batch.temperature[row, :length], single.temperature[0], 1e-5, "T̂")
            assert_close(self, batch.top_p[row, :length], single.top_p[0], 1e-5, "P̂")

    def test_function_and_import_draw_what_the_folder_draws(self):
        expected = self.generate()
        torch.manual_seed(1)
        by_function = self.generate(custom_generate=decode_with(self.heads))
        torch.manual_seed(1)
        ids = torch.tensor([PROMPT])
        by_import = generate.generate(self.model, autodeco_heads=self.heads, input_ids=ids, max_new_tokens=12, pad_token_id=1)
        self.assertEqual(by_function.sequences.tolist(), expected.sequences.tolist())
        self.assertEqual(by_import.tolist(), expected.sequences.tolist())
        self.assertTrue(torch.equal(by_function.temperature, expected.temperature))

    def test_streamer_gets_each_token(self):
        class Streamer(transformers.generation.streamers.BaseStreamer):
            tokens, has_ended = [], False

            def put(self, value):
                self.tokens += value.flatten().tolist()

            def end(self):
                self.has_ended = True

        streamer = Streamer()
        result = self.generate(streamer=streamer)
        self.assertEqual(streamer.tokens, result.sequences[0].tolist())
        self.assertTrue(streamer.has_ended)

    def test_stopping_criteria_and_ends_hold(self):
        stop = transformers.StoppingCriteriaList([lambda ids, scores, **_: torch.full((len(ids),), ids.shape[1] >= len(PROMPT) + 3)])
        self.assertEqual(self.generate(stopping_criteria=stop).sequences.shape[1], len(PROMPT) + 3)
        result = self.generate([PROMPT] * 30, eos_token_id=[2, 11], max_new_tokens=20)
        new = result.sequences[:, len(PROMPT) :]
        for row, knobs in zip(new.tolist(), result.temperature):
            end = next((place for place, token in enumerate(row) if token in (2, 11)), len(row) - 1)
            self.assertEqual(knobs.isfinite().tolist(), [place <= end for place in range(len(row))])

    def test_cache_of_fixed_size_gives_the_same_tokens(self):
        expected = self.generate()
        torch.manual_seed(1)
        found = self.generate(cache_implementation="static")
        self.assertEqual(found.sequences.tolist(), expected.sequences.tolist())
        assert_close(self, found.temperature, expected.temperature, 1e-5, "T̂")

    def test_knobs_of_the_request_stay(self):
        for way in ({}, {"custom_generate": decode_with(self.heads)}):
            both = self.generate(**way)
            warm = self.generate(temperature=0.7, output_logits=True, output_scores=True, **way)
            self.assertTrue((warm.temperature == 0.7).all())
            assert_close(self, warm.top_p[:, 0], both.top_p[:, 0], 1e-6, "P̂ of the first token")
            expected = filtered(warm.logits[0], torch.tensor([0.7]), warm.top_p[:, 0])
            assert_close(self, warm.scores[0].softmax(-1), expected.softmax(-1), 1e-6, "scores")
            wide = self.generate(top_p=0.6, **way)
            self.assertTrue((wide.top_p == 0.6).all())
            assert_close(self, wide.temperature[:, 0], both.temperature[:, 0], 1e-6, "T̂ of the first token")
            two = self.generate(top_k=2, output_scores=True, **way)
            self.assertTrue(all(scores.isfinite().sum() <= 2 for scores in two.scores))

    def test_greedy_stays_greedy(self):
        expected = self.model.generate(input_ids=torch.tensor([PROMPT]), do_sample=False, max_new_tokens=12, pad_token_id=1)
        for way in ({}, {"custom_generate": decode_with(self.heads)}):
            for request in ({"do_sample": False}, {"temperature": 0.0}):
                self.assertEqual(self.generate(**way, **request).sequences.tolist(), expected.tolist())

    def test_request_without_heads_is_stock(self):
        ids = torch.tensor([PROMPT])
        expected = self.model.generate(input_ids=ids, do_sample=True, max_new_tokens=12, pad_token_id=1)
        torch.manual_seed(1)
        self.assertEqual(self.generate(autodeco=False, do_sample=True).sequences.tolist(), expected.tolist())

    def test_no_hook_stays(self):
        with self.assertRaises(RuntimeError):
            self.generate(logits_processor=[lambda ids, scores: (_ for _ in ()).throw(RuntimeError("stop"))])
        self.assertFalse(self.model._forward_hooks)
        self.assertFalse(self.model.get_output_embeddings()._forward_pre_hooks)

    def test_penalties_come_before_heads(self):
        result = self.generate(repetition_penalty=1.5, output_logits=True, output_scores=True, max_new_tokens=1)
        temperature, top_p = result.temperature[:, 0], result.top_p[:, 0]
        penalised = transformers.RepetitionPenaltyLogitsProcessor(1.5)(torch.tensor([PROMPT]), result.logits[0].clone())
        expected = filtered(penalised, temperature, top_p)
        assert_close(self, result.scores[0].softmax(-1), expected.softmax(-1), 1e-6, "scores")
        assert_close(self, temperature, self.generate(max_new_tokens=1).temperature[:, 0], 0, "T̂ with and without penalty")

    def test_mistakes_are_said(self):
        wide = write_heads(f"{self.folder.name}/wide", hidden_size=64)
        for request, words in (
            ({"autodeco_heads": wide}, "128 elements, the heads in .* read 64"),
            ({"autodeco_heads": None}, "autodeco_heads is missing"),
            ({"autodeco_heads": f"{self.folder.name}"}, "config.json does not exist"),
            ({"autodeco_filter": "strict"}, "expected one of hard, soft, inclusive"),
            ({"num_beams": 4}, "num_beams is 4, expected 1"),
            ({"temperature": float("nan")}, "temperature is nan"),
        ):
            with self.assertRaisesRegex(ValueError, words):
                self.generate(**{"custom_generate": self.heads, "trust_remote_code": True, "autodeco_heads": self.heads, **request})

    def test_heads_that_are_damaged_are_refused(self):
        from safetensors.torch import load_file, save_file

        heads = write_heads(f"{self.folder.name}/damaged")
        whole = load_file(f"{heads}/model.safetensors")
        name = "temp_head.mlp.0.weight"
        for change, words in (
            ({name: whole[name][:, 1:].contiguous()}, "expected floats \\[256, 128\\]"),
            ({name: whole[name] * torch.nan}, "not finite"),
            ({name: None}, "is missing"),
        ):
            save_file({key: value for key, value in (whole | change).items() if value is not None}, f"{heads}/model.safetensors")
            with self.assertRaisesRegex(ValueError, words):
                Heads(heads)


if __name__ == "__main__":
    unittest.main()
