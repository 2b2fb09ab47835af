use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::home::Home;

#[test]
fn lists_every_name_that_a_service_can_have() {
    let home = Home::new();
    let listed = home.run(&["tunnel", "domains"]).output();
    let lines: Vec<_> = listed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(lines.len(), 65_280);
    assert_eq!(lines[0][0], "256");
    assert_eq!(lines[65_279][0], "65535");
    let names: BTreeSet<_> = lines.iter().map(|line| line[1]).collect();
    assert_eq!(names.len(), 65_280);
    assert_eq!(home.run(&["tunnel", "domains", "--id", "256"]).output().trim(), lines[0][1]);
    assert_eq!(home.run(&["tunnel", "domains", "--id", "0"]).output(), "cable.ua5v.com\n");
    // A name of the list is taken by --tunnel; what fails is what comes after.
    home.run(&["sign-in", "--tunnel", lines[700][1]]).expect(64, &["There is no terminal"]);
}

#[test]
fn says_which_ids_there_are() {
    let home = Home::new();
    let told = home.run(&["tunnel", "domains", "--id", "100"]);
    // Not 1: nobody but its own maker can have that one.
    told.expect(
        64,
        &["No tunnel service has this id", "Ids are 0 and 256 to 65535; `latchkey tunnel domains`"],
    );
}

#[test]
fn serves_until_it_is_told_to_end() {
    let home = Home::new();
    for signal in [Signal::TERM, Signal::INT] {
        let mut command = home.command(&["tunnel", "--listen", "127.0.0.1:0"]);
        let mut service = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(service.stderr.take().unwrap()).read_line(&mut said).unwrap();
        let address = said.trim().rsplit(' ').next().unwrap();
        assert!(said.contains("tunnel service listening on 127.0.0.1:"), "{said}");
        TcpStream::connect(address).unwrap();
        kill_process(Pid::from_child(&service), signal).unwrap();
        assert_eq!(service.wait().unwrap().code(), Some(0));
    }
}

/// What the service logs of one tunnel and one refused request, without the time.
fn logged(flags: &[&str]) -> Vec<String> {
    let home = Home::new();
    let mut command = home.command(&[&["tunnel", "--listen", "127.0.0.1:0"], flags].concat());
    let mut service = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(service.stderr.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.next().unwrap().rsplit(' ').next().unwrap().to_owned();
    for path in ["/cable/new/00112233445566778899AABBCCDDEEFF", "/elsewhere"] {
        let mut stream = TcpStream::connect(&address).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: relay.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: fido.cable\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream.read_exact(&mut [0; 12]).unwrap();
    }
    kill_process(Pid::from_child(&service), Signal::TERM).unwrap();
    service.wait().unwrap();
    lines.map(|line| line.split_once("Z ").unwrap().1.trim_start().to_owned()).collect()
}

#[test]
fn logs_as_much_as_the_operator_asks_for() {
    const RELAY: &str = "latchkey_tunnel::relay::connection:";
    assert!(logged(&[]).is_empty());

    let tunnels = logged(&["-v"]);
    assert_eq!(tunnels[0], format!("INFO {RELAY} tunnel opened number=1"));
    assert!(tunnels[1].starts_with(&format!("INFO {RELAY} tunnel closed number=1 ending=")), "{tunnels:?}");
    assert_eq!(tunnels.len(), 2, "{tunnels:?}");

    let everything = logged(&["-vv"]);
    let refused = format!("TRACE {RELAY} refused from=127.0.0.0 refusal=UnknownPath");
    assert!(everything.contains(&refused), "{everything:?}");
    assert!(everything.iter().any(|line| line == &tunnels[0]), "{everything:?}");
}

#[test]
fn the_unit_starts_what_there_is() {
    let unit = include_str!("../../../../packaging/systemd/latchkey-tunnel.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/latchkey ")).unwrap();
    let words: Vec<_> = start.split(' ').collect();
    // Understood, up to the certificate, which only systemd puts there.
    Home::new().run(&words).expect(64, &["The certificate %d/cert.pem cannot be read"]);
}

#[test]
fn says_what_is_wrong_with_certificate_and_key_and_what_to_do() {
    let home = Home::new();
    let made = rcgen::generate_simple_self_signed(["relay.example".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["relay.example".to_owned()]).unwrap();
    let cert = home.file("cert.pem", made.cert.pem().as_bytes(), 0o600);
    let key = home.file("key.pem", made.signing_key.serialize_pem().as_bytes(), 0o600);
    let other_key = home.file("other.pem", other.signing_key.serialize_pem().as_bytes(), 0o600);
    let text = home.file("text", b"not PEM", 0o600);
    for (cert, key, what, next) in [
        (
            "no.pem",
            key.as_str(),
            "The certificate no.pem cannot be read: No such file".into(),
            "--cert and --key",
        ),
        (&cert, "no.pem", "The private key no.pem cannot be read: No such file".into(), "--cert and --key"),
        (&text, &key, format!("{text} holds no PEM certificate."), "the chain in PEM"),
        (&cert, &text, format!("{text} holds no PEM private key."), "PKCS#8, SEC 1 or PKCS#1"),
        (
            &cert,
            &other_key,
            format!("{cert} and {other_key} cannot be used together"),
            "made for the key in --key",
        ),
    ] {
        let call = ["tunnel", "--listen", "127.0.0.1:0", "--cert", cert, "--key", key];
        home.run(&call).expect(64, &[&what, next]);
    }
}

#[test]
fn says_why_it_cannot_listen_and_what_to_do() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let what = format!("The tunnel service cannot listen on {address}: Address already in use.");
    home.run(&["tunnel", "--listen", &address]).expect(5, &[&what, "--listen another port"]);
    // An address for documentation (RFC 5737), which no machine has.
    home.run(&["tunnel", "--listen", "192.0.2.1:1"])
        .expect(5, &["cannot listen on 192.0.2.1:1", "an address of this machine"]);
}
