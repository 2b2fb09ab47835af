//! A database of KeePassXC's, made by its own program from its own XML.

use std::{
    fmt::Write as _,
    fs,
    io::{Read, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

use crate::{
    people::Person,
    stored::{PASSPHRASE, credential_id},
};

/// KDBX 4, as the bytes that it starts with: two signatures, and the version as two numbers, all little-endian.
const KDBX_4: [u8; 12] = [0x03, 0xd9, 0xa2, 0x9a, 0x67, 0xfb, 0x4b, 0xb5, 0, 0, 4, 0];
/// Letters of an ES256 key in PEM's Base64: PKCS #8 in 138 bytes.
const PEM_LETTERS: usize = 184;

/// Makes one of these people's passkeys. Key derivation is what the import chooses: AES-KDF of a million rounds.
pub(crate) fn make(path: &Path, people: &[Person]) {
    let xml = path.with_extension("xml");
    fs::write(&xml, document(people)).unwrap();
    let mut import = Command::new("keepassxc-cli")
        .args(["import", "-q", "-p"])
        .args([&xml, path])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    write!(import.stdin.take().unwrap(), "{PASSPHRASE}\n{PASSPHRASE}\n").unwrap();
    assert!(import.wait().unwrap().success());
    let mut start = [0; KDBX_4.len()];
    fs::File::open(path).unwrap().read_exact(&mut start).unwrap();
    assert_eq!(start, KDBX_4);
}

/// None of the texts has a character that XML would want escaped.
fn document(people: &[Person]) -> String {
    // Data of one's own makes KeePassXC write format 4 instead of 3.
    let mut xml =
        "<KeePassFile><Meta/><Root><Group><UUID>AAAAAAAAAAAAAAAAAAAAAQ==</UUID><Name>Passkeys</Name>\
         <CustomData><Item><Key>made</Key><Value>by a bench</Value></Item></CustomData>"
            .to_owned();
    for person in people {
        let fields = person.fields();
        let (rp_id, id) = (fields.rp_id.as_str(), person.id.as_bytes());
        write!(xml, "<Entry><UUID>{}</UUID><Tags>{}</Tags>", STANDARD.encode(id), fields.tags.join(";"))
            .unwrap();
        let pem = format!("-----BEGIN PRIVATE KEY-----{}-----END PRIVATE KEY-----", "A".repeat(PEM_LETTERS));
        let strings = [
            ("Title", fields.name.or(fields.rp_name).unwrap_or_default(), false),
            ("UserName", fields.user_name, false),
            ("Password", "", true),
            ("URL", &format!("https://{rp_id}"), false),
            ("Notes", fields.note.unwrap_or_default(), false),
            ("KPEX_PASSKEY_RELYING_PARTY", rp_id, false),
            ("KPEX_PASSKEY_USERNAME", fields.user_name, false),
            (
                "KPEX_PASSKEY_CREDENTIAL_ID",
                &URL_SAFE_NO_PAD.encode(credential_id(person.id).as_bytes()),
                true,
            ),
            ("KPEX_PASSKEY_USER_HANDLE", &URL_SAFE_NO_PAD.encode(id), true),
            ("KPEX_PASSKEY_PRIVATE_KEY_PEM", &pem, true),
        ];
        for (key, value, protected) in strings {
            let protected = if protected { " ProtectInMemory=\"True\"" } else { "" };
            write!(xml, "<String><Key>{key}</Key><Value{protected}>{value}</Value></String>").unwrap();
        }
        xml += "</Entry>";
    }
    xml + "</Group></Root></KeePassFile>"
}
