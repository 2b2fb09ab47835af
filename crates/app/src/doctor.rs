//! Tries what a sign-in needs, one thing after the other, and tells what came.
//!
//! The findings are values; the shells have the sentences and remedies for them. Every [`Check`] is told of, also
//! when an earlier one failed and it could not be tried.

mod vault;

use latchkey_bluetooth::{
    AdapterFacts, AdvertForm, AdvertisingFacts, BluezAdvertiser, KernelFacts, Radio, RadioError, Use,
};
use latchkey_crypto::hybrid::TunnelDomainId;
use latchkey_hybrid::port::TunnelError;
use latchkey_passkey::UnixSeconds;
use latchkey_tunnel::{TrustError, TunnelClient};
use time::{PrimitiveDateTime, macros::format_description};

pub use self::vault::VaultFinding;
use crate::{place::VaultPlace, random::now};

/// A clock that is further off than this is told of.
pub const TOLERATED_SKEW_SECONDS: u64 = 120;

/// What is looked at, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// BlueZ answers, and has an adapter.
    Adapter,
    /// The adapter is on.
    Power,
    /// The adapter can advertise.
    Advertising,
    /// The adapter has room for another advert.
    FreeAdverts,
    /// It takes an advert of the broadcast form.
    Broadcast,
    /// It takes an advert of the peripheral form.
    Peripheral,
    /// There are roots to check the tunnel service with.
    Certificates,
    /// The tunnel service can be reached and opens tunnels.
    Service,
    /// The tunnel service proves who it is.
    Tls,
    /// This machine's clock agrees with the tunnel service's.
    Clock,
    /// The vault's folder is there, its owner's alone, and can be written.
    VaultFolder,
    /// The vault in it is whole as far as can be seen without a passphrase, and free.
    Vault,
}

