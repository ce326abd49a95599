//! `ultrawide info`.

use clap::Args;
use serde_json::json;
use std::fmt::Write;

use crate::job::{available_memory, cores};
use crate::simd::{Backend, VARIABLE};

const EXAMPLES: &str = "\
Examples:
  ultrawide info
  ULTRAWIDE_SIMD=avx2 ultrawide info --json";

/// Tells what a run would use.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Info {
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Info {
    pub(super) fn execute(&self) -> anyhow::Result<()> {
        let backend = Backend::select()?;
        let available = Backend::available();
        let forced = std::env::var(VARIABLE).ok();
        let memory = available_memory();
        if self.json {
            let value = json!({
                "software": { "name": "ultrawide", "version": env!("CARGO_PKG_VERSION") },
                "platform": { "os": std::env::consts::OS, "arch": std::env::consts::ARCH },
                "processor": processor(),
                "cores": cores(),
                "memory_available": memory,
                "backends": available.iter().map(Backend::to_string).collect::<Vec<_>>(),
                "backend": backend.to_string(),
                "lanes": { "f32": backend.lanes::<f32>(), "f64": backend.lanes::<f64>() },
                "arithmetic": if backend.is_fused() { "fused" } else { "unfused" },
                "simd_variable": forced,
            });
            return super::output::print(&format!("{value:#}\n"));
        }
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name:<16}{value}");
        };
        line("ultrawide", env!("CARGO_PKG_VERSION").to_owned());
        line("platform", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH));
        if let Some(processor) = processor() {
            line("processor", processor);
        }
        line("cores", cores().to_string());
        if let Some(memory) = memory {
            line("free memory", format!("{:.1} GB", memory as f64 / 1e9));
        }
        line("backends", available.iter().map(Backend::to_string).collect::<Vec<_>>().join(", "));
        let lanes = format!("{} lanes of f32, {} of f64", backend.lanes::<f32>(), backend.lanes::<f64>());
        line(
            "backend",
            format!("{backend} ({lanes}, {} multiply-add)", if backend.is_fused() { "fused" } else { "unfused" }),
        );
        line(VARIABLE, forced.unwrap_or_else(|| "not set".to_owned()));
        super::output::print(&text)
    }
}

/// The processor's name, where the system tells it.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
