"""Runs a script that was written for CPUs on another device: tensors and models are made there, autocast and CTranslate2 are told, and the
clock waits for the device.

    benchmarks/on_device.py DEVICE SCRIPT ARGUMENT...        DEVICE cpu changes nothing
"""
import runpy
import sys
import time

device, script, *arguments = sys.argv[1:]


def move_torch():
    import torch

    torch.set_default_device(device)
    on_cpus, clock = torch.autocast, time.perf_counter

    class Autocast(on_cpus):
        def __init__(self, device_type, *others, **named):
            super().__init__(device.split(":")[0] if device_type == "cpu" else device_type, *others, **named)

    def waiting_clock():
        torch.cuda.synchronize()
        return clock()

    torch.autocast, time.perf_counter = Autocast, waiting_clock


def move_transformers():
    import transformers

    load = transformers.PreTrainedModel.from_pretrained.__func__
    transformers.PreTrainedModel.from_pretrained = classmethod(lambda cls, *others, **named: load(cls, *others, **named).to(device))


def move_ctranslate2():
    try:
        import ctranslate2
    except ImportError:
        return
    for name in ("Generator", "Translator"):
        kind = getattr(ctranslate2, name)
        setattr(ctranslate2, name, lambda path, kind=kind, **named: kind(path, **{**named, "device": device}))


if device != "cpu":
    for move in (move_torch, move_transformers, move_ctranslate2):
        move()
sys.argv = [script, *arguments]
runpy.run_path(script, run_name="__main__")
