use std::io;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::args::Arguments;

/// Prints a completion script.
pub(crate) fn run(shell: Shell) {
    generate(shell, &mut Arguments::command(), "latchkey", &mut io::stdout());
}
