#!/usr/bin/env bash
# reviews/train.txt, line by line on one thread, against Hugging Face tokenizers: CPU seconds, three runs each in turn (S11).
#   benchmarks/tokenize.sh byte-bpe|wordpiece|sentencepiece [VOCABULARY_SIZE]
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
type="${1:?byte-bpe, wordpiece or sentencepiece}" size="${2:-8000}" text="$SHARED/data/reviews/train.txt"
folder="$WORK/tokenize-$type-$size"
[[ -d $folder ]] || "$ATTEND" tokenizer train --type "$type" --vocab-size "$size" --output "$folder" "$text" -q
TOKENIZERS_PARALLELISM=false RAYON_NUM_THREADS=1 "$PYTHON" - "$ATTEND" "$type" "$folder" "$text" <<'PYTHON'
import json, pathlib, statistics, subprocess, sys, time
attend, kind, folder, text = sys.argv[1:]
if kind == "sentencepiece":  # the model's pieces and scores in the Rust library's Unigram; SentencePiece itself is what runs here
    import sentencepiece, tokenizers
    model = sentencepiece.SentencePieceProcessor(model_file=f"{folder}/source.spm")
    pieces = [(model.id_to_piece(i), model.get_score(i)) for i in range(model.get_piece_size())]
    reference = tokenizers.Tokenizer(tokenizers.models.Unigram(pieces, model.unk_id(), False))
    reference.normalizer = tokenizers.normalizers.Sequence([tokenizers.normalizers.Nmt(), tokenizers.normalizers.NFKC(),
                                                            tokenizers.normalizers.Replace(tokenizers.Regex(" {2,}"), " ")])
    reference.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
else:
    import transformers
    name = {"byte-bpe": "GPT2Tokenizer", "wordpiece": "BertTokenizer"}[kind]
    reference = getattr(transformers, name).from_pretrained(folder).backend_tokenizer
content = pathlib.Path(text).read_text(encoding="utf-8")
lines, megabytes = content.split("\n"), len(content.encode()) / 1e6
ratios = []
for _ in range(3):
    answer = subprocess.run([attend, "bench", "tokenize", "--tokenizer", folder, text, "--json"], check=True, capture_output=True, text=True)
    ours = json.loads(answer.stdout)
    start = time.process_time()
    encoded = reference.encode_batch_fast(lines, add_special_tokens=False)
    theirs = time.process_time() - start
    tokens = sum(len(line.ids) for line in encoded)
    ratios.append(ours["megabytes_per_second"] * theirs / megabytes)
    print(f"{folder}: here {ours['megabytes_per_second']:.1f} MB/s ({ours['tokens']} tokens), "
          f"tokenizers {megabytes / theirs:.1f} MB/s ({tokens} tokens), ratio {ratios[-1]:.1f}")
print(f"median ratio {statistics.median(ratios):.1f}")
PYTHON
