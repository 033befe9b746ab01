"""Where vLLM draws: logits become those that heads draw from, request by request.

vLLM has two model runners with an interface each. One class serves both: V1 hands it batches whose row i is request i, V2 a context that
says which request's slot a row is of.
"""

import json
from dataclasses import dataclass

import torch
from vllm.v1.sample.logits_processor import LogitsProcessor as V1
from vllm.v1.sample.logits_processor import process_dict_updates

from .heads import filtered
from .model import Step

try:
    from vllm.v1.worker.gpu.sample.logits_processor import LogitsProcessor as V2
except ImportError:

    class V2:
        """This vLLM has the first runner alone."""


LARGEST_GREEDY_TEMPERATURE = 1e-5


@dataclass
class Request:
    """What one request wants."""

    # Its own knobs, None where the heads are to predict them.
    temperature: float | None
    top_p: float | None
    name: str | None
    prompt_count: int = 0
    # The runner's own list, which grows.
    output: list = ()

    @property
    def is_plain(self):
        return self.temperature is None and self.top_p is None


class HeadsLogitsProcessor(V1, V2):
    """Divides by T̂ and filters at P̂. A request's own temperature or top_p, other than 1, stays; `extra_args={"autodeco": False}` leaves
    the request alone, and so does temperature 0."""

    @classmethod
    def validate_params(cls, sampling_params):
        extra = sampling_params.extra_args or {}
        if not isinstance(extra.get("autodeco", True), bool):
            raise ValueError(f"autodeco is {extra['autodeco']!r}, expected true or false")

    def __init__(self, vllm_config, *others):
        self.has_heads = getattr(vllm_config.model_config.hf_config, "autodeco_heads", None) is not None
        # By row under V1, by slot under V2.
        self.requests = {}

    def _request(self, params, prompt=(), output=()):
        extra = params.extra_args or {}
        if not self.has_heads or not extra.get("autodeco", True) or params.temperature < LARGEST_GREEDY_TEMPERATURE:
            return None
        return Request(
            temperature=params.temperature if params.temperature != 1 else None,
            top_p=params.top_p if params.top_p != 1 else None,
            name=extra.get("autodeco_request"), prompt_count=len(prompt or ()), output=output)

    # MARK: V1

    def is_argmax_invariant(self):
        """Runs where tokens are drawn, after penalties and after the request's own temperature; not where decoding is greedy."""
        return True

    def update_state(self, batch_update):
        if self.has_heads:
            process_dict_updates(self.requests, batch_update, self._request)

    # MARK: V2

    def add_request(self, req_idx, sampling_params):
        self.requests[req_idx] = self._request(sampling_params)
        return self.requests[req_idx] is not None

    # MARK: Both

    def apply(self, logits, ctx=None):
        if not self.has_heads:
            return logits
        slots = range(len(logits)) if ctx is None else ctx.idx_mapping_np.tolist()
        if len(slots) != len(logits):
            # Drafts of speculative decoding: more rows than requests.
            slots = ctx.expanded_idx_mapping.tolist()
        requests = [self.requests.get(slot) for slot in slots]
        rows = [row for row, request in enumerate(requests) if request is not None]
        if not rows:
            return logits
        if Step.temperature is None or len(Step.temperature) != len(logits):
            raise RuntimeError(
                f"{len(logits)} rows of logits, {0 if Step.temperature is None else len(Step.temperature)} predictions: this vLLM computes "
                "logits in a way that autodeco-vllm does not know")
        temperature, top_p, own = Step.temperature, Step.top_p, None
        if not all(request is None or request.is_plain for request in requests):
            temperature, top_p = temperature.clone(), top_p.clone()
            own = torch.ones_like(temperature)
            for row in rows:
                if requests[row].temperature is not None:
                    # V1 has divided by it already, V2 is about to.
                    temperature[row] = 1 if ctx is None else requests[row].temperature
                    own[row] = temperature[row]
                if requests[row].top_p is not None:
                    top_p[row] = 1
        if Step.log is not None:
            self._write(rows, requests, slots, temperature, top_p, ctx)
        if len(rows) == len(logits):
            result = filtered(logits, temperature, top_p, Step.filter)
            return result if own is None else result * own[:, None]
        chosen = torch.tensor(rows, device=logits.device)
        result = filtered(logits[chosen], temperature[chosen], top_p[chosen], Step.filter)
        logits[chosen] = result if own is None else result * own[chosen, None]
        return logits

    def _write(self, rows, requests, slots, temperature, top_p, ctx):
        """A JSON line a token: whose it is, its index in prompt and completion, T̂ and P̂."""
        positions = None if ctx is None else (ctx.pos + 1).tolist()
        temperature, top_p = temperature.tolist(), top_p.tolist()
        for row in rows:
            request = requests[row]
            line = {
                "request": slots[row] if request.name is None else request.name,
                "position": request.prompt_count + len(request.output) if positions is None else positions[row],
                "temperature": temperature[row],
                "top_p": top_p[row],
            }
            Step.log.write(json.dumps(line) + "\n")
        Step.log.flush()
