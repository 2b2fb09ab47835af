//! Passkeys as a large organisation or a whole family over twenty years has them: many sites of a few accounts, a few
//! sites of many, accounts that are mostly distinct.

use latchkey_passkey::{PasskeyId, RpId};
use latchkey_search::Fields;

/// The owner of one passkey, and what its owner wrote on it.
pub(crate) struct Person {
    pub(crate) id: PasskeyId,
    rp_id: RpId,
    rp_name: String,
    user_name: String,
    display_name: String,
    name: Option<String>,
    note: Option<String>,
    tags: Vec<String>,
}

impl Person {
    pub(crate) fn fields(&self) -> Fields<'_> {
        Fields {
            rp_name: Some(&self.rp_name),
            user_name: &self.user_name,
            user_display_name: &self.display_name,
            name: self.name.as_deref(),
            note: self.note.as_deref(),
            tags: &self.tags,
            ..Fields::of_site(&self.rp_id)
        }
    }
}

const FIRST: [&str; 40] = [
    "Anna",
    "Zoë",
    "Søren",
    "Łukasz",
    "José",
    "François",
    "Jürgen",
    "Chloé",
    "Ömer",
    "Ngọc",
    "Maria",
    "Ivan",
    "Olga",
    "Hans",
    "Peter",
    "Laura",
    "Michael",
    "Sarah",
    "David",
    "Emma",
    "Noah",
    "Mia",
    "Lucas",
    "Elena",
    "Marco",
    "Giulia",
    "Pedro",
    "Inês",
    "Aisha",
    "Omar",
    "Yuki",
    "Kenji",
    "Wei",
    "Mei",
    "Raj",
    "Priya",
    "Kofi",
    "Ama",
    "Liam",
    "Siân",
];
const SYLLABLES: [&str; 32] = [
    "ber", "schm", "idt", "ander", "son", "mül", "ler", "gar", "cia", "row", "ski", "var", "ga", "ros", "si",
    "tan", "kov", "dra", "hol", "ström", "ne", "lin", "mar", "tin", "el", "ba", "quin", "ford", "ham",
    "wick", "tor", "res",
];
const SITES: [&str; 12] = [
    "github.com",
    "google.com",
    "login.microsoft.com",
    "amazon.co.uk",
    "accounts.example.org",
    "bank.example",
    "xn--bcher-kva.example",
    "paypal.com",
    "gov.uk",
    "id.apple.com",
    "shop.example.co.jp",
    "proton.me",
];
const PROVIDERS: [&str; 6] =
    ["gmail.com", "mail.example", "outlook.com", "proton.me", "firma.example.de", "web.example"];
const WORDS: [&str; 16] = [
    "work",
    "home",
    "backup",
    "shared",
    "old",
    "phone",
    "billing",
    "admin",
    "test",
    "family",
    "finance",
    "travel",
    "school",
    "health",
    "server",
    "temporary",
];

/// The same numbers at each run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut n = self.0;
        n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((n ^ (n >> 31)) >> 1).unwrap() % bound
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list.get(self.below(list.len())).unwrap()
    }

    fn made_up(&mut self, syllables: usize) -> String {
        (0..syllables).map(|_| self.of(&SYLLABLES)).collect()
    }
}

pub(crate) fn generate(count: usize) -> Vec<Person> {
    let mut numbers = Numbers(1);
    // Half of all passkeys are at a dozen well-known sites, the others at five thousand.
    let sites: Vec<String> = (0..5000)
        .map(|n| {
            let label: String = numbers.made_up(3).chars().filter(char::is_ascii).collect();
            let top = numbers.of(&["com", "org", "de", "co.uk", "io", "net"]);
            let sub = numbers.of(&["", "login.", "id.", "", ""]);
            format!("{sub}{label}{}.{top}", if n % 4 == 0 { n.to_string() } else { String::new() })
        })
        .collect();
    (0_u128..).take(count).map(|n| person(n, &sites, &mut numbers)).collect()
}

fn person(n: u128, sites: &[String], numbers: &mut Numbers) -> Person {
    let site = match numbers.below(2) {
        0 => numbers.of(&SITES),
        _ => sites.get(numbers.below(sites.len())).unwrap(),
    };
    let (first, syllables) = (numbers.of(&FIRST), 2 + numbers.below(2));
    let last = numbers.made_up(syllables);
    let number = numbers.below(10_000);
    let user_name = match numbers.below(3) {
        0 => format!("{first}.{last}@{}", numbers.of(&PROVIDERS)),
        1 => format!("{first}{last}{number}@{}", numbers.of(&PROVIDERS)),
        _ => format!("{last}_{number}"),
    };
    Person {
        id: PasskeyId::from_bytes(n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes()),
        rp_id: RpId::parse(site).unwrap(),
        rp_name: site.split('.').next().unwrap_or_default().to_uppercase(),
        user_name: user_name.to_lowercase(),
        display_name: format!("{first} {last}"),
        name: (numbers.below(5) == 0).then(|| format!("{} {}", numbers.of(&WORDS), numbers.of(&WORDS))),
        note: (numbers.below(8) == 0).then(|| {
            format!(
                "{} {} {}, ask {}",
                numbers.of(&WORDS),
                numbers.below(3000),
                numbers.made_up(2),
                numbers.of(&FIRST)
            )
        }),
        tags: (0..numbers.below(3)).map(|_| numbers.of(&WORDS).to_owned()).collect(),
    }
}

/// What people type: sites, accounts, two words, with typing errors and without.
pub(crate) fn queries(people: &[Person]) -> Vec<String> {
    let mut queries: Vec<String> =
        ["github", "gihtub", "microsft", "google mail", "example", "temporary", "anna", "mail.example"]
            .map(str::to_owned)
            .into();
    for (n, person) in people.iter().step_by(people.len() / 200).enumerate() {
        queries.push(match n % 4 {
            0 => person.user_name.clone(),
            1 => person.rp_id.as_str().to_owned(),
            2 => format!("{} {}", person.rp_name.to_lowercase(), person.display_name),
            _ => {
                // One letter left out.
                let mut name: Vec<char> = person.display_name.chars().collect();
                name.remove(name.len() / 2);
                name.into_iter().collect()
            }
        });
    }
    queries
}

/// As many and as long words as are looked at: each character is one of the squared words of Japanese, which fold to
/// three to six letters of three bytes.
pub(crate) fn hostile_query() -> String {
    ('\u{3300}'..='\u{3357}').cycle().take(256).collect()
}
