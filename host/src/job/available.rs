//! How much memory can be had: of the machine, of the control group that a batch system or a container puts a process into, and below
//! the limits of the shell that started it.
//!
//! The kernel ends who goes beyond the first two, and refuses who goes beyond the third; a job is told before.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use super::cores;

/// Memory that can be had, and what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Available {
    pub(super) bytes: u64,
    pub(super) limit: Limit,
}

/// What there is no more memory beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// That of the machine, without swapping.
    Machine,
    /// That of a control group.
    Group,
    /// `RLIMIT_AS`.
    AddressSpace,
    /// `RLIMIT_DATA`.
    Data,
}

impl Limit {
    /// In words, after "bytes are available".
    pub(super) fn words(self) -> &'static str {
        match self {
            Limit::Machine => "",
            Limit::Group => " below the limit of the control group (cgroup)",
            Limit::AddressSpace => " below the limit on the address space (ulimit -v), less the buffers of the threads",
            Limit::Data => " below the limit on data (ulimit -d), less the buffers of the threads",
        }
    }
}

/// The bytes of memory that can be had: of the machine without swapping, below the limits of the control groups that this process is in
/// (less what they hold, but for files that can be read again), and below its limits on address space and data. `None` where the system tells none of it.
pub fn available_memory() -> Option<u64> {
    available().map(|available| available.bytes)
}

/// The same with what ends it.
pub(super) fn available() -> Option<Available> {
    least(Path::new("/"), own_limits())
}

