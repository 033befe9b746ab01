"""Holds caches that export_cache.py writes against those that autodeco-collect writes from the same trajectories of ids.

    python data/scripts/hold_exported_caches.py GOLDENS [--programs .build/release] [--models llama qwen3 …]

GOLDENS is a folder with a small checkpoint of each family. For each, and for K = 256 and K = 8 with B = 8: labels and positions must be the
same; ranks, unless logits within 2e-4 of the label's lie between; logits and hidden states to 2e-4; the losses of the same heads to 1e-5; and
heads that are trained on either cache must reach the same validation loss to 1e-3. Prints the largest differences as a table; exit status 1
where one is too large. Needs the programs autodeco-collect, autodeco-inspect and autodeco-train.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file

import export_cache

MODELS = ["llama", "qwen2", "qwen3", "qwen3_moe", "gpt_oss"]
SKETCHES = [(256, 128), (8, 8)]
LIMITS = {"ranks": 0, "logits": 2e-4, "tail": 2e-4, "hidden": 2e-4, "losses": 1e-5, "validation": 1e-3}


def trajectories(folder, path, count=96, longest=200):
    """Completions that the model itself samples, of many lengths, as ids."""
    backbone = export_cache.Backbone(folder, torch.float32, "cpu").load()
    torch.manual_seed(0)
    with open(path, "w") as file:
        for number in range(count):
            length = longest if number == 0 else int(torch.randint(1, 40, ()))
            prompt = torch.randint(3, backbone.vocabulary, (1, int(torch.randint(1, 12, ()))))
            ids = backbone.model.generate(
                input_ids=prompt, attention_mask=torch.ones_like(prompt), do_sample=True, top_k=0, min_new_tokens=length, max_new_tokens=length,
                pad_token_id=0)
            line = {"prompt_ids": prompt[0].tolist(), "completion_ids": ids[0, prompt.shape[1]:].tolist(), "truncated": True}
            file.write(json.dumps(line) + "\n")


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {result.returncode}:\n{result.stderr}")
    return result.stdout


def tensors(cache):
    with open(os.path.join(cache, "cache.json")) as file:
        shards = json.load(file)["shards"]
    parts = [load_file(os.path.join(cache, shard["file"])) for shard in shards]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def compare(a, b, logits):
    """The largest differences; logits [N, V] are all logits of each token, for ranks between which only noise lies."""
    for name in a.keys() | b.keys():
        if name not in a or name not in b or a[name].shape != b[name].shape or a[name].dtype != b[name].dtype:
            sys.exit(f"the tensor {name} has another shape or type, or is missing")
    for name in ("label", "trajectory", "position"):
        if not torch.equal(a[name], b[name]):
            sys.exit(f"the tensor {name} differs")
    largest = lambda name: float((a[name].double() - b[name].double()).abs().nan_to_num(0).max()) if len(a[name]) else 0
    moved = 0
    for row in (a["label_rank"] != b["label_rank"]).nonzero().flatten().tolist():
        low, high = sorted((int(a["label_rank"][row]), int(b["label_rank"][row])))
        moved += float((logits[row, low:high + 1] - a["label_logit"][row]).abs().max()) > 2e-4
    found = {"ranks": moved, "logits": max(largest("label_logit"), largest("top_logits")), "hidden": largest("hidden"), "bins": 0, "tail": 0}
    if "tail_count" in a:
        alike = (a["tail_count"] == b["tail_count"]).all(1)
        found["bins"] = int((~alike).sum())
        for name in ("tail_mean", "tail_variance"):
            found["tail"] = max(found["tail"], float((a[name] - b[name])[alike].abs().max()))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("goldens", help="folder with a checkpoint of each family")
    parser.add_argument("--programs", default=".build/release", help="folder of the toolkit's programs")
    parser.add_argument("--models", nargs="*", default=MODELS)
    a = parser.parse_args()
    if not os.path.isdir(a.goldens):
        print(f"{a.goldens}: is not there, nothing is compared")
        return 0
    program = lambda name: os.path.join(a.programs, f"autodeco-{name}")
    columns = ["ranks", "logits", "hidden", "bins", "tail", "losses", "validation"]
    print("| model | K, B | tokens | " + " | ".join(columns) + " |\n" + "|---" * (len(columns) + 3) + "|")
    failed = False
    with tempfile.TemporaryDirectory() as place:
        for model in a.models:
            folder, file = os.path.join(a.goldens, model), os.path.join(place, f"{model}.jsonl")
            trajectories(folder, file)
            for K, B in SKETCHES:
                own = os.path.join(place, f"{model}-{K}")
                status = export_cache.main([
                    "--model", folder, "--trajectories", file, "--output", f"{own}-exported", "--device", "cpu", "--dtype", "float32", "--hidden-type",
                    "F32", "--top-logits", str(K), "--tail-bins", str(B), "--shard-tokens", "700", "--batch-tokens", "512"])
                if status != 0:
                    return status
                with open(f"{own}.json", "w") as config:
                    json.dump({
                        "model": {"folder": folder}, "collect": {"folder": f"{own}-run", "trajectories": file},
                        "cache": {"folder": f"{own}-collected", "topLogits": K, "tailBins": B, "hiddenType": "F32", "shardTokens": 700},
                        "training": {"steps": 120, "learningRate": 3e-3, "trajectoriesPerStep": 16, "validationFraction": 0.25},
                    }, config)
                run(program("collect"), "--config", f"{own}.json", "--quiet")
                x, y = tensors(f"{own}-exported"), tensors(f"{own}-collected")
                if K == SKETCHES[0][0]:
                    logits = x["top_logits"]
                found = compare(x, y, logits)
                trained = {}
                for kind in ("exported", "collected"):
                    trained[kind] = json.loads(run(
                        program("train"), "--config", f"{own}.json", "--set", f"cache.folder={own}-{kind}", "--set", f"training.folder={own}-{kind}-heads",
                        "--json", "--quiet"))["validationLoss"]
                losses = [
                    json.loads(run(program("inspect"), "loss", "--heads", f"{own}-exported-heads/heads", "--cache", f"{own}-{kind}", "--precision", "double",
                        "--json", "--quiet"))
                    for kind in ("exported", "collected")
                ]
                flat = [[loss["joint"], *loss["released"].values()] for loss in losses]
                found["losses"] = max(abs(p - q) for p, q in zip(*flat))
                found["validation"] = abs(trained["exported"] - trained["collected"])
                wrong = [name for name, limit in LIMITS.items() if not found[name] <= limit]
                failed = failed or bool(wrong)
                cells = [str(found[name]) if name in ("ranks", "bins") else f"{found[name]:.1e}" + (" TOO LARGE" if name in wrong else "") for name in columns]
                print(f"| {model} | {K}, {B} | {len(x['label'])} | " + " | ".join(cells) + " |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
