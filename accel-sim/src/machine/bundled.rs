//! The machines that come with this crate.

use super::{Machine, MachineError};

/// Names and files, the smallest first.
pub const BUNDLED: [(&str, &str); 10] = [
    ("cortex-m4f", include_str!("../../machines/cortex-m4f.toml")),
    ("cortex-m7", include_str!("../../machines/cortex-m7.toml")),
    ("npu-64k", include_str!("../../machines/npu-64k.toml")),
    ("bf16-dsp", include_str!("../../machines/bf16-dsp.toml")),
    ("zen4-avx2", include_str!("../../machines/zen4-avx2.toml")),
    ("zen4-avx512", include_str!("../../machines/zen4-avx512.toml")),
    ("zen5-avx2", include_str!("../../machines/zen5-avx2.toml")),
    ("zen5-avx512", include_str!("../../machines/zen5-avx512.toml")),
    ("h200-sm", include_str!("../../machines/h200-sm.toml")),
    ("h200", include_str!("../../machines/h200.toml")),
];

/// The bundled machine of this name.
pub fn bundled(name: &str) -> Option<Result<Machine, MachineError>> {
    let (_, text) = BUNDLED.iter().find(|(known, _)| *known == name)?;
    Some(Machine::parse(&format!("machines/{name}.toml"), text))
}
