"""Linear layers in whole numbers of 8 bits: faster where the processor multiplies such numbers itself.

Weights are rounded to 8 bits with one scale for each output (per channel), once; activations with one scale for each
token, as they come (dynamic).  A token's scale depends on that token alone, so a text's vector depends on the texts
that share its batch by no more than padding's last bits in fp32, which now and then tip a rounding.  Both scales are
symmetric: largest magnitude / 127.  Products are summed in 32 bits by oneDNN; all between the linear layers
(attention, normalisation, activation functions) stays in fp32.  The method is that of LLM.int8() without its outlier
part (Dettmers et al. 2022, "vector-wise quantization").
"""

from __future__ import annotations

import sys
import threading
import warnings
from pathlib import Path
from typing import Literal

Precision = Literal["fp32", "int8"]

# stands in a store's identity: raise it when the same text would get another vector
SCHEME = "int8-v1"
_CPUINFO = Path("/proc/cpuinfo")
# vector instructions that multiply and add 8-bit numbers without overflow
_FLAGS = frozenset({"avx512_vnni", "avx_vnni"})
# weights whose int8 vectors were measured to find the same passages, see benchmarks/README.md
MEASURED = frozenset({"53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"})


def processor_has_int8() -> bool:
    """Whether this processor has the instructions that make int8 both exact and fast."""
    if sys.platform != "linux":
        return False
    try:
        with _CPUINFO.open(encoding="utf-8", errors="replace") as stream:
            flags = next((line for line in stream if line.startswith("flags")), "")
    except OSError:
        return False
    return not _FLAGS.isdisjoint(flags.split())


def choose_precision(wanted: Literal["auto", "fp32", "int8"], weights_sha256: str) -> Precision:
    """The precision in force.

    ``auto`` is int8 only for weights whose retrieval was measured with it, on a processor that gains by it.
    """
    if wanted != "auto":
        return wanted
    return "int8" if weights_sha256 in MEASURED and processor_has_int8() else "fp32"


def quantize_linear(module) -> int:
    """Replace every linear layer below a torch module by one in int8, in place.

    Args:
        module: a ``torch.nn.Module`` on the processor, in evaluation mode.

    Returns:
        How many layers were replaced.

    Raises:
        RuntimeError: this build of torch cannot do it.
    """
    import torch

    if not hasattr(torch.ops.onednn, "qlinear_pointwise"):
        raise RuntimeError("this build of torch has no int8 linear layers")
    # deprecated in favour of a library that has nothing as fast; the version of torch is pinned
    warnings.filterwarnings("ignore", message="torch.quantize_per_tensor")
    shared = _Shared()
    linear = [
        (parent, name, child)
        for parent in module.modules()
        for name, child in parent.named_children()
        if type(child) is torch.nn.Linear
    ]
    layer = _layer_class()
    for parent, name, child in linear:
        setattr(parent, name, layer(child, shared))
    return len(linear)


class _Shared(threading.local):
    """The last rounded input of this thread: layers that read the same tensor (query, key, value) round it once."""

    source = rounded = scale = None


def _layer_class():
    import torch

    class Int8Linear(torch.nn.Module):
        """y = x Wᵀ + b with x and W rounded to 8 bits."""

        def __init__(self, linear: torch.nn.Linear, shared: _Shared):
            super().__init__()
            weight = linear.weight.detach().float()
            scale = weight.abs().amax(1).clamp_(min=1e-12) / 127
            rounded = (weight / scale[:, None]).round_().to(torch.int8)
            self.in_features, self.out_features = linear.in_features, linear.out_features
            self._packed = torch.ops.onednn.qlinear_prepack(rounded, None)
            self._scale = scale
            self._zero = torch.zeros(len(scale), dtype=torch.int64)
            self._bias = torch.zeros(len(scale)) if linear.bias is None else linear.bias.detach().float()
            self._shared = shared

        def forward(self, x):
            rounded, scale = self._round(x)
            y = torch.ops.onednn.qlinear_pointwise(
                rounded,
                1 / 127,
                128,
                self._packed,
                self._scale,
                self._zero,
                None,
                1.0,
                0,
                torch.float32,
                "none",
                [],
                "",
            )
            torch.addcmul(self._bias, y, scale, out=y)
            return y.view(*x.shape[:-1], self.out_features)

        def _round(self, x):
            shared = self._shared
            if shared.source is not x:
                rows = x.reshape(-1, self.in_features)
                # two reductions are several times faster here than abs() first, aminmax, or a norm
                scale = torch.maximum(rows.amax(1, keepdim=True), rows.amin(1, keepdim=True).neg_()).clamp_(min=1e-12)
                whole = torch.quantize_per_tensor(rows * scale.reciprocal(), 1 / 127, 128, torch.quint8)
                # the same bytes as a plain tensor; int_repr() would copy them slowly
                plain = torch.empty(0, dtype=torch.uint8)
                plain.set_(whole.untyped_storage(), 0, whole.shape, whole.stride())
                shared.source, shared.rounded, shared.scale = x, plain, scale
            return shared.rounded, shared.scale

    return Int8Linear
