//! Finds passkeys as one types, and sorts and filters lists of them.
//!
//! [`SearchIndex`] holds the words of each passkey: its site, account, names, note, tags and folder. A query is a few
//! words, all of which must be found; accents and case do not count, the beginning or a part of a word is enough, and
//! words of four letters and more tolerate one typing error. [`Filter`] and [`Sort`] look at passkeys themselves.
//!
//! No I/O and no storage: who holds the vault fills the index, tells it of changes, and drops it with the keys, for it
//! holds names in clear. What a name may be long is the vault's matter; what a query costs is bounded here.
//!
//! ```
//! use latchkey_passkey::{PasskeyId, RpId};
//! use latchkey_search::{Fields, SearchIndex};
//!
//! let rp_id = RpId::parse("login.example.co.uk")?;
//! let mut index = SearchIndex::new();
//! index.insert(PasskeyId::from_bytes([1; 16]), Fields { user_name: "Zoë Müller", ..Fields::of_site(&rp_id) });
//!
//! for query in ["example", "zoe mul", "exmaple muller", "login.example.co.uk"] {
//!     assert_eq!(index.search(query).len(), 1, "{query}");
//! }
//! assert!(index.search("zoe smith").is_empty());
//! # Ok::<(), latchkey_passkey::RpIdError>(())
//! ```

mod dictionary;
mod fields;
mod filter;
mod fold;
mod index;
mod order;
mod query;
mod site;
mod sort;
mod text;
mod typing_error;

pub use fields::Fields;
pub use filter::{Bin, Filter, Listed};
pub use index::{Closeness, Hit, SearchIndex};
pub use query::{MAX_QUERY_CHARS, MAX_QUERY_WORDS};
pub use site::sites_with_one_passkey;
pub use sort::Sort;
