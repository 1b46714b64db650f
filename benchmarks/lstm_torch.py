"""Peer: training steps of the same LSTM translator in plain PyTorch: nn.LSTM over padded batches packed with pack_padded_sequence, a decoder
of nn.LSTMCell with input feeding and global attention (Luong et al. 2015, score 'general'), one step of the target at a time.
SOURCE and TARGET hold one sentence a line as space-separated token ids. usage: lstm_torch.py SOURCE TARGET --vocab N [--hidden 256 --batch 128]"""
import argparse, random, statistics, time, torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

parser = argparse.ArgumentParser()
parser.add_argument("source")
parser.add_argument("target")
parser.add_argument("--vocab", type=int, required=True)
for name, default in dict(hidden=256, batch=128, steps=20).items():
    parser.add_argument("--" + name, type=int, default=default)
parser.add_argument("--attention", choices=["none", "global"], default="global")
args = parser.parse_args()
torch.manual_seed(0)
random.seed(0)
PAD, H = args.vocab, args.hidden


class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(args.vocab + 1, H, padding_idx=PAD)
        self.encoder = nn.LSTM(H, H // 2, bidirectional=True, batch_first=True)
        looks = args.attention == "global"
        self.cell = nn.LSTMCell(2 * H, H) if looks else None
        self.decoder = None if looks else nn.LSTM(H, H, batch_first=True)
        self.key, self.attentional = (nn.Linear(H, H), nn.Linear(2 * H, H)) if looks else (None, None)
        self.dropout = nn.Dropout(0.1)

    def forward(self, source, lengths, target):
        packed = pack_padded_sequence(self.dropout(self.table(source)), lengths, batch_first=True, enforce_sorted=False)
        states, (hidden, cell) = self.encoder(packed)
        states, _ = pad_packed_sequence(states, batch_first=True)
        hidden, cell = (x.transpose(0, 1).flatten(1) for x in (hidden, cell))
        x = self.dropout(self.table(target))
        if self.decoder is not None:
            return self.dropout(self.decoder(x, (hidden[None], cell[None]))[0])
        keys, hole, feed, out = self.key(states), (source == PAD)[:, : states.shape[1]], torch.zeros_like(hidden), []
        for t in range(x.shape[1]):
            hidden, cell = self.cell(torch.cat([x[:, t], feed], 1), (hidden, cell))
            scores = torch.bmm(keys, hidden[:, :, None])[:, :, 0].masked_fill(hole, float("-inf"))
            context = torch.bmm(scores.softmax(1)[:, None], states)[:, 0]
            feed = torch.tanh(self.attentional(torch.cat([context, hidden], 1)))
            out.append(feed)
        return self.dropout(torch.stack(out, 1))


model = Translator().train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
read = lambda path: [[int(t) for t in line.split()] + [0] for line in open(path)]
pad = lambda rows, value: torch.tensor([row + [value] * (max(map(len, rows)) - len(row)) for row in rows])
sources, targets, seconds, tokens = read(args.source), read(args.target), [], []
for _ in range(args.steps):
    chosen = random.sample(range(len(sources)), args.batch)
    s, t = [sources[i] for i in chosen], [targets[i] for i in chosen]
    start = time.perf_counter()
    labels = pad(t, -100)
    inputs = F.pad(labels.masked_fill(labels < 0, PAD), (1, 0), value=PAD)[:, :-1]
    states = model(pad(s, PAD), torch.tensor([len(row) for row in s]), inputs)
    real = labels >= 0
    loss = F.cross_entropy(F.linear(states[real], model.table.weight), labels[real], label_smoothing=0.1)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    seconds.append(time.perf_counter() - start)
    tokens.append(sum(map(len, s)) + sum(map(len, t)))
k = args.steps // 4
print(f"plain PyTorch LSTM H{H} B{args.batch} {args.attention}: {sum(tokens[k:]) / sum(seconds[k:]):.0f} real tokens/s, "
      f"{statistics.median(seconds[k:]) * 1e3:.0f} ms/step, {sum(p.numel() for p in model.parameters()) / 1e6:.1f}M parameters")
