//! `HIMPORT DISCARD fieldset-name` and `HIMPORT DISCARDALL`.

use crate::prelude::*;

pub(super) const DISCARD: Command = Command {
    spec: Spec {
        name: "discard",
        arity: 3,
        summary: "Forgets a fieldset of the connection.",
        args: &[Arg::string("fieldset-name")],
        ..SPEC
    },
    run: |ctx, args| {
        let found = ctx.session.fieldsets.remove(args.at(2));
        ctx.reply.int_bool(found.is_some());
        Ok(())
    },
};

pub(super) const DISCARDALL: Command = Command {
    spec: Spec {
        name: "discardall",
        arity: 2,
        summary: "Forgets all fieldsets of the connection.",
        ..SPEC
    },
    run: |ctx, _| {
        let fieldsets = std::mem::take(&mut ctx.session.fieldsets);
        ctx.reply.count(fieldsets.len());
        Ok(())
    },
};

const SPEC: Spec = Spec {
    group: Group::Hash,
    since: "8.10.0",
    complexity: "O(N) where N is the number of fieldsets.",
    tips: &["request_policy:all_shards"],
    ..Spec::EMPTY
};
