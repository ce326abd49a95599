#!/usr/bin/env bash
# Kernels by the tasks of a job array, each a share and on its own; needs no MPI: docs/cluster.md.
#
#     job=$(sbatch --parsable scripts/slurm/array.sh)
#     sbatch --dependency=afterok:"$job" scripts/slurm/regress.sh
#
# A task that has failed, or was not done in time, goes on by the same command: sbatch --array=7,12 scripts/slurm/array.sh
#SBATCH --job-name=ultrawide-kernels
#SBATCH --array=1-64
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=64
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

# All tasks, now and later, must be of one division: so this stands here, and not what --array says today.
shares=${SHARES:-64}
[ "$SLURM_ARRAY_TASK_ID" -le "$shares" ] || { echo "task $SLURM_ARRAY_TASK_ID of $shares shares" >&2; exit 2; }

ultrawide=${ULTRAWIDE:-ultrawide}
data=${DATA:-$HOME/cifar-10-batches-bin}
store=${STORE:-$SLURM_SUBMIT_DIR/gap.zarr}
read -ra job <<< "${JOB:---data cifar10 --net cntk-gap --depth 3,4,6,11,21 --tile 128}"

exec "$ultrawide" run --quiet "${job[@]}" --data-dir "$data" --threads "$SLURM_CPUS_PER_TASK" --store "$store" \
    --shard "$SLURM_ARRAY_TASK_ID/$shares"
