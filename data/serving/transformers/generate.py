"""Decoding with AutoDeco heads: temperature and top-p of every token are predicted from the model's last hidden state.

    model.generate(**inputs, custom_generate=HEADS, trust_remote_code=True, autodeco_heads=HEADS)

`transformers` finds this file in the folder HEADS as custom_generate/generate.py, and runs a copy of it. It stands alone, so that a copy can run.
Its first half, the heads and the filters, knows torch alone; other engines use it as it is.
"""

import contextlib
import copy
import json
import math
import os

import torch
from safetensors import safe_open
from transformers import LogitsProcessor, LogitsProcessorList
from transformers.generation import logits_process
from transformers.utils import cached_file

FILTERS = ("hard", "soft", "inclusive")
# α of the soft filter, and what is added to T̂ and, under the entropy's logarithm, to p.
STEEPNESS, TEMPERATURE_OFFSET, ENTROPY_OFFSET = 30.0, 1e-8, 1e-8
# Logits from here down are impossible tokens, whether they are −∞ or a mask's finite minimum.
LARGEST_IMPOSSIBLE = -1e30
INNER_SIZE, LEADING_COUNT, FEATURE_COUNT = 256, 5, 4
# How many of the largest logits a nucleus is looked for in at first, and by how much more each time it is not in them.
FIRST_SELECTION, SELECTION_GROWTH = 256, 16


# MARK: Heads


class Heads:
    """The two heads of a folder, or of a repository on a hub: T̂ and P̂ from a hidden state and its logits, in float32."""

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
        with safe_open(self._file("model.safetensors"), framework="pt") as file:
            self.temperature = self._head(file, "temp_head", self.hidden_size) if has_temperature else None
            self.top_p = self._head(file, "top_p_head", inputs) if has_top_p else None

    def _file(self, name):
        if not os.path.isdir(self.name):
            return cached_file(self.name, name)
        path = os.path.join(self.name, name)
        if not os.path.isfile(path):
            raise ValueError(f"{path} does not exist, expected a folder with trained heads")
        return path

    def _head(self, file, prefix, inputs):
        shapes = {"0.weight": [INNER_SIZE, inputs], "0.bias": [INNER_SIZE], "2.weight": [1, INNER_SIZE], "2.bias": [1]}
        tensors = []
        for name, shape in shapes.items():
            name = f"{prefix}.mlp.{name}"
            if name not in file.keys():
                raise ValueError(f"{self.name}/model.safetensors: {name} is missing")
            tensor = file.get_tensor(name)
            if list(tensor.shape) != shape or not tensor.dtype.is_floating_point:
                raise ValueError(f"{self.name}/model.safetensors: {name} is {tensor.dtype} {list(tensor.shape)}, expected floats {shape}")
            if not tensor.isfinite().all():
                raise ValueError(f"{self.name}/model.safetensors: {name} holds numbers that are not finite")
            tensors.append(tensor.float())
        return tensors

    def check(self, hidden_size):
        """Refuses a model whose hidden states are of another size."""
        if hidden_size != self.hidden_size:
            raise ValueError(f"the model's hidden states have {hidden_size} elements, the heads in {self.name} read {self.hidden_size}")

    def to(self, device):
        """Moves the heads to a device, once."""
        for tensors in (self.temperature, self.top_p):
            if tensors and tensors[0].device != device:
                tensors[:] = [tensor.to(device) for tensor in tensors]
        return self

    def predict(self, hidden, logits):
        """T̂ and P̂, [N] each, from h [N, D] and l [N, V]; the constant 1 for a head that is not there."""
        self.to(hidden.device)
        hidden, logits = hidden.float(), logits.to(hidden.device)
        ones = hidden.new_ones(len(hidden))
        temperature = ones if self.temperature is None else 2 * _mlp(self.temperature, hidden).sigmoid()
        if self.top_p is None:
            return temperature, ones
        columns = [hidden, temperature[:, None]]
        if self.has_features:
            columns.append(features(logits.float(), temperature))
        return temperature, _mlp(self.top_p, torch.cat(columns, dim=1)).sigmoid()


