//! The file that says who may use a display (libXau's format).

use std::{fs::OpenOptions, io, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

/// The name of the method: whoever knows the cookie is let in.
pub(super) const PROTOCOL: &[u8] = b"MIT-MAGIC-COOKIE-1";
/// Matches every address of the display.
const FAMILY_WILD: u16 = 0xffff;

/// Writes a fresh cookie into a file that only its owner reads, and returns the cookie.
pub(super) fn write(path: &Path) -> io::Result<[u8; 16]> {
    let mut cookie = [0; 16];
    getrandom::fill(&mut cookie).map_err(io::Error::other)?;
    let mut entry = FAMILY_WILD.to_be_bytes().to_vec();
    // Address and display number stay empty: any.
    for field in [&[], &[], PROTOCOL, &cookie] {
        let length = u16::try_from(field.len()).map_err(io::Error::other)?;
        entry.extend_from_slice(&length.to_be_bytes());
        entry.extend_from_slice(field);
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(&entry)?;
    Ok(cookie)
}
