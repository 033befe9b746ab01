"""Makes the goldens of backbones: tiny random models with the hidden states and logits of `transformers`.

    python data/scripts/make_backbone_goldens.py Tests/Goldens/backbones

needs torch and transformers. Weights are large enough for every part to matter (attention that is far from even,
experts that disagree, values beyond the clamp), sequences are longer than the windows and than the positions that rope
was scaled from.

A folder holds config.json and model.safetensors as `transformers` writes them, config.hub.json with rope as older
checkpoints say it, and expected.safetensors with `input_ids` [B, L], `hidden` [B, L, D] after the final norm and
`logits` [B, L, V], computed in float32.
"""

import json
import os
import shutil
import sys

import torch
from safetensors.torch import save_file
from transformers import (
    Gemma3ForCausalLM, Gemma3TextConfig, GptOssConfig, GptOssForCausalLM, LlamaConfig, LlamaForCausalLM, Phi3Config,
    Phi3ForCausalLM, Qwen2MoeConfig, Qwen2MoeForCausalLM)

VOCABULARY, LENGTH, SEQUENCES = 48, 24, 3
SHARED = dict(
    vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    head_dim=8, max_position_embeddings=64, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2, pad_token_id=None)


def llama():
    """Grouped queries, and rope as Llama 3.1 scales it."""
    return LlamaForCausalLM(LlamaConfig(
        **SHARED, intermediate_size=24, rms_norm_eps=1e-5,
        rope_parameters=dict(
            rope_type="llama3", rope_theta=10000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=16)))


def gpt_oss():
    """Sinks, biases, a window in every other layer, yarn, and clamped experts."""
    return GptOssForCausalLM(GptOssConfig(
        **SHARED, intermediate_size=12, num_local_experts=4, num_experts_per_tok=2, sliding_window=6,
        layer_types=["sliding_attention", "full_attention"],
        rope_parameters=dict(
            rope_type="yarn", rope_theta=10000.0, factor=4.0, beta_fast=32.0, beta_slow=1.0, truncate=False,
            original_max_position_embeddings=16)))


def gemma3_text():
    """Norms of 1 + w around attention and feed-forward, GELU, and two ropes, one of them stretched."""
    return Gemma3ForCausalLM(Gemma3TextConfig(
        **{**SHARED, "tie_word_embeddings": True}, intermediate_size=24, query_pre_attn_scalar=12, sliding_window=6,
        layer_types=["sliding_attention", "full_attention"],
        rope_parameters=dict(
            full_attention=dict(rope_type="linear", rope_theta=1000.0, factor=4.0),
            sliding_attention=dict(rope_type="default", rope_theta=100.0))))


def phi3():
    """Fused projections, three quarters of a head turned, a window, and texts beyond longrope's original context."""
    return Phi3ForCausalLM(Phi3Config(
        **{**SHARED, "num_attention_heads": 2, "num_key_value_heads": 1}, intermediate_size=24, sliding_window=9,
        original_max_position_embeddings=16,
        rope_parameters=dict(
            rope_type="longrope", rope_theta=10000.0, partial_rotary_factor=0.75, short_factor=[1.0, 1.1, 1.3],
            long_factor=[1.2, 2.0, 4.5])))


def qwen2_moe():
    """An expert of all tokens with a gate of its own, a dense layer, and a window in the even layers."""
    return Qwen2MoeForCausalLM(Qwen2MoeConfig(
        **{**SHARED, "num_hidden_layers": 3}, intermediate_size=24, num_experts=4, num_experts_per_tok=2,
        moe_intermediate_size=8, shared_expert_intermediate_size=12, mlp_only_layers=[1], use_sliding_window=True,
        sliding_window=6, max_window_layers=2))


def randomised(model, seed):
    """Matrices keep sizes; gains lie around 1, Gemma's around 0; biases and sinks are as large as what they join."""
    middle = 0 if model.config.model_type == "gemma3_text" else 1
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name:
                parameter.copy_(middle + 0.3 * noise)
            elif "sinks" in name or "bias" in name:
                parameter.copy_(noise)
            elif "embed_tokens" in name:
                parameter.copy_(noise)
            else:
                # Experts are stored [experts, inputs, outputs], projections [outputs, inputs].
                scale = 5 if "gate_up_proj" in name and model.config.model_type == "gpt_oss" else 1.6
                parameter.copy_(scale * noise / parameter.shape[1] ** 0.5)
    return model.float().eval()


def in_older_layout(config):
    """`rope_theta` and `rope_scaling` in place of `rope_parameters`, and what some families have beside them."""
    scaling, beside = dict(config.pop("rope_parameters")), {}
    if "full_attention" in scaling:
        beside["rope_local_base_freq"] = scaling["sliding_attention"]["rope_theta"]
        scaling = dict(scaling["full_attention"])
    if "partial_rotary_factor" in scaling:
        beside["partial_rotary_factor"] = scaling.pop("partial_rotary_factor")
    return {**config, **beside, "rope_theta": scaling.pop("rope_theta"), "rope_scaling": scaling}


def main(folder):
    for seed, make in enumerate((llama, gpt_oss, gemma3_text, phi3, qwen2_moe), start=1):
        torch.manual_seed(seed)
        model, place = randomised(make(), seed), os.path.join(folder, make.__name__)
        model.set_attn_implementation("eager")
        shutil.rmtree(place, ignore_errors=True)
        model.save_pretrained(place)
        with open(os.path.join(place, "config.json")) as file:
            config = json.load(file)
        with open(os.path.join(place, "config.hub.json"), "w") as file:
            json.dump(in_older_layout(config), file, indent=2)
        ids = torch.randint(0, VOCABULARY, (SEQUENCES, LENGTH), generator=torch.Generator().manual_seed(seed))
        with torch.no_grad():
            output = model(input_ids=ids, output_hidden_states=True, use_cache=False)
        expected = dict(input_ids=ids, hidden=output.hidden_states[-1], logits=output.logits)
        tensors = {name: value.contiguous() for name, value in expected.items()}
        save_file(tensors, os.path.join(place, "expected.safetensors"))


if __name__ == "__main__":
    main(*sys.argv[1:])