def _mlp(parameters, inputs):
    first_weight, first_bias, second_weight, second_bias = parameters
    inner = torch.nn.functional.linear(inputs, first_weight, first_bias).relu()
    return torch.nn.functional.linear(inner, second_weight, second_bias)[:, 0]


def features(logits, temperature):
    """Of softmax(l / (T̂ + 1e-8)): largest p, entropy, unbiased variance, sum of the five largest p; [N, 4]."""
    p = _scaled(logits, temperature).softmax(dim=-1)
    count = p.shape[-1]
    entropy = -(p * (p + ENTROPY_OFFSET).log()).sum(dim=-1)
    variance = ((p * p).sum(dim=-1) - 1 / count).clamp(min=0) / max(count - 1, 1)
    leading = p.topk(min(LEADING_COUNT, count), dim=-1).values
    return torch.stack([leading[:, 0], entropy, variance, leading.sum(dim=-1)], dim=-1)


def _scaled(logits, temperature):
    """(l − max l) / (T̂ + 1e-8), −∞ for impossible tokens."""
    logits = logits.masked_fill(logits <= LARGEST_IMPOSSIBLE, -math.inf)
    return (logits - logits.amax(dim=-1, keepdim=True)) / (temperature[:, None] + TEMPERATURE_OFFSET)


# MARK: Filters


def filtered(logits, temperature, top_p, filter="hard"):
    """Logits [N, V] whose softmax is what heads draw from: softmax(l / T̂) after a filter at P̂.

    - hard: the smallest set of largest tokens whose cumulative probability reaches P̂.
    - soft: p⊙m / Σ p⊙m with m = exp(−α·relu(c − P̂)), c the inclusive cumulative probability: what was trained.
    - inclusive: the tokens with c ≤ P̂, and always the first.

    P̂ ≥ 1 filters nothing. Equal logits are taken in the order of their ids.
    """
    scaled = _scaled(logits.float(), temperature)
    if filter == "soft":
        return _faded(scaled, top_p)
    kept, threshold = _nucleus(scaled, top_p, inclusive=filter == "inclusive")
    inside = scaled >= threshold[:, None]
    surplus = inside.sum(dim=-1) - kept
    for row in surplus.nonzero()[:, 0].tolist() if surplus.any() else ():
        # Tokens that equal the last one of the nucleus: those with the largest ids are too many.
        equal = (scaled[row] == threshold[row]).nonzero()[:, 0]
        inside[row, equal[len(equal) - int(surplus[row]) :]] = False
    return scaled.masked_fill_(~inside, -math.inf)


def _nucleus(scaled, top_p, inclusive):
    """How many tokens a nucleus holds, and the last one's scaled logit, [N] each; found by selection, without a sort of the vocabulary."""
    count = scaled.shape[-1]
    target = scaled.exp().sum(dim=-1, dtype=torch.float64) * top_p.double()
    kept = torch.full_like(target, count, dtype=torch.long)
    threshold = torch.full_like(scaled[:, 0], -math.inf)
    rows, size = (top_p < 1).nonzero()[:, 0], min(FIRST_SELECTION, count)
    while len(rows):
        values = scaled[rows].topk(size, dim=-1).values
        cumulative = values.double().exp().cumsum(dim=-1)
        goal = target[rows, None]
        before = (cumulative <= goal if inclusive else cumulative < goal).sum(dim=-1)
        number = before.clamp(min=1) if inclusive else (before + 1).clamp(max=count)
        found = (before < size) | (size == count)
        kept[rows[found]] = number[found]
        threshold[rows[found]] = values[found].gather(1, number[found, None] - 1)[:, 0]
        rows, size = rows[~found], min(size * SELECTION_GROWTH, count)
    return kept, threshold


def _faded(scaled, top_p):
    ordered, order = scaled.sort(dim=-1, descending=True, stable=True)
    cumulative = ordered.softmax(dim=-1, dtype=torch.float64).cumsum(dim=-1).clamp(max=1)
    excess = (cumulative - top_p[:, None]).clamp(min=0).masked_fill((top_p >= 1)[:, None], 0)
    return torch.empty_like(scaled).scatter_(-1, order, ordered - STEEPNESS * excess.float())


