//! A network and a mount namespace for one test program.

mod permission;

use std::{
    env, fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

const INSIDE: &str = "LATCHKEY_TESTS_INSIDE";

/// The domain that the product connects to by default; here it is loopback.
pub const TUNNEL_DOMAIN: &str = "cable.ua5v.com";

/// Where X servers put their sockets.
const SOCKET_FOLDER: &str = "/tmp/.X11-unix";

/// Is this process inside?
pub fn is_inside() -> bool {
    env::var_os(INSIDE).is_some()
}

/// Runs this program again inside, with the same arguments, and ends as it ends.
///
/// An ordinary user becomes root of a user namespace first; root needs none. Where the kernel allows neither, it says
/// what to do.
pub fn enter() -> ExitCode {
    let status = permission::way_in().and_then(|way| {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let mut inside = Command::new("unshare");
        inside.args(way).arg(program).args(env::args_os().skip(1)).env(INSIDE, "1");
        // The scenario and its assertion say enough.
        inside.env("RUST_BACKTRACE", "0");
        inside.status().map_err(|error| error.to_string())
    });
    match status {
        Ok(status) => u8::try_from(status.code().unwrap_or(1)).unwrap_or(1).into(),
        Err(refused) => {
            eprintln!("{refused}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the inside ready: loopback up, the tunnel domain on it, and a place for X11 sockets that no display of
/// the machine uses (Xvfb looks for free numbers in this network namespace only).
pub fn furnish(folder: &Path) -> io::Result<()> {
    run("ip", &["link", "set", "lo", "up"])?;
    let hosts = folder.join("hosts");
    fs::write(&hosts, format!("127.0.0.1 localhost {TUNNEL_DOMAIN}\n::1 localhost\n"))?;
    run("mount", &["--bind", text(&hosts)?, "/etc/hosts"])?;
    make_socket_folder()?;
    run("mount", &["-t", "tmpfs", "-o", "mode=1777", "tmpfs", SOCKET_FOLDER])
}

/// The mount's place has to be there on the machine. Made as an X server makes it, for whoever starts one next.
fn make_socket_folder() -> io::Result<()> {
    match fs::create_dir(SOCKET_FOLDER) {
        Ok(()) => fs::set_permissions(SOCKET_FOLDER, fs::Permissions::from_mode(0o1777)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn text(path: &Path) -> io::Result<&str> {
    path.to_str().ok_or_else(|| io::Error::other("temporary folder's name is not text"))
}

fn run(program: &str, arguments: &[&str]) -> io::Result<()> {
    let status = Command::new(program).args(arguments).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{program} failed"))) }
}

/// Builds the product's program and returns its place. Run outside, where the registries are.
///
/// Cargo makes a package's programs known to its own tests only, so the way is found from this program's.
pub fn build_product() -> io::Result<PathBuf> {
    let place = product()?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--locked", "--package", "latchkey-cli"]);
    if place.parent().is_some_and(|folder| folder.ends_with("release")) {
        cargo.arg("--release");
    }
    let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status()?;
    if status.success() { Ok(place) } else { Err(io::Error::other("the product does not build")) }
}

/// The place of the product's program: beside the folder that this program is in.
pub fn product() -> io::Result<PathBuf> {
    let here = env::current_exe()?;
    let folder = here.parent().and_then(Path::parent);
    folder.map(|folder| folder.join("latchkey")).ok_or_else(|| io::Error::other("no target folder"))
}
