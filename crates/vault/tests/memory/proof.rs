//! What a child's memory holds, step by step.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};

use latchkey_crypto::cose::{Algorithm, PrivateKey};
use latchkey_crypto::vault::{KdfCost, KdfParams, Machine, Passphrase};
use latchkey_passkey::{
    BackupEligibility, CounterMode, CredProtect, CredentialId, Custody, Door, Labels, Outcome, Passkey,
    PasskeyCore, PasskeyId, PasskeySecrets, PasskeyStore, PrfSeeds, RpId, Seed, Usage, UseKind, UseRecord,
    UserHandle, Verification,
};
use latchkey_vault::Vault;
use zeroize::Zeroizing;

use crate::child;
use crate::dump::{Dump, Found, LOCKED};
use crate::needles::{Needle, Needles};

/// A vault with a passkey of each algorithm, and what must not be found.
struct Setting {
    _place: tempfile::TempDir,
    path: PathBuf,
    passphrase: String,
    needles: Needles,
}

impl Setting {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("vault");
        let cost = KdfCost { passes: 3, memory_kib: 64 * 1024, lanes: 4 };
        let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
        // Drawn, as one that is written down here would be found in the program's own file.
        let [high, low] = [0; 2].map(|_: u64| rand_core::Rng::next_u64(&mut rng));
        let text = format!("{high:016x} {low:016x}");
        let passphrase = Passphrase::new(&text).unwrap();
        let params = KdfParams::new(cost, Machine::Small).unwrap();
        let mut vault = Vault::create(&path, &passphrase, params, &mut rng).unwrap();
        let mut needles = Needles::of_vault(&path, &text);
        for (n, algorithm) in (1..).zip(Algorithm::ALL) {
            let private_key = PrivateKey::generate(algorithm, &mut rng).unwrap();
            let seeds = [0, 1].map(|_| Seed::fill(|bytes| rand_core::Rng::fill_bytes(&mut rng, bytes)));
            needles.add_passkey(&private_key, &seeds);
            let [with_uv, without_uv] = seeds;
            let prf_seeds = PrfSeeds { with_uv, without_uv };
            let secrets = PasskeySecrets { private_key, prf_seeds, cred_blob: None, large_blob_key: None };
            vault.add(&passkey(n, algorithm), &secrets, None, &created()).unwrap();
        }
        vault.close().unwrap();
        Self { _place: place, path, passphrase: text, needles }
    }
}

fn passkey(n: u8, algorithm: Algorithm) -> Passkey {
    Passkey {
        core: PasskeyCore {
            id: PasskeyId::from_bytes([n; 16]),
            rp_id: RpId::parse("example.org").unwrap(),
            credential_id: CredentialId::new(vec![n; 32]).unwrap(),
            user_handle: UserHandle::new(vec![n]).unwrap(),
            algorithm,
            discoverable: true,
            backup: BackupEligibility::Yes,
            custody: Custody::Syncable,
            cred_protect: CredProtect::UserVerificationOptional,
            created_at: 1_800_000_000,
            payments: false,
            counter: CounterMode::Zero,
            source_counter: None,
        },
        labels: Labels { user_name: format!("user {n}"), ..Labels::default() },
        usage: Usage::default(),
    }
}

fn created() -> UseRecord {
    UseRecord {
        at: 1_800_000_000,
        kind: UseKind::Create,
        door: Door::Hybrid,
        outcome: Outcome::Approved,
        verification: Some(Verification::Passphrase),
    }
}

/// A running child: this program again, with one ignored test.
struct Child {
    process: std::process::Child,
    said: BufReader<ChildStdout>,
}

impl Child {
    fn start(test: &str, vault: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--ignored", "--nocapture"])
            .env(child::VAULT_VARIABLE, vault)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        Self { process, said }
    }

    fn give(&mut self, text: &str) {
        self.process.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the child has come to a point, and searches it there.
    fn at(&mut self, point: &str, needles: &Needles) -> Found {
        let expected = format!("{}{point}", child::AT);
        let mut line = String::new();
        while line.trim_end() != expected {
            line.clear();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "the child ended before {point}");
        }
        let dump = Dump::of(self.process.id());
        let found = dump.search(needles);
        println!("{point}: {} KiB searched; {found}", dump.len() / 1024);
        found
    }

    fn go_on(&mut self) {
        self.give("\n");
    }

    fn end(mut self) {
        self.go_on();
        assert!(self.process.wait().unwrap().success());
    }
}

#[test]
fn nothing_is_left_of_a_closed_vault() {
    let setting = Setting::new();
    let needles = &setting.needles;
    let mut child = Child::start("child::opens_signs_and_closes", &setting.path);

    child.give(&format!("{}\n", setting.passphrase));
    let asked = child.at("asked", needles);
    assert!(asked.has(Needle::Passphrase), "the search finds a passphrase that is there");
    child.go_on();

    let open = child.at("open", needles);
    assert!(open.has(Needle::RecordKey), "the search finds the keys of an open vault");
    let record_keys = open.of(Needle::RecordKey);
    assert!(record_keys.iter().all(|place| place.contains(LOCKED)), "only in locked pages: {record_keys:?}");
    for in_use in [Needle::PrivateKey, Needle::RsaPrivateKey, Needle::PrfSeed] {
        assert!(open.has(in_use), "and {in_use:?}, in use");
    }
    assert_eq!(open.of(Needle::ToTheVault), [""; 0], "what opened it is gone");
    assert_eq!(open.of(Needle::Passphrase), [""; 0]);
    child.go_on();

    let signed = child.at("signed", needles);
    assert!(signed.has(Needle::RecordKey), "the vault is still open");
    assert_eq!(signed.of(Needle::PrivateKey), [""; 0], "no private key outlives its use");
    assert_eq!(signed.of(Needle::PrfSeed), [""; 0]);
    child.go_on();

    let closed = child.at("closed", needles);
    assert_eq!(closed.all_but(Needle::RsaPrivateKey), [""; 0]);
    if crate::HEAP_IS_WIPED {
        assert_eq!(closed.of(Needle::RsaPrivateKey), [""; 0]);
    }
    child.end();
}

#[test]
fn nothing_is_left_of_a_key_slot_that_was_opened() {
    let setting = Setting::new();
    let needles = &setting.needles;
    let mut child = Child::start("child::holds_the_master_key", &setting.path);
    child.give(&format!("{}\n", setting.passphrase));
    let held = child.at("held", needles);
    assert!(held.has(Needle::ToTheVault), "the search finds a master key that is there");
    child.go_on();
    assert_eq!(child.at("dropped", needles).all_but(Needle::RsaPrivateKey), [""; 0]);
    child.end();
}

/// The first line of the input, without the buffer of `std::io::stdin`, which nobody wipes.
pub(crate) fn read_line(input: &mut File) -> Zeroizing<String> {
    use std::io::Read;

    let mut line = Zeroizing::new(Vec::with_capacity(256));
    let mut byte = Zeroizing::new([0]);
    while input.read(byte.as_mut_slice()).unwrap() == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    let mut text = Zeroizing::new(String::with_capacity(256));
    text.push_str(std::str::from_utf8(&line).unwrap());
    text
}
