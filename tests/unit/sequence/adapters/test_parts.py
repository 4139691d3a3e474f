"""What each part computes, against its formula."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from presage.sequence.adapters.between import Houlsby, SqueezeExcite
from presage.sequence.adapters.lora import Dora, Lora
from presage.sequence.adapters.parts import put_on
from presage.sequence.trunk.slot import Slot


@settings(max_examples=20, deadline=None)
@given(rank=st.integers(1, 6), alpha=st.floats(0.1, 32), outputs=st.integers(6, 9), inputs=st.integers(6, 9))
def test_update_is_alpha_over_rank_times_b_a(rank, alpha, outputs, inputs):
    layer = nn.Linear(inputs, outputs)
    weight, part = layer.weight.detach().clone(), Lora(layer.weight, rank, alpha)
    put_on(layer, "weight", part)
    nn.init.normal_(part.B)
    update = (layer.weight - weight).detach()
    torch.testing.assert_close(update, alpha / rank * (part.B @ part.A).detach(), atol=1e-4, rtol=1e-4)
    assert torch.linalg.matrix_rank(update) <= rank


def test_locon_is_a_convolution_to_rank_channels_and_a_pointwise_one():
    torch.manual_seed(0)
    layer = nn.Conv1d(6, 7, 5, padding="same")
    x = torch.randn(2, 6, 40)
    part = Lora(layer.weight, 3, 1.5)
    nn.init.normal_(part.B)
    down = nn.functional.conv1d(x, part.A.view(3, 6, 5), padding="same")
    expected = layer(x) + 0.5 * nn.functional.conv1d(down, part.B[..., None])
    put_on(layer, "weight", part)
    torch.testing.assert_close(layer(x), expected, atol=1e-5, rtol=1e-5)


def test_magnitude_is_the_norm_of_each_outputs_weights():
    layer = nn.Conv1d(6, 7, 3)
    part = Dora(layer.weight, 2, 4)
    put_on(layer, "weight", part)
    with torch.no_grad():
        nn.init.normal_(part.B)
        part.magnitude.copy_(torch.arange(1.0, 8))
    torch.testing.assert_close(layer.weight.detach().flatten(1).norm(dim=1), torch.arange(1.0, 8))


def test_parts_in_slots_follow_the_channel_axis():
    torch.manual_seed(0)
    for make in (Houlsby, SqueezeExcite):
        by_channel = make(Slot(5, axis=1), 3)
        by_last = make(Slot(5, axis=2), 3)
        nn.init.normal_(by_channel.up.weight)
        by_last.load_state_dict(by_channel.state_dict())
        x = torch.randn(2, 5, 11)
        torch.testing.assert_close(by_last(x.transpose(1, 2)).transpose(1, 2), by_channel(x))


def test_squeeze_excite_scales_channels_by_their_means():
    torch.manual_seed(0)
    part = SqueezeExcite(Slot(4, axis=1), 3)
    nn.init.normal_(part.up.weight)
    x = torch.randn(2, 4, 9)
    hidden = torch.relu(x.mean(2) @ part.down.weight.T + part.down.bias)
    factor = 2 / (1 + torch.exp(-(hidden @ part.up.weight.T)))
    torch.testing.assert_close(part(x), x * factor[..., None])
