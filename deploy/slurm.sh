#!/bin/bash
# A study on nodes that Slurm gives: Ray's head on the first, a worker on each of the others.
# Set the lines marked EDIT, then, from the project's folder:
#   sbatch deploy/slurm.sh task_c --profile paper --results "$SCRATCH/study"
# The same command again goes on from what is recorded, also after the time limit.
#SBATCH --job-name=hw3-study
#SBATCH --nodes=4                  # EDIT
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16         # EDIT: of a node
#SBATCH --gpus-per-node=4          # EDIT: of a node; leave the line out where there are none
#SBATCH --time=08:00:00            # EDIT
#SBATCH --signal=B:TERM@120        # two minutes to end in order

set -euo pipefail
task=${1:?which task? for example: sbatch deploy/slurm.sh task_c --results /shared/results}
shift
venv=${HW3_VENV:-$PWD/.venv}       # EDIT if the environment, on a file system of all nodes, is elsewhere
export PATH="$venv/bin:$PATH"

# A token of this job's own, in its owner's home, which all nodes see.
umask 077
RAY_AUTH_TOKEN_PATH=$(mktemp "$HOME/.hw3-token-XXXXXX")
python -c 'import secrets; print(secrets.token_hex(32))' > "$RAY_AUTH_TOKEN_PATH"
export RAY_AUTH_TOKEN_PATH RAY_AUTH_MODE=token
export RAY_USAGE_STATS_ENABLED=0 RAY_USAGE_STATS_REPORT_URL=
export RAY_enable_metrics_collection=0 AUTOSCALER_METRIC_PORT=-1 DASHBOARD_METRIC_PORT=-1
# Where this file is missing, Ray's head asks the network in which cloud it is; empty will do.
touch "$HOME/ray_bootstrap_config.yaml"

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
address="$head:6379"
gpus=${SLURM_GPUS_ON_NODE:-0}
cpus=$SLURM_CPUS_PER_TASK
trap 'rm -f "$RAY_AUTH_TOKEN_PATH"; kill $(jobs -p) 2>/dev/null || true' EXIT

srun --nodes=1 --ntasks=1 --nodelist="$head" \
    ray start --head --port=6379 --node-ip-address="$head" --include-dashboard=false \
    --num-cpus="$cpus" --num-gpus="$gpus" --block &
until python -c "import socket; socket.create_connection(('$head', 6379), 2)" 2>/dev/null; do sleep 2; done
if [ "$SLURM_JOB_NUM_NODES" -gt 1 ]; then
    srun --nodes="$((SLURM_JOB_NUM_NODES - 1))" --ntasks="$((SLURM_JOB_NUM_NODES - 1))" --exclude="$head" \
        ray start --address="$address" --num-cpus="$cpus" --num-gpus="$gpus" --block &
    # Trials start on the nodes that are there: wait until all are.
    until [ "$(ray status --address="$address" 2>/dev/null | grep -c ' node_')" -ge "$SLURM_JOB_NUM_NODES" ]; do sleep 5; done
fi

python -m "study.$task" --address "$address" "$@" &
study=$!
trap 'kill -TERM "$study"' TERM
wait "$study" || { code=$?; wait "$study" || exit "$code"; }
