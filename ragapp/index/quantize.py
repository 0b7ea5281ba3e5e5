"""Linear layers in 8-bit integers: faster where the processor multiplies such numbers itself.

Weights are rounded to int8 with one scale for each output (per channel), once; activations with one scale for each
token, as they come (dynamic), so that a vector hardly depends on the texts in the same batch.  Scales are symmetric:
largest magnitude / 127.  Products are summed in 32 bits by oneDNN; all between the linear layers stays in fp32.  This
is LLM.int8() without its outlier part (Dettmers et al. 2022, "vector-wise quantization").

The operators of ``torch.ops.onednn`` have no public interface, and ``quantize_per_tensor`` is deprecated for a library
that has nothing as fast; so pyproject.toml admits only versions of torch that were tested.
"""

from __future__ import annotations

import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    import torch

Precision = Literal["fp32", "int8"]

# part of a store's identity: raise it when the same text would get another vector
SCHEME = "int8-v1"
_CPUINFO = Path("/proc/cpuinfo")
# vector instructions that multiply and add 8-bit integers without overflow
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
    """The precision in force: ``auto`` is int8 for weights measured with it, on a processor that gains by it."""
    if wanted != "auto":
        return wanted
    return "int8" if weights_sha256 in MEASURED and processor_has_int8() else "fp32"


def quantize_linear(module: torch.nn.Module) -> None:
    """Replace every linear layer below a module on the CPU, in evaluation mode, by one in int8, in place.

    Raises:
        RuntimeError: this build of torch cannot do it.
    """
    import torch

    if not hasattr(torch.ops.onednn, "qlinear_pointwise"):
        raise RuntimeError("this build of torch has no int8 linear layers")
    warnings.filterwarnings("ignore", message="torch.quantize_per_tensor")
    layer, last = _layer_class(), _LastInput()
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is torch.nn.Linear:
                setattr(parent, name, layer(child, last))


class _LastInput(threading.local):
    """The last rounded input of this thread: layers that read the same tensor (query, key, value) round it once."""

    source: Any = None
    rounded: Any = None
    scale: Any = None


def _layer_class() -> type[torch.nn.Module]:
    import torch

    class Int8Linear(torch.nn.Module):
        """y = x Wᵀ + b with x and W rounded to 8 bits."""

        def __init__(self, linear: torch.nn.Linear, last: _LastInput) -> None:
            super().__init__()
            weight = linear.weight.detach().float()
            self._scale = weight.abs().amax(1).clamp_(min=1e-12) / 127
            rounded = (weight / self._scale[:, None]).round_().to(torch.int8)
            self._packed = torch.ops.onednn.qlinear_prepack(rounded, None)
            self._zero = torch.zeros(linear.out_features, dtype=torch.int64)
            self._bias = torch.zeros(linear.out_features) if linear.bias is None else linear.bias.detach().float()
            self._last = last

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self._last.source is not x:
                self._round(x)
            # input with scale and zero point, weights with theirs, bias, then the output's: none, in fp32
            rounded = (self._last.rounded, 1 / 127, 128)
            weights = (self._packed, self._scale, self._zero)
            y = torch.ops.onednn.qlinear_pointwise(*rounded, *weights, None, 1.0, 0, torch.float32, "none", [], "")
            torch.addcmul(self._bias, y, self._last.scale, out=y)
            return cast(torch.Tensor, y).view(*x.shape[:-1], len(self._bias))

        def _round(self, x: torch.Tensor) -> None:
            rows = x.reshape(-1, x.shape[-1])
            # two reductions are several times faster here than abs() first, aminmax, or a norm
            scale = torch.maximum(rows.amax(1, keepdim=True), rows.amin(1, keepdim=True).neg_()).clamp_(min=1e-12)
            whole = torch.quantize_per_tensor(rows * scale.reciprocal(), 1 / 127, 128, torch.quint8)
            # the same bytes as a plain tensor; int_repr() would copy them slowly
            plain = torch.empty(0, dtype=torch.uint8)
            plain.set_(whole.untyped_storage(), 0, whole.shape, whole.stride())
            self._last.source, self._last.rounded, self._last.scale = x, plain, scale

    return Int8Linear
