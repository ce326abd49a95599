//! `ultrawide run --mpi`.

use tracing::subscriber::{NoSubscriber, with_default};

use super::progress::Progress;
use super::run::{Loaded, Run, finish};
use super::{Talk, failure};
use crate::job::{Cluster, Report, run_ranks};

/// The part of this rank. The first one alone has something to tell, but for errors.
pub(super) fn execute(run: &Run, talk: Talk) -> anyhow::Result<()> {
    let cluster = Cluster::start()?;
    let outcome = match cluster.is_first() {
        true => report(run, &cluster, talk),
        false => with_default(NoSubscriber::new(), || report(run, &cluster, Talk { quiet: true, ..talk })),
    };
    match outcome {
        Ok(None) => Ok(()),
        Ok(Some(report)) => {
            // The others need not wait for a terminal.
            drop(cluster);
            finish(&report, run.args.report.as_deref(), talk)
        }
        Err(error) => {
            let rank = format!("rank {} of {}", cluster.rank(), cluster.size());
            cluster.abort(failure::code(&error.context(rank)))
        }
    }
}

fn report(run: &Run, cluster: &Cluster, talk: Talk) -> anyhow::Result<Option<Report>> {
    let Loaded { data, options, machine, .. } = cluster.together(run.args.load())?;
    Ok(run_ranks(cluster, &data, &options, &machine, &Progress::new(talk.quiet))?)
}
