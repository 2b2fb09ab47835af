use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
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
    home.run(&["tunnel", "domains", "--id", "100"]).expect(64, &["256 to 65535"]);
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

#[test]
fn says_what_is_wrong_with_certificate_key_and_address() {
    let home = Home::new();
    let made = rcgen::generate_simple_self_signed(["relay.example".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["relay.example".to_owned()]).unwrap();
    let cert = home.file("cert.pem", made.cert.pem().as_bytes(), 0o600);
    let key = home.file("key.pem", made.signing_key.serialize_pem().as_bytes(), 0o600);
    let other_key = home.file("other.pem", other.signing_key.serialize_pem().as_bytes(), 0o600);
    let text = home.file("text", b"not PEM", 0o600);
    for (cert, key, why) in [
        ("missing", key.as_str(), "cannot read the certificate: No such file"),
        (&cert, "missing", "cannot read the private key: No such file"),
        (&text, &key, "the certificate file holds no PEM certificate"),
        (&cert, &text, "the key file holds no PEM private key"),
        (&cert, &other_key, "certificate or private key cannot be used"),
    ] {
        home.run(&["tunnel", "--listen", "127.0.0.1:0", "--cert", cert, "--key", key]).expect(64, &[why]);
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    home.run(&["tunnel", "--listen", &address]).expect(5, &["cannot listen on", &address, "in use"]);
}
