//! How long each step may take. The shell keeps the time; these are what it waits.

use std::time::Duration;

/// Authenticator: how long the advert is on the air before the person is told that nobody came.
pub const ADVERT: Duration = Duration::from_secs(60);

/// Authenticator: from the client's hello to the last byte of our first message.
pub const HANDSHAKE: Duration = Duration::from_secs(10);

/// Authenticator: from our first message to the request, and from a request to the person's answer.
pub const REQUEST_WAIT: Duration = Duration::from_secs(120);

/// Authenticator: from our response to the client's shutdown. Silence on a live tunnel is a good end too.
pub const SHUTDOWN_WAIT: Duration = Duration::from_secs(5);

/// Client: how long a code may be answered, from showing it to the end.
pub const CLIENT_TOTAL: Duration = Duration::from_secs(5 * 60);

/// Client: from the matching advert to the authenticator's first message.
pub const CLIENT_HANDSHAKE: Duration = Duration::from_secs(15);
