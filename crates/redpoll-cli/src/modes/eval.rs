//! `--eval FILE key … , argument …`: runs a Lua script from a file.

use std::fs;

use crate::session::Session;
use crate::stop::Stop;

/// Sends the script with its keys and arguments.
pub fn run(session: &mut Session) -> Result<(), Stop> {
    let Some(path) = session.options.script.clone() else { return Err(Stop::Code(1)) };
    session.connect_or_stop()?;
    let script = fs::read(&path).map_err(|error| {
        let error = redpoll_client::Error::Io(error);
        Stop::failed(format!("Can't open file '{}': {error}", path.display()))
    })?;
    let command = command(script, &session.options.command);
    let repeat = session.options.repeat;
    if session.issue(&command, repeat)? { Ok(()) } else { Err(Stop::Code(1)) }
}

/// The words before the first lone comma are keys, those behind it arguments.
fn command(script: Vec<u8>, words: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let comma = words.iter().position(|word| word == b",");
    let keys = comma.unwrap_or(words.len());
    let mut command = vec![b"EVAL".to_vec(), script, keys.to_string().into_bytes()];
    command.extend_from_slice(&words[..keys]);
    if let Some(comma) = comma {
        command.extend_from_slice(&words[comma + 1..]);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_comma_parts_keys_from_arguments() {
        let built = |line: &str| {
            let words: Vec<Vec<u8>> =
                line.split_whitespace().map(|word| word.as_bytes().to_vec()).collect();
            let command = command(b"s".to_vec(), &words);
            String::from_utf8(command.join(&b' ')).unwrap()
        };
        assert_eq!(built("a b , c ,"), "EVAL s 2 a b c ,");
        assert_eq!(built("a"), "EVAL s 1 a");
        assert_eq!(built(""), "EVAL s 0");
    }
}
