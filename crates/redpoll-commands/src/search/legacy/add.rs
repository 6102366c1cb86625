//! `FT.ADD index key score [REPLACE [PARTIAL] [NOCREATE]] [IF expression] [LANGUAGE language]
//! [PAYLOAD payload] FIELDS field value …`: make a hash that an index holds. FT.SAFEADD too.
//!
//! Score, language and payload become fields of the hash, in which the index looks for them from
//! then on.

use crate::prelude::*;
use crate::search::common;
use redpoll_engine::search::{Filter, SearchIndex, SpecialFields, Words};
use redpoll_keyspace::Owned;
use redpoll_search::analysis::Language;
use redpoll_types::hash::{Hash, Ttl};
use redpoll_types::value::Type;

pub const ADD: Command = Command { spec: Spec { name: "ft.add", ..SPEC }, run };

pub const SAFEADD: Command = Command { spec: Spec { name: "ft.safeadd", ..SPEC }, run };

const SPEC: Spec = Spec {
    arity: -4,
    flags: Flags::WRITE.with(Flags::DENYOOM),
    keys: &[KeySpec::at(2).rw().update()],
    group: Group::Search,
    since: "1.0.0",
    deprecated: Some(("2.0.0", "`HSET`")),
    summary: "Makes a hash that an index holds.",
    complexity: "O(N) where N is the number of words.",
    args: &[
        Arg::string("index"),
        Arg::key("key", 0),
        Arg::double("score"),
        Arg::flag("replace", "REPLACE").optional(),
        Arg::flag("partial", "PARTIAL").optional(),
        Arg::flag("nocreate", "NOCREATE").optional(),
        Arg::string("expression").token("IF").optional(),
        Arg::string("language").token("LANGUAGE").optional(),
        Arg::string("payload").token("PAYLOAD").optional(),
        Arg::flag("fields", "FIELDS"),
        Arg::block("data", &[Arg::string("field"), Arg::string("value")]).multiple(),
    ],
    ..Spec::EMPTY
};

#[derive(Default)]
struct Request<'a> {
    score: &'a [u8],
    scored: bool,
    replace: bool,
    partial: bool,
    only_there: bool,
    condition: Option<&'a [u8]>,
    language: Option<&'a [u8]>,
    payload: Option<&'a [u8]>,
    fields: Vec<&'a [u8]>,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let index = common::index(ctx, args.at(1))?;
    let request = Request::parse(&mut Words::new(args.iter_from(3)))?;
    let key = args.at(2);
    let there = match ctx.keys.type_of(key) {
        None => false,
        Some(Type::Hash) => true,
        Some(_) => return Err(Error::text("Invalid Redis key")),
    };
    if !there && request.only_there {
        return Err(Error::text("Document does not exist"));
    }
    if there && !request.replace {
        return Err(Error::text("Document already exists"));
    }
    if there && !holds(ctx, &index, key, request.condition)? {
        ctx.reply.simple("NOADD");
        return Ok(());
    }
    index.add_special_fields(request.special());
    request.write(ctx, key, there && request.partial)?;
    ctx.reply.ok();
    Ok(())
}

/// Whether a condition holds for the hash at a key.
fn holds(
    ctx: &mut Ctx<'_>,
    index: &SearchIndex,
    key: &[u8],
    condition: Option<&[u8]>,
) -> Result<bool> {
    let Some(condition) = condition else { return Ok(true) };
    let schema = index.index.schema();
    let path = |name: &[u8]| Some(schema.get(schema.id(name)?)?.path.clone());
    let filter = Filter::parse(condition, path).map_err(common::error)?;
    let now = now(ctx);
    let hash = ctx.keys.read::<Hash>(key)?;
    Ok(hash.is_some_and(|hash| filter.accepts(key, hash, now)))
}

fn now(ctx: &Ctx<'_>) -> u64 {
    u64::try_from(ctx.keys.now()).unwrap_or(0)
}

impl<'a> Request<'a> {
    fn parse(words: &mut Words<'a>) -> Result<Self> {
        let score = words.peek().unwrap_or_default();
        let value: f64 =
            words.number().map_err(|_| Error::text("Could not parse document score"))?;
        if !(0.0..=1.0).contains(&value) {
            return Err(Error::text("Score must be between 0 and 1"));
        }
        let mut request = Request { score, scored: value != 1.0, ..Request::default() };
        loop {
            let word = words.next_word().ok_or(Error::text("No field list found"))?;
            match word.to_ascii_uppercase().as_slice() {
                b"REPLACE" => request.replace = true,
                b"PARTIAL" => request.partial = true,
                b"NOCREATE" => request.only_there = true,
                b"IF" => request.condition = Some(value_of(words, "IF")?),
                b"PAYLOAD" => request.payload = Some(value_of(words, "PAYLOAD")?),
                b"LANGUAGE" => {
                    let language = value_of(words, "LANGUAGE")?;
                    Language::from_name(language).ok_or(Error::text("Unsupported language"))?;
                    request.language = Some(language);
                }
                b"FIELDS" => break,
                _ => {
                    let word = String::from_utf8_lossy(word);
                    return Err(Error::text(format!("Unknown keyword `{word}` provided")));
                }
            }
        }
        if !words.len().is_multiple_of(2) {
            return Err(Error::text("Fields must be specified in FIELD VALUE pairs"));
        }
        request.fields = words.rest().to_vec();
        Ok(request)
    }

