"""Speed beside llama.cpp: one sequence, and a prompt of 1,024 tokens, each with as many threads.

    pip install llama-cpp-python
    python data/scripts/compare_llama_cpp.py --model FOLDER_OR_GGUF --gguf FILE.gguf

Both sides read the same model in turn; of each the fastest round counts. llama.cpp's prompt yields the last position's
logits alone, as ours does.
"""

import argparse
import time

import compare_engines


def measure(path, threads, steps=100):
    from llama_cpp import Llama

    length = compare_engines.PROMPT_TOKENS
    model = Llama(path, n_ctx=2 * length, n_batch=length, n_threads=threads, n_threads_batch=threads, verbose=False)
    vocabulary = model.n_vocab()
    model.eval([token % vocabulary for token in compare_engines.START])
    start = time.perf_counter()
    for token in range(steps):
        model.eval([token + 11])
    one = (time.perf_counter() - start) / steps
    model.reset()
    start = time.perf_counter()
    model.eval([7 * i % vocabulary for i in range(length)])
    prompt = time.perf_counter() - start
    model.close()
    return {"one": 1 / one, "prompt": length / prompt}


def main():
    parser = compare_engines.arguments(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument("--model", required=True, help="what our side reads: a folder, or a GGUF file")
    parser.add_argument("--gguf", required=True, help="what llama.cpp reads")
    parser.add_argument("--precision", default="auto", help="of our products: auto, float or bf16")
    options = parser.parse_args()
    import llama_cpp

    threads = compare_engines.threads()
    compare_engines.compare(
        f"llama.cpp ({llama_cpp.__version__})",
        options.rounds,
        lambda: compare_engines.ours(options.bench, options.model, samples=1, tokens=1, precision=options.precision),
        lambda: measure(options.gguf, threads),
        [
            ("one sequence", "one_sequence_tokens_per_s", "one"),
            ("a prompt of 1,024 tokens", "prompt_tokens_per_s", "prompt"),
        ],
    )


if __name__ == "__main__":
    main()
