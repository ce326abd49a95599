//! CIFAR-10 straight from the archive it is handed out as, without unpacking it to disk.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use super::DataError;
use super::cifar::{Collector, FILE_LEN, FILES, size};
use super::input::{GZIP, fill, gunzip};

/// The bytes of the unpacked archive are at most this many: six files and some text. A gzip bomb ends here.
const MAX_LEN: u64 = 6 * FILE_LEN + (1 << 24);

/// The bytes of a header in a tar file.
const HEADER: usize = 512;

/// Whether a file begins with the header of a tar file.
fn is_tar(start: &[u8]) -> bool {
    start.get(257..262) == Some(b"ustar")
}

/// Reads the wanted records of `cifar-10-binary.tar.gz`, or of the same archive without compression.
pub(super) fn read(path: &Path, train: &mut Collector, test: &mut Collector) -> Result<(), DataError> {
    let io = |cause| DataError::io(path, cause);
    let mut start = [0; HEADER];
    let filled = fill(&mut File::open(path).map_err(io)?, &mut start).map_err(io)?;
    if filled > 0 && !start.starts_with(&GZIP) && !is_tar(&start[..filled]) {
        return Err(DataError::format(&path.display().to_string(), "is neither a gzip nor a tar file"));
    }
    let file = File::open(path).and_then(gunzip).map_err(io)?;
    read_archive(file, &path.display().to_string(), train, test)
}

/// The same from any input; `name` stands for the archive in errors.
pub(super) fn read_archive(
    reader: impl Read,
    name: &str,
    train: &mut Collector,
    test: &mut Collector,
) -> Result<(), DataError> {
    let broken = |cause: std::io::Error| DataError::format(name, format!("is no CIFAR-10 archive: {cause}"));
    let mut reader = reader.take(MAX_LEN);
    let mut start = [0; HEADER];
    let filled = fill(&mut reader, &mut start).map_err(broken)?;
    // The archive's own reader would quote the bytes that it does not understand.
    if filled > 0 && !is_tar(&start[..filled]) {
        return Err(DataError::format(name, "holds no tar file"));
    }
    let reader = Cursor::new(&start[..filled]).chain(reader);
    // The archive does not hold the files in their order, so those needed are kept until all are there.
    let last = FILES.len() - 1;
    let needed: Vec<bool> = (0..FILES.len()).map(|file| file == last || train.may_want(file)).collect();
    let mut contents: [Option<Vec<u8>>; FILES.len()] = [const { None }; FILES.len()];
    let is_missing = |contents: &[Option<Vec<u8>>]| {
        needed.iter().zip(contents).position(|(&needed, content)| needed && content.is_none())
    };

    let mut archive = tar::Archive::new(reader);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        let Some(file) = FILES.iter().position(|&file| path.ends_with(file)).filter(|&file| needed[file]) else {
            continue;
        };
        let name = format!("{name}: {}", FILES[file]);
        size(&name, entry.size())?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(broken)?;
        size(&name, bytes.len() as u64)?;
        contents[file] = Some(bytes);
    }
    // To the very end, where gzip has its checksum.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).map_err(broken)?;
    if let Some(missing) = is_missing(&contents) {
        return Err(DataError::format(name, format!("does not hold {}", FILES[missing])));
    }
    for (file, content) in contents.iter_mut().enumerate() {
        let collector = if file == last { &mut *test } else { &mut *train };
        // Taken, so that each file's memory is free again before the next one's images are added.
        if let Some(bytes) = content.take() {
            collector.read(&bytes[..], &format!("{name}: {}", FILES[file]))?;
        }
    }
    Ok(())
}