/// What came of one check.
#[derive(Debug)]
#[non_exhaustive]
pub enum Finding {
    /// It could not be tried, because `needs` did not go well.
    NotTried {
        /// What would have been tried.
        check: Check,
        /// What it needs.
        needs: Check,
    },
    /// BlueZ has these adapters; the first is the one that was looked at further.
    Adapters(Vec<String>),
    /// There is no adapter to look at.
    NoAdapter {
        /// What bluetoothd said.
        error: RadioError,
        /// What the kernel knows.
        kernel: KernelFacts,
    },
    /// The adapter is on.
    PowerOn,
    /// The adapter is off, or held off.
    PowerOff {
        /// Which of both.
        error: RadioError,
        /// What the kernel knows.
        kernel: KernelFacts,
    },
    /// The adapter can advertise.
    CanAdvertise,
    /// The adapter cannot advertise.
    CannotAdvertise(RadioError),
    /// How many adverts the adapter could still take.
    Instances(AdvertisingFacts),
    /// An advert of each form was tried, broadcast first.
    Forms(Vec<(AdvertForm, Result<(), RadioError>)>),
    /// There are roots to check the tunnel service with.
    Roots,
    /// There are none.
    NoRoots(TrustError),
    /// The tunnel service opened a tunnel.
    Service {
        /// Its name.
        domain: String,
    },
    /// The tunnel service answers; that it is the one was not shown.
    ServiceReached {
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
    /// The tunnel service proved who it is.
    Proven,
    /// The tunnel service did not prove who it is.
    NotProven(TunnelError),
    /// The tunnel service's clock, and ours, in Unix seconds.
    Clock {
        /// Theirs.
        theirs: UnixSeconds,
        /// Ours.
        ours: UnixSeconds,
    },
    /// The tunnel service did not say what time it is.
    NoClock,
    /// The vault or its folder.
    Vault(VaultFinding),
}

/// Tries everything. Takes a few seconds at most per thing; puts an advert of meaningless bytes on the air.
pub async fn examine(radio: &Radio, domain: TunnelDomainId, place: &VaultPlace) -> Vec<Finding> {
    let mut findings = examine_radio(radio).await;
    findings.extend(examine_service(domain).await);
    findings.extend(vault::examine(place));
    findings
}

fn not_tried<const N: usize>(checks: [Check; N], needs: Check) -> impl Iterator<Item = Finding> {
    checks.into_iter().map(move |check| Finding::NotTried { check, needs })
}

async fn examine_radio(radio: &Radio) -> Vec<Finding> {
    match radio.adapters().await {
        Ok(adapters) => match radio.choose(&adapters, Use::Advertising) {
            Ok(adapter) => try_adapter(radio, adapter).await,
            Err(error) => unusable(&adapters, error),
        },
        Err(error) => unusable(&[], error),
    }
}

/// The adapter that a sign-in would use.
async fn try_adapter(radio: &Radio, adapter: &AdapterFacts) -> Vec<Finding> {
    let mut findings =
        vec![Finding::Adapters(vec![adapter.name.clone()]), Finding::PowerOn, Finding::CanAdvertise];
    findings.extend(adapter.advertising.clone().map(Finding::Instances));
    let forms = BluezAdvertiser::new(radio.clone()).try_forms().await.map(Vec::from);
    findings.push(Finding::Forms(forms.unwrap_or_else(|error| {
        vec![(AdvertForm::Broadcast, Err(error.clone())), (AdvertForm::Peripheral, Err(error))]
    })));
    findings
}

/// Every check of the radio where no adapter can be used.
fn unusable(adapters: &[AdapterFacts], error: RadioError) -> Vec<Finding> {
    use Check::{Adapter, Advertising, Broadcast, FreeAdverts, Peripheral, Power};
    let there = || Finding::Adapters(adapters.iter().map(|adapter| adapter.name.clone()).collect());
    match error {
        RadioError::AdapterOff | RadioError::AdapterBlocked => {
            let off = Finding::PowerOff { error, kernel: KernelFacts::read() };
            let rest = not_tried([Advertising, FreeAdverts, Broadcast, Peripheral], Power);
            [there(), off].into_iter().chain(rest).collect()
        }
        RadioError::CannotAdvertise => {
            let mute = Finding::CannotAdvertise(error);
            let rest = not_tried([FreeAdverts, Broadcast, Peripheral], Advertising);
            [there(), Finding::PowerOn, mute].into_iter().chain(rest).collect()
        }
        error => {
            let none = Finding::NoAdapter { error, kernel: KernelFacts::read() };
            let rest = not_tried([Power, Advertising, FreeAdverts, Broadcast, Peripheral], Adapter);
            [none].into_iter().chain(rest).collect()
        }
    }
}

async fn examine_service(domain: TunnelDomainId) -> Vec<Finding> {
    use Check::{Certificates, Clock, Service, Tls};
    let client = match TunnelClient::new() {
        Ok(client) => client,
        Err(error) => {
            let rest = not_tried([Service, Tls, Clock], Certificates);
            return [Finding::NoRoots(error)].into_iter().chain(rest).collect();
        }
    };
    let probe = client.probe(domain).await;
    let probe = probe.map(|probe| probe.date.as_deref().and_then(http_date));
    [Finding::Roots].into_iter().chain(served(domain.domain_name(), probe)).collect()
}

/// What an attempt to open a tunnel says of the service, its proof, and the clock.
fn served(domain: String, probe: Result<Option<UnixSeconds>, TunnelError>) -> [Finding; 3] {
    let untried = |check, needs| Finding::NotTried { check, needs };
    match probe {
        Ok(date) => {
            let clock = date.map_or(Finding::NoClock, |theirs| Finding::Clock { theirs, ours: now() });
            [Finding::Service { domain }, Finding::Proven, clock]
        }
        Err(TunnelError::Tls) => [
            Finding::ServiceReached { domain },
            Finding::NotProven(TunnelError::Tls),
            untried(Check::Clock, Check::Tls),
        ],
        Err(error) => {
            // Everything else comes before a connection, or from a service that has proven itself.
            let proven = match error {
                TunnelError::NoNetwork { .. }
                | TunnelError::NameNotFound
                | TunnelError::Unreachable
                | TunnelError::TimedOut => untried(Check::Tls, Check::Service),
                _ => Finding::Proven,
            };
            [Finding::NoService { domain, error }, proven, untried(Check::Clock, Check::Service)]
        }
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
    fn what_failed_is_told_once_and_what_needs_it_is_not_tried() {
        for (error, failed, untried) in [
            (RadioError::NoDaemon, 0, 5),
            (RadioError::NoAdapter, 0, 5),
            (RadioError::AdapterOff, 1, 4),
            (RadioError::AdapterBlocked, 1, 4),
            (RadioError::CannotAdvertise, 2, 3),
        ] {
            let findings = unusable(&[], error.clone());
            // The six checks of the radio, each once.
            assert_eq!(findings.len(), 6, "{error}");
            let not_tried = findings.iter().filter(|f| matches!(f, Finding::NotTried { .. })).count();
            assert_eq!(not_tried, untried, "{error}");
            assert!(
                matches!(
                    findings.get(failed),
                    Some(Finding::NoAdapter { .. } | Finding::PowerOff { .. } | Finding::CannotAdvertise(_))
                ),
                "{error}: {findings:?}"
            );
        }
    }

    #[test]
    fn a_service_that_is_not_reached_proves_nothing() {
        for error in [TunnelError::Unreachable, TunnelError::NameNotFound, TunnelError::TimedOut] {
            let [service, tls, clock] = served(String::new(), Err(error));
            assert!(matches!(service, Finding::NoService { .. }));
            assert!(matches!(tls, Finding::NotTried { check: Check::Tls, needs: Check::Service }));
            assert!(matches!(clock, Finding::NotTried { check: Check::Clock, needs: Check::Service }));
        }
    }

    #[test]
    fn a_service_that_is_another_was_reached_all_the_same() {
        let [service, tls, clock] = served(String::new(), Err(TunnelError::Tls));
        assert!(matches!(service, Finding::ServiceReached { .. }));
        assert!(matches!(tls, Finding::NotProven(_)));
        assert!(matches!(clock, Finding::NotTried { check: Check::Clock, needs: Check::Tls }));
    }

    #[test]
    fn a_service_that_refuses_has_proven_itself() {
        let [service, tls, clock] = served(String::new(), Err(TunnelError::Refused { status: 503 }));
        assert!(matches!(service, Finding::NoService { .. }));
        assert!(matches!(tls, Finding::Proven));
        assert!(matches!(clock, Finding::NotTried { .. }));
    }

    #[test]
    fn a_service_without_a_clock_is_told() {
        let [_, _, clock] = served(String::new(), Ok(None));
        assert!(matches!(clock, Finding::NoClock));
    }
}
