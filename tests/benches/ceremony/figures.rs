//! Medians and 95th percentiles of where the time went.

use std::{fmt, time::Duration};

use crate::marks::{Mark, Marks};

/// One row for each part, with a value for each ceremony.
#[derive(Default)]
pub(crate) struct Figures(Vec<(&'static str, Vec<Duration>)>);

impl Figures {
    pub(crate) fn add(&mut self, marks: &Marks) {
        use Mark::{
            AdvertAskedFor, AdvertDown, CodeInHand, CommitBegan, CommitEnded, HandshakeSent, HelloCame,
            OnAir, PromiseResolved, RequestCame, ResponseSent, TunnelAskedFor, TunnelOpen,
        };
        let commit = marks.between(CommitBegan, CommitEnded);
        let worked_for_commit = marks.worked_between(CommitBegan, CommitEnded);
        // Other programs' answers are in it: the relay's and the stand-in's.
        let ours = marks.between(CodeInHand, OnAir)
            + marks.between(HelloCame, HandshakeSent)
            + marks.between(RequestCame, ResponseSent)
            - commit;
        let rows = [
            ("code in hand → promise resolved", marks.between(CodeInHand, PromiseResolved)),
            ("· code read, keys derived", marks.between(CodeInHand, TunnelAskedFor)),
            ("· tunnel opened (TCP, TLS, WebSocket)", marks.between(TunnelAskedFor, TunnelOpen)),
            ("· advert handed to BlueZ", marks.between(TunnelOpen, OnAir)),
            ("· advert heard, Chromium in the tunnel", marks.between(OnAir, HelloCame)),
            ("· advert taken down", marks.between(HelloCame, AdvertDown)),
            ("· our side of the handshake", marks.between(AdvertDown, HandshakeSent)),
            ("· Chromium's request", marks.between(HandshakeSent, RequestCame)),
            ("· request → response, commit apart", marks.between(RequestCame, ResponseSent) - commit),
            ("· durable commit", commit),
            ("· response → promise", marks.between(ResponseSent, PromiseResolved)),
            ("all steps of ours by the clock, commit apart", ours),
            (
                "our time on the processor, commit apart",
                marks.worked_between(CodeInHand, ResponseSent) - worked_for_commit,
            ),
            ("· of it TLS and the tunnel's opening", marks.worked_between(TunnelAskedFor, TunnelOpen)),
            (
                "· of it D-Bus",
                marks.worked_between(AdvertAskedFor, OnAir) + marks.worked_between(HelloCame, AdvertDown),
            ),
            (
                "· of it request → response",
                marks.worked_between(RequestCame, ResponseSent) - worked_for_commit,
            ),
        ];
        self.0.resize(rows.len(), ("", Vec::new()));
        for ((name, all), (part, took)) in self.0.iter_mut().zip(rows) {
            *name = part;
            all.push(took);
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| ms | median | p95 |\n| --- | ---: | ---: |")?;
        for (name, all) in &self.0 {
            let mut sorted = all.clone();
            sorted.sort();
            // The nearest rank: of twenty, the tenth and the nineteenth.
            let rank =
                |percent: usize| sorted[(sorted.len() * percent).div_ceil(100) - 1].as_secs_f64() * 1e3;
            writeln!(f, "| {name} | {:.2} | {:.2} |", rank(50), rank(95))?;
        }
        Ok(())
    }
}
