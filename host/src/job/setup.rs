//! What a run is going to do: checked, before anything is computed or written.

use std::path::Path;

use super::kernels::missing;
use super::manifest::Facts;
use super::report::DataInfo;
use super::settings::{check_flip, tile_for};
use super::{Float, JobError, Machine, Pass, RunOptions, Watch, Work};
use crate::data::Dataset;
use crate::gram::Gram;
use crate::store::{Free, Share, Space, Store, StorePlan};

/// The two Gram matrices of a pass with their names in a store: of the training images, and of the test images with them.
pub(super) type Grams<'a> = [(String, Gram<'a>); 2];

/// A run that has been checked.
pub(super) struct Setup<'a> {
    /// Of each pass.
    pub(super) grams: Vec<Grams<'a>>,
    pub(super) info: DataInfo,
    /// Of the store, if there is one.
    pub(super) plan: StorePlan,
}

impl<'a> Setup<'a> {
    /// Checks settings and images.
    ///
    /// # Errors
    /// A tile of no image, images that cannot be mirrored or that the networks do not take.
    pub(super) fn new<S: Float>(
        data: &'a Dataset,
        options: &RunOptions,
        passes: &'a [Pass],
        machine: &Machine,
    ) -> Result<Self, JobError> {
        let (train, test) = (&data.train, &data.test);
        let tile = options.tile.unwrap_or_else(|| tile_for(passes, train.images.len()));
        if tile == 0 {
            return Err(JobError::Usage("a tile of 0 images: at least 1 is needed".to_owned()));
        }
        check_flip(options.flip, &train.images)?;
        if let Some(&first) = train.labels.first()
            && train.labels.iter().all(|&label| label == first)
        {
            tracing::warn!("all training images are of class {first}: the regression has nothing to tell apart");
        }
        let of_pass = |Pass { name, net }: &'a Pass| {
            let gram = Gram { net, flip: options.flip, x: &train.images, y: None, tile };
            let test = Gram { x: &test.images, y: Some(&train.images), ..gram };
            [(format!("{name}-train"), gram), (format!("{name}-test"), test)]
        };
        let grams: Vec<Grams<'a>> = passes.iter().map(of_pass).collect();
        for (_, gram) in grams.iter().flatten() {
            gram.check::<S>()?;
        }
        let info = DataInfo::of(data, &options.subset);
        let facts = Facts {
            data,
            subset: &options.subset,
            train: &info.train,
            test: &info.test,
            settings: &options.nets,
            passes,
            flip: options.flip,
            precision: options.precision,
            machine,
        };
        let arrays = grams.iter().flatten().map(|(name, gram)| gram.plan(name)).collect();
        let plan = StorePlan { tile, precision: options.precision, arrays, manifest: facts.manifest() };
        Ok(Setup { grams, info, plan })
    }

    /// Opens the store that is asked for, to be written, if what is missing of it fits the disk; tells how much that is.
    ///
    /// # Errors
    /// Those of [`Space::check`], [`Store::create`], [`Store::resume`] and [`Store::join`].
    pub(super) fn open_store(
        &self,
        options: &RunOptions,
        share: Option<Share>,
        machine: &Machine,
        watch: &dyn Watch,
    ) -> Result<Option<Store>, JobError> {
        let Some(path) = &options.store else { return Ok(None) };
        let (space, free) = (Space::missing(path, &self.plan)?, Free::at(path));
        space.check(path, free)?;
        // All tiles that are there are read and checked, on as many threads as will compute.
        let store = machine.pool.install(|| match share {
            Some(share) => Store::join(path, &self.plan, share),
            None if options.resume => Store::resume(path, &self.plan),
            None => Store::create(path, &self.plan),
        })?;
        watch.note(&disk_line(path, &space, free));
        Ok(Some(store))
    }

    /// Tells `watch` how much there is to do, of a share its own.
    pub(super) fn begin(&self, store: Option<&Store>, share: Option<Share>, watch: &dyn Watch) -> Result<(), JobError> {
        let (mut total, mut to_do) = (Work::default(), Work::default());
        for (name, gram) in self.grams.iter().flatten() {
            let plan = gram.plan(name);
            let own = Share::filter(share, &plan, gram.tile);
            total = total.plus(Work::sum(gram, plan.tiles(gram.tile).filter(own)));
            to_do = to_do.plus(Work::sum(gram, missing(gram, name, store)?));
        }
        let pairs = total.pairs - to_do.pairs;
        watch.begin(total, Work { pairs, entry_layers: total.entry_layers - to_do.entry_layers });
        Ok(())
    }
}

/// What a store takes of the disk, and what there is.
fn disk_line(path: &Path, space: &Space, free: Option<Free>) -> String {
    let (path, files) = (path.display(), space.files());
    let gb = |bytes: u64| bytes as f64 / 1e9;
    match free {
        Some(free) => {
            let (needed, free) = (gb(space.on_disk(free.block)), gb(free.bytes));
            format!("{path}: {needed:.3} GB of disk needed for {files} files, {free:.3} GB free")
        }
        None => {
            let needed = gb(space.bytes());
            format!(
                "{path}: {needed:.3} GB of disk needed for {files} files; how much is free, this system does not tell"
            )
        }
    }
}
