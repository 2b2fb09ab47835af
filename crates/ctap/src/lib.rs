//! The authenticator: CTAP2 command bytes in, response bytes out.
