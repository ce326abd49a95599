//! Which images of a file to keep: decided label by label, so that nothing more is read than needed.

use super::{DataError, Subset};

/// What is still wanted of one set of images.
#[derive(Clone, Debug)]
pub(crate) struct Quota {
    set: &'static str,
    of: String,
    wanted: Wanted,
    kept: usize,
}

#[derive(Clone, Debug)]
enum Wanted {
    All,
    First(usize),
    /// Of each class: its name, how many are still wanted, how many are kept.
    Balanced(Vec<(String, usize, usize)>),
}

impl Quota {
    /// `size` images of the `set` (`training` or `test`) of the data set `of`; all of them without a `size`.
    ///
    /// # Errors
    ///
    /// A size of 0.
    pub(crate) fn new(
        set: &'static str,
        of: &str,
        size: Option<usize>,
        subset: Subset,
        classes: &[&str],
    ) -> Result<Self, DataError> {
        let wanted = match (size, subset) {
            (Some(0), _) => return Err(DataError::NoneWanted { set }),
            (None, _) => Wanted::All,
            (Some(size), Subset::First) => Wanted::First(size),
            (Some(size), Subset::Balanced) => {
                let (each, rest) = (size / classes.len().max(1), size % classes.len().max(1));
                let share = |class| each + usize::from(class < rest);
                Wanted::Balanced(
                    classes.iter().enumerate().map(|(class, name)| (name.to_string(), share(class), 0)).collect(),
                )
            }
        };
        Ok(Self { set, of: of.to_owned(), wanted, kept: 0 })
    }

    /// Whether to keep the next image, which is of class `label`.
    pub(crate) fn keep(&mut self, label: u16) -> bool {
        let keep = match &mut self.wanted {
            Wanted::All => true,
            Wanted::First(size) => self.kept < *size,
            Wanted::Balanced(classes) => match classes.get_mut(usize::from(label)) {
                Some((_, wanted, kept)) if *kept < *wanted => {
                    *kept += 1;
                    true
                }
                _ => false,
            },
        };
        self.kept += usize::from(keep);
        keep
    }

    /// Whether no further image is wanted.
    pub(crate) fn is_met(&self) -> bool {
        match &self.wanted {
            Wanted::All => false,
            Wanted::First(size) => self.kept >= *size,
            Wanted::Balanced(classes) => classes.iter().all(|(_, wanted, kept)| kept >= wanted),
        }
    }

    /// The number of images that is certainly enough to look at, where every image is of a class that counts.
    pub(crate) fn enough(&self) -> Option<usize> {
        match self.wanted {
            Wanted::First(size) => Some(size),
            Wanted::All | Wanted::Balanced(_) => None,
        }
    }

    /// Whether everything wanted was there, now that there are no more images.
    ///
    /// # Errors
    ///
    /// Fewer images than wanted, in all or of one class; no image at all.
    pub(crate) fn finish(&self) -> Result<(), DataError> {
        let too_few = |of, found, wanted| Err(DataError::TooFew { set: self.set, of, found, wanted });
        match &self.wanted {
            Wanted::All if self.kept == 0 => too_few(self.of.clone(), 0, 1),
            Wanted::First(size) if self.kept < *size => too_few(self.of.clone(), self.kept, *size),
            Wanted::Balanced(classes) => match classes.iter().find(|(_, wanted, kept)| kept < wanted) {
                Some((class, wanted, kept)) => too_few(format!("{}, class {class},", self.of), *kept, *wanted),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}
