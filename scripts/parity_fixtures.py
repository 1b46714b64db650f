"""What the scripts that make parity fixtures share: random weights, gradients, the losses of the first optimizer steps, writing them."""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file


def pad(rows, value):
    longest = max(map(len, rows))
    return torch.tensor([row + [value] * (longest - len(row)) for row in rows])


def draw_weights(model, is_constant=lambda name: False):
    """Adds to every parameter, norms and biases too: larger than the 0.02 of initialisation, so that errors show."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not is_constant(name):
                parameter.add_(torch.randn_like(parameter) * 0.15)


def save_model(model, folder):
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)


def add_gradients(expected, model, loss, is_constant=lambda name: False):
    """gradient.<name> of the loss, and the loss."""
    loss.backward()
    expected["loss"] = loss.detach()
    for name, parameter in model.named_parameters():
        if parameter.grad is not None and not is_constant(name):
            expected["gradient." + name] = parameter.grad.clone()


def save_expected(expected, model, folder, optimizer, loss_of, steps):
    """step_losses: loss_of(batch number) of batches 0, 1, 0, 1, ... around the optimizer's steps. Writes expected.safetensors."""
    losses = []
    for step in range(steps):
        optimizer.zero_grad()
        loss = loss_of(step % 2)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    expected["step_losses"] = torch.tensor(losses, dtype=torch.float64)
    save_file(expected, folder / "expected.safetensors")
    print(folder, json.dumps({"parameters": sum(p.numel() for p in model.parameters()), "losses": losses}))


def output_folder():
    """The script's argument, or tests/fixtures."""
    return pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / "tests/fixtures")
