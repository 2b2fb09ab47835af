//! Tries what a sign-in needs, one thing after the other, and tells what came.
//!
//! The findings are values; the shells have the sentences and remedies for them.

use std::{fs, io, os::unix::fs::PermissionsExt, path::PathBuf};

use latchkey_bluetooth::{
    AdvertForm, AdvertisingFacts, BluezAdvertiser, KernelFacts, Radio, RadioError, Use,
};
use latchkey_crypto::hybrid::TunnelDomainId;
use latchkey_hybrid::port::TunnelError;
use latchkey_passkey::UnixSeconds;
use latchkey_tunnel::{TrustError, TunnelClient};
use time::{PrimitiveDateTime, macros::format_description};

use crate::{place::VaultPlace, random::now};

/// A clock that is further off than this is told of.
pub const TOLERATED_SKEW_SECONDS: u64 = 120;

/// One thing that was tried, and what came.
#[derive(Debug)]
#[non_exhaustive]
pub enum Finding {
    /// An adapter that is on and can advertise was found.
    Adapter {
        /// Its name, such as `hci0`.
        name: String,
    },
    /// No adapter can be used, and why.
    NoAdapter {
        /// What bluetoothd said.
        error: RadioError,
        /// What the kernel knows.
        kernel: KernelFacts,
    },
    /// How many adverts the adapter could still take.
    Instances(AdvertisingFacts),
    /// An advert of each form was tried, broadcast first.
    Forms(Vec<(AdvertForm, Result<(), RadioError>)>),
    /// The tunnel service answered.
    Service {
        /// Its name.
        domain: String,
    },
    /// The tunnel service did not answer as it should.
    NoService {
        /// Its name.
        domain: String,
        /// Why.
        error: TunnelError,
    },
    /// There are no trusted roots to check the service with.
    NoRoots(TrustError),
    /// The tunnel service's clock, and ours, in Unix seconds.
    Clock {
        /// Theirs.
        theirs: UnixSeconds,
        /// Ours.
        ours: UnixSeconds,
    },
    /// The vault's folder is there, and only its owner can enter it.
    VaultPrivate(PathBuf),
    /// The vault's folder is open to others; its permission bits.
    VaultOpen(PathBuf, u32),
    /// There is no vault yet.
    NoVault(PathBuf),
    /// The vault's folder cannot be looked at.
    VaultUnreadable(PathBuf, io::Error),
}

/// Tries everything. Takes a few seconds at most per thing; puts an advert of meaningless bytes on the air.
pub async fn examine(radio: &Radio, domain: TunnelDomainId, place: &VaultPlace) -> Vec<Finding> {
    let mut findings = examine_radio(radio).await;
    findings.extend(examine_service(domain).await);
    findings.push(examine_vault(place));
    findings
}

async fn examine_radio(radio: &Radio) -> Vec<Finding> {
    let no_adapter = |error| vec![Finding::NoAdapter { error, kernel: KernelFacts::read() }];
    let adapters = match radio.adapters().await {
        Ok(adapters) => adapters,
        Err(error) => return no_adapter(error),
    };
    let adapter = match radio.choose(&adapters, Use::Advertising) {
        Ok(adapter) => adapter,
        Err(error) => return no_adapter(error),
    };
    let mut findings = vec![Finding::Adapter { name: adapter.name.clone() }];
    findings.extend(adapter.advertising.clone().map(Finding::Instances));
    match BluezAdvertiser::new(radio.clone()).try_forms().await {
        Ok(forms) => findings.push(Finding::Forms(forms.into())),
        Err(error) => findings.extend(no_adapter(error)),
    }
    findings
}

async fn examine_service(domain: TunnelDomainId) -> Vec<Finding> {
    let client = match TunnelClient::new() {
        Ok(client) => client,
        Err(error) => return vec![Finding::NoRoots(error)],
    };
    let name = domain.domain_name();
    match client.probe(domain).await {
        Ok(probe) => {
            let clock = probe.date.as_deref().and_then(http_date);
            let clock = clock.map(|theirs| Finding::Clock { theirs, ours: now() });
            [Finding::Service { domain: name }].into_iter().chain(clock).collect()
        }
        Err(error) => vec![Finding::NoService { domain: name, error }],
    }
}

fn examine_vault(place: &VaultPlace) -> Finding {
    let folder = place.folder.clone();
    match fs::metadata(&folder) {
        Ok(metadata) => match metadata.permissions().mode() & 0o777 {
            mode if mode & 0o077 == 0 => Finding::VaultPrivate(folder),
            mode => Finding::VaultOpen(folder, mode),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Finding::NoVault(folder),
        Err(error) => Finding::VaultUnreadable(folder, error),
    }
}

/// Reads an HTTP date in its one modern form (RFC 9110 §5.6.7), `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<UnixSeconds> {
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let date = PrimitiveDateTime::parse(text, form).ok()?;
    u64::try_from(date.assume_utc().unix_timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_http_date() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(http_date("yesterday"), None);
    }

    #[test]
    fn tells_private_open_and_missing_folders_apart() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault");
        let place = VaultPlace { folder: vault.clone(), state: folder.path().join("state") };
        assert!(matches!(examine_vault(&place), Finding::NoVault(_)));
        fs::create_dir(&vault).unwrap();
        fs::set_permissions(&vault, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(examine_vault(&place), Finding::VaultOpen(_, 0o755)));
        fs::set_permissions(&vault, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(matches!(examine_vault(&place), Finding::VaultPrivate(_)));
    }
}
