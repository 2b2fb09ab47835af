//! A radio inside this process: what one end sends, every other end hears.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use latchkey_crypto::hybrid::{Advert, EidKey, MatchedAdvert};
use latchkey_hybrid::port::{Advertiser, AdvertiserError, Scanner, ScannerError};
use tokio::sync::watch;

type Air = BTreeMap<u64, Vec<u8>>;

/// Both ends of a radio. Clones share the air.
#[derive(Clone, Debug, Default)]
pub struct LoopbackRadio {
    air: Arc<watch::Sender<Air>>,
    next: Arc<AtomicU64>,
}

/// An advert on the loopback air; dropping it takes it down.
#[derive(Debug)]
pub struct OnLoopback {
    air: Arc<watch::Sender<Air>>,
    number: u64,
}

impl LoopbackRadio {
    /// How many adverts are on the air now.
    pub fn adverts(&self) -> usize {
        self.air.borrow().len()
    }
}

impl Advertiser for LoopbackRadio {
    type OnAir = OnLoopback;

    async fn advertise(&self, advert: &Advert) -> Result<OnLoopback, AdvertiserError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.air.send_modify(|air| {
            air.insert(number, advert.as_bytes().to_vec());
        });
        Ok(OnLoopback { air: self.air.clone(), number })
    }

    async fn withdraw(&self, on_air: OnLoopback) {
        drop(on_air);
    }
}

impl Scanner for LoopbackRadio {
    async fn find(&self, eid_key: &EidKey) -> Result<MatchedAdvert, ScannerError> {
        let mut air = self.air.subscribe();
        loop {
            let heard = air.borrow_and_update().clone();
            if let Some(matched) = heard.values().find_map(|bytes| Advert::open(eid_key, bytes).ok()) {
                return Ok(matched);
            }
            // The sender lives as long as this radio, so this ends only with a new advert.
            if air.changed().await.is_err() {
                return Err(ScannerError::NoAdapter);
            }
        }
    }
}

impl Drop for OnLoopback {
    fn drop(&mut self) {
        self.air.send_modify(|air| {
            air.remove(&self.number);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use latchkey_crypto::hybrid::{AdvertPlaintext, QrSecret, RoutingId, TunnelDomainId, derive_eid_key};
    use rand_core::UnwrapErr;
    use tokio::time::timeout;

    use super::*;

    fn key(secret: u8) -> EidKey {
        derive_eid_key(&QrSecret::from_bytes([secret; 16]))
    }

    fn advert(key: &EidKey) -> Advert {
        let mut rng = UnwrapErr(getrandom::SysRng);
        let routing_id = RoutingId::new([1, 2, 3]);
        Advert::seal(key, &AdvertPlaintext::generate(routing_id, TunnelDomainId::DEFAULT, &mut rng))
    }

    #[tokio::test]
    async fn hears_the_advert_of_its_own_ceremony_also_when_it_comes_later() {
        let (radio, ours) = (LoopbackRadio::default(), key(1));
        let _other = radio.advertise(&advert(&key(2))).await.unwrap();
        let heard = radio.find(&ours);
        tokio::pin!(heard);
        assert!(timeout(Duration::from_millis(20), &mut heard).await.is_err());
        let _ours = radio.advertise(&advert(&ours)).await.unwrap();
        assert_eq!(heard.await.unwrap().plaintext().routing_id(), RoutingId::new([1, 2, 3]));
    }

    #[tokio::test]
    async fn an_advert_is_gone_when_it_is_dropped_or_withdrawn() {
        let radio = LoopbackRadio::default();
        let (first, second) = (
            radio.advertise(&advert(&key(1))).await.unwrap(),
            radio.advertise(&advert(&key(1))).await.unwrap(),
        );
        drop(first);
        assert_eq!(radio.adverts(), 1);
        radio.withdraw(second).await;
        assert_eq!(radio.adverts(), 0);
    }
}
