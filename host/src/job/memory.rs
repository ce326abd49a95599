//! How much memory there is, for a warning before the work rather than a failure after it.

/// The bytes of memory that can be had without swapping; `None` where the system does not tell.
pub fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Tells what a job needs, and warns where that is more than there is.
pub(super) fn announce(bytes: f64) {
    let mb = bytes / 1e6;
    match available_memory() {
        Some(available) if bytes > available as f64 => {
            tracing::warn!("about {mb:.0} MB of memory are needed, {:.0} MB are available", available as f64 / 1e6);
        }
        Some(available) => tracing::info!("memory: {mb:.0} MB needed, {:.0} MB available", available as f64 / 1e6),
        None => tracing::info!("memory: {mb:.0} MB needed"),
    }
}
