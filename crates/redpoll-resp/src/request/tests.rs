//! The parser against whole, split, malformed and random input.

use super::*;
use proptest::prelude::*;

/// Feeds `input` in pieces of `piece` bytes, as a socket might, and collects the commands.
fn feed(input: &[u8], piece: usize, limits: &Limits) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
    let mut parser = Parser::default();
    let mut buffer = Vec::new();
    let mut commands = Vec::new();
    for chunk in input.chunks(piece.max(1)) {
        buffer.extend_from_slice(chunk);
        loop {
            let mut batch = Batch::default();
            let parsed = parser.parse(&mut buffer, limits, 3, &mut batch);
            for index in 0..batch.len() {
                commands.push(batch.command(index, &buffer).iter().map(<[u8]>::to_vec).collect());
            }
            buffer.drain(..parsed.consumed);
            if parsed.error.is_some() {
                return (commands, parsed.error);
            }
            if parsed.consumed == 0 {
                break;
            }
        }
    }
    (commands, None)
}

fn words(text: &str) -> Vec<Vec<u8>> {
    text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

#[test]
fn pipelines_split_anywhere() {
    let input = b"*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n*1\r\n$4\r\nECHO\r\n\
        *0\r\n*-1\r\n\r\nSET k  \"v 1\\x41\"\r\n";
    let expected = vec![
        words("GET a"),
        words("PING"),
        words("ECHO"),
        vec![],
        vec![],
        vec![],
        vec![b"SET".to_vec(), b"k".to_vec(), b"v 1A".to_vec()],
    ];
    for piece in 1..=input.len() {
        assert_eq!(feed(input, piece, &Limits::default()), (expected.clone(), None), "{piece}");
    }
}

#[test]
fn faults_carry_the_texts_of_redis() {
    let strict = Limits { bulk_max: 512 << 20, authenticated: false };
    let open = Limits::default();
    let long_line = vec![b'a'; INLINE_MAX + 2];
    let long_count = [b"*".as_slice(), &vec![b'1'; INLINE_MAX + 2]].concat();
    let long_bulk = [b"*1\r\n$".as_slice(), &vec![b'1'; INLINE_MAX + 2]].concat();
    for (input, limits, text) in [
        (b"*1048577\r\n".as_slice(), &open, "invalid multibulk length"),
        (b"*abc\r\n", &open, "invalid multibulk length"),
        (b"*11\r\n", &strict, "unauthenticated multibulk length"),
        (b"*1\r\n$16385\r\n", &strict, "unauthenticated bulk length"),
        (b"*1\r\nfoo\r\n", &open, "expected '$', got 'f'"),
        (b"*1\r\n\r\n", &open, "expected '$', got ' '"),
        (b"*1\r\n$-1\r\n", &open, "invalid bulk length"),
        (b"*1\r\n$536870913\r\n", &open, "invalid bulk length"),
        (b"*1\r\n$x\r\n", &open, "invalid bulk length"),
        (b"*1\r\n$01\r\nx\r\n", &open, "invalid bulk length"),
        (b"SET \"a\r\n", &open, "unbalanced quotes in request"),
        (b"SET \"a\"b\r\n", &open, "unbalanced quotes in request"),
        (&long_line, &open, "too big inline request"),
        (&long_count, &open, "too big mbulk count string"),
        (&long_bulk, &open, "too big bulk count string"),
    ] {
        let (_, error) = feed(input, input.len(), limits);
        let message = error.map(|fault| fault.message()).unwrap_or_default();
        assert_eq!(message, format!("ERR Protocol error: {text}"));
    }
}

#[test]
fn commands_before_a_fault_are_kept() {
    let (commands, error) = feed(b"PING\r\n*1\r\n!\r\n", 64, &Limits::default());
    assert_eq!(commands, vec![words("PING")]);
    assert_eq!(error, Some(ProtocolError::ExpectedBulk(b'!')));
}

#[test]
fn a_large_argument_says_what_is_missing() {
    let mut parser = Parser::default();
    let mut batch = Batch::default();
    let mut bytes = b"*1\r\n$1000\r\nabc".to_vec();
    let parsed = parser.parse(&mut bytes, &Limits::default(), 8, &mut batch);
    assert_eq!(parsed, Parsed { consumed: 0, missing: 1002 - 3, error: None });
}

/// What CLIENT LIST shows as waiting are the bytes that are not understood yet.
#[test]
fn tells_how_much_of_an_incomplete_command_is_understood() {
    let understood = |bytes: &str| {
        let mut parser = Parser::default();
        let mut buffer = bytes.as_bytes().to_vec();
        parser.parse(&mut buffer, &Limits::default(), 1, &mut Batch::default());
        parser.understood(bytes.as_bytes())
    };
    assert_eq!(understood("*"), 0);
    assert_eq!(understood("PIN"), 0);
    assert_eq!(understood("*1\r\n$4"), "*1\r\n".len());
    assert_eq!(understood("*1\r\n$4000\r\nxxxx"), "*1\r\n$4000\r\n".len());
    assert_eq!(understood("*2\r\n$1\r\na\r\n$2\r\nb"), "*2\r\n$1\r\na\r\n$2\r\n".len());
    assert_eq!(understood("*1\r\n$4\r\nPING\r\n"), 0);
}

proptest! {
    #[test]
    fn round_trip(commands in prop::collection::vec(
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..6), 0..8),
        piece in 1usize..64)
    {
        let mut input = Vec::new();
        for command in &commands {
            input.extend(format!("*{}\r\n", command.len()).bytes());
            for word in command {
                input.extend(format!("${}\r\n", word.len()).bytes());
                input.extend(word);
                input.extend(b"\r\n");
            }
        }
        prop_assert_eq!(feed(&input, piece, &Limits::default()), (commands, None));
    }

    #[test]
    fn random_bytes_never_panic_and_splits_never_matter(
        input in prop::collection::vec(
            prop::sample::select(b"*$-0123456789\r\n\"'\\x ab\0".to_vec()), 0..200),
        piece in 1usize..32)
    {
        let limits = Limits { bulk_max: 1 << 20, authenticated: true };
        prop_assert_eq!(feed(&input, piece, &limits), feed(&input, usize::MAX >> 1, &limits));
    }
}