def check_filter(filter):
    """Refuses a filter that there is not."""
    if filter not in FILTERS:
        raise ValueError(f"autodeco_filter is {filter!r}, expected one of {', '.join(FILTERS)}")
    return filter


# MARK: Generating

# What a static setting would do after the heads; whatever the request names itself is put back.
WARPERS = tuple(
    getattr(logits_process, name)
    for name in ("TemperatureLogitsWarper", "TopPLogitsWarper", "TopKLogitsWarper", "MinPLogitsWarper", "TopHLogitsWarper",
                 "TypicalLogitsWarper", "EpsilonLogitsWarper", "EtaLogitsWarper")
    if hasattr(logits_process, name)
)
OWN_WARPERS = {"top_k": logits_process.TopKLogitsWarper, "min_p": logits_process.MinPLogitsWarper}
NEUTRAL = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": None, "top_h": None, "typical_p": 1.0, "epsilon_cutoff": 0.0, "eta_cutoff": 0.0}


class HeadsProcessor(LogitsProcessor):
    """Turns a step's logits into what heads draw from; keeps T̂ and P̂ of each step.

    Heads read the model's own hidden states and logits. What is scaled and filtered comes after penalties and masks, as anywhere.
    """

    def __init__(self, heads, filter, temperature=None, top_p=None):
        self.heads, self.filter, self.own_temperature, self.own_top_p = heads, check_filter(filter), temperature, top_p
        self.hidden = self.logits = self.prompt_length = None
        self.temperatures, self.top_ps = [], []

    def __call__(self, input_ids, scores):
        if self.prompt_length is None:
            self.prompt_length = input_ids.shape[1]
        temperature, top_p = self.heads.predict(self.hidden, self.logits)
        if self.own_temperature is not None:
            temperature = torch.full_like(temperature, self.own_temperature)
        if self.own_top_p is not None:
            top_p = torch.full_like(top_p, self.own_top_p)
        self.temperatures.append(temperature)
        self.top_ps.append(top_p)
        temperature, top_p = temperature.to(scores.device), top_p.to(scores.device)
        return filtered(scores, temperature, top_p, self.filter)

    @contextlib.contextmanager
    def watching(self, model):
        """Within it, each forward pass of the model leaves its last hidden states and logits here."""

        def keep_hidden(module, inputs):
            self.hidden = inputs[0][:, -1]

        def keep_logits(module, inputs, outputs):
            self.logits = outputs.logits[:, -1]

        output_matrix = model.get_output_embeddings()
        if output_matrix is None:
            raise ValueError(f"{type(model).__name__} has no output matrix, expected a language model")
        hooks = [output_matrix.register_forward_pre_hook(keep_hidden), model.register_forward_hook(keep_logits)]
        try:
            yield self
        finally:
            for hook in hooks:
                hook.remove()

    def attach(self, result, ends):
        """Adds `temperature` and `top_p` [B, steps] to a result that is a dictionary; NaN after a sequence's end."""
        if torch.is_tensor(result) or not self.temperatures:
            return result
        new = result.sequences[:, self.prompt_length :]
        is_end = torch.isin(new, torch.tensor(ends, dtype=new.dtype, device=new.device)).long()
        after = (is_end.cumsum(dim=1) - is_end) > 0
        for name, values in (("temperature", self.temperatures), ("top_p", self.top_ps)):
            result[name] = torch.stack(values[: new.shape[1]], dim=1).masked_fill(after.to(values[0].device), math.nan)
        return result


