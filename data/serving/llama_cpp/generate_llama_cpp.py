#!/usr/bin/env python3
"""AutoDeco heads with any GGUF in llama.cpp itself: at every token the heads predict temperature and top-p.

    python generate_llama_cpp.py --model MODEL.gguf --heads HEADS "The capital of France is"

Or from Python, where `LlamaWithHeads` is llama-cpp-python's `Llama` in all else:

    llm = LlamaWithHeads("MODEL.gguf", heads="HEADS", n_ctx=4096)
    llm.create_chat_completion([{"role": "user", "content": "Hello"}])
"""

import argparse
import json
import math
import os
import sys

import llama_cpp
import numpy
from llama_cpp import Llama, LogitsProcessorList
from safetensors import safe_open

FILTERS = ("hard", "soft", "inclusive")
# α of the soft filter, and what is added to T̂ and, under the entropy's logarithm, to p.
STEEPNESS, TEMPERATURE_OFFSET, ENTROPY_OFFSET = 30.0, 1e-8, 1e-8
# Logits from here down are impossible tokens, whether they are −∞ or a mask's finite minimum.
LARGEST_IMPOSSIBLE = -1e30
INNER_SIZE, LEADING_COUNT, FEATURE_COUNT = 256, 5, 4
# How many of the largest logits a nucleus is looked for in at first, and by how much more each time it is not in them.
FIRST_SELECTION, SELECTION_GROWTH = 256, 16
# What llama-cpp-python fills in where a request says nothing; and what leaves the heads' distribution as it is.
DEFAULTS = {"temp": 0.8, "top_p": 0.95, "top_k": 40, "min_p": 0.05}
NEUTRAL = {"temp": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0}


# MARK: Heads


class Heads:
    """The two heads of a folder: T̂ and P̂ from a hidden state and its logits, in float32."""

    def __init__(self, folder):
        self.name = os.fspath(folder)
        with open(self._file("config.json"), encoding="utf-8") as file:
            config = json.load(file)
        keys = ("hidden_size", "enable_temperature_head", "enable_top_p_head", "use_enhanced_features")
        missing = [key for key in keys if key not in config]
        if missing:
            raise ValueError(f"{self.name}/config.json: {missing[0]} is missing, expected the config.json of a folder with trained heads")
        self.hidden_size, has_temperature, has_top_p, self.has_features = (config[key] for key in keys)
        if not has_temperature and not has_top_p:
            raise ValueError(f"{self.name}/config.json: both heads are switched off, expected at least one")
        inputs = self.hidden_size + 1 + (FEATURE_COUNT if self.has_features else 0)
        with safe_open(self._file("model.safetensors"), framework="numpy") as file:
            self.temperature = self._head(file, "temp_head", self.hidden_size) if has_temperature else None
            self.top_p = self._head(file, "top_p_head", inputs) if has_top_p else None

    def _file(self, name):
        path = os.path.join(self.name, name)
        if not os.path.isfile(path):
            raise ValueError(f"{path} does not exist, expected a folder with trained heads")
        return path

    def _head(self, file, prefix, inputs):
        shapes = {"0.weight": (INNER_SIZE, inputs), "0.bias": (INNER_SIZE,), "2.weight": (1, INNER_SIZE), "2.bias": (1,)}
        tensors = []
        for name, shape in shapes.items():
            name = f"{prefix}.mlp.{name}"
            if name not in file.keys():
                raise ValueError(f"{self.name}/model.safetensors: {name} is missing")
            tensor = file.get_tensor(name)
            if tensor.shape != shape:
                raise ValueError(f"{self.name}/model.safetensors: {name} has the shape {tensor.shape}, expected {shape}")
            tensor = tensor.astype(numpy.float32)
            if not numpy.isfinite(tensor).all():
                raise ValueError(f"{self.name}/model.safetensors: {name} holds numbers that are not finite")
            tensors.append(tensor)
        return tensors

    def predict(self, hidden, logits):
        """T̂ and P̂ of one token, from h [D] and l [V]; the constant 1 for a head that is not there."""
        temperature = 1.0 if self.temperature is None else 2 * _mlp(self.temperature, hidden)
        if self.top_p is None:
            return temperature, 1.0
        inputs = [hidden, [temperature], features(logits, temperature) if self.has_features else []]
        return temperature, _mlp(self.top_p, numpy.concatenate(inputs).astype(numpy.float32))


def _mlp(parameters, inputs):
    """σ of one head's output."""
    first_weight, first_bias, second_weight, second_bias = parameters
    output = float((second_weight @ numpy.maximum(first_weight @ inputs + first_bias, 0) + second_bias)[0])
    return 1 / (1 + math.exp(-output)) if output >= 0 else math.exp(output) / (1 + math.exp(output))


