//! Rows of an aggregation as a reply.

use super::results;
use redpoll_resp::{Proto, Reply};
use redpoll_search::aggregate::{Columns, Row};
use redpoll_search::expression::Value;
use redpoll_search::score::Explanation;

/// What there is to say of rows as a whole.
#[derive(Clone, Copy, Default)]
pub(super) struct Summary {
    /// How many there are.
    pub(super) total: usize,
    /// Whether some are missing, as there was no time to find them.
    pub(super) timed_out: bool,
    /// Whether some are missing, as a pattern means more terms than it may.
    pub(super) truncated: bool,
}

/// Writes rows.
pub(super) fn reply(reply: &mut Reply<'_>, columns: &Columns, rows: &[Row], summary: Summary) {
    let Summary { total, timed_out, truncated } = summary;
    if reply.proto() == Proto::Resp2 {
        reply.array(1 + rows.len());
        reply.count(total);
        for row in rows {
            let fields: Vec<_> = columns.fields(row).collect();
            reply.array(fields.len() * 2);
            write_fields(reply, &fields);
            reply.flow();
        }
        return;
    }
    reply.map(5);
    reply.simple("attributes");
    reply.array(0);
    results::warnings(reply, timed_out, truncated);
    reply.simple("total_results");
    reply.count(total);
    reply.simple("format");
    reply.simple("STRING");
    reply.simple("results");
    reply.array(rows.len());
    for row in rows {
        let fields: Vec<_> = columns.fields(row).collect();
        reply.map(2);
        reply.simple("extra_attributes");
        reply.map(fields.len());
        write_fields(reply, &fields);
        reply.simple("values");
        reply.array(0);
        reply.flow();
    }
}

/// Writes a row as a map of its fields, and, before them, its score and how that came about.
pub(super) fn fields(
    reply: &mut Reply<'_>,
    columns: &Columns,
    row: &Row,
    explained: Option<&(f64, Explanation)>,
) {
    let fields: Vec<_> = columns.fields(row).collect();
    reply.map(fields.len() + usize::from(explained.is_some()));
    if let Some((score, explanation)) = explained {
        reply.simple("score");
        results::explained(reply, *score, explanation);
    }
    write_fields(reply, &fields);
}

fn write_fields(reply: &mut Reply<'_>, fields: &[(&[u8], &Value)]) {
    for (name, value) in fields {
        reply.bulk(name);
        write(reply, value);
    }
}

/// Values nest no deeper than expressions and groupings make them.
fn write(reply: &mut Reply<'_>, value: &Value) {
    match value {
        Value::Null => reply.null(),
        Value::Number(_) | Value::Text(_) => reply.bulk(&value.to_text()),
        Value::Array(values) => {
            reply.array(values.len());
            values.iter().for_each(|value| write(reply, value));
        }
        Value::Map(fields) => {
            reply.map(fields.len());
            for (name, value) in fields.iter() {
                write(reply, name);
                write(reply, value);
            }
        }
    }
}