def generate(model, autodeco_heads=None, autodeco=True, autodeco_filter="hard", **request):
    """`model.generate` with heads: it samples, with T̂ and P̂ in place of the static settings of the model's generation_config.json.

    - autodeco_heads: a folder with trained heads, the name of a repository on a hub, or `Heads`.
    - autodeco: False decodes this request as if there were no heads.
    - autodeco_filter: "hard", "soft" or "inclusive".
    - temperature or top_p of the request itself stay; the heads predict the other one. Any other setting of it is applied after the heads'.
    - do_sample=False or temperature=0: greedy, as without heads.
    """
    if not autodeco:
        return model.generate(**request)
    if autodeco_heads is None:
        raise ValueError("autodeco_heads is missing, expected the folder with trained heads, or the name of their repository")
    heads = _heads(autodeco_heads, model)
    config = request.get("generation_config")
    knobs = {name: request.pop(name, None) for name in ("do_sample", "temperature", "top_p")}
    if _is_greedy(knobs["do_sample"], knobs["temperature"], config):
        return model.generate(**request, do_sample=False)
    _refuse_beams(request.get("num_beams") or getattr(config, "num_beams", None), request.get("assistant_model"))
    processor = HeadsProcessor(heads, autodeco_filter, *_own_knobs(model, knobs, config))
    for name, value in NEUTRAL.items():
        # What the request names itself, or brings in a `GenerationConfig`, stays.
        if hasattr(config or model.generation_config, name) and (name in knobs or _own(name, model, config) is None):
            request.setdefault(name, value)
    processors = LogitsProcessorList([*(request.pop("logits_processor", None) or []), processor])
    request.setdefault("disable_compile", True)
    with processor.watching(model):
        result = model.generate(**request, do_sample=True, logits_processor=processors)
    return processor.attach(result, _ends(request.get("eos_token_id"), config, model.generation_config))


def decode_with(heads, filter="hard"):
    """For those who import this file: `model.generate(**inputs, custom_generate=decode_with(HEADS))`.

    `transformers` hands a function no streamer and no tokenizer; where you need `streamer` or `stop_strings`, call `generate` instead.
    """
    heads = heads if isinstance(heads, Heads) else Heads(heads)
    check_filter(filter)

    def decode(model, input_ids, logits_processor, stopping_criteria, generation_config,
               do_sample=None, temperature=None, top_p=None, **model_kwargs):
        _heads(heads, model)
        _refuse_beams(generation_config.num_beams, None)
        config = copy.copy(generation_config)
        config.do_sample, config.disable_compile = True, True

        def sample(*processors):
            return model._sample(
                input_ids, logits_processor=LogitsProcessorList(processors), stopping_criteria=stopping_criteria,
                generation_config=config, **model_kwargs)

        before = [processor for processor in logits_processor if not isinstance(processor, WARPERS)]
        if _is_greedy(do_sample, temperature, None):
            config.do_sample = False
            return sample(*before)
        after = [warper(value) for name, warper in OWN_WARPERS.items() if (value := _own(name, model, config))]
        own = _own_knobs(model, {"temperature": temperature, "top_p": top_p}, config)
        processor = HeadsProcessor(heads, filter, *own)
        with processor.watching(model):
            result = sample(*before, processor, *after)
        return processor.attach(result, _ends(None, config, None))

    return decode


def _heads(heads, model):
    heads = heads if isinstance(heads, Heads) else Heads(heads)
    config = model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config
    heads.check(config.hidden_size)
    return heads


def _is_greedy(do_sample, temperature, config):
    """Whether the request asks for greedy decoding; a default that nobody has set does not."""
    if temperature is not None and temperature <= 0:
        return True
    if do_sample is None and config is not None and type(config)().do_sample is None:
        do_sample = config.do_sample
    return do_sample is False


def _own(name, model, config):
    """A setting of the request's own `GenerationConfig`, None where it is the model's or a neutral default."""
    value = getattr(config, name, None)
    return None if value in (None, NEUTRAL[name], getattr(model.generation_config, name, None)) else value


def _own_knobs(model, knobs, config):
    """Temperature and top-p of the request itself, None where the heads are to predict them."""
    own = []
    for name in ("temperature", "top_p"):
        value = _own(name, model, config) if knobs[name] is None else knobs[name]
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} is {value}, expected a number above 0")
        own.append(value)
    return own


def _refuse_beams(beam_count, assistant):
    if (beam_count or 1) > 1:
        raise ValueError(f"num_beams is {beam_count}, expected 1: heads sample one token after the other")
    if assistant is not None:
        raise ValueError("assistant_model is given, expected none: heads sample one token after the other")


def _ends(own, *configs):
    ends = [own] + [config.eos_token_id for config in configs if config is not None]
    ends = next((end for end in ends if end is not None), [])
    return ends.flatten().tolist() if torch.is_tensor(ends) else list(ends) if isinstance(ends, (list, tuple)) else [ends]