def features(logits, temperature):
    """Of softmax(l / (T̂ + 1e-8)): largest p, entropy, unbiased variance, sum of the five largest p."""
    p = numpy.exp(_scaled(logits, temperature), dtype=numpy.float64)
    p /= p.sum()
    leading = numpy.partition(p, -min(LEADING_COUNT, p.size))[-LEADING_COUNT:]
    entropy = -(p * numpy.log(p + ENTROPY_OFFSET)).sum()
    return [leading.max(), entropy, p.var(ddof=1) if p.size > 1 else 0.0, leading.sum()]


def _scaled(logits, temperature):
    """(l − max l) / (T̂ + 1e-8), −∞ for impossible tokens."""
    logits = numpy.where(logits <= LARGEST_IMPOSSIBLE, -numpy.inf, logits)
    return (logits - logits.max()) / numpy.float32(temperature + TEMPERATURE_OFFSET)


# MARK: Filters


def filtered(logits, temperature, top_p, filter="hard"):
    """Logits [V] whose softmax is what heads draw from: softmax(l / T̂) after a filter at P̂.

    - hard: the smallest set of largest tokens whose cumulative probability reaches P̂.
    - soft: p⊙m / Σ p⊙m with m = exp(−α·relu(c − P̂)), c the inclusive cumulative probability: what was trained.
    - inclusive: the tokens with c ≤ P̂, and always the first.

    P̂ ≥ 1 filters nothing. Equal logits are taken in the order of their ids.
    """
    scaled = _scaled(logits, temperature)
    if top_p >= 1:
        return scaled
    total, size = numpy.exp(scaled, dtype=numpy.float64).sum(), scaled.size if filter == "soft" else min(FIRST_SELECTION, scaled.size)
    result = numpy.full_like(scaled, -numpy.inf)
    while True:
        threshold = numpy.partition(scaled, scaled.size - size)[scaled.size - size]
        ids = numpy.flatnonzero(scaled >= threshold)
        ids = ids[numpy.argsort(-scaled[ids], kind="stable")]
        cumulative = numpy.minimum(numpy.exp(scaled[ids], dtype=numpy.float64).cumsum() / total, 1)
        if filter == "soft":
            result[ids] = scaled[ids] - STEEPNESS * numpy.maximum(cumulative - top_p, 0)
            return result
        count = max(1, (cumulative <= top_p).sum()) if filter == "inclusive" else (cumulative < top_p).sum() + 1
        if count < len(ids) or size == scaled.size:
            result[ids[:count]] = scaled[ids[:count]]
            return result
        size = min(size * SELECTION_GROWTH, scaled.size)


# MARK: llama.cpp


