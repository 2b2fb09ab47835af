//! What the demo and the tests stage: a BlueZ stand-in, a loopback radio, a practice relying party, a browser.
