//! Automation of this repository: checks, comparison, code generation.

fn main() {}
