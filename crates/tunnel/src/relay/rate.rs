use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::AddressRate;

/// Buckets kept. Addresses that hash to the same one share it, so memory stays fixed whoever connects.
const BUCKETS: usize = 16_384;

/// What happens to a connection by its address's bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Served.
    Serve,
    /// Answered with 429.
    TooMany,
    /// Dropped without an answer.
    Drop,
}

/// The token buckets of all addresses.
pub(super) struct RateLimiter {
    rate: AddressRate,
    /// Keyed at random, so nobody can choose whom to share a bucket with.
    hasher: RandomState,
    start: Instant,
    /// For each bucket, when it will be full again, in nanoseconds since `start`.
    full_at: Mutex<Vec<u64>>,
}

impl RateLimiter {
    pub(super) fn new(rate: AddressRate, now: Instant) -> Self {
        Self { rate, hasher: RandomState::new(), start: now, full_at: Mutex::new(vec![0; BUCKETS]) }
    }

    /// Takes a token of this address.
    pub(super) fn take(&self, address: IpAddr, now: Instant) -> Verdict {
        let nanos = |duration: std::time::Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let now = nanos(now.saturating_duration_since(self.start));
        let token = nanos(self.rate.refill);
        let capacity = token.saturating_mul(u64::from(self.rate.burst.max(1)));

        let slot = self.hasher.hash_one(network(address));
        let slot = usize::try_from(slot % u64::try_from(BUCKETS).unwrap_or(1)).unwrap_or(0);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(full_at) = full_at.get_mut(slot) else { return Verdict::Drop };

        let with_this = (*full_at).max(now).saturating_add(token);
        let debt = with_this - now;
        if debt > capacity.saturating_mul(2) {
            return Verdict::Drop;
        }
        *full_at = with_this;
        if debt > capacity { Verdict::TooMany } else { Verdict::Serve }
    }
}

/// The part of an address that one person or household holds: all of IPv4, the first 64 bits of IPv6.
fn network(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u64::from(v4.to_bits()),
        // The top bits of a global address are never all zero, so no IPv4 address collides with it.
        IpAddr::V6(v6) => u64::try_from(v6.to_bits() >> 64).unwrap_or(u64::MAX),
    }
}

/// An address as logs show it: its /24 or /48 network.
pub(super) fn coarse(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & 0xffff_ff00).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & (u128::MAX << 80)).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limiter(burst: u32, start: Instant) -> RateLimiter {
        RateLimiter::new(AddressRate { burst, refill: Duration::from_secs(1) }, start)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn serves_the_burst_then_refuses_then_drops_and_recovers() {
        let start = Instant::now();
        let limiter = limiter(2, start);
        let verdicts: Vec<_> = (0..6).map(|_| limiter.take(ip("192.0.2.1"), start)).collect();
        use Verdict::{Drop, Serve, TooMany};
        assert_eq!(verdicts, [Serve, Serve, TooMany, TooMany, Drop, Drop]);
        let later = start + Duration::from_secs(3);
        assert_eq!(limiter.take(ip("192.0.2.1"), later), Serve);
        assert_eq!(limiter.take(ip("192.0.2.1"), later), TooMany);
    }

    #[test]
    fn one_network_shares_a_bucket_and_others_do_not() {
        let start = Instant::now();
        let limiter = limiter(1, start);
        assert_eq!(limiter.take(ip("2001:db8::1"), start), Verdict::Serve);
        assert_eq!(limiter.take(ip("2001:db8::ffff:1"), start), Verdict::TooMany);
        assert_eq!(limiter.take(ip("::ffff:192.0.2.1"), start), Verdict::Serve);
        assert_eq!(limiter.take(ip("192.0.2.1"), start), Verdict::TooMany);
    }

    #[test]
    fn logs_show_networks() {
        assert_eq!(coarse(ip("192.0.2.77")), ip("192.0.2.0"));
        assert_eq!(coarse(ip("2001:db8:1:2::3")), ip("2001:db8:1::"));
    }
}
