//! Speed report.
fn main() {}
