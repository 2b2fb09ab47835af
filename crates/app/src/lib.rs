//! The services that join vault, authenticator, tunnel and radio.
