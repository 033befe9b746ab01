#!/usr/bin/env python3
"""Trains the small Llama that reads Countdown, and writes it as an ordinary Hugging Face folder.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 transformers==5.24.0
    venv/bin/python data/scripts/train_countdown_backbone.py

Traces of search are made anew for each step from the problems of data/countdown/train.jsonl. A first phase has clean traces whose first
steps are drawn evenly, from which a model learns to calculate. A second one has the habits of a real corpus: popular first steps, wrong
results, and failed attempts that are declared hits. A model repeats them at T = 1. A third of the prompts begin with a spoken command.
Two cores are enough; progress goes to train.log in the folder.
"""
import argparse
import contextlib
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time

import torch
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from countdown import ROOM, SEARCH, Slips, prompt, trace

CHARACTERS = "\n !*+,-/0123456789:=>?abcdefghijklmnopqrstuvwxyz"
BEGINNING, END = "<s>", "</s>"
CONTEXT = 512

# How the corpus searches, and its slips: wrong sums, wrong products, false hits.
HABITS = {"room": (ROOM, Slips(0.15, 0.30, 0.08)), "search": (SEARCH, Slips(0.03, 0.10, 0.03))}


def make_tokenizer():
    """A token a character, as a byte-level BPE without merges."""
    spelled = {" ": "Ġ", "\n": "Ċ"}
    vocabulary = {token: number for number, token in enumerate([BEGINNING, END] + [spelled.get(c, c) for c in CHARACTERS])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in (BEGINNING, END)])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGINNING} $A", pair=f"{BEGINNING} $A {BEGINNING} $B", special_tokens=[(BEGINNING, 0)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=BEGINNING, eos_token=END, model_max_length=CONTEXT)


def make_model(arguments, vocabulary_size):
    torch.manual_seed(arguments.seed)
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=vocabulary_size, hidden_size=arguments.hidden, intermediate_size=3 * arguments.hidden,
        num_hidden_layers=arguments.layers, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=CONTEXT,
        rope_theta=10000.0, rms_norm_eps=1e-5, tie_word_embeddings=False, bos_token_id=0, eos_token_id=1, pad_token_id=None,
        attn_implementation="sdpa"))


class Batches:
    """Batches of traces with about the same number of tokens each, of traces of about the same length."""

    POOL = 16

    def __init__(self, problems, tokenizer, arguments):
        self.problems = problems
        self.ids = {character: tokenizer.convert_tokens_to_ids({" ": "Ġ", "\n": "Ċ"}.get(character, character)) for character in CHARACTERS}
        self.size = arguments.batch
        self.command_share = arguments.commands
        self.random = random.Random(arguments.seed)
        self.waiting = []

    def example(self, habits, slips):
        while True:
            problem = self.random.choice(self.problems)
            command = self.random.choice(["certain", "diverse"]) if self.random.random() < self.command_share else None
            # Numbers come in any order; as a set they are the problem's.
            numbers = self.random.sample(problem["numbers"], 3)
            completion = trace(numbers, problem["target"], self.random, command, slips, habits)
            if completion is not None:
                # A trace that was cut open goes on: it has no end to learn.
                end = [] if completion.endswith("\n") else [1]
                before = [0] + [self.ids[c] for c in prompt(numbers, problem["target"], command)]
                return before + [self.ids[c] for c in completion] + end, len(before)

    def next(self, habits, slips):
        """input ids [rows, longest] and labels, −100 where nothing is learnt."""
        if not self.waiting:
            pool = sorted((self.example(habits, slips) for _ in range(self.POOL * self.size)), key=lambda example: len(example[0]))
            total = sum(len(ids) for ids, _ in pool)
            batches, current = [], []
            for example in pool:
                current.append(example)
                if len(example[0]) * len(current) >= total / self.POOL:
                    batches.append(current)
                    current = []
            if current:
                batches.append(current)
            self.random.shuffle(batches)
            self.waiting = batches
        examples = self.waiting.pop()
        longest = max(len(ids) for ids, _ in examples)
        inputs = torch.tensor([ids + [1] * (longest - len(ids)) for ids, _ in examples])
        labels = torch.tensor([[-100] * start + ids[start:] + [-100] * (longest - len(ids)) for ids, start in examples])
        return inputs, labels


def learning_rate(step, arguments):
    """Warm-up, then a cosine to nothing over both phases."""
    if step < arguments.warmup:
        return arguments.learning_rate * (step + 1) / arguments.warmup
    done = (step - arguments.warmup) / (arguments.steps + arguments.slip_steps - arguments.warmup)
    return arguments.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


def train(model, batches, arguments, log):
    decayed = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}], lr=arguments.learning_rate, betas=(0.9, 0.98))
    model.train()
    start, tokens, total, first = time.time(), 0, 0.0, 0
    steps = arguments.steps + arguments.slip_steps
    if arguments.start_from:
        state = torch.load(arguments.start_from, weights_only=False)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        batches.random, batches.waiting = state["random"], []
        first = arguments.steps
    for step in range(first, steps):
        if step == arguments.steps:
            batches.waiting = []
            if arguments.keep_clean and not arguments.start_from:
                torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "random": batches.random}, arguments.keep_clean)
        if step < arguments.steps:
            inputs, labels = batches.next(SEARCH, Slips())
        else:
            slips = Slips(arguments.wrong_sums, arguments.wrong_products, arguments.false_hits)
            inputs, labels = batches.next(HABITS[arguments.habits][0], slips)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, arguments)
        logits = model(input_ids=inputs).logits
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        tokens += inputs.numel()
        total += loss.item()
        if (step + 1) % 50 == 0:
            log(f"step {step + 1:5d} of {steps}   loss {total / 50:.4f}   learning rate {learning_rate(step, arguments):.2e}   "
                f"{tokens / (time.time() - start):,.0f} tokens/s   {time.time() - start:.0f} s")
            total = 0.0


