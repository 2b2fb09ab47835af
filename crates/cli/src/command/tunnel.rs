use std::io::{self, Write};

use latchkey_crypto::hybrid::TunnelDomainId;
use latchkey_tunnel::{
    domains,
    relay::Limits,
    serve::{ServeOptions, serve},
};

use crate::{
    args::{Tunnel, TunnelNames},
    exit::Exit,
};

/// Serves, or lists the names a service can have.
pub(crate) async fn run(arguments: Tunnel) -> io::Result<Exit> {
    match (arguments.names, arguments.listen) {
        (Some(TunnelNames::Domains { id: None }), _) => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            for (id, name) in domains::computed() {
                writeln!(out, "{:>5}  {name}", id.id())?;
            }
            out.flush()?;
            Ok(Exit::Done)
        }
        (Some(TunnelNames::Domains { id: Some(id) }), _) => match TunnelDomainId::new(id) {
            Ok(domain) => {
                writeln!(io::stdout(), "{}", domain.domain_name())?;
                Ok(Exit::Done)
            }
            Err(error) => {
                eprintln!("latchkey: {error}; a service of your own has 256 to 65535");
                Ok(Exit::Usage)
            }
        },
        (None, Some(listen)) => {
            let options =
                ServeOptions { listen, cert: arguments.cert, key: arguments.key, limits: Limits::default() };
            let ready = |address| eprintln!("latchkey: tunnel service listening on {address}");
            match serve(options, ready).await {
                Ok(()) => Ok(Exit::Done),
                Err(error) => {
                    let source =
                        std::error::Error::source(&error).map(|e| format!(": {e}")).unwrap_or_default();
                    eprintln!("latchkey: {error}{source}");
                    Ok(Exit::Network)
                }
            }
        }
        // Refused when the arguments were parsed.
        (None, None) => Ok(Exit::Usage),
    }
}
