"""LoRA, DoRA and IA3 against peft on the same weights: outputs and gradients."""

import pytest
import torch
from torch import nn

from presage.sequence.adapters.ia3 import Inputs, Outputs, OutputsOfBias
from presage.sequence.adapters.lora import Dora, Lora
from presage.sequence.adapters.parts import put_on

peft = pytest.importorskip("peft")
LAYERS = {
    "dense": lambda: nn.Linear(12, 9),
    "no bias": lambda: nn.Linear(12, 9, bias=False),
    "pointwise": lambda: nn.Conv1d(12, 9, 1),
    "wide": lambda: nn.Conv1d(12, 9, 5, padding="same"),
}


def wrapped(make, config):
    """A layer inside peft, moved away from its start, and a plain copy of the layer."""
    torch.manual_seed(0)
    base, mine = nn.ModuleDict({"layer": make()}), make()
    mine.load_state_dict(base["layer"].state_dict())
    base.forward = lambda x: base["layer"](x)
    theirs = peft.get_peft_model(base, config).base_model.model["layer"]
    for name, parameter in theirs.named_parameters():
        if parameter.requires_grad:
            nn.init.normal_(parameter) if "lora_" in name and "magnitude" not in name else None
    return theirs, mine


def compare(theirs, mine, pairs):
    """Same output, same gradient of the input and of each pair of parameters."""
    shape = (2, 12, 30) if isinstance(mine, nn.Conv1d) else (2, 30, 12)
    outputs, inputs = [], []
    for layer in (theirs, mine):
        torch.manual_seed(1)
        x = torch.randn(shape, requires_grad=True)
        y = layer(x)
        (y * torch.randn(y.shape)).sum().backward()
        outputs.append(y.detach())
        inputs.append(x.grad)
    torch.testing.assert_close(outputs[1], outputs[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(inputs[1], inputs[0], atol=1e-5, rtol=1e-5)
    for other, own in pairs:
        torch.testing.assert_close(own.grad, other.grad.reshape(own.shape), atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("dora", [False, True], ids=["lora", "dora"])
def test_lora_and_dora(layer, dora):
    theirs, mine = wrapped(LAYERS[layer], peft.LoraConfig(r=3, lora_alpha=6, target_modules=["layer"], use_dora=dora))
    part = (Dora if dora else Lora)(mine.weight, 3, 6)
    put_on(mine, "weight", part)
    a, b = theirs.lora_A["default"].weight, theirs.lora_B["default"].weight
    with torch.no_grad():
        part.A.copy_(a.flatten(1))
        part.B.copy_(b.flatten(1))
    pairs = [(a, part.A), (b, part.B)]
    if dora:
        magnitude = theirs.lora_magnitude_vector["default"].weight
        with torch.no_grad():
            magnitude.mul_(torch.rand_like(magnitude) + 0.5)
            part.magnitude.copy_(magnitude.flatten())
        pairs.append((magnitude, part.magnitude))
    compare(theirs, mine, pairs)


@pytest.mark.parametrize("layer", ["dense", "no bias"])  # peft has no IA3 for Conv1d
@pytest.mark.parametrize("inputs", [False, True], ids=["outputs", "inputs"])
def test_ia3(layer, inputs):
    config = peft.IA3Config(target_modules=["layer"], feedforward_modules=["layer"] if inputs else [])
    theirs, mine = wrapped(LAYERS[layer], config)
    scale = theirs.ia3_l["default"]
    part = (Inputs if inputs else Outputs)(mine.weight)
    with torch.no_grad():
        scale.copy_(torch.rand_like(scale) + 0.5)
        part.scale.copy_(scale.flatten())
    bias = mine.bias is not None and not inputs
    put_on(mine, "weight", part)
    if bias:
        put_on(mine, "bias", OutputsOfBias(part))
    compare(theirs, mine, [(scale, part.scale)])
