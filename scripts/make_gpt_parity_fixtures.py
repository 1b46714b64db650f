"""Writes tests/fixtures/gpt_*: tiny random GPT-2 models of transformers, a folder for each head, with what they compute, for
tests/parity/gpt_parity_test.cpp. Needs the Python side (scripts/setup --parity).

Each folder holds config.json and model.safetensors as transformers saves them, and expected.safetensors:
  {0,1}.ids, .lengths  two batches, packed; .labels: a class, or a number, for each sequence
  logits              of batch 0, real positions only: at every token; or of the sequences
  loss                of batch 0, transformers' own
  gradient.<name>     of that loss, for every parameter
  step_losses         losses of five batches (0, 1, 0, 1, 0) around four AdamW steps of learning rate 1e-2 and weight decay 0.1
usage: make_gpt_parity_fixtures.py [OUTPUT_FOLDER]"""
import torch
import transformers

from parity_fixtures import add_gradients, draw_weights, output_folder, pad, save_expected, save_model

VOCAB, PAD = 61, 60
# Sequences, and a class for each. The last one ends in the padding token, past which a classifier looks.
BATCHES = [([[9, 33, 20, 7, 8, 30, 31], [21, 22, 23], [40]], [2, 0, 1]),
           ([[40, 41, 42, 50, 51, 52, 53, 54, 55, 56, 57, 58], [13, 14, 15, PAD]], [1, 1])]
SIZES = dict(vocab_size=VOCAB, n_embd=32, n_head=2, n_positions=16, bos_token_id=0, eos_token_id=0, pad_token_id=PAD, resid_pdrop=0.0, embd_pdrop=0.0,
             attn_pdrop=0.0)
HEADS = {
    "gpt_language": ("GPT2LMHeadModel", dict(n_layer=2)),
    "gpt_classes": ("GPT2ForSequenceClassification", dict(n_layer=1, num_labels=3, n_inner=48)),
    "gpt_regression": ("GPT2ForSequenceClassification", dict(n_layer=1, num_labels=1, problem_type="regression", activation_function="relu")),
}


def forward(name, model, batch):
    """loss, and the logits at real positions."""
    rows, classes = batch
    inputs = dict(input_ids=pad(rows, PAD), attention_mask=pad([[1] * len(row) for row in rows], 0))
    if name == "gpt_language":
        out = model(**inputs, labels=pad(rows, -100))
        return out.loss, out.logits[inputs["attention_mask"].bool()]
    out = model(**inputs, labels=torch.tensor(classes, dtype=torch.float32 if name == "gpt_regression" else torch.int64))
    return out.loss, out.logits


def write(folder, name, architecture, settings):
    torch.manual_seed(22)
    model = getattr(transformers, architecture)(transformers.GPT2Config(**SIZES, **settings)).float().eval()
    draw_weights(model)
    save_model(model, folder)
    expected = {}
    for i, (rows, classes) in enumerate(BATCHES):
        expected[f"{i}.ids"] = torch.tensor(sum(rows, []))
        expected[f"{i}.lengths"] = torch.tensor([len(row) for row in rows])
        expected[f"{i}.labels"] = torch.tensor(classes)
    loss, logits = forward(name, model, BATCHES[0])
    add_gradients(expected, model, loss)
    expected["logits"] = logits.detach().contiguous()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    save_expected(expected, model, folder, optimizer, lambda number: forward(name, model, BATCHES[number])[0], steps=5)


if __name__ == "__main__":
    for fixture, (architecture, settings) in HEADS.items():
        write(output_folder() / fixture, fixture, architecture, settings)
