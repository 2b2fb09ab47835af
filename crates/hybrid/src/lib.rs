//! A hybrid ceremony from QR text to shutdown, both roles.