    /// The fields that say more than the document itself.
    fn special(&self) -> SpecialFields {
        SpecialFields {
            score: self.scored || self.partial,
            language: self.language.is_some(),
            payload: self.payload.is_some(),
        }
    }

    /// All fields of the hash, and their values.
    fn pairs(&self) -> Vec<(&'a [u8], &'a [u8])> {
        let special = self.special();
        let own = self.fields.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        let score = special.score.then_some((SpecialFields::SCORE, self.score));
        let language = self.language.map(|language| (SpecialFields::LANGUAGE, language));
        let payload = self.payload.map(|payload| (SpecialFields::PAYLOAD, payload));
        own.chain(score).chain(language).chain(payload).collect()
    }

    /// Writes the hash anew, or, if `changes`, into the one that is there.
    fn write(&self, ctx: &mut Ctx<'_>, key: &[u8], changes: bool) -> Result {
        let pairs = self.pairs();
        if pairs.is_empty() {
            return Ok(());
        }
        let (now, limits) = (now(ctx), ctx.limits);
        let set = |hash: &mut Hash| {
            for (field, value) in &pairs {
                hash.set(field, value, Ttl::Clear, now, limits);
            }
        };
        match ctx.keys.write::<Hash>(key)?.filter(|_| changes) {
            Some(hash) => set(hash),
            None => {
                let mut hash = Hash::new();
                set(&mut hash);
                ctx.keys.put(key, Owned::Value(hash.into()), None);
            }
        }
        let count = pairs.len() as u64;
        ctx.wrote_fields(key, "hset", count, pairs.iter().map(|(field, _)| *field));
        Ok(())
    }
}

fn value_of<'a>(words: &mut Words<'a>, of: &str) -> Result<&'a [u8]> {
    words.next_word().ok_or_else(|| {
        Error::text(format!(
            "Parsing error for document option {of}: Expected an argument, but none provided"
        ))
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    const INDEX: &str = "FT.CREATE i SCHEMA t TEXT n NUMERIC | ";

    fn with_index(commands: &str, answers: &str) {
        check(&format!("{INDEX}{commands}"), &format!("OK | {answers}"));
    }

    #[test]
    fn makes_a_hash() {
        with_index(
            "FT.ADD i d 1 FIELDS t 'hello world' n 5 | HGETALL d | FT.SEARCH i hello | \
             FT.SAFEADD i e 1.0 FIELDS t hello | FT.SEARCH i hello NOCONTENT",
            "OK | [t hello world n 5] | [1 d [t hello world n 5]] | OK | [2 e d]",
        );
    }

    #[test]
    fn replaces_on_demand() {
        with_index(
            "FT.ADD i d 1 FIELDS t one n 1 | FT.ADD i d 1 FIELDS t two | \
             FT.ADD i d 1 REPLACE FIELDS t two | HGETALL d | \
             FT.ADD i d 1 REPLACE PARTIAL FIELDS n 3 | HGETALL d | \
             FT.ADD i e 1 REPLACE NOCREATE FIELDS t x",
            "OK | Document already exists | OK | [t two] | OK | [t two n 3 __score 1] | \
             Document does not exist",
        );
    }

    #[test]
    fn conditions() {
        with_index(
            "FT.ADD i d 1 FIELDS n 1 | FT.ADD i d 1 REPLACE IF '@n > 1' FIELDS n 2 | \
             FT.ADD i d 1 REPLACE IF '@n == 1' FIELDS n 2 | HGET d n | \
             FT.ADD i d 1 REPLACE IF '@x == 1' FIELDS n 3 | \
             FT.ADD i d 1 REPLACE IF '@n ==' FIELDS n 3",
            "OK | NOADD | OK | 2 | NOADD | Syntax error at offset 3 near 'n'",
        );
    }

    #[test]
    fn says_more_of_documents() {
        with_index(
            "FT.ADD i a 0.2 FIELDS t cat | FT.ADD i b 1 FIELDS t cat | \
             FT.ADD i c 0.5 LANGUAGE german PAYLOAD p FIELDS t cat | HGETALL c | \
             FT.SEARCH i cat SCORER DOCSCORE WITHSCORES NOCONTENT | FT.GET i c | \
             FT.SEARCH i cat WITHPAYLOADS NOCONTENT SCORER DOCSCORE LIMIT 1 1",
            "OK | OK | OK | [t cat __score 0.5 __language german __payload p] | \
             [3 b 1 c 0.5 a 0.20000000298023224] | [t cat] | [3 c p]",
        );
    }

    #[test]
    fn refuses() {
        with_index(
            "FT.ADD none d 1 FIELDS t x | FT.ADD i d x FIELDS t x | FT.ADD i d 2 FIELDS t x | \
             FT.ADD i d 1 | FT.ADD i d 1 NOPE FIELDS t x | FT.ADD i d 1 FIELDS t | \
             FT.ADD i d 1 LANGUAGE nope FIELDS t x | FT.ADD i d 1 PAYLOAD | SET s v | \
             FT.ADD i s 1 REPLACE FIELDS t x",
            "none: no such index | Could not parse document score | \
             Score must be between 0 and 1 | No field list found | \
             Unknown keyword `NOPE` provided | \
             Fields must be specified in FIELD VALUE pairs | Unsupported language | \
             Parsing error for document option PAYLOAD: Expected an argument, but none provided | \
             OK | Invalid Redis key",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events("FT.CREATE i SCHEMA t TEXT | FT.ADD i d 1 FIELDS t x", "new d, hset d", 2);
    }
}
