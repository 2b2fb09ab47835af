use std::io::{self, Write};

use latchkey_crypto::hybrid::TunnelDomainId;
use latchkey_tunnel::{
    domains,
    relay::Limits,
    serve::{ServeOptions, serve},
};

use crate::{
    Problem,
    args::{Tunnel, TunnelNames},
    exit::Exit,
    sentence, tell,
};

/// Serves, or lists the names a service can have.
pub(crate) async fn run(arguments: Tunnel) -> Result<Exit, Problem> {
    match (arguments.names, arguments.listen) {
        (Some(TunnelNames::Domains { id: None }), _) => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            for (id, name) in domains::computed() {
                writeln!(out, "{:>5}  {name}", id.id())?;
            }
            out.flush()?;
        }
        (Some(TunnelNames::Domains { id: Some(id) }), _) => {
            let domain = TunnelDomainId::new(id).map_err(|_| sentence::no_such_tunnel())?;
            writeln!(io::stdout(), "{}", domain.domain_name())?;
        }
        (None, Some(listen)) => {
            let options =
                ServeOptions { listen, cert: arguments.cert, key: arguments.key, limits: Limits::default() };
            let ready = |address| tell(format_args!("latchkey: tunnel service listening on {address}"));
            serve(&options, ready).await.map_err(|error| sentence::of_service(&error, &options))?;
        }
        // Refused when the arguments were parsed.
        (None, None) => return Ok(Exit::Usage),
    }
    Ok(Exit::Done)
}
