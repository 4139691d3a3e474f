"""Shapes of the published trunks. All take 524,288 bp, and their transformers see 4,096 tokens of 128 bp."""

from presage.config.trunk import TrunkShape

BORZOI = TrunkShape(
    context=524_288,
    crop=5_120,
    stem_width=512,
    stem_kernel=15,
    tower_widths=(608, 736, 896, 1056, 1280, 1536),
    depth=8,
    heads=8,
    key_size=64,
    value_size=192,
    position_features=32,
    position_tokens=4_096,
    dropout=0.2,
    final_width=1920,
)
"""6,144 bins of 32 bp out (Linder et al. 2025)."""

FLASHZOI = BORZOI.model_copy(
    update={
        "attention": "rotary",
        "key_size": 192,
        "key_value_heads": 4,
        "rotary_size": 128,
        "rotary_base": 20_000.0,
    }
)
"""Borzoi with rotary positions and grouped attention (Hingerl et al. 2025)."""

PRIME = BORZOI.model_copy(update={"crop": 10_240, "ups": 3, "final_width": None})
"""12,288 bins of 16 bp out: one more U-Net step, and no last convolution."""
