//! The command itself, run as a user runs it.

#[path = "command/bad_input.rs"]
mod bad_input;
#[path = "command/bits.rs"]
mod bits;
#[path = "command/damage.rs"]
mod damage;
#[path = "command/disk.rs"]
mod disk;
#[path = "command/experiment.rs"]
mod experiment;
#[path = "command/export.rs"]
mod export;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[path = "command/file_systems.rs"]
mod file_systems;
#[path = "command/happy.rs"]
mod happy;
#[path = "command/kill.rs"]
mod kill;
#[path = "command/memory.rs"]
mod memory;
#[path = "command/plan.rs"]
mod plan;
#[allow(dead_code, reason = "a file of the core's tests, of which a part is used")]
#[path = "../../core/tests/common/precision.rs"]
mod precision;
#[path = "command/results.rs"]
mod results;
#[path = "command/resume.rs"]
mod resume;
#[path = "command/shards.rs"]
mod shards;
#[path = "command/support.rs"]
mod support;
#[path = "command/sweep.rs"]
mod sweep;
