//! Whole ceremonies: the product's own program on one side, a real Chromium before SimpleWebAuthn's server on the other.
//!
//! One stage serves all scenarios, one after the other, each at sites of its own. Arguments select scenarios by a
//! part of their names.

mod accepted;
mod another_client;
mod at_a_terminal;
mod logs;
mod refused;

use std::{env, future::Future, pin::Pin, process::ExitCode, sync::Arc, time::Instant};

use latchkey_tests::{namespace, stage::Stage};

type Scenario = (&'static str, fn(Arc<Stage>) -> Pin<Box<dyn Future<Output = ()> + Send>>);

macro_rules! scenarios {
    ($($module:ident :: $name:ident),* $(,)?) => {
        &[$((stringify!($name), |stage| Box::pin($module::$name(stage)))),*]
    };
}

/// In this order: the logs are read when everything else has logged, and nothing works without the relay.
const SCENARIOS: &[Scenario] = scenarios![
    accepted::creates_and_signs_in_with_a_discoverable_passkey,
    accepted::creates_and_signs_in_with_a_passkey_that_is_not_discoverable,
    accepted::chooses_among_two_accounts_by_id,
    accepted::uses_the_algorithm_that_the_site_wants,
    accepted::evaluates_prf_to_the_same_result_every_time,
    accepted::verifies_the_user_where_the_site_requires_it,
    accepted::reads_the_code_from_a_picture_and_from_standard_input,
    accepted::replaces_a_passkey_only_when_told_to,
    at_a_terminal::a_person_approves,
    at_a_terminal::a_person_refuses,
    at_a_terminal::the_prompt_goes_when_the_browser_cancels,
    refused::an_idle_authenticator_settles_nothing,
    refused::an_excluded_passkey_is_reported,
    refused::a_site_without_a_passkey_gets_none,
    refused::an_approval_for_another_site_approves_nothing,
    refused::two_accounts_need_a_choice,
    another_client::an_approval_answers_one_request,
    refused::a_wrong_passphrase_opens_no_tunnel,
    refused::nobody_to_ask_opens_no_tunnel,
    refused::an_advert_with_a_wrong_tag_is_passed_over,
    refused::an_advert_of_21_bytes_is_passed_over,
    refused::an_adapter_that_is_off_is_reported,
    logs::hold_nothing_personal_and_nothing_secret,
    refused::a_dead_tunnel_service_is_reported,
];

fn main() -> ExitCode {
    if !namespace::is_inside() {
        if let Err(error) = namespace::build_product() {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
        return namespace::enter();
    }
    let wanted: Vec<_> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if runtime.block_on(run(&wanted)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the scenarios that are wanted, all if none is named; says how each went, and whether all went well.
async fn run(wanted: &[String]) -> bool {
    let begun = Instant::now();
    let stage = Arc::new(Stage::set().await);
    println!("stage set in {:.1} s", begun.elapsed().as_secs_f32());
    let mut failed = 0;
    for (name, scenario) in SCENARIOS {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part)) {
            continue;
        }
        let (started, mark) = (Instant::now(), stage.browser_log_mark());
        let result = tokio::spawn(scenario(stage.clone())).await;
        let seconds = started.elapsed().as_secs_f32();
        match result {
            Ok(()) => println!("ceremony {name} ... ok ({seconds:.1} s)"),
            Err(_) => {
                failed += 1;
                println!(
                    "ceremony {name} ... FAILED ({seconds:.1} s), see {}",
                    stage.keep_evidence(name, mark)
                );
            }
        }
    }
    println!("{failed} failed, {:.0} s", begun.elapsed().as_secs_f32());
    if let Some(stage) = Arc::into_inner(stage) {
        stage.clear().await;
    }
    failed == 0
}
