//! `ultrawide completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  ultrawide completions bash > ~/.local/share/bash-completion/completions/ultrawide
  ultrawide completions fish > ~/.config/fish/completions/ultrawide.fish";

/// Writes a completion script.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn execute(&self) -> anyhow::Result<()> {
        // Into memory first: clap_complete panics where the output is a closed pipe.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Cli::command(), "ultrawide", &mut script);
        super::output::print(&String::from_utf8_lossy(&script))
    }
}
