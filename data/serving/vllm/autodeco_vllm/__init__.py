"""AutoDeco heads in stock vLLM, with the untouched checkpoint:

    LLM(model=MODEL, hf_overrides={"architectures": ["AutoDecoForCausalLM"], "autodeco_heads": HEADS})

vLLM calls `register` in each of its processes.
"""

import inspect

ARCHITECTURE = "AutoDecoForCausalLM"
TRIED = "0.31 and 0.32"


def register():
    """Makes vLLM's model registry give a model its heads where the configuration names `autodeco_heads`."""
    from vllm.model_executor.models import ModelRegistry

    if getattr(ModelRegistry.resolve_model_cls, "adds_heads", False):
        return
    for method in (ModelRegistry.inspect_model_cls, ModelRegistry.resolve_model_cls):
        found = list(inspect.signature(method).parameters)
        if found != ["architectures", "model_config"]:
            raise RuntimeError(
                f"{method.__qualname__} of this vLLM takes {', '.join(found)}, expected architectures, model_config; autodeco-vllm was tried "
                f"with vLLM {TRIED}; VLLM_PLUGINS= starts vLLM without it"
            )
    inspect_model_cls, resolve_model_cls = ModelRegistry.inspect_model_cls, ModelRegistry.resolve_model_cls

    def inspect_without_heads(architectures, model_config):
        return inspect_model_cls(own_architectures(architectures, model_config), model_config)

    def resolve_with_heads(architectures, model_config):
        model_class, architecture = resolve_model_cls(own_architectures(architectures, model_config), model_config)
        if getattr(model_config.hf_config, "autodeco_heads", None) is not None:
            from autodeco_vllm.model import with_heads

            model_class = with_heads(model_class)
        return model_class, architecture

    resolve_with_heads.adds_heads = True
    ModelRegistry.inspect_model_cls, ModelRegistry.resolve_model_cls = inspect_without_heads, resolve_with_heads


def own_architectures(architectures, model_config):
    """The checkpoint's own architectures where `AutoDecoForCausalLM` stands for them."""
    if ARCHITECTURE not in ([architectures] if isinstance(architectures, str) else architectures):
        return architectures
    if getattr(model_config.hf_config, "autodeco_heads", None) is None:
        raise ValueError(f"{ARCHITECTURE} without autodeco_heads, expected the folder with trained heads in hf_overrides, too")
    from vllm.transformers_utils.repo_utils import get_hf_file_to_dict

    name = model_config.model
    config = get_hf_file_to_dict("config.json", name, model_config.revision) or {}
    own = [architecture for architecture in config.get("architectures") or [] if architecture != ARCHITECTURE]
    if not own:
        raise ValueError(f"{name}: config.json names no architectures; leave them out of hf_overrides, which then name autodeco_heads alone")
    # From here on all is as without heads, which are found by autodeco_heads.
    model_config.hf_config.architectures = own
    return own
