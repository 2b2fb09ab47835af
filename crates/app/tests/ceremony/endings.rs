//! Every way a ceremony can end, one outcome each.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use latchkey_app::{CeremonyFailure as F, Refusal, ceremony::Success};
use latchkey_crypto::hybrid::OperationHint;
use latchkey_hybrid::{
    SessionError,
    port::{Tunnel, TunnelError},
    times,
};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    people::Says,
    setting::{Setting, create_request, get_request},
};

#[tokio::test(start_paused = true)]
async fn a_refusal_reaches_the_other_side() {
    let mut setting = Setting::new();
    let (asked, answered) =
        setting.ceremony(&create_request(), OperationHint::MakeCredential, Says::No).await;
    assert_eq!(*asked.unwrap(), [0x27]);
    assert!(matches!(answered, Err(F::Refused(Refusal::ByPerson))));
    assert!(setting.vault.list().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_passkey_is_told_after_the_person_agreed() {
    let mut setting = Setting::new();
    let (asked, answered) = setting.ceremony(&get_request(), OperationHint::GetAssertion, Says::Yes).await;
    assert_eq!(*asked.unwrap(), [0x2e]);
    assert!(matches!(answered, Err(F::NothingForSite)));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_over_there_dismisses_the_prompt_here() {
    let mut setting = Setting::new();
    let (_end, answered) = setting
        .against(Says::Nothing, async |browser| {
            let seen = browser.seen.clone();
            let mut joined = browser.join().await;
            joined.request(&create_request()).await;
            seen.asked.notified().await;
            joined.shut_down().await
        })
        .await;
    assert!(matches!(answered, Err(F::OtherSideGaveUp)));
    assert!(setting.seen.dismissed());
    assert!(setting.vault.list().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_broken_tunnel_dismisses_the_prompt_too() {
    let mut setting = Setting::new();
    let ((), answered) = setting
        .against(Says::Nothing, async |browser| {
            let seen = browser.seen.clone();
            let mut joined = browser.join().await;
            joined.request(&create_request()).await;
            seen.asked.notified().await;
        })
        .await;
    assert!(matches!(answered, Err(F::Tunnel(TunnelError::Closed { .. }))));
    assert!(setting.seen.dismissed());
}

#[tokio::test(start_paused = true)]
async fn a_medium_that_goes_dismisses_the_prompt_and_closes_the_tunnel() {
    let mut setting = Setting::new();
    let taken_away = Arc::clone(&setting.taken_away);
    let (waited, answered) = setting
        .against(Says::Nothing, async |browser| {
            let seen = browser.seen.clone();
            let mut joined = browser.join().await;
            joined.request(&create_request()).await;
            seen.asked.notified().await;
            let started = Instant::now();
            taken_away.store(true, Ordering::Relaxed);
            assert!(joined.tunnel.receive().await.is_err());
            started.elapsed()
        })
        .await;
    assert!(matches!(answered, Err(F::MediumGone)));
    assert!(waited <= Duration::from_secs(1), "{waited:?}");
    assert!(setting.seen.dismissed());
    assert!(setting.vault.list().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_medium_that_goes_takes_the_advert_down() {
    let mut setting = Setting::new();
    let taken_away = Arc::clone(&setting.taken_away);
    let ((), answered) = setting
        .against(Says::Nothing, async |browser| {
            sleep(Duration::from_secs(3)).await;
            taken_away.store(true, Ordering::Relaxed);
            sleep(Duration::from_secs(2)).await;
            assert_eq!(browser.radio.adverts(), 0);
        })
        .await;
    assert!(matches!(answered, Err(F::MediumGone)));
}

#[tokio::test(start_paused = true)]
async fn a_medium_that_goes_after_the_answer_changes_nothing() {
    let mut setting = Setting::new();
    let taken_away = Arc::clone(&setting.taken_away);
    let (_end, answered) = setting
        .against(Says::Yes, async |browser| {
            let mut joined = browser.join().await;
            joined.request(&create_request()).await;
            assert_eq!(joined.response().await[0], 0);
            taken_away.store(true, Ordering::Relaxed);
            sleep(Duration::from_secs(3)).await;
            joined.shut_down().await
        })
        .await;
    assert!(matches!(answered, Ok(Success::Created(_))));
}

#[tokio::test(start_paused = true)]
async fn a_person_who_does_not_answer_is_told_to_the_other_side() {
    let mut setting = Setting::new();
    let started = Instant::now();
    let (response, answered) = setting
        .against(Says::Nothing, async |browser| {
            let mut joined = browser.join().await;
            joined.request(&create_request()).await;
            let response = joined.response().await;
            joined.shut_down().await;
            response
        })
        .await;
    assert_eq!(response, [0x2f]);
    assert!(matches!(answered, Err(F::TimeRanOut)));
    assert!(started.elapsed() >= times::REQUEST_WAIT);
    assert!(setting.seen.dismissed());
}

#[tokio::test(start_paused = true)]
async fn nobody_who_comes_within_a_minute_ends_it_and_the_advert() {
    let mut setting = Setting::new();
    let started = Instant::now();
    let ((), answered) = setting.against(Says::Yes, async |_browser| {}).await;
    assert!(matches!(answered, Err(F::NobodyCame)));
    assert_eq!(started.elapsed().as_secs(), times::ADVERT.as_secs());
    assert_eq!(setting.radio.adverts(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_loses_patience_first_means_the_same() {
    let mut setting = Setting::new();
    let (_end, answered) = setting
        .against(Says::Yes, async |browser| {
            let mut end = browser.tunnels.other_end();
            while end.is_none() {
                sleep(Duration::from_millis(1)).await;
                end = browser.tunnels.other_end();
            }
            end.unwrap().break_with(1008)
        })
        .await;
    assert!(matches!(answered, Err(F::NobodyCame)));
    assert_eq!(setting.radio.adverts(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_request_within_two_minutes_ends_it() {
    let mut setting = Setting::new();
    let (_joined, answered) = setting.against(Says::Yes, async |browser| browser.join().await).await;
    assert!(matches!(answered, Err(F::TimeRanOut)));
}

#[tokio::test(start_paused = true)]
async fn the_advert_is_down_once_the_first_message_is_there() {
    let mut setting = Setting::new();
    let (adverts, _) = setting
        .against(Says::Yes, async |browser| {
            let radio = browser.radio;
            let joined = browser.join().await;
            let adverts = radio.adverts();
            joined.shut_down().await;
            adverts
        })
        .await;
    assert_eq!(adverts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_hello_of_somebody_who_did_not_hear_the_advert_fails() {
    let mut setting = Setting::new();
    let (_end, answered) = setting
        .against(Says::Yes, async |browser| {
            while browser.radio.adverts() == 0 {
                sleep(Duration::from_millis(1)).await;
            }
            let mut end = browser.tunnels.other_end().unwrap();
            let mut hello = vec![0x04; 81];
            hello[1..65].copy_from_slice(&[0x55; 64]);
            end.send(hello).await.unwrap();
            end
        })
        .await;
    assert!(matches!(answered, Err(F::Handshake(_))));
    assert_eq!(setting.radio.adverts(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_puts_nothing_on_the_air() {
    let mut setting = Setting::new();
    setting.tunnels.down = true;
    let ((), answered) = setting.against(Says::Yes, async |_browser| {}).await;
    assert!(matches!(answered, Err(F::Tunnel(TunnelError::Unreachable))));
    assert_eq!(setting.radio.adverts(), 0);
}

#[tokio::test(start_paused = true)]
async fn silence_after_the_answer_is_a_good_end() {
    let mut setting = Setting::new();
    let (_joined, answered) = setting
        .against(Says::Yes, async |browser| {
            let mut joined = browser.join().await;
            joined.request(&create_request()).await;
            assert_eq!(joined.response().await[0], 0);
            let answered_at = Instant::now();
            assert!(timeout(times::ADVERT, joined.tunnel.receive()).await.unwrap().unwrap().is_none());
            assert!(answered_at.elapsed() >= times::SHUTDOWN_WAIT);
            joined
        })
        .await;
    assert!(matches!(answered, Ok(Success::Created(_))));
    assert_eq!(setting.tunnels.closed_in_order(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_after_the_answer_is_no_success() {
    let mut setting = Setting::new();
    let ((), answered) = setting
        .against(Says::Yes, async |browser| {
            let mut joined = browser.join().await;
            joined.request(&create_request()).await;
            assert_eq!(joined.response().await[0], 0);
        })
        .await;
    assert!(matches!(answered, Err(F::Tunnel(TunnelError::Closed { .. }))));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_command_is_answered_and_the_next_request_served() {
    let mut setting = Setting::new();
    let (_end, answered) = setting
        .against(Says::Yes, async |browser| {
            let mut joined = browser.join().await;
            joined.request(&[0x40]).await;
            assert_eq!(joined.response().await, [0x01]);
            joined.request(&create_request()).await;
            assert_eq!(joined.response().await[0], 0);
            joined.shut_down().await
        })
        .await;
    assert!(matches!(answered, Ok(Success::Created(_))));
}

#[tokio::test(start_paused = true)]
async fn selection_is_answered_with_success_and_nobody_is_asked() {
    let mut setting = Setting::new();
    let (_end, answered) = setting
        .against(Says::Nothing, async |browser| {
            let mut joined = browser.join().await;
            joined.request(&[0x0b]).await;
            assert_eq!(joined.response().await, [0x00]);
            joined.shut_down().await
        })
        .await;
    assert!(matches!(answered, Err(F::NotSuitable)));
    assert!(!setting.seen.dismissed());
}

#[tokio::test(start_paused = true)]
async fn getinfo_is_answered_and_counts_for_nothing() {
    let mut setting = Setting::new();
    let (_end, answered) = setting
        .against(Says::Yes, async |browser| {
            let mut joined = browser.join().await;
            joined.request(&[0x04]).await;
            let info = joined.session.get_info().to_vec();
            assert_eq!(joined.response().await, [vec![0], info].concat());
            joined.shut_down().await
        })
        .await;
    assert!(matches!(answered, Err(F::OtherSideGaveUp)));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_does_not_open_ends_the_prompt() {
    let mut setting = Setting::new();
    let (_joined, answered) = setting
        .against(Says::Nothing, async |browser| {
            let seen = browser.seen.clone();
            let mut joined = browser.join().await;
            joined.request(&create_request()).await;
            seen.asked.notified().await;
            joined.tunnel.send(vec![0; 48]).await.unwrap();
            joined
        })
        .await;
    assert!(matches!(answered, Err(F::Session(SessionError::Transport(_)))));
    assert!(setting.seen.dismissed());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_ceremony_takes_the_advert_down() {
    let mut setting = Setting::new();
    let radio = setting.radio.clone();
    let ceremony = setting.against(Says::Yes, async |browser| {
        sleep(Duration::from_secs(1)).await;
        assert_eq!(browser.radio.adverts(), 1);
        std::future::pending::<()>().await;
    });
    assert!(timeout(Duration::from_secs(2), ceremony).await.is_err());
    assert_eq!(radio.adverts(), 0);
}
