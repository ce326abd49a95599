#!/usr/bin/env bash
# Kernels and regression by the ranks of MPI, one with all cores on each machine: docs/cluster.md.
#
#     sbatch scripts/slurm/mpi.sh
#
# Two minutes before the time is over, or when a machine is lost and Slurm queues the job again, the same job goes on with what the store
# holds; so the time below need not be that of the whole work. After an error of its own it ends.
#SBATCH --job-name=ultrawide
#SBATCH --nodes=16
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=64
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
set -euo pipefail

# A build with --features mpi, and folders that all machines see.
ultrawide=${ULTRAWIDE:-ultrawide}
data=${DATA:-$HOME/cifar-10-batches-bin}
store=${STORE:-$SLURM_SUBMIT_DIR/gap.zarr}
report=${REPORT:-$SLURM_SUBMIT_DIR/gap-$SLURM_JOB_ID.json}
read -ra job <<< "${JOB:---data cifar10 --net cntk-gap --depth 3,4,6,11,21 --tile 128}"

# --bind-to none: mpirun would give a rank one core, and so one thread. Where MPI knows Slurm's PMIx, this does as well:
#     srun --mpi=pmix --cpu-bind=none --kill-on-bad-exit=1 "$ultrawide" …
mpirun --map-by ppr:1:node --bind-to none "$ultrawide" run --quiet --mpi "${job[@]}" --data-dir "$data" \
    --threads "$SLURM_CPUS_PER_TASK" --store "$store" --report "$report" &
ranks=$!
again() {
    kill -TERM "$ranks" 2> /dev/null || true
    wait "$ranks" || true
    scontrol requeue "$SLURM_JOB_ID"
    exit 0
}
trap again USR1
wait "$ranks"