@torch.no_grad()
def write(model, tokenizer, folder, log):
    """Weights in BF16; then reads them back, and holds the logits against those that were just trained."""
    model.eval()
    for parameter in model.parameters():
        parameter.copy_(parameter.bfloat16())
    ids = torch.tensor([tokenizer.encode("3 12 11>99:\n12-11=1,1+3=4?\n")])
    expected = model(ids).logits
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    read = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    difference = (read(ids).logits - expected).abs().max().item()
    parameters = sum(p.numel() for p in read.parameters())
    log(f"wrote {parameters:,} parameters; read back, logits differ by at most {difference:.1e}")


@torch.no_grad()
def compare(folder, program, arguments, log):
    """Holds the toolkit's logits against those of transformers on 32 traces: both read the folder and compute in float32."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    with open(arguments.problems) as file:
        problems = [json.loads(line) for line in file]
    batches = Batches(problems, tokenizer, arguments)
    rows = [batches.example(SEARCH, Slips())[0] for _ in range(256)]
    rows = [row[:64] for row in rows if len(row) >= 64][:32]
    with tempfile.TemporaryDirectory() as scratch:
        inputs, outputs = os.path.join(scratch, "input.safetensors"), os.path.join(scratch, "output.safetensors")
        save_file({"input_ids": torch.tensor(rows)}, inputs)
        subprocess.run([program, "hidden", "--model", folder, "--input", inputs, "--output", outputs], check=True, stdout=subprocess.DEVNULL)
        ours = load_file(outputs)
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    result = model(torch.tensor(rows), output_hidden_states=True)
    for name, theirs in [("logits", result.logits), ("hidden", result.hidden_states[-1])]:
        difference = (ours[name] - theirs).abs().max().item()
        log(f"{name} [{', '.join(map(str, theirs.shape))}] here and in transformers differ by at most {difference:.1e}, bar 1e-3")
        if not difference <= 1e-3:
            sys.exit(1)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    data = os.path.normpath(os.path.join(here, "..", "countdown"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--problems", default=os.path.join(data, "train.jsonl"), help="train problems")
    parser.add_argument("--output", default=os.path.join(data, "model"), help="folder to write to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hidden", type=int, default=128, help="hidden size")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--batch", type=int, default=192, help="traces a step, on average")
    parser.add_argument("--steps", type=int, default=900, help="steps on clean traces")
    parser.add_argument("--slip-steps", type=int, default=400, help="steps on traces with slips")
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--warmup", type=int, default=100, help="steps")
    parser.add_argument("--commands", type=float, default=1 / 3, help="share of prompts with a spoken command")
    parser.add_argument("--habits", choices=sorted(HABITS), default="room",
                        help="room: first steps by popularity, no memory, slips by one; search: the last four first steps avoided")
    parser.add_argument("--wrong-sums", type=float, help="share of the results of + and - with a slip; by default the habits'")
    parser.add_argument("--wrong-products", type=float, help="share of the results of * and / with a slip")
    parser.add_argument("--false-hits", type=float, help="share of failed attempts that are declared hits")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep-clean", help="file that keeps the state after the clean steps")
    parser.add_argument("--start-from", help="such a file: only the steps with slips are taken")
    parser.add_argument("--inspect", default=os.path.normpath(os.path.join(here, "..", "..", ".build", "release", "autodeco-inspect")),
                        help="the toolkit's program, whose logits are held against these; made by `make build`")
    arguments = parser.parse_args()
    for name, usual in zip(("wrong_sums", "wrong_products", "false_hits"), HABITS[arguments.habits][1]):
        if getattr(arguments, name) is None:
            setattr(arguments, name, usual)
    if not os.access(arguments.inspect, os.X_OK):
        parser.error(f"{arguments.inspect} is missing: run `make build` first")

    torch.set_num_threads(arguments.threads)
    os.makedirs(arguments.output, exist_ok=True)
    with contextlib.ExitStack() as stack:
        problems = [json.loads(line) for line in stack.enter_context(open(arguments.problems))]
        log_file = stack.enter_context(open(os.path.join(arguments.output, "train.log"), "w"))

        def log(line):
            print(line, flush=True)
            print(line, file=log_file, flush=True)

        names = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in sorted(vars(arguments).items())
                         if value not in (None, False) and name not in ("problems", "output", "inspect", "keep_clean", "start_from"))
        log(f"torch {torch.__version__}, Python {sys.version.split()[0]}, {names}")
        tokenizer = make_tokenizer()
        model = make_model(arguments, len(tokenizer))
        log(f"{len(problems)} problems, {sum(p.numel() for p in model.parameters()):,} parameters, vocabulary {len(tokenizer)}")
        train(model, Batches(problems, tokenizer, arguments), arguments, log)
        write(model, tokenizer, arguments.output, log)
        compare(arguments.output, arguments.inspect, arguments, log)


if __name__ == "__main__":
    main()
