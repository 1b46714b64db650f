"""Writes tests/fixtures/big_bird_*: tiny random Big Bird models of transformers, a folder for each head, with what they compute, for
tests/parity/big_bird_parity_test.cpp. Needs the Python side (scripts/setup --parity).

Each folder holds config.json and model.safetensors as transformers saves them, and expected.safetensors:
  {0,1}.ids, .lengths, .type_ids   two batches, packed, special tokens included; .positions, .words, .next, .labels, .starts, .ends: what is
                                   to be predicted
  logits              of batch 0, real positions only: of the masked words; of the sequences; of every token (answers: start and end)
  next_logits         of batch 0, where there is a next-sentence head
  loss                of batch 0, while training: random blocks are drawn
  gradient.<name>     of that loss, for every parameter that it depends on
  step_losses         losses of six batches (0, 1, 0, 1, ...) around five Adam steps of learning rate 1e-2
transformers computes one sequence at a time: in a batch it would cut all of them into the blocks of the longest, and once a short one came
it would compute full attention ever after.
usage: make_big_bird_parity_fixtures.py [OUTPUT_FOLDER]"""
import random

import torch
import transformers

from parity_fixtures import add_gradients, draw_weights, output_folder, save_expected, save_model

VOCAB, PAD, CLS, SEP, MASK = 61, 0, 2, 3, 4
# Words of first and second segments: with blocks of 4 and one random one, texts of more than 28 tokens are sparse.
LENGTHS = [[(12, 30), (7, None), (9, 20)], [(10, 20), (26, None)]]  # 45, 9 and 32 tokens; 33 and 28
SIZES = dict(vocab_size=VOCAB, hidden_size=16, num_attention_heads=2, intermediate_size=24, max_position_embeddings=48, pad_token_id=PAD,
             sep_token_id=SEP, block_size=4, num_random_blocks=1, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
HEADS = {
    "big_bird_pretraining": ("BigBirdForPreTraining", dict(num_hidden_layers=2)),
    "big_bird_full_pretraining": ("BigBirdForPreTraining", dict(num_hidden_layers=1, attention_type="original_full")),
    "big_bird_masked": ("BigBirdForMaskedLM", dict(num_hidden_layers=1, hidden_act="gelu", rescale_embeddings=True)),
    "big_bird_classes": ("BigBirdForSequenceClassification", dict(num_hidden_layers=1, num_labels=3, num_random_blocks=2)),
    "big_bird_tags": ("BigBirdForTokenClassification", dict(num_hidden_layers=1, num_labels=5, block_size=3)),
    "big_bird_answers": ("BigBirdForQuestionAnswering", dict(num_hidden_layers=1)),
}


def sequences(number):
    """The sequences of a batch: ids, segments, and what is to be predicted of each."""
    draw = random.Random(number)
    rows = []
    for first, second in LENGTHS[number]:
        words = [[draw.randrange(5, VOCAB) for _ in range(length or 0)] for length in (first, second)]
        ids = [CLS, *words[0], SEP, *([*words[1], SEP] if second else [])]
        masked = sorted(draw.sample([i for i, token in enumerate(ids) if token > MASK], 3))
        rows.append(dict(ids=[MASK if i in masked else token for i, token in enumerate(ids)],
                         type_ids=[0] * (first + 2) + [1] * (second + 1 if second else 0), masked=masked, words=[ids[i] for i in masked],
                         next=draw.randrange(2), label=draw.randrange(3),  # no answer in a text without a second segment: at the first token
                         start=len(ids) - 3 if second else 0, end=len(ids) - 2 if second else 0))
    return rows


def forward(name, model, number):
    """The loss of a batch, and its logits under their names."""
    from torch.nn.functional import cross_entropy
    rows, logits, losses = sequences(number), [], []
    for row in rows:
        model.bert.set_attention_type(model.config.attention_type)
        inputs = dict(input_ids=torch.tensor([row["ids"]]), token_type_ids=torch.tensor([row["type_ids"]]))
        if name.endswith("answers"):
            out = model(**inputs, start_positions=torch.tensor([row["start"]]), end_positions=torch.tensor([row["end"]]))
            losses.append(out.loss)
            logits.append(torch.stack([out.start_logits[0], out.end_logits[0]], -1))
        else:
            logits.append(model(**inputs))
    if name.endswith("answers"):
        return torch.stack(losses).mean(), {"logits": torch.cat(logits)}
    if name.endswith("pretraining") or name.endswith("masked"):
        scores = [out.prediction_logits if name.endswith("pretraining") else out.logits for out in logits]
        found = {"logits": torch.cat([of_row[0, row["masked"]] for of_row, row in zip(scores, rows)])}
        loss = cross_entropy(found["logits"], torch.tensor(sum((row["words"] for row in rows), [])))
        if name.endswith("pretraining"):
            found["next_logits"] = torch.cat([out.seq_relationship_logits for out in logits])
            loss = loss + cross_entropy(found["next_logits"], torch.tensor([row["next"] for row in rows]))
        return loss, found
    if name.endswith("classes"):
        found = torch.cat([out.logits for out in logits])
        return cross_entropy(found, torch.tensor([row["label"] for row in rows])), {"logits": found}
    found = torch.cat([out.logits[0] for out in logits])
    tags = [-100 if token in (CLS, SEP) else token % 5 for row in rows for token in row["ids"]]
    return cross_entropy(found, torch.tensor(tags)), {"logits": found}


def write(folder, name, architecture, settings):
    torch.manual_seed(23)
    model = getattr(transformers, architecture)(transformers.BigBirdConfig(**{**SIZES, **settings})).float()
    draw_weights(model)
    save_model(model, folder)
    expected = {}
    for number in range(2):
        rows = sequences(number)
        starts = [sum(len(row["ids"]) for row in rows[:i]) for i in range(len(rows))]
        column = lambda key: torch.tensor([row[key] for row in rows])
        joined = lambda key: torch.tensor(sum((row[key] for row in rows), []))
        expected |= {f"{number}.ids": joined("ids"), f"{number}.lengths": torch.tensor([len(row["ids"]) for row in rows]),
                     f"{number}.type_ids": joined("type_ids"), f"{number}.words": joined("words"), f"{number}.next": column("next"),
                     f"{number}.labels": column("label"), f"{number}.starts": column("start"), f"{number}.ends": column("end"),
                     f"{number}.positions": torch.tensor([start + place for start, row in zip(starts, rows) for place in row["masked"]])}
    model.eval()
    with torch.no_grad():
        expected |= {key: value.contiguous() for key, value in forward(name, model, 0)[1].items()}
    model.train()
    add_gradients(expected, model, forward(name, model, 0)[0])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, betas=(0.9, 0.98), eps=1e-9)
    save_expected(expected, model, folder, optimizer, lambda number: forward(name, model, number)[0], steps=6)


if __name__ == "__main__":
    for fixture, (architecture, settings) in HEADS.items():
        write(output_folder() / fixture, fixture, architecture, settings)
