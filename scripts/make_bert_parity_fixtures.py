"""Writes tests/fixtures/bert_*: tiny random BERT models of transformers, a folder for each head, with what they compute, for
tests/parity/bert_parity_test.cpp. Needs the Python side (scripts/setup --parity).

Each folder holds config.json and model.safetensors as transformers saves them, and expected.safetensors:
  {0,1}.ids, .lengths, .type_ids   two batches, packed, special tokens included; .positions, .words, .next, .labels: what is to be predicted
  logits              of batch 0, real positions only: of the masked words; of the sequences; of every token (answers: start and end)
  next_logits         of batch 0, where there is a next-sentence head
  loss                of batch 0, transformers' own
  gradient.<name>     of that loss, for every parameter
  step_losses         losses of six batches (0, 1, 0, 1, ...) around five Adam steps of learning rate 1e-2
usage: make_bert_parity_fixtures.py [OUTPUT_FOLDER]"""
import torch
import transformers

from parity_fixtures import add_gradients, draw_weights, output_folder, pad, save_expected, save_model

VOCAB, PAD, CLS, SEP, MASK = 61, 0, 2, 3, 4
# (first, second or none) as word ids; the words masked, by place in the sequence; whether the second follows; a class; a number
BATCHES = [([([9, 33, 20, 7], [8, 30, 31]), ([21, 22, 23], [24, 25, 26, 27, 28]), ([40], None)], [[2, 6], [1], [1]], [0, 1, 0], [2, 0, 1]),
           ([([40, 41, 42], [50, 51, 52, 53]), ([13, 14, 15, 16, 17], None)], [[3, 5], [4]], [1, 0], [1, 1])]
SIZES = dict(vocab_size=VOCAB, hidden_size=32, num_attention_heads=2, intermediate_size=48, max_position_embeddings=16, pad_token_id=PAD,
             hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
HEADS = {
    "bert_pretraining": ("BertForPreTraining", dict(num_hidden_layers=2)),
    "bert_masked": ("BertForMaskedLM", dict(num_hidden_layers=1, hidden_act="relu")),
    "bert_classes": ("BertForSequenceClassification", dict(num_hidden_layers=1, num_labels=3)),
    "bert_regression": ("BertForSequenceClassification", dict(num_hidden_layers=1, num_labels=1, problem_type="regression")),
    "bert_tags": ("BertForTokenClassification", dict(num_hidden_layers=1, num_labels=5)),
    "bert_answers": ("BertForQuestionAnswering", dict(num_hidden_layers=1)),
}


def sequences(batch):
    """The ids and segments of each sequence, and the targets of each kind, padded."""
    pairs, masked, follows, classes = batch
    ids, types, words = [], [], []
    for (first, second), places in zip(pairs, masked):
        row = [CLS, *first, SEP, *([*second, SEP] if second else [])]
        types.append([0] * (len(first) + 2) + ([1] * (len(second) + 1) if second else []))
        words.append([row[i] if i in places else -100 for i in range(len(row))])
        ids.append([MASK if i in places else token for i, token in enumerate(row)])
    return ids, types, words, follows, classes


def forward(name, model, batch):
    """loss, and the logits at real positions under their names."""
    ids, types, words, follows, classes = sequences(batch)
    x = pad(ids, PAD)
    is_token = pad([[1] * len(row) for row in ids], 0)
    inputs = dict(input_ids=x, attention_mask=is_token, token_type_ids=pad(types, 0))
    real = is_token.bool()
    if name == "bert_pretraining":
        out = model(**inputs, labels=pad(words, -100), next_sentence_label=torch.tensor(follows))
        return out.loss, {"logits": out.prediction_logits[pad(words, -100) >= 0], "next_logits": out.seq_relationship_logits}
    if name == "bert_masked":
        out = model(**inputs, labels=pad(words, -100))
        return out.loss, {"logits": out.logits[pad(words, -100) >= 0]}
    if name == "bert_classes":
        out = model(**inputs, labels=torch.tensor(classes))
        return out.loss, {"logits": out.logits}
    if name == "bert_regression":
        out = model(**inputs, labels=torch.tensor(classes, dtype=torch.float32))
        return out.loss, {"logits": out.logits}
    if name == "bert_tags":
        tags = pad([[-100 if token in (CLS, SEP) else token % 5 for token in row] for row in ids], -100)
        out = model(**inputs, labels=tags)
        return out.loss, {"logits": out.logits[real]}
    # One sequence at a time: in a batch transformers' softmax over the positions gives padding its share.
    losses, logits = [], []
    for row, segments in zip(ids, types):
        out = model(input_ids=torch.tensor([row]), token_type_ids=torch.tensor([segments]), start_positions=torch.tensor([1]),
                    end_positions=torch.tensor([min(2, len(row) - 1)]))
        losses.append(out.loss)
        logits.append(torch.stack([out.start_logits[0], out.end_logits[0]], -1))
    return torch.stack(losses).mean(), {"logits": torch.cat(logits)}


def write(folder, name, architecture, settings):
    torch.manual_seed(21)
    model = getattr(transformers, architecture)(transformers.BertConfig(**SIZES, **settings)).float().eval()
    draw_weights(model)
    save_model(model, folder)
    expected = {}
    for i, batch in enumerate(BATCHES):
        ids, types, words, follows, classes = sequences(batch)
        starts = [sum(map(len, ids[:row])) for row in range(len(ids))]
        expected[f"{i}.ids"] = torch.tensor(sum(ids, []))
        expected[f"{i}.lengths"] = torch.tensor([len(row) for row in ids])
        expected[f"{i}.type_ids"] = torch.tensor(sum(types, []))
        expected[f"{i}.positions"] = torch.tensor([start + place for start, row in zip(starts, words) for place, word in enumerate(row) if word >= 0])
        expected[f"{i}.words"] = torch.tensor([word for row in words for word in row if word >= 0])
        expected[f"{i}.next"] = torch.tensor(follows)
        expected[f"{i}.labels"] = torch.tensor(classes)
    loss, logits = forward(name, model, BATCHES[0])
    add_gradients(expected, model, loss)
    expected |= {key: value.detach().contiguous() for key, value in logits.items()}
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, betas=(0.9, 0.98), eps=1e-9)
    save_expected(expected, model, folder, optimizer, lambda number: forward(name, model, BATCHES[number])[0], steps=6)


if __name__ == "__main__":
    for fixture, (architecture, settings) in HEADS.items():
        write(output_folder() / fixture, fixture, architecture, settings)
