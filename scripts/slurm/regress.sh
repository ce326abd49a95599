#!/usr/bin/env bash
# The regression with the kernels of a finished store, on one machine: after scripts/slurm/array.sh.
#SBATCH --job-name=ultrawide-regress
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=64
#SBATCH --mem=32G
#SBATCH --time=04:00:00
set -euo pipefail

ultrawide=${ULTRAWIDE:-ultrawide}
data=${DATA:-$HOME/cifar-10-batches-bin}
store=${STORE:-$SLURM_SUBMIT_DIR/gap.zarr}
report=${REPORT:-$SLURM_SUBMIT_DIR/gap-$SLURM_JOB_ID.json}

exec "$ultrawide" regress --quiet --store "$store" --data-dir "$data" --threads "$SLURM_CPUS_PER_TASK" --report "$report"
