"""Writes tests/fixtures/marian_parity*: tiny random MarianMT models of transformers with what they compute, for
tests/parity/transformer_parity_test.cpp. Needs the Python side (scripts/setup --parity).

Each folder holds config.json and model.safetensors as transformers saves them, and expected.safetensors:
  source_ids, source_lengths, target_ids, target_lengths   two batches, packed, the end of sentence included
  logits            [target tokens, vocabulary] of batch 0, real positions only
  loss              mean cross-entropy of batch 0; loss_smoothed: label-smoothed by 0.1
  gradient.<name>   of the mean loss of batch 0, for every parameter
  step_losses       losses of six batches (0, 1, 0, 1, ...) around five Adam steps of learning rate 1e-2
usage: make_parity_fixtures.py [OUTPUT_FOLDER]"""
import torch
from transformers import MarianConfig, MarianMTModel

from parity_fixtures import add_gradients, draw_weights, output_folder, pad, save_expected, save_model

VOCAB, EOS = 61, 0
BATCHES = [([[5, 9, 33, 2, 7], [4, 8], [21, 22, 23, 24, 25, 26, 27, 28]], [[6, 10, 34], [11, 12, 13, 14, 15, 16], [7]]),
           ([[40, 41, 42], [3, 3, 3, 3]], [[50, 51], [52, 53, 54, 55, 3]])]
VARIANTS = {
    "marian_parity": dict(activation_function="relu", d_model=32, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=48,
                          decoder_ffn_dim=40, encoder_layers=2, decoder_layers=3),
    # OPUS-MT's activation; heads too narrow for the packed kernel
    "marian_parity_swish": dict(activation_function="swish", d_model=24, encoder_attention_heads=4, decoder_attention_heads=3, encoder_ffn_dim=32,
                                decoder_ffn_dim=32, encoder_layers=1, decoder_layers=1),
}


def is_position(name):
    return "embed_positions" in name


def forward(model, batch):
    """Logits at real target positions [T, V] and the labels [T]."""
    pad_id = model.config.pad_token_id
    sources, targets = ([row + [EOS] for row in side] for side in batch)
    x, y = pad(sources, pad_id), pad(targets, -100)
    inputs = torch.nn.functional.pad(y.masked_fill(y < 0, pad_id), (1, 0), value=pad_id)[:, :-1]
    logits = model(input_ids=x, attention_mask=(x != pad_id).long(), decoder_input_ids=inputs).logits
    return logits[y >= 0], y[y >= 0]


def write(folder, settings):
    torch.manual_seed(20)
    pad_id = VOCAB - 1
    model = MarianMTModel(MarianConfig(vocab_size=VOCAB, pad_token_id=pad_id, decoder_start_token_id=pad_id, eos_token_id=EOS, forced_eos_token_id=EOS,
                                       scale_embedding=True, max_position_embeddings=32, dropout=0.0, **settings)).float().eval()
    draw_weights(model, is_position)
    model.final_logits_bias.add_(torch.randn_like(model.final_logits_bias) * 0.1)
    save_model(model, folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    expected = {}
    for i, (sources, targets) in enumerate(BATCHES):
        for side, rows in (("source", sources), ("target", targets)):
            rows = [row + [EOS] for row in rows]
            expected[f"{i}.{side}_ids"] = torch.tensor(sum(rows, []))
            expected[f"{i}.{side}_lengths"] = torch.tensor([len(row) for row in rows])
    cross_entropy = torch.nn.functional.cross_entropy
    logits, labels = forward(model, BATCHES[0])
    expected["logits"] = logits.detach().contiguous()
    expected["loss_smoothed"] = cross_entropy(logits.detach(), labels, label_smoothing=0.1)
    add_gradients(expected, model, cross_entropy(logits, labels), is_position)
    optimizer = torch.optim.Adam([p for n, p in model.named_parameters() if not is_position(n)], lr=1e-2, betas=(0.9, 0.98), eps=1e-9)
    save_expected(expected, model, folder, optimizer, lambda number: cross_entropy(*forward(model, BATCHES[number])), steps=6)


if __name__ == "__main__":
    for name, settings in VARIANTS.items():
        write(output_folder() / name, settings)
