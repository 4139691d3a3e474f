"""flash-attn needs a GPU: what borzoi-pytorch takes of it, in plain torch and by another way than ours."""

import sys
from types import ModuleType

import torch
from torch import Tensor, nn


class MHA(nn.Module):
    """Rotary attention with grouped keys: pairs of channels are complex numbers, heads are looped over."""

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        num_heads_kv: int,
        rotary_emb_dim: int,
        rotary_emb_base: float,
        softmax_scale: float,
        **other: object,
    ) -> None:
        super().__init__()
        assert other["qkv_proj_bias"]
        assert other["out_proj_bias"]
        assert not other["causal"]
        self.heads, self.shared, self.size = num_heads, num_heads_kv, embed_dim // num_heads
        self.rotary, self.base, self.scale = rotary_emb_dim, rotary_emb_base, softmax_scale
        self.Wqkv = nn.Linear(embed_dim, self.size * (num_heads + 2 * num_heads_kv))
        self.out_proj = nn.Linear(embed_dim, embed_dim)

    def turned(self, x: Tensor) -> Tensor:
        """x [B, T, C] with its first channels turned."""
        half = self.rotary // 2
        angle = torch.arange(x.shape[1])[:, None] / self.base ** (torch.arange(half) / half)
        pair = torch.complex(x[..., :half], x[..., half : self.rotary]) * torch.polar(torch.ones_like(angle), angle)
        return torch.cat([pair.real, pair.imag, x[..., self.rotary :]], dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        heads = self.Wqkv(x).split(self.size, dim=-1)
        keys, values = heads[self.heads : self.heads + self.shared], heads[self.heads + self.shared :]
        out = []
        for i, query in enumerate(heads[: self.heads]):
            group = i * self.shared // self.heads
            logits = self.turned(query) @ self.turned(keys[group]).transpose(1, 2) * self.scale
            out.append(logits.softmax(-1) @ values[group])
        return self.out_proj(torch.cat(out, dim=-1))


def install(monkeypatch) -> None:
    """Put it where borzoi-pytorch imports it from."""
    for name in ("flash_attn", "flash_attn.modules", "flash_attn.modules.mha"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["flash_attn.modules.mha"].MHA = MHA
