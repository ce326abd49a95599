//! What can be wrong with a data set: one line each, naming the file, the value and the limit.

use std::io;
use std::path::Path;

use ultrawide_core::Shape;

/// What can be wrong with a data set or an array.
///
/// Each message is one line. The cause of an input or output error is part of it, so it is not offered a second time as
/// `source()`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The files of a data set were not found.
    #[error("{kind} is not there: {looked}; get {files} from {page} and name the folder with --data-dir")]
    NotFound {
        /// The data set.
        kind: &'static str,
        /// Where was looked, and for what.
        looked: String,
        /// The files that are expected, with their sizes.
        files: &'static str,
        /// Where to get them, in words.
        page: &'static str,
    },
    /// The system refused to read or write a file.
    #[error("{file}: {cause}")]
    Io {
        /// The file.
        file: String,
        /// What the system says.
        cause: io::Error,
    },
    /// A file is shorter or longer than its format or its header says.
    #[error("{file}: {found} bytes, {what} needs {expected}")]
    Size {
        /// The file.
        file: String,
        /// What determines the size.
        what: String,
        /// The bytes there are.
        found: u64,
        /// The bytes there should be.
        expected: u64,
    },
    /// The contents of a file do not follow its format, or cannot be used.
    #[error("{file}: {reason}")]
    Format {
        /// The file.
        file: String,
        /// What is wrong, with the value and the limit.
        reason: String,
    },
    /// A label is not a class of the data set.
    #[error("{file}: label {value} of record {record} (counted from 0), the limit is {limit}")]
    Label {
        /// The file.
        file: String,
        /// The record, counted from 0.
        record: usize,
        /// The label found.
        value: i128,
        /// The largest label.
        limit: u16,
    },
    /// An array's element type cannot be used for this purpose.
    #[error("{file}: dtype {found}, accepted are {accepted}")]
    Dtype {
        /// The file.
        file: String,
        /// The element type in the file's header.
        found: String,
        /// The element types that can be read.
        accepted: &'static str,
    },
    /// An array's number of dimensions or a dimension cannot be used for this purpose.
    #[error("{file}: shape {found}, expected {expected}")]
    ArrayShape {
        /// The file.
        file: String,
        /// The shape in the file's header.
        found: String,
        /// The shapes that can be used.
        expected: &'static str,
    },
    /// An image of this shape has no pixels, or more than fit in memory.
    #[error("images of shape {shape} (channels x height x width) have no pixels or too many to count")]
    ImageShape {
        /// The shape.
        shape: Shape,
    },
    /// The number of pixels is no multiple of an image's.
    #[error("{values} pixels are no whole number of images of shape {shape}, which have {each} each")]
    PixelCount {
        /// The pixels there are.
        values: usize,
        /// The shape of one image.
        shape: Shape,
        /// The pixels of one image.
        each: usize,
    },
    /// A pixel is NaN or infinite.
    #[error("image {image}, channel {channel}, row {row}, column {column} is {value}: pixels must be finite")]
    NotFinite {
        /// The image, counted from 0.
        image: usize,
        /// The channel, counted from 0.
        channel: usize,
        /// The row, counted from 0.
        row: usize,
        /// The column, counted from 0.
        column: usize,
        /// The pixel.
        value: f64,
    },
    /// What is wrong inside a file.
    #[error("{file}: {error}")]
    InFile {
        /// The file.
        file: String,
        /// What is wrong.
        error: Box<DataError>,
    },
    /// A normalisation does not fit the images.
    #[error("normalisation: {what} of {found} channels, the images have {channels}")]
    NormalisationChannels {
        /// Which of the two lists.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The images' channels.
        channels: usize,
    },
    /// A normalisation would not give finite numbers.
    #[error(
        "channel {channel} has mean {mean} and standard deviation {std}: it cannot be normalised, because {reason}"
    )]
    Normalisation {
        /// The channel, counted from 0.
        channel: usize,
        /// Its mean.
        mean: f64,
        /// Its standard deviation.
        std: f64,
        /// What that means.
        reason: &'static str,
    },
    /// The scale of a normalisation is zero, infinite or NaN.
    #[error("normalisation: scale {0}, it must be finite and not 0")]
    Scale(f64),
    /// An image was asked for that is not there.
    #[error("image {index} of {len}")]
    Index {
        /// The image, counted from 0.
        index: usize,
        /// The images there are.
        len: usize,
    },
    /// Fewer images than asked for.
    #[error("the {set} set of {of} holds {found} images, {wanted} were asked for")]
    TooFew {
        /// `training` or `test`.
        set: &'static str,
        /// The data set, or one of its classes.
        of: String,
        /// The images there are.
        found: usize,
        /// The images asked for.
        wanted: usize,
    },
    /// No image was asked for.
    #[error("0 {set} images were asked for, at least 1 is needed")]
    NoneWanted {
        /// `training` or `test`.
        set: &'static str,
    },
    /// Two arrays that belong together do not fit.
    #[error("{first} holds {first_value}, {second} holds {second_value}: they must be equal")]
    Mismatch {
        /// One file.
        first: String,
        /// What it holds.
        first_value: String,
        /// The other file.
        second: String,
        /// What that holds.
        second_value: String,
    },
    /// A name that is none of those known.
    #[error("unknown {what} {found:?}, known are {known}")]
    Unknown {
        /// What the name should stand for.
        what: &'static str,
        /// The name.
        found: String,
        /// The names known.
        known: &'static str,
    },
}

impl DataError {
    /// The system refused to read or write `path`.
    pub(crate) fn io(path: &Path, cause: io::Error) -> Self {
        Self::Io { file: path.display().to_string(), cause: bare(cause) }
    }

    /// Something is wrong inside `file`. Libraries quote what they do not understand, which may hold anything: the reason stays one
    /// line.
    pub(crate) fn format(file: &str, reason: impl Into<String>) -> Self {
        let reason = reason.into().replace(char::is_control, " ");
        Self::Format { file: file.to_owned(), reason }
    }

    /// The same error, said about `file`.
    pub(crate) fn inside(self, file: &str) -> Self {
        Self::InFile { file: file.to_owned(), error: Box::new(self) }
    }
}

/// The cause alone: a temporary file's error ends in its path, of which the user knows nothing. Its type is private and
/// hides the cause, so that only its text is left to go by.
pub(crate) fn bare(error: io::Error) -> io::Error {
    let text = error.get_ref().map(ToString::to_string).unwrap_or_default();
    match text.rsplit_once(" at path \"") {
        Some((cause, _)) => io::Error::new(error.kind(), cause),
        None => error,
    }
}