/// The most bytes of memory that this process has had at a time; `None` where the system does not tell.
pub(super) fn peak_memory() -> Option<u64> {
    kilobytes(&read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// With the system's files below `root`.
fn least(root: &Path, limits: impl IntoIterator<Item = Available>) -> Option<Available> {
    let machine = read_to_string(root.join("proc/meminfo")).ok().and_then(|text| kilobytes(&text, "MemAvailable:"));
    let machine = machine.map(|bytes| Available { bytes, limit: Limit::Machine });
    let groups = groups(root).into_iter().map(|bytes| Available { bytes, limit: Limit::Group });
    machine.into_iter().chain(groups).chain(limits).min_by_key(|available| available.bytes)
}

/// What this process may still map, less what threads map beside the matrices, whenever they do: each core's thread of the solver a buffer of twice the third-level
/// cache, in which faer packs the factors of a product; that one and the core's thread of the kernels a heap of the C library each, which takes twice its size
/// for a moment. Little of it is ever used, so it counts where addresses are counted alone.
#[cfg(unix)]
fn own_limits() -> Vec<Available> {
    use rustix::process::{Resource, getrlimit};
    const HEAP: u64 = 64 << 20;
    const CACHE: u64 = 32 << 20;
    let status = read_to_string("/proc/self/status").unwrap_or_default();
    let cache = read_to_string("/sys/devices/system/cpu/cpu0/cache/index3/size").ok();
    let cache =
        cache.and_then(|size| size.trim().strip_suffix('K')?.parse::<u64>().ok()).map_or(CACHE, |size| size << 10);
    let threads = cores() as u64;
    let limits = [
        (Resource::As, "VmSize:", 2 * cache + 3 * HEAP, Limit::AddressSpace),
        (Resource::Data, "VmData:", 2 * cache, Limit::Data),
    ];
    let left = limits.into_iter().filter_map(|(resource, mapped, buffers, limit)| {
        let most = getrlimit(resource).current?;
        let mapped = kilobytes(&status, mapped).unwrap_or(0);
        Some(Available { bytes: most.saturating_sub(mapped).saturating_sub(threads.saturating_mul(buffers)), limit })
    });
    left.collect()
}

#[cfg(not(unix))]
fn own_limits() -> Vec<Available> {
    Vec::new()
}

/// The number of kB in the line that begins with `name`, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// What each control group leaves, of either version, from the one that the process is in up to the root.
fn groups(root: &Path) -> Vec<u64> {
    let below = |path: &str| root.join(path.trim_start_matches('/'));
    let read = |path: &str| read_to_string(below(path)).unwrap_or_default();
    let (own, mounts) = (read("proc/self/cgroup"), read("proc/self/mountinfo"));
    let mut left = Vec::new();
    for line in own.lines() {
        // As "0::/a/b" in version 2, "4:memory:/a/b" in version 1.
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (fields.next(), fields.next()) else { continue };
        let files = match controllers {
            "" => &SECOND,
            _ if controllers.split(',').any(|name| name == "memory") => &FIRST,
            _ => continue,
        };
        let Some((mount, mounted)) = mounts.lines().find_map(|line| mount(line, files)) else { continue };
        // In a container the folder of its own group may be all that is mounted.
        let inner = group.strip_prefix(mounted.trim_end_matches('/')).unwrap_or("");
        let top = below(&mount);
        let mut folder = top.join(inner.trim_start_matches('/'));
        while folder.starts_with(&top) {
            left.extend(files.left(&folder));
            if !folder.pop() {
                break;
            }
        }
    }
    left
}

/// Where a version of control groups keeps what.
struct Files {
    kind: &'static str,
    /// What the options of a mount must name.
    option: Option<&'static str>,
    most: &'static str,
    held: &'static str,
    /// Of `memory.stat`, what is given up for more memory.
    files: [&'static str; 2],
}

const FIRST: Files = Files {
    kind: "cgroup",
    option: Some("memory"),
    most: "memory.limit_in_bytes",
    held: "memory.usage_in_bytes",
    files: ["total_inactive_file", "total_active_file"],
};

const SECOND: Files = Files {
    kind: "cgroup2",
    option: None,
    most: "memory.max",
    held: "memory.current",
    files: ["inactive_file", "active_file"],
};

impl Files {
    /// What a group leaves; none where it has no limit, which is the word "max" or a number beyond all memory.
    fn left(&self, folder: &Path) -> Option<u64> {
        let read = |name: &str| read_to_string(folder.join(name)).ok();
        let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
        let most = number(self.most)?;
        let held = number(self.held).unwrap_or(0);
        let statistics = read("memory.stat").unwrap_or_default();
        let of = |name: &&str| {
            let mut values = statistics.lines().filter_map(|line| line.strip_prefix(*name)?.strip_prefix(' '));
            values.next().and_then(|value| value.trim().parse::<u64>().ok()).unwrap_or(0)
        };
        let files: u64 = self.files.iter().map(of).sum();
        Some(most.saturating_sub(held.saturating_sub(files)))
    }
}

/// Mount point and mounted folder of a line of `mountinfo`, if it is of these files:
/// "36 35 98:0 /mounted /point rw,noatime master:1 - cgroup cgroup rw,memory".
fn mount(line: &str, files: &Files) -> Option<(String, String)> {
    let (first, second) = line.split_once(" - ")?;
    let mut kind = second.split(' ');
    if kind.next()? != files.kind {
        return None;
    }
    let options = kind.nth(1).unwrap_or("");
    if files.option.is_some_and(|wanted| options.split(',').all(|option| option != wanted)) {
        return None;
    }
    let mut fields = first.split(' ').skip(3);
    let (mounted, point) = (fields.next()?, fields.next()?);
    Some((PathBuf::from(point).display().to_string(), mounted.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A system of these files.
    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    const MEMINFO: (&str, &str) =
        ("proc/meminfo", "MemTotal:       24000000 kB\nMemFree:         1000 kB\nMemAvailable:   20000000 kB\n");

    fn told(files: &[(&str, &str)]) -> Option<(u64, Limit)> {
        let system = system(files);
        least(system.path(), []).map(|available| (available.bytes, available.limit))
    }

    #[test]
    fn without_groups_it_is_that_of_the_machine() {
        assert_eq!(told(&[MEMINFO]), Some((20_480_000_000, Limit::Machine)));
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[("proc/meminfo", "MemFree: 1 kB\n")]), None);
    }

    #[test]
    fn a_group_of_version_2_has_less() {
        let group = ("proc/self/cgroup", "0::/slurm/job_7/step_0\n");
        let mounts = ("proc/self/mountinfo", "30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n");
        let step = "sys/fs/cgroup/slurm/job_7/step_0/memory.max";
        let most = "sys/fs/cgroup/slurm/job_7/memory.max";
        let held = ("sys/fs/cgroup/slurm/job_7/memory.current", "1000000000\n");
        let files = (
            "sys/fs/cgroup/slurm/job_7/memory.stat",
            "anon 300\ninactive_file_x 1\ninactive_file 500000000\nactive_file 100000000\n",
        );
        // The limit is that of the job, above the step.
        let all = [MEMINFO, group, mounts, held, files, (step, "max\n"), (most, "4000000000\n")];
        assert_eq!(told(&all), Some((3_600_000_000, Limit::Group)));
        // What is full leaves nothing.
        let full = [MEMINFO, group, mounts, held, (step, "max\n"), (most, "900000000\n")];
        assert_eq!(told(&full), Some((0, Limit::Group)));
        let none = [MEMINFO, group, mounts, held, (step, "max\n"), (most, "max\n")];
        assert_eq!(told(&none), Some((20_480_000_000, Limit::Machine)));
    }

    #[test]
    fn a_group_of_version_1_has_less() {
        let group = ("proc/self/cgroup", "5:cpu:/elsewhere\n4:cpuset,memory:/docker/ab/inner\n0::/\n");
        let mounts = (
            "proc/self/mountinfo",
            "40 25 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n41 25 0:28 /docker/ab /sys/fs/cgroup/memory rw master:9 - cgroup cgroup rw,memory\n",
        );
        let folder = "sys/fs/cgroup/memory";
        let file = |name: &str| format!("{folder}/{name}");
        let (top, inner) = (file("memory.limit_in_bytes"), file("inner/memory.limit_in_bytes"));
        let (held, statistics) = (file("memory.usage_in_bytes"), file("memory.stat"));
        let all = [
            MEMINFO,
            group,
            mounts,
            (&*top, "3000000000\n"),
            (&*inner, "9223372036854771712\n"),
            (&*held, "2000000000\n"),
            (&*statistics, "inactive_file 1\ntotal_inactive_file 700000000\ntotal_active_file 0\n"),
        ];
        assert_eq!(told(&all), Some((1_700_000_000, Limit::Group)));
    }

    #[test]
    fn the_least_of_all_counts() {
        let system = system(&[MEMINFO]);
        let limit = Available { bytes: 5, limit: Limit::AddressSpace };
        assert_eq!(least(system.path(), [limit]), Some(limit));
        let large = Available { bytes: u64::MAX, limit: Limit::Data };
        assert_eq!(least(system.path(), [large]).unwrap().limit, Limit::Machine);
    }
}
