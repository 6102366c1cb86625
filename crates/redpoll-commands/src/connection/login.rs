//! Names and passwords: what AUTH and HELLO share.

use crate::prelude::*;
use redpoll_config::Text;
use std::hint::black_box;
use std::sync::atomic::Ordering::Relaxed;

/// The one user there is.
pub(crate) const DEFAULT_USER: &str = "default";

/// The password that the default user needs, if it needs one.
pub(super) fn required_password(ctx: &Ctx<'_>) -> Option<Text> {
    ctx.engine.config.requirepass().filter(|password| !password.is_empty())
}

/// Logs the client in, or says that name or password are wrong.
pub(super) fn log_in(ctx: &mut Ctx<'_>, user: &[u8], password: &[u8]) -> Result {
    let right_password = required_password(ctx).is_none_or(|required| same(&required, password));
    if !right_password || user != DEFAULT_USER.as_bytes() {
        ctx.engine.stats.denied_logins.fetch_add(1, Relaxed);
        let text = "WRONGPASS invalid username-password pair or user is disabled.";
        return Err(Error::text(text));
    }
    ctx.session.authenticated = true;
    Ok(())
}

/// Compares two texts in a time that tells nothing of where they differ, nor of how long `secret`
/// is.
fn same(secret: &[u8], given: &[u8]) -> bool {
    let differs =
        given.iter().enumerate().fold(secret.len() ^ given.len(), |differs, (i, byte)| {
            let expected = secret.get(i % secret.len().max(1)).copied().unwrap_or_default();
            black_box(differs | usize::from(byte ^ expected))
        });
    differs == 0
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn only_equal_texts_are_the_same() {
        for (a, b, equal) in [
            ("", "", true),
            ("secret", "secret", true),
            ("secret", "Secret", false),
            ("secret", "secre", false),
            ("ab", "abab", false),
            ("", "a", false),
            ("a", "", false),
        ] {
            assert_eq!(same(a.as_bytes(), b.as_bytes()), equal, "{a} {b}");
        }
    }
}
