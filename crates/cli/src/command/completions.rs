use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::{args::Arguments, exit::Exit};

/// Prints a completion script.
pub(crate) fn run(shell: Shell) -> io::Result<Exit> {
    // Into memory first: `generate` panics when its output is closed.
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "latchkey", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Exit::Done)
}
