"""A model class of vLLM that predicts T̂ and P̂ wherever it computes logits."""

import functools

import torch
from vllm.distributed import get_tensor_model_parallel_rank

from .heads import Heads, check_filter


class Step:
    """T̂ and P̂, [rows] each, of the logits that the model has computed last in this process, and how they are to be used."""

    temperature = top_p = None
    filter = "hard"
    # Where JSON lines go; None where nobody asked for them.
    log = None


@functools.lru_cache(maxsize=None)
def with_heads(base):
    """A subclass of one of vLLM's model classes. Its logits are the base's own: what is scaled and filtered comes after penalties and
    masks, in `HeadsLogitsProcessor`."""

    class WithHeads(base):
        def __init__(self, *, vllm_config, prefix="", **others):
            super().__init__(vllm_config=vllm_config, prefix=prefix, **others)
            self._heads = load(vllm_config)

        def compute_logits(self, hidden_states, *others, **named):
            logits = super().compute_logits(hidden_states, *others, **named)
            if self._heads is not None and logits is not None:
                Step.temperature, Step.top_p = self._heads.predict(hidden_states, logits)
            return logits

        @property
        def compute_logits_local(self):
            # Batch-sharded sampling would hand hidden states and logits of different requests to one rank.
            raise AttributeError("compute_logits_local")

    WithHeads.__name__ = WithHeads.__qualname__ = base.__name__
    return WithHeads


def load(vllm_config):
    """The heads that the configuration names; None where it names none, as for another model in the same process."""
    config = vllm_config.model_config.hf_config
    if getattr(config, "autodeco_heads", None) is None:
        return None
    if vllm_config.speculative_config is not None and not getattr(vllm_config, "use_v2_model_runner", False):
        raise ValueError("speculative decoding is on, and this vLLM then runs no logits processors, which heads need")
    heads = Heads(config.autodeco_heads)
    heads.check(vllm_config.model_config.get_hidden_size())
    Step.filter = check_filter(getattr(config, "autodeco_filter", "hard"))
    path = getattr(config, "autodeco_log", None)
    Step.log = open(path, "a", encoding="utf-8") if path and get_tensor_model_parallel_rank() == 0 else None
    return heads.to(torch.device(vllm_config.device_config.device))
