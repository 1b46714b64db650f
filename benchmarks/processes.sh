#!/usr/bin/env bash
# Training with several processes on this machine, its cores shared out: real tokens a second of BERT mini (4 layers, 256 wide, vocabulary
# 8,000; 21 MB of gradients) on the reviews, 4,096 tokens a step in all, with 1, 2 and 4 processes, and with one process of one thread, which
# tells what a core does alone. Medians of the records of STEPS (60) steps, the first third left out.
#   benchmarks/processes.sh                     on one host
#   benchmarks/processes.sh --links             two hosts (network namespaces) with links of 100 Mbit/s to 10 Gbit/s between: needs root
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
STEPS="${STEPS:-60}"
head -4000 "$SHARED/data/reviews/train.txt" > "$WORK/processes.txt"
common=(pretrain bert --train "$WORK/processes.txt" --max-length 128 --steps "$STEPS" --log-every 2 --eval-every 0 --save-every 0
        --warmup-steps 10 -q)
tokenizer="$WORK/processes-tokenizer"
[[ -d $tokenizer ]] || "$ATTEND" tokenizer train --type wordpiece --vocab-size 8000 --output "$tokenizer" "$WORK/processes.txt" > /dev/null

rate() {  # RUN: median tokens a second
  "$PYTHON" -c '
import json, statistics, sys
records = [json.loads(line) for line in open(sys.argv[1] + "/metrics.jsonl")]
records = [r["tokens_per_second"] for r in records if "tokens_per_second" in r]
print(round(statistics.median(records[len(records) // 3:])))' "$1"
}
run() {  # NAME PROCESSES THREADS
  rm -rf "$WORK/processes-$1"
  "$ATTEND" "${common[@]}" --preset mini --tokenizer "$tokenizer" --batch-tokens $(( 4096 / $2 )) --nproc "$2" --threads "$3" --output "$WORK/processes-$1" > /dev/null
  echo "$2 process(es) of $3 thread(s): $(rate "$WORK/processes-$1") tokens/s"
}

if [[ ${1:-} != --links ]]; then
  run 1-1 1 1
  run 1-2 1 2
  run 2-1 2 1
  run 4-1 4 1
  exit
fi

# Two hosts: attend-a and attend-b, joined by a pair of virtual network cards, whose speed tc limits both ways.
trap 'ip netns del attend-a 2> /dev/null || true; ip netns del attend-b 2> /dev/null || true' EXIT
ip netns add attend-a
ip netns add attend-b
ip link add card-a netns attend-a type veth peer name card-b netns attend-b
for host in a b; do
  ip -n "attend-$host" address add "10.77.0.$([[ $host == a ]] && echo 1 || echo 2)/24" dev "card-$host"
  ip -n "attend-$host" link set "card-$host" up
  ip -n "attend-$host" link set lo up
done
on_host() {  # HOST RANK FLAG...
  local host="$1" rank="$2"
  shift 2
  ip netns exec "attend-$host" env RANK="$rank" WORLD_SIZE=2 LOCAL_RANK=0 LOCAL_WORLD_SIZE=1 MASTER_ADDR=10.77.0.1 MASTER_PORT=29511 \
    GLOO_SOCKET_IFNAME="card-$host" "$ATTEND" "$@"
}
for megabits in 100 300 1000 10000; do
  for host in a b; do
    ip netns exec "attend-$host" tc qdisc replace dev "card-$host" root tbf rate "${megabits}mbit" burst 1mb latency 200ms
  done
  for preset in tiny mini; do
    output="$WORK/processes-link-$preset-$megabits"
    rm -rf "$output"
    flags=("${common[@]}" --preset "$preset" --tokenizer "$tokenizer" --batch-tokens 2048 --threads 1 --output "$output")
    on_host b 1 "${flags[@]}" > /dev/null &
    on_host a 0 "${flags[@]}" > /dev/null
    wait
    bytes="$("$ATTEND" inspect "$output" --json | "$PYTHON" -c 'import json, sys; print(4 * json.load(sys.stdin)["parameters"])')"
    echo "$preset, $(( bytes / 1000000 )) MB of gradients, $megabits Mbit/s: $(rate "$output") tokens/s; the gradients alone take $("$PYTHON" -c "print(round($bytes * 8 / ($megabits * 1e6), 3))") s a step"
  done
done
