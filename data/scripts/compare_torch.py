"""Speed beside transformers on PyTorch in BF16: a prompt of 1,024 tokens, and one sequence.

    pip install torch transformers
    python data/scripts/compare_torch.py --model FOLDER

Both sides read the same folder in turn, with as many threads; of each the fastest round counts.
"""

import argparse
import time

import compare_engines


class Engine:
    def __init__(self, folder, threads):
        import torch
        import transformers

        torch.set_num_threads(threads)
        self.torch = torch
        self.model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()

    def measure(self, steps=60):
        torch, model = self.torch, self.model
        vocabulary, length = model.config.vocab_size, compare_engines.PROMPT_TOKENS
        with torch.inference_mode():
            long = torch.tensor([[7 * i % vocabulary for i in range(length)]])
            start = time.perf_counter()
            model(long, logits_to_keep=1)
            prompt = time.perf_counter() - start
            start = time.perf_counter()
            model(long)
            logits = time.perf_counter() - start
            cache = model(torch.tensor([compare_engines.START]), use_cache=True).past_key_values
            start = time.perf_counter()
            for token in range(steps):
                model(torch.tensor([[token + 11]]), past_key_values=cache, use_cache=True)
            one = (time.perf_counter() - start) / steps
        return {"prompt": length / prompt, "logits": length / logits, "one": 1 / one}


def main():
    parser = compare_engines.arguments(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument("--model", required=True, help="folder of the model")
    options = parser.parse_args()
    import torch
    import transformers

    engine = Engine(options.model, compare_engines.threads())
    engine.measure(steps=2)
    compare_engines.compare(
        f"torch {torch.__version__.split('+')[0]}, t. {transformers.__version__}",
        options.rounds,
        lambda: compare_engines.ours(options.bench, options.model, samples=1, tokens=1),
        engine.measure,
        [
            ("a prompt of 1,024 tokens", "prompt_tokens_per_s", "prompt"),
            ("the same with the logits of all positions", "prompt_with_logits_tokens_per_s", "logits"),
            ("one sequence", "one_sequence_tokens_per_s", "one"),
        ],
    )


if __name__ == "__main__":
    main()
