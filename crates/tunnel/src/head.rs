use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// How many bytes one read takes at most.
const READ_BYTES: usize = 2048;

/// An HTTP/1.1 head, up to and including the empty line, and what came after it.
pub(crate) struct Head {
    /// The head's bytes.
    pub(crate) head: Vec<u8>,
    /// Bytes that already belong to the WebSocket.
    pub(crate) rest: Vec<u8>,
}

/// Why no head was read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeadError {
    #[error("the HTTP head is longer than {max} bytes")]
    TooLong { max: usize },
    #[error("the connection ended within the HTTP head")]
    Ended,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads an HTTP head of at most `max` bytes. Sets no time limit; callers do.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin), max: usize) -> Result<Head, HeadError> {
    let mut bytes = Vec::with_capacity(READ_BYTES);
    loop {
        // The end mark may lie across two reads, so the search starts three bytes before the new ones.
        let searched = bytes.len().saturating_sub(3);
        let room = u64::try_from(max.saturating_sub(bytes.len()).min(READ_BYTES)).unwrap_or(0);
        if room == 0 {
            return Err(HeadError::TooLong { max });
        }
        if (&mut *stream).take(room).read_buf(&mut bytes).await? == 0 {
            return Err(HeadError::Ended);
        }
        let found = bytes.get(searched..).and_then(|new| new.windows(4).position(|four| four == b"\r\n\r\n"));
        if let Some(at) = found {
            let rest = bytes.split_off(searched + at + 4);
            return Ok(Head { head: bytes, rest });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn splits_head_from_what_follows() {
        let mut bytes: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nframe";
        let head = read_head(&mut bytes, 100).await.unwrap();
        assert_eq!(head.head, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(head.rest, b"frame");
    }

    #[tokio::test]
    async fn finds_the_end_across_reads() {
        let mut bytes = piecewise(&[b"GET / HTTP/1.1\r\n", b"\r", b"\nx"]);
        let head = read_head(&mut bytes, 100).await.unwrap();
        assert_eq!((head.head.len(), head.rest.as_slice()), (18, &b"x"[..]));
    }

    #[tokio::test]
    async fn refuses_a_head_without_end() {
        let mut bytes = tokio::io::repeat(b'a');
        assert!(matches!(read_head(&mut bytes, 8192).await, Err(HeadError::TooLong { max: 8192 })));
    }

    #[tokio::test]
    async fn refuses_half_a_head() {
        let mut bytes: &[u8] = b"GET / HTTP/1.1\r\n";
        assert!(matches!(read_head(&mut bytes, 100).await, Err(HeadError::Ended)));
    }

    /// A reader that gives one piece per read.
    fn piecewise(pieces: &'static [&'static [u8]]) -> impl AsyncRead + Unpin {
        let empty: Box<dyn AsyncRead + Unpin> = Box::new(tokio::io::empty());
        pieces.iter().rev().fold(empty, |rest, piece| Box::new(AsyncReadExt::chain(*piece, rest)))
    }
}
