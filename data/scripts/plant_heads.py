"""Plants heads that know Countdown: a temperature for each kind of place in an attempt, whatever training would find.

    pip install torch safetensors
    python data/scripts/plant_heads.py --cache runs/countdown/cache --like runs/countdown/training/heads \
        --temperatures first=1,other=0.05 --output runs/planted

Such heads say how much there is to win: what they do not gain over the best static pair, no training of heads can be blamed for. They are fitted
to hidden states by least squares, with P = 1 everywhere; evaluate them with `autodeco-eval --heads`. Kinds of places in `12-11=1,3+1=4?`:

    first    12-11     which numbers to take, and what to do with them
    result   1         of the first step, with its comma
    last     3+1       the step that should hit
    value    4         of the last step
    verdict  ? or !
    newline
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

KINDS = ("first", "result", "last", "value", "verdict", "newline")
WIDTH, STEPS, BATCH, RATE = 256, 1200, 4096, 2e-3
# P of "no truncation": the head's sigmoid cannot reach 1.
LARGEST_TOP_P = 0.9995


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cache", type=Path, required=True, help="hidden-state cache of correct trajectories")
    parser.add_argument("--like", type=Path, required=True, help="heads of the same model, whose config.json is taken")
    parser.add_argument("--temperatures", required=True, help=f"KIND=T,… with T in (0, 2); kinds: {', '.join(KINDS)}, and other for the rest")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def kinds(labels, trajectories, spelling):
    """Of each token the kind of its place."""
    found, state, previous = [], "first", None
    for label, trajectory in zip(labels, trajectories):
        if trajectory != previous:
            state, previous = "first", trajectory
        character = spelling[label]
        found.append("verdict" if character in "?!" else "newline" if character == "\n" else state)
        if character == "=":
            state = "result" if state == "first" else "value"
        elif character == ",":
            state = "last"
        elif character == "\n":
            state = "first"
    return found


def head(inputs):
    return torch.nn.Sequential(torch.nn.Linear(inputs, WIDTH), torch.nn.ReLU(), torch.nn.Linear(WIDTH, 1))


def main():
    options = arguments()
    torch.manual_seed(options.seed)
    wanted = {kind: float(value) for kind, value in (pair.split("=") for pair in options.temperatures.split(","))}
    unknown = set(wanted) - set(KINDS) - {"other"}
    if unknown or ("other" not in wanted and set(KINDS) - set(wanted)):
        raise SystemExit(f"--temperatures: found {sorted(wanted)}, expected each of {', '.join(KINDS)}, or other for the rest")

    shards = [load_file(path) for path in sorted(options.cache.glob("shard-*.safetensors"))]
    hidden = torch.cat([shard["hidden"].float() for shard in shards])
    labels = torch.cat([shard["label"] for shard in shards]).tolist()
    trajectories = torch.cat([shard["trajectory"] for shard in shards]).tolist()
    tokenizer = json.loads((options.cache / "backbone" / "tokenizer.json").read_text())
    spelling = {id: token.replace("Ċ", "\n") for token, id in tokenizer["model"]["vocab"].items()}
    spelling |= {token["id"]: token["content"] for token in tokenizer.get("added_tokens", [])}

    of_kind = torch.tensor([wanted.get(kind, wanted.get("other", 0)) for kind in KINDS])
    place = torch.tensor([KINDS.index(kind) for kind in kinds(labels, trajectories, spelling)])
    target = of_kind[place]
    for index, kind in enumerate(KINDS):
        print(f"{kind:8} {(place == index).float().mean():6.1%} of tokens, T = {of_kind[index]:g}")

    configuration = json.loads((options.like / "config.json").read_text())
    columns = hidden.shape[1] + 1 + (4 if configuration["use_enhanced_features"] else 0)
    temperature, top_p = head(hidden.shape[1]), head(columns)
    with torch.no_grad():  # a constant
        for parameter in top_p.parameters():
            parameter.zero_()
        top_p[2].bias.fill_(torch.logit(torch.tensor(LARGEST_TOP_P)))
    optimizer = torch.optim.AdamW(temperature.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, STEPS)
    for _ in range(STEPS):
        rows = torch.randint(0, len(hidden), (BATCH,))
        error = (2 * torch.sigmoid(temperature(hidden[rows]))[:, 0] - target[rows]).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
    print(f"root of the mean squared error: {error.item() ** 0.5:.3f}")

    options.output.mkdir(parents=True, exist_ok=True)
    shutil.copy(options.like / "config.json", options.output)
    tensors = {f"temp_head.mlp.{name}": value for name, value in temperature.state_dict().items()}
    tensors |= {f"top_p_head.mlp.{name}": value for name, value in top_p.state_dict().items()}
    # As small as published heads are.
    save_file({name: value.bfloat16().contiguous() for name, value in tensors.items()}, options.output / "model.safetensors")


if __name__ == "__main__":
    main()
