use std::io::{self, Write};

use latchkey_crypto::hybrid::TunnelDomainId;
use latchkey_tunnel::{
    domains,
    relay::{Limits, RelayError},
    serve::{ServeOptions, serve},
};

use crate::{
    args::{Tunnel, TunnelNames},
    exit::Exit,
    tell,
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
                tell(format_args!("latchkey: {error}; a service of your own has 256 to 65535"));
                Ok(Exit::Usage)
            }
        },
        (None, Some(listen)) => {
            let options =
                ServeOptions { listen, cert: arguments.cert, key: arguments.key, limits: Limits::default() };
            let ready = |address| tell(format_args!("latchkey: tunnel service listening on {address}"));
            match serve(options, ready).await {
                Ok(()) => Ok(Exit::Done),
                Err(error) => {
                    let source =
                        std::error::Error::source(&error).map(|e| format!(": {e}")).unwrap_or_default();
                    tell(format_args!("latchkey: {error}{source}"));
                    Ok(match error {
                        RelayError::Listen { .. } | RelayError::Signals { .. } => Exit::Network,
                        // Certificate and key: something that the call named is not there, or not what it should be.
                        _ => Exit::Usage,
                    })
                }
            }
        }
        // Refused when the arguments were parsed.
        (None, None) => Ok(Exit::Usage),
    }
}