class LlamaWithHeads(Llama):
    """llama-cpp-python's `Llama`, whose completions are drawn with heads.

    A request's temperature, top-p, top-k and min-p count as not given where they are the library's own defaults: then heads predict
    temperature and top-p, and top-k and min-p are off. Other values stay. Temperature 0 is greedy.

    - heads: their folder.
    - filter: hard, soft or inclusive.
    - log: a file to which T̂ and P̂ of each drawn token are appended, a JSON line each.
    - others: as for `Llama`.
    """

    def __init__(self, model_path, *, heads, filter="hard", log=None, **others):
        if filter not in FILTERS:
            raise ValueError(f"filter is {filter!r}, expected one of {', '.join(FILTERS)}")
        if others.get("draft_model") is not None:
            raise ValueError("draft_model is given, expected none: heads draw one token after the other")
        self.heads, self.filter, self.log = Heads(heads), filter, log
        if not os.path.isfile(model_path):
            raise ValueError(f"{model_path} does not exist, expected a GGUF file")
        super().__init__(str(model_path), **{**others, "embedding": True, "pooling_type": llama_cpp.LLAMA_POOLING_TYPE_NONE})
        if self.n_embd() != self.heads.hidden_size:
            raise ValueError(f"{model_path}: hidden states have {self.n_embd()} elements, the heads in {heads} read {self.heads.hidden_size}")
        # T̂ and P̂ of each token that the last completion drew.
        self.knobs = []
        self._failure = None

    def __del__(self):
        # A mistake in the arguments ends before there is something to close.
        if hasattr(self, "_stack"):
            super().__del__()

    def eval(self, tokens):
        """Reads tokens; all but the last without hidden states, so that llama.cpp computes no logits for them."""
        if len(tokens) > 1:
            llama_cpp.llama_set_embeddings(self.ctx, False)
            super().eval(tokens[:-1])
            llama_cpp.llama_set_embeddings(self.ctx, True)
        super().eval(tokens[-1:])

    def state(self):
        """Hidden state [D] after the final norm and logits [V] of the last token, copied: both of the one decode call."""
        hidden, logits = llama_cpp.llama_get_embeddings_ith(self.ctx, -1), llama_cpp.llama_get_logits_ith(self.ctx, -1)
        if not hidden or not logits:
            raise RuntimeError(f"llama.cpp gave no {'logits' if hidden else 'hidden state'}; tried with llama-cpp-python 0.3.36")
        return (numpy.ctypeslib.as_array(hidden, (self.n_embd(),)).copy(), numpy.ctypeslib.as_array(logits, (self.n_vocab(),)).copy())

    def generate(self, tokens, *, temp=DEFAULTS["temp"], top_p=DEFAULTS["top_p"], top_k=DEFAULTS["top_k"], min_p=DEFAULTS["min_p"],
                 logits_processor=None, **others):
        """Tokens after a prompt, as `Llama.generate` gives them; completions and chats come through here."""
        asked = {"temp": temp, "top_p": top_p, "top_k": top_k, "min_p": min_p}
        if temp <= 0:
            yield from super().generate(tokens, **asked, logits_processor=logits_processor, **others)
            return
        own = {name: value for name, value in asked.items() if value != DEFAULTS[name]}
        self.knobs, self._failure = [], None

        def scale_and_filter(input_ids, logits):
            # What is thrown inside of llama.cpp's sampler would be lost.
            try:
                temperature, nucleus = self.heads.predict(*self.state())
                temperature, nucleus = own.get("temp", temperature), own.get("top_p", nucleus)
                self._note(temperature, nucleus)
                return filtered(logits, temperature, nucleus, self.filter)
            except Exception as failure:
                self._failure = failure
                return logits

        # The request's own processors come first, penalties after: llama-cpp-python leaves no other place.
        processors = LogitsProcessorList([*(logits_processor or []), scale_and_filter])
        settings = {**NEUTRAL, **{name: value for name, value in own.items() if name in ("top_k", "min_p")}}
        for token in super().generate(tokens, **settings, logits_processor=processors, **others):
            if self._failure is not None:
                raise self._failure
            yield token

    def _note(self, temperature, top_p):
        self.knobs.append((temperature, top_p))
        if self.log is not None:
            with open(self.log, "a", encoding="utf-8") as file:
                file.write(json.dumps({"position": self.n_tokens, "temperature": temperature, "top_p": top_p}) + "\n")


def main(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompt", help="the text to go on with; - reads it from standard input")
    parser.add_argument("--model", required=True, help="GGUF file")
    parser.add_argument("--heads", required=True, help="folder of the heads")
    parser.add_argument("--chat", action="store_true", help="the prompt is a user's message, put into the model's chat template")
    parser.add_argument("--filter", choices=FILTERS, default="hard")
    parser.add_argument("--max-tokens", type=int, default=200)
    parser.add_argument("--temperature", type=float, help="in place of T̂; 0 is greedy")
    parser.add_argument("--top-p", type=float, help="in place of P̂")
    parser.add_argument("--seed", type=int, help="a random one if not given")
    parser.add_argument("--context", type=int, default=0, help="tokens of prompt and completion; as the model was trained if not given")
    parser.add_argument("--threads", type=int, help="llama.cpp's choice if not given")
    parser.add_argument("--log", help="file that gets T̂ and P̂ of each token, a JSON line each")
    arguments = parser.parse_args(words)
    llm = LlamaWithHeads(
        arguments.model, heads=arguments.heads, filter=arguments.filter, log=arguments.log, n_ctx=arguments.context,
        n_threads=arguments.threads, verbose=False, seed=arguments.seed if arguments.seed is not None else int.from_bytes(os.urandom(4), "little"))
    knobs = {"temperature": arguments.temperature, "top_p": arguments.top_p}
    request = {"max_tokens": arguments.max_tokens, "stream": True, **{name: value for name, value in knobs.items() if value is not None}}
    prompt = sys.stdin.read() if arguments.prompt == "-" else arguments.prompt
    if arguments.chat:
        pieces = (choice["choices"][0]["delta"].get("content") for choice in llm.create_chat_completion([{"role": "user", "content": prompt}], **request))
    else:
        pieces = (choice["choices"][0]["text"] for choice in llm.create_completion(prompt, **request))
    for piece in pieces:
        print(piece or "", end="", flush=True)
    print()
    if llm.knobs:
        temperature, top_p = numpy.mean(llm.knobs, axis=0)
        print(f"{len(llm.knobs)} tokens drawn, mean T̂ {temperature:.3f}, mean P̂ {top_p:.3f}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (ValueError, OSError) as error:
        print(f"generate_llama_cpp: {error}", file=sys.stderr)
        sys.exit(2)
