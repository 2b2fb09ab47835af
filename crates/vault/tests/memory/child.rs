//! The child's side: it does what a program does with a vault, and stops where its parent wants to look.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use latchkey_crypto::vault::Passphrase;
use latchkey_memory::wiping_stack;
use latchkey_passkey::{PasskeySecrets, PasskeyStore, RpId};
use latchkey_vault::Vault;

use crate::needles::slot_table;
use crate::proof::read_line;

/// Where the vault is.
pub(crate) const VAULT_VARIABLE: &str = "LATCHKEY_TEST_VAULT";
/// What is said before the name of a point.
pub(crate) const AT: &str = "child at ";

fn vault() -> PathBuf {
    std::env::var_os(VAULT_VARIABLE).unwrap().into()
}

fn stop_at(point: &str, input: &mut File) {
    println!("\n{AT}{point}");
    std::io::stdout().flush().unwrap();
    read_line(input);
}

#[test]
#[ignore = "run by nothing_is_left_of_a_closed_vault"]
fn opens_signs_and_closes() {
    let mut input = File::open("/proc/self/fd/0").unwrap();
    let mut rng = rand_core::UnwrapErr(getrandom::SysRng);

    let passphrase = wiping_stack(|| Passphrase::new(&read_line(&mut input)).unwrap());
    stop_at("asked", &mut input);

    let vault = wiping_stack(|| Vault::open(vault(), &passphrase).unwrap().0);
    drop(passphrase);
    let secrets: Vec<PasskeySecrets> = wiping_stack(|| {
        let passkeys = vault.find_by_rp_id(&RpId::parse("example.org").unwrap()).unwrap();
        passkeys.iter().map(|passkey| vault.secrets(passkey.core.id).unwrap().unwrap()).collect()
    });
    stop_at("open", &mut input);

    wiping_stack(|| {
        for PasskeySecrets { private_key, .. } in secrets {
            private_key.sign(b"authenticator data and hash", &mut rng).unwrap();
            private_key.public_key();
        }
    });
    stop_at("signed", &mut input);

    wiping_stack(|| vault.close().unwrap());
    stop_at("closed", &mut input);
}

#[test]
#[ignore = "run by nothing_is_left_of_a_key_slot_that_was_opened"]
fn holds_the_master_key() {
    let mut input = File::open("/proc/self/fd/0").unwrap();
    let table = slot_table(&vault());
    let passphrase = wiping_stack(|| Passphrase::new(&read_line(&mut input)).unwrap());
    let master_key = wiping_stack(|| table.open(&passphrase).unwrap().0);
    stop_at("held", &mut input);
    // Used, so that it is there until now.
    wiping_stack(|| table.verify(&master_key).unwrap());
    drop((master_key, passphrase));
    stop_at("dropped", &mut input);
}
