//! What the kernel says, for when bluetoothd does not run or is too old to tell.

use std::{fs, path::Path};

/// The kernel's side of Bluetooth.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct KernelFacts {
    /// Controllers with a driver, such as `hci0`, by name.
    pub controllers: Vec<String>,
    /// The rfkill switches of kind bluetooth.
    pub switches: Vec<RadioSwitch>,
}

/// One rfkill switch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RadioSwitch {
    /// The device it belongs to, such as `hci0` or `tpacpi_bluetooth_sw`.
    pub name: String,
    /// Off in software: flight mode or `rfkill block`.
    pub soft_blocked: bool,
    /// Off by a switch or key on the machine; no program can turn it on.
    pub hard_blocked: bool,
}

impl KernelFacts {
    /// Reads `/sys/class`. What cannot be read counts as absent.
    pub fn read() -> Self {
        Self::read_from(Path::new("/sys/class"))
    }

    /// Whether any Bluetooth switch is blocked.
    pub fn is_blocked(&self) -> bool {
        self.switches.iter().any(|switch| switch.soft_blocked || switch.hard_blocked)
    }

    fn read_from(class: &Path) -> Self {
        // `hci0:256` and the like are connections, not controllers.
        let controllers = entries(&class.join("bluetooth"))
            .into_iter()
            .filter(|name| name.starts_with("hci") && !name.contains(':'))
            .collect();
        let rfkill = class.join("rfkill");
        let switches = entries(&rfkill)
            .into_iter()
            .map(|entry| rfkill.join(entry))
            .filter(|folder| text(folder, "type") == "bluetooth")
            .map(|folder| RadioSwitch {
                name: text(&folder, "name"),
                soft_blocked: text(&folder, "soft") == "1",
                hard_blocked: text(&folder, "hard") == "1",
            })
            .collect();
        Self { controllers, switches }
    }
}

/// The names in a folder, sorted.
fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(name), text).unwrap();
    }

    #[test]
    fn reads_controllers_and_bluetooth_switches_only() {
        let class = tempfile::tempdir().unwrap();
        fs::create_dir_all(class.path().join("bluetooth/hci0")).unwrap();
        fs::create_dir_all(class.path().join("bluetooth/hci0:64")).unwrap();
        for (entry, kind, name, soft, hard) in
            [("rfkill0", "bluetooth", "hci0", "1", "0"), ("rfkill1", "wlan", "phy0", "1", "1")]
        {
            let folder = class.path().join("rfkill").join(entry);
            write(&folder, "type", kind);
            write(&folder, "name", name);
            write(&folder, "soft", soft);
            write(&folder, "hard", hard);
        }
        let facts = KernelFacts::read_from(class.path());
        assert_eq!(facts.controllers, ["hci0"]);
        assert_eq!(
            facts.switches,
            [RadioSwitch { name: String::from("hci0"), soft_blocked: true, hard_blocked: false }]
        );
        assert!(facts.is_blocked());
    }

    #[test]
    fn a_machine_without_bluetooth_has_nothing() {
        let facts = KernelFacts::read_from(Path::new("/nonexistent"));
        assert_eq!(facts, KernelFacts::default());
        assert!(!facts.is_blocked());
    }
}
