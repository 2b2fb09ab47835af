//! BlueZ: adverts out, adverts in, what the adapter can do.
