//! Whether this machine lets us make namespaces, and what to do where it does not.

use std::{fs, io, process::Command};

/// How `unshare` makes a network and a mount namespace of our own, in the order in which it is tried: as root of the
/// machine, and as an ordinary user (or a container's powerless root), who becomes root of a user namespace first.
const WAYS: [&[&str]; 2] =
    [&["--mount", "--net", "--"], &["--user", "--map-root-user", "--mount", "--net", "--"]];

/// Switches of the kernel, where they are, the value that forbids user namespaces, and what allows them.
const SWITCHES: [(&str, &str, &str); 3] = [
    ("/proc/sys/user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
];

/// The arguments of `unshare` that work here; else what is in the way, and what to do.
pub(super) fn way_in() -> Result<&'static [&'static str], String> {
    let mut said = String::new();
    for way in WAYS {
        // Mounting is what the last kind of refusal shows at: a user namespace without its rights.
        match Command::new("unshare").args(way).args(["mount", "-t", "tmpfs", "tmpfs", "/tmp"]).output() {
            Ok(tried) if tried.status.success() => return Ok(way),
            Ok(tried) => said = String::from_utf8_lossy(&tried.stderr).trim().to_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err("The ceremonies need `unshare`: install util-linux (make setup).".to_owned());
            }
            Err(error) => said = error.to_string(),
        }
    }
    Err(refusal(&said, |path| fs::read_to_string(path).ok()))
}

/// What happened, and what to do.
fn refusal(said: &str, read: impl Fn(&str) -> Option<String>) -> String {
    let forbids = |(path, forbidding, _): &(&str, &str, &str)| {
        read(path).is_some_and(|value| value.trim() == *forbidding)
    };
    let next = match SWITCHES.iter().find(|switch| forbids(switch)) {
        Some((_, _, command)) => format!("Allow them until the next start of the machine: {command}"),
        None => "In a container they are the container's to allow (docker: --cap-add SYS_ADMIN \
                 --security-opt apparmor=unconfined --security-opt seccomp=unconfined)."
            .to_owned(),
    };
    format!(
        "The ceremonies need a network and mounts of their own, and this machine does not let you make them: {said}.\n  \
         {next}\n  Or run the tests as root. All others run without: cargo test --workspace --exclude latchkey-tests"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_switch_that_is_in_the_way() {
        for (path, forbidding, command) in SWITCHES {
            let told = refusal("Operation not permitted", |asked| {
                (asked == path).then(|| format!("{forbidding}\n"))
            });
            assert!(told.contains(command) && told.contains("Operation not permitted"), "{told}");
        }
    }

    #[test]
    fn blames_no_switch_that_allows_it() {
        let told = refusal("Operation not permitted", |path| {
            let (_, forbidding, _) = SWITCHES.iter().find(|(known, _, _)| *known == path).unwrap();
            Some(if *forbidding == "0" { "1000\n" } else { "0\n" }.to_owned())
        });
        assert!(told.contains("In a container"), "{told}");
    }
}
