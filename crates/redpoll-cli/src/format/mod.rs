//! Replies to text, in the five forms the client knows.

pub mod csv;
pub mod json;
pub mod paint;
pub mod raw;
pub mod tty;

use redpoll_client::Value;

use paint::Paint;

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// For people: types named, elements numbered.
    Standard,
    /// Only the data.
    Raw,
    /// One line of comma-separated values a reply.
    Csv,
    /// JSON in UTF-8.
    Json,
    /// JSON in which everything but printable ASCII is escaped.
    QuotedJson,
}

/// The form with its parameters.
#[derive(Debug, Clone)]
pub struct Style {
    /// The form.
    pub output: Output,
    /// Raw form: between the elements of a reply (`-d`).
    pub element_delimiter: Vec<u8>,
    /// Raw form: behind every reply (`-D`).
    pub reply_delimiter: Vec<u8>,
    /// Standard form: colours.
    pub paint: Paint,
}

impl Style {
    /// The text of a reply, with the line end its form has.
    pub fn reply(&self, reply: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        match self.output {
            Output::Standard => {
                tty::write(&mut out, reply, self.paint);
                out.push(b'\n');
            }
            Output::Raw => {
                raw::write(&mut out, reply, &self.element_delimiter);
                out.extend_from_slice(&self.reply_delimiter);
            }
            Output::Csv => {
                csv::write(&mut out, reply);
                out.push(b'\n');
            }
            Output::Json | Output::QuotedJson => {
                json::write(&mut out, reply, self.output == Output::QuotedJson);
                out.push(b'\n');
            }
        }
        out
    }

    /// The text of a reply that is laid out for reading already (`INFO` and its like): the bare
    /// data, whatever the form. Errors keep their form.
    pub fn text_reply(&self, reply: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        raw::write(&mut out, reply, &self.element_delimiter);
        out
    }

    /// The text of a push that came between replies. Invalidated keys get a line for people.
    pub fn push(&self, push: &Value) -> Vec<u8> {
        if self.output == Output::Standard
            && let Some(line) = tty::invalidation(push)
        {
            return line;
        }
        self.reply(push)
    }
}
