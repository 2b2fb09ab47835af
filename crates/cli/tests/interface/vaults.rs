//! Vaults that are made once and copied into every home that needs one: each key derivation costs time.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use latchkey_app::os_random;
use latchkey_crypto::{
    cose::{Algorithm, PrivateKey},
    vault::{KdfCost, KdfParams, Machine, Passphrase},
};
use latchkey_passkey::{
    BackupEligibility, CounterMode, CredProtect, CredentialId, Custody, Door, Labels, Outcome, Passkey,
    PasskeyCore, PasskeyId, PasskeySecrets, PasskeyStore, PrfSeeds, RpId, Seed, Usage, UseKind, UseRecord,
    UserHandle, Verification,
};
use latchkey_vault::Vault;

pub(crate) const PASSPHRASE: &str = "tulip orbit walnut mosaic ferry";

/// Ids in the filled vault; the first two begin alike.
pub(crate) const ALICE: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
pub(crate) const BOB: &str = "0a0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b";
pub(crate) const MALLORY: &str = "ffffffffffffffffffffffffffffffff";
/// In the bin: replaced by Bob's.
pub(crate) const BINNED: &str = "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c";

/// What Mallory's site calls her: cursor movements of two kinds, a title, a change of direction, a line's end.
pub(crate) const NASTY_NAME: &str = "mal\u{1b}[2J\u{9b}31m\u{202e}lory\r\nSite  other.example\u{7f}";
pub(crate) const NASTY_DISPLAY_NAME: &str = "\u{1b}]0;owned\u{7}\u{8}\u{2066}M";

/// 2097-01-15T08:00:00Z: so late that nothing in the bin is overdue whenever the tests run.
const MADE_AT: u64 = 4_009_075_200;

/// A folder's files.
pub(crate) struct Snapshot(Vec<(PathBuf, Vec<u8>)>);

impl Snapshot {
    /// Writes the files into a new folder, with the rights that a vault has.
    pub(crate) fn write_to(&self, folder: &Path) {
        for (path, content) in &self.0 {
            let path = folder.join(path);
            let above = path.parent().unwrap();
            fs::DirBuilder::new().recursive(true).mode(0o700).create(above).unwrap();
            let mut options = fs::OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o600).open(&path).unwrap();
            std::io::Write::write_all(&mut file, content).unwrap();
        }
    }

    fn take(folder: &Path) -> Self {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap()));
                }
            }
        }
        Self(files)
    }
}

/// A vault without passkeys.
pub(crate) fn empty() -> &'static Snapshot {
    static MADE: OnceLock<Snapshot> = OnceLock::new();
    MADE.get_or_init(|| make(|_| {}))
}

/// A vault with three passkeys and a binned one: Alice, who signed in, and Bob at example.org; Mallory at
/// shop.example.
pub(crate) fn filled() -> &'static Snapshot {
    static MADE: OnceLock<Snapshot> = OnceLock::new();
    MADE.get_or_init(|| make(fill))
}

fn make(fill: impl Fn(&mut Vault)) -> Snapshot {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("vault");
    // The cheapest that opens.
    let cost = KdfCost { passes: 3, memory_kib: 64 * 1024, lanes: 4 };
    let params = KdfParams::new(cost, Machine::Small).unwrap();
    let mut vault =
        Vault::create(&place, &Passphrase::new(PASSPHRASE).unwrap(), params, &mut os_random()).unwrap();
    fill(&mut vault);
    vault.close().unwrap();
    Snapshot::take(&place)
}

fn fill(vault: &mut Vault) {
    let alice = labels("alice@example.org", "Alice");
    let bob = Labels {
        name: Some("work".to_owned()),
        tags: vec!["office".to_owned()],
        favourite: true,
        ..labels("bob", "Bob")
    };
    let created = used(0, UseKind::Create, Some(Verification::Passphrase));
    let add = |vault: &mut Vault, passkey: Passkey, replaces| {
        vault.add(&passkey, &secrets(passkey.core.algorithm), replaces, &created).unwrap();
    };
    add(vault, passkey(ALICE, "example.org", alice, Algorithm::Es256), None);
    add(vault, passkey(BINNED, "example.org", labels("bob", "Bob"), Algorithm::Es256), None);
    let binned = PasskeyId::parse(BINNED);
    add(vault, passkey(BOB, "example.org", bob, Algorithm::EdDsa), binned);
    let mallory = labels(NASTY_NAME, NASTY_DISPLAY_NAME);
    add(vault, passkey(MALLORY, "shop.example", mallory, Algorithm::Es384), None);

    let alice = PasskeyId::parse(ALICE).unwrap();
    let refused = UseRecord { outcome: Outcome::Refused, ..used(60, UseKind::SignIn, None) };
    vault.record_use(alice, &refused).unwrap();
    vault.record_use(alice, &used(120, UseKind::SignIn, Some(Verification::Script))).unwrap();
}

fn labels(user_name: &str, user_display_name: &str) -> Labels {
    Labels {
        rp_name: Some("Example".to_owned()),
        user_name: user_name.to_owned(),
        user_display_name: user_display_name.to_owned(),
        ..Labels::default()
    }
}

fn used(seconds: u64, kind: UseKind, verification: Option<Verification>) -> UseRecord {
    UseRecord { at: MADE_AT + seconds, kind, door: Door::Hybrid, outcome: Outcome::Approved, verification }
}

fn passkey(id: &str, rp_id: &str, labels: Labels, algorithm: Algorithm) -> Passkey {
    let id = PasskeyId::parse(id).unwrap();
    Passkey {
        core: PasskeyCore {
            id,
            rp_id: RpId::parse(rp_id).unwrap(),
            credential_id: CredentialId::new([*id.as_bytes(), [0xfb; 16]].concat()).unwrap(),
            user_handle: UserHandle::new(vec![0xff, 0xfe, 0x01]).unwrap(),
            algorithm,
            discoverable: true,
            backup: BackupEligibility::Yes,
            custody: Custody::Syncable,
            cred_protect: CredProtect::UserVerificationOptional,
            created_at: MADE_AT,
            payments: false,
            counter: CounterMode::Zero,
            source_counter: None,
        },
        labels,
        usage: Usage::default(),
    }
}

fn secrets(algorithm: Algorithm) -> PasskeySecrets {
    PasskeySecrets {
        private_key: PrivateKey::generate(algorithm, &mut os_random()).unwrap(),
        prf_seeds: PrfSeeds { with_uv: Seed::from_bytes([1; 32]), without_uv: Seed::from_bytes([2; 32]) },
        cred_blob: None,
        large_blob_key: None,
    }
}
