"""BERT encoders as ONNX graphs of fused operators, written from a folder's own weights.

The graph takes one text: what the token table and the position table give for it, and gives the hidden states pooled to
one vector.  The token table, most of a multilingual model, is no part of it, so that a question needs a few rows of its
file.  A text at a time means no padding, no mask, and a vector that depends on nothing but its own text;
onnxruntime then takes its quicker attention (flash attention), which knows no mask.  An exporter's graph, fused by
onnxruntime's own optimiser, kept attention in nine separate operators and was slower (`benchmarks/README.md`).

In int8 the weights of the linear layers have one scale an output channel (symmetric, largest magnitude / 127), and
activations one scale and zero point a text, found as they come (onnxruntime's dynamic quantisation); all between the
linear layers stays in fp32.  A few channels of the activations are far larger than all others and would take the scale
for themselves: their size is first moved into the weights (Xiao et al. 2023, "SmoothQuant").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ragapp.index.model_folder import ModelConfig, UnknownLayout, read_json

if TYPE_CHECKING:
    import onnx

Precision = Literal["fp32", "int8"]
Tensors = Callable[[str], np.ndarray]

# part of a store's identity: raise it when the same text would get another vector in int8
SCHEME = "int8-v2"
_MICROSOFT = "com.microsoft"
# operator sets, and the file format, that onnxruntime 1.20 reads
_OPSET, _FORMAT = 18, 10
# XLM-RoBERTa and its kind count positions from behind the padding token
_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "camembert")
_QKV = ("query", "key", "value")
# how much of a channel's size goes into the weights, 0 to 1; of .3 to .95 the one with the best cosines
_SMOOTHING = 0.65
_TINY = 1e-5


@dataclass(frozen=True, slots=True)
class BertLayout:
    """What of a model's configuration the graph depends on.

    Attributes:
        layers: transformer layers.
        heads: attention heads of each.
        epsilon: of the layer normalisations.
        pooling: ``mean`` of all tokens, or ``cls``, the first.
        first_position: row of the position table for the first token.
    """

    layers: int
    heads: int
    epsilon: float
    pooling: Literal["mean", "cls"]
    first_position: int


def bert_layout(facts: ModelConfig) -> BertLayout:
    """The layout of a model, by what its folder says.

    Raises:
        UnknownLayout: it is no BERT with exact GELU, absolute positions, and mean or first-token pooling.
    """
    if facts.modules[:2] != ("Transformer", "Pooling") or set(facts.modules[2:]) - {"Normalize"}:
        raise UnknownLayout(f"modules {facts.modules}")
    config = read_json(facts.transformer / "config.json", dict)
    try:
        return _bert_layout(facts, config)
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownLayout(f"{facts.transformer}: {error}") from None


def _bert_layout(facts: ModelConfig, config: dict[str, Any]) -> BertLayout:
    kind = config.get("model_type")
    if kind not in ("bert", *_OFFSET_POSITIONS):
        raise UnknownLayout(f"{kind} is no BERT")
    if config.get("hidden_act") != "gelu" or config.get("position_embedding_type", "absolute") != "absolute":
        raise UnknownLayout("another activation, or relative positions")
    if facts.dimension != config["hidden_size"]:
        raise UnknownLayout("vectors that are cut, or of several poolings")
    return BertLayout(
        int(config["num_hidden_layers"]),
        int(config["num_attention_heads"]),
        float(config.get("layer_norm_eps", 1e-12)),
        _pooling(read_json(facts.places[1] / "config.json", dict)),
        int(config.get("pad_token_id") or 0) + 1 if kind in _OFFSET_POSITIONS else 0,
    )


def _pooling(config: dict[str, Any]) -> Literal["mean", "cls"]:
    mode = config.get("pooling_mode")
    if not mode:
        chosen = [key for key, value in config.items() if key.startswith("pooling_mode_") and value is True]
        mode = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}.get("+".join(chosen))
    if mode not in ("mean", "cls"):
        raise UnknownLayout(f"pooling {mode}")
    return "mean" if mode == "mean" else "cls"


def fp32_graph(tensor: Tensors, layout: BertLayout, *, with_inputs: bool = False) -> bytes:
    """The graph as a serialised ONNX model, a few times as large as its linear layers while it is made.

    Its input ``tokens`` has the summed token, position and type embeddings of one text, float32 of shape (1, tokens,
    dimension); its output ``vector`` is of shape (1, dimension), not normalised.  ``tensor`` gives a weight by its name
    in the ``transformers`` library.  With ``with_inputs`` what goes into the smoothed linear layers comes out, too.
    """
    return _Graph(tensor, layout, None).serialised(with_inputs)


def int8_graph(tensor: Tensors, layout: BertLayout, maxima: Mapping[str, np.ndarray]) -> bytes:
    """The same in int8; ``maxima`` has the largest magnitude of each channel of each input that fp32 gives out."""
    return _Graph(tensor, layout, maxima).serialised(False)


class _Graph:
    """A graph in the making, in int8 where it gets the maxima of its activations."""

    def __init__(self, tensor: Tensors, layout: BertLayout, maxima: Mapping[str, np.ndarray] | None) -> None:
        self._tensor, self._layout, self._maxima = tensor, layout, maxima
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._smoothed: list[str] = []

    def serialised(self, with_inputs: bool) -> bytes:
        from onnx import TensorProto, helper

        hidden = self._normalised("tokens", "embeddings.LayerNorm", "hidden")
        for number in range(self._layout.layers):
            hidden = self._layer(hidden, f"encoder.layer.{number}.", f"layer{number}.")
        if self._layout.pooling == "mean":
            self._node("ReduceMean", [hidden, self._constant("axes", np.array([1], np.int64))], "vector", keepdims=0)
        else:
            self._node("Gather", [hidden, self._constant("first", np.array(0, np.int64))], "vector", axis=1)
        size = len(self._tensor("embeddings.LayerNorm.weight"))
        tokens = helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [1, "tokens", size])
        vector = helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, size])
        inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in self._smoothed]
        outputs = [vector, *inputs] if with_inputs else [vector]
        graph = helper.make_graph(self._nodes, "encoder", [tokens], outputs, self._weights)
        sets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
        model: bytes = helper.make_model(graph, opset_imports=sets, ir_version=_FORMAT).SerializeToString()
        return model

    def _layer(self, hidden: str, weights: str, name: str) -> str:
        attention = weights + "attention."
        joined = self._linear(hidden, [f"{attention}self.{part}" for part in _QKV], f"{name}qkv")
        parts = [f"{name}{part}" for part in _QKV]
        self._node("Split", [joined], parts, axis=-1, num_outputs=3)
        self._node("MultiHeadAttention", parts, f"{name}attended", _MICROSOFT, num_heads=self._layout.heads)
        output = self._linear(f"{name}attended", [f"{attention}output.dense"], f"{name}projected", smooth=False)
        middle = self._added(output, hidden, f"{attention}output.LayerNorm", f"{name}middle")
        wide = self._linear(middle, [f"{weights}intermediate.dense"], f"{name}wide", bias=False)
        bias = self._constant(f"{name}wide.bias", self._tensor(f"{weights}intermediate.dense.bias"))
        self._node("BiasGelu", [wide, bias], f"{name}active", _MICROSOFT)
        output = self._linear(f"{name}active", [f"{weights}output.dense"], f"{name}narrow")
        return self._added(output, middle, f"{weights}output.LayerNorm", f"{name}output")

    def _added(self, output: str, residual: str, norm: str, name: str) -> str:
        # not SkipLayerNormalization, which does both and takes several times as long on a processor
        return self._normalised(self._node("Add", [output, residual], f"{name}.sum"), norm, name)

    def _normalised(self, source: str, norm: str, name: str) -> str:
        scale, shift = (self._constant(f"{name}.{kind}", self._tensor(f"{norm}.{kind}")) for kind in ("weight", "bias"))
        return self._node("LayerNormalization", [source, scale, shift], name, epsilon=self._layout.epsilon)

    def _linear(self, source: str, layers: list[str], name: str, *, bias: bool = True, smooth: bool = True) -> str:
        """Linear layers of the same input side by side."""
        weight = np.concatenate([self._tensor(f"{layer}.weight") for layer in layers]).astype(np.float32).T
        biases = []
        if bias:
            values = np.concatenate([self._tensor(f"{layer}.bias") for layer in layers])
            biases = [self._constant(f"{name}.bias", values)]
        if smooth:
            self._smoothed.append(source)
        if self._maxima is None:
            product = self._node("MatMul", [source, self._constant(f"{name}.weight", weight)], f"{name}.product")
            return self._node("Add", [product, *biases], name) if biases else product
        if smooth:
            share = _smoothing(self._maxima[source], weight)
            source = self._node("Mul", [source, self._constant(f"{name}.smoothing", 1 / share)], f"{name}.smoothed")
            weight = weight * share[:, None]
        scale = np.maximum(np.abs(weight).max(0), 1e-12) / 127
        rounded = np.clip(np.rint(weight / scale), -127, 127).astype(np.int8)
        constants = [
            self._constant(f"{name}.weight", rounded),
            self._constant(f"{name}.scale", scale),
            self._constant(f"{name}.zero", np.zeros(len(scale), np.int8)),
        ]
        return self._node("DynamicQuantizeMatMul", [source, *constants, *biases], name, _MICROSOFT)

    def _constant(self, name: str, values: np.ndarray) -> str:
        from onnx import numpy_helper

        whole = values.astype(np.float32) if values.dtype.kind == "f" else values
        self._weights.append(numpy_helper.from_array(np.asarray(whole, order="C"), name))
        return name

    def _node(self, kind: str, inputs: list[str], outputs: str | list[str], domain: str = "", **options: Any) -> str:
        from onnx import helper

        names = [outputs] if isinstance(outputs, str) else outputs
        self._nodes.append(helper.make_node(kind, inputs, names, name=f"{names[0]}.node", domain=domain, **options))
        return names[0]


def _smoothing(maxima: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """By what each input channel of a layer is divided, and its weights, of shape (input, output), multiplied."""
    sizes = np.abs(weight).max(1)
    share = np.maximum(maxima, _TINY) ** _SMOOTHING / np.maximum(sizes, _TINY) ** (1 - _SMOOTHING)
    scaled: np.ndarray = (share / np.exp(np.log(share).mean())).astype(np.float32)
    return scaled
