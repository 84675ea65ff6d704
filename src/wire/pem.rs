//! PEM (RFC 7468): labelled blocks of base64, with any text between them.

use super::base64url;

/// One block.
pub(crate) struct Block<'a> {
    pub(crate) label: &'a str,
    pub(crate) der: Vec<u8>,
}

/// The blocks of `text`, in order; `None` if one is broken.
pub(crate) fn blocks(text: &str) -> Option<Vec<Block<'_>>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let Some(label) = between(line, "-----BEGIN ") else { continue };
        let mut body = String::new();
        loop {
            let line = lines.next()?;
            if let Some(end) = between(line, "-----END ") {
                if end != label {
                    return None;
                }
                break;
            }
            body.push_str(line);
        }
        blocks.push(Block { label, der: base64url::decode_standard(&body).ok()? });
    }
    Some(blocks)
}

/// Appends one block, its base64 in lines of 64 characters.
pub(crate) fn write(out: &mut String, label: &str, der: &[u8]) {
    out.extend(["-----BEGIN ", label, "-----\n"]);
    // 48 bytes give 64 characters.
    for line in der.chunks(48) {
        out.push_str(&base64url::encode_standard(line));
        out.push('\n');
    }
    out.extend(["-----END ", label, "-----\n"]);
}

fn between<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix("-----")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(text: &str) -> Option<Vec<(&str, Vec<u8>)>> {
        blocks(text).map(|blocks| blocks.into_iter().map(|b| (b.label, b.der)).collect())
    }

    #[test]
    fn blocks_with_text_between() {
        let text = "hello\n-----BEGIN A-----\nZm9v\nYmFy\n-----END A-----\r\nmore\n-----BEGIN B C-----\n-----END B C-----";
        assert_eq!(labels(text), Some(vec![("A", b"foobar".to_vec()), ("B C", vec![])]));
        assert_eq!(labels("no block"), Some(vec![]));
    }

    #[test]
    fn broken_blocks() {
        for text in [
            "-----BEGIN A-----\nZm9v",
            "-----BEGIN A-----\nZm9v\n-----END B-----",
            "-----BEGIN A-----\nZm9\n-----END A-----",
            "-----BEGIN A-----\nProc-Type: 4\n-----END A-----",
        ] {
            assert_eq!(labels(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_never_panics(text in "(-----BEGIN A-----\n|-----END A-----\n|[A-Za-z0-9+/=\n -]{0,20}){0,8}") {
            let _ = blocks(&text);
        }
    }
}
