#!/usr/bin/env python3
"""How often the first torch.tanh of a process, made by two threads at once, differs from its second, beside busy loops (docs/decisions.md).

    benchmarks/first_tanh.py [PROCESSES] [--warm]      150; --warm: one thread makes a call before

Wants a Python with torch: .venv/bin/python.
"""
import subprocess
import sys

PROGRAM = """
import sys, torch
torch.set_num_threads(2)
torch.manual_seed(1)
if len(sys.argv) > 1:
    torch.tanh(torch.ones(16))
x, w = torch.randn(40, 128), torch.randn(256, 256)
for _ in range(20):
    torch.relu(w @ w)
print((torch.tanh(x) - torch.tanh(x)).abs().max().item())
"""


def main():
    numbers = [argument for argument in sys.argv[1:] if argument.isdigit()]
    warm = ["warm"] if "--warm" in sys.argv else []
    count = int(numbers[0]) if numbers else 150
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(6)]
    try:
        differences = [float(subprocess.check_output([sys.executable, "-c", PROGRAM, *warm])) for _ in range(count)]
    finally:
        for process in busy:
            process.kill()
    print(f"{sum(difference > 0 for difference in differences)} of {count} differ, by up to {max(differences):.2g}")


if __name__ == "__main__":
    main()
