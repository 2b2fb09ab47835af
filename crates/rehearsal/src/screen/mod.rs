//! A screen that nobody sees: Xvfb with a window manager, and what is on it.

mod authority;
mod capture;

use std::{
    ffi::{OsStr, OsString},
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::{sleep, timeout},
};
use x11rb::{
    connection::Connection,
    errors::{ConnectError, ConnectionError, ReplyError},
    protocol::xproto::{AtomEnum, ConnectionExt},
    rust_connection::{DefaultStream, RustConnection},
};

use crate::process::{self, Kept, StartError};

/// How long a program of the screen may take to be ready.
const READY_TIME: Duration = Duration::from_secs(20);

/// Why there is no screen, or no picture of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScreenError {
    /// A program of the screen does not run.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The folder of its files cannot be written.
    #[error("temporary folder")]
    Folder(#[source] std::io::Error),
    /// The display does not let us in.
    #[error("connection to the display")]
    Connect(#[from] ConnectError),
    /// The connection to the display is gone.
    #[error("display gone")]
    Gone(#[from] ConnectionError),
    /// The display refused a request.
    #[error("display refused")]
    Refused(#[from] ReplyError),
    /// The display draws in another pixel layout than 32 bits of blue, green, red and padding.
    #[error("picture of {depth} bits depth, {bytes} bytes, expected 24 bits in 4 bytes a pixel")]
    PixelLayout {
        /// Bits that carry colour.
        depth: u8,
        /// Bytes of the whole picture.
        bytes: usize,
    },
}

/// A screen of 1280 by 1024 pixels with a window manager, gone when dropped.
///
/// Only who holds the cookie in its folder is let in: a browser that obeys whoever connects to its display
/// would obey the machine's other users too.
#[derive(Debug)]
pub struct Screen {
    display: String,
    connection: RustConnection,
    root: u32,
    // Programs end before their folder goes: fields drop in this order.
    _window_manager: Kept,
    _server: Kept,
    folder: TempDir,
}

impl Screen {
    /// Starts the screen on a free display and waits until windows are managed on it.
    pub async fn start() -> Result<Self, ScreenError> {
        let folder = TempDir::with_prefix("latchkey-screen-").map_err(ScreenError::Folder)?;
        let authority_file = folder.path().join("authority");
        let cookie = authority::write(&authority_file).map_err(ScreenError::Folder)?;

        let mut server = Kept::start(
            process::XVFB,
            [
                // The server picks a free display and writes its number to its output.
                OsStr::new("-displayfd"),
                OsStr::new("1"),
                OsStr::new("-screen"),
                OsStr::new("0"),
                OsStr::new("1280x1024x24"),
                OsStr::new("-nolisten"),
                OsStr::new("tcp"),
                OsStr::new("-auth"),
                authority_file.as_os_str(),
            ],
            [],
            Stdio::null(),
        )?;
        let not_ready = || StartError::NotReady { program: "Xvfb" };
        let output = server.output.take().ok_or_else(not_ready)?;
        let line = timeout(READY_TIME, BufReader::new(output).lines().next_line()).await;
        let number: u16 = line
            .map_err(|_| not_ready())?
            .map_err(|error| StartError::Machine { program: "Xvfb", error })?
            .and_then(|line| line.trim().parse().ok())
            .ok_or_else(not_ready)?;
        let display = format!(":{number}");

        let socket = std::os::unix::net::UnixStream::connect(format!("/tmp/.X11-unix/X{number}"))
            .map_err(|error| StartError::Machine { program: "Xvfb", error })?;
        let (stream, _) = DefaultStream::from_unix_stream(socket).map_err(ScreenError::Folder)?;
        let connection = RustConnection::connect_to_stream_with_auth_info(
            stream,
            0,
            authority::PROTOCOL.to_vec(),
            cookie.to_vec(),
        )?;
        let root = connection.setup().roots.first().map(|screen| screen.root).ok_or_else(not_ready)?;

        let window_manager = Kept::start(
            process::OPENBOX,
            [""; 0],
            [
                ("DISPLAY", OsStr::new(&display)),
                ("XAUTHORITY", authority_file.as_os_str()),
                ("HOME", folder.path().as_os_str()),
            ],
            Stdio::null(),
        )?;
        let screen =
            Self { display, connection, root, _window_manager: window_manager, _server: server, folder };
        timeout(READY_TIME, screen.managed())
            .await
            .map_err(|_| StartError::NotReady { program: "openbox" })??;
        Ok(screen)
    }

    /// What a program needs in its environment to draw here.
    pub fn environment(&self) -> [(&'static str, OsString); 2] {
        [
            ("DISPLAY", OsString::from(&self.display)),
            ("XAUTHORITY", self.folder.path().join("authority").into_os_string()),
        ]
    }

    /// Waits for the window manager's mark on the root window (EWMH, `_NET_SUPPORTING_WM_CHECK`).
    async fn managed(&self) -> Result<(), ScreenError> {
        let mark = self.connection.intern_atom(false, b"_NET_SUPPORTING_WM_CHECK")?.reply()?.atom;
        loop {
            let property =
                self.connection.get_property(false, self.root, mark, AtomEnum::WINDOW, 0, 1)?.reply()?;
            if property.value_len > 0 {
                return Ok(());
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}
