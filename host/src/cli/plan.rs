//! `ultrawide plan`.

use clap::Args;

use super::run::{Loaded, RunArgs};
use super::{args, output, table};
use crate::job::{NetSettings, PlanOptions, plan};

const EXAMPLES: &str = "\
Examples:
  ultrawide plan --data cifar10 --data-dir cifar-10-batches-bin --net cntk-v --store vanilla.zarr
        what `ultrawide run` with the same options costs: pairs, operations, time, memory, disk
  ultrawide plan --data cifar10 --data-dir cifar-10-batches-bin --net cntk-gap --depth 21 --store gap.zarr --nodes 500
        the time where 500 machines like this one divide the kernels among them
  ultrawide plan --data cifar10 --data-dir . --net cntk-v --store vanilla.zarr --resume --report plan.json
        what is left to do

With --nodes and --solver auto or cg the regression is planned as run --mpi does it. A regression by cg or mixed takes as many steps as its kernel makes
necessary: there the plan has a range, from kernels that were measured, which is no promise.

The time is that of this machine with nothing else to do, from about two seconds of trial: the job's own kernels on a few of its images, a small
regression, and with --store some tiles in a folder beside it, which is removed again. A multiply-add counts as one operation.";

/// What a run costs, without running it.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Plan {
    #[command(flatten)]
    args: RunArgs,
    /// Machines like this one that divide the kernels among them, and the products of cg (run --mpi); another solver is for one of them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = args::sizes(1 << 20), allow_negative_numbers = true)]
    nodes: usize,
}

impl Plan {
    /// The networks.
    pub(super) fn settings(&self) -> anyhow::Result<NetSettings> {
        self.args.settings()
    }

    pub(super) fn execute(&self) -> anyhow::Result<()> {
        let Loaded { data, options, machine, shard, report: path, loading } = self.args.load()?;
        let report = plan(&data, &options, &PlanOptions { share: shard, nodes: self.nodes, loading }, &machine)?;
        let written = path.map_or(Ok(()), |path| report.write(&path));
        output::print_beside(written.map_err(Into::into), &table::plan(&report))
    }
}
