//! Who may do what.

use super::*;
use crate::choice::{AclPubsubDefault, ProtectedAction, SanitizeDumpPayload};
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};
use crate::value::Text;

directives! {
    after clients::END;
    section "Security";

    protected_mode: Bool(true), "protected-mode", [],
        "Refuse clients of other hosts while there is neither a password nor a `bind`.";
    requirepass: OptStr, "requirepass", [SENSITIVE],
        "Password of the default user.";
    aclfile: Str(""), "aclfile", [IMMUTABLE],
        "File of users and their rights, in place of `user` lines.";
    acl_pubsub_default: Word(AclPubsubDefault, Resetchannels), "acl-pubsub-default", [],
        "Channels a new user may use.";
    acllog_max_len: Count(128, 0, LONG_MAX), "acllog-max-len", [],
        "Entries ACL LOG keeps.";
    enable_protected_configs: Word(ProtectedAction, No), "enable-protected-configs", [IMMUTABLE],
        "Who may set `dir` and `dbfilename` at run time.";
    enable_debug_command: Word(ProtectedAction, No), "enable-debug-command", [IMMUTABLE],
        "Who may use DEBUG.";
    enable_module_command: Word(ProtectedAction, No), "enable-module-command", [IMMUTABLE],
        "Who may use MODULE.";
    sanitize_dump_payload: Word(SanitizeDumpPayload, No), "sanitize-dump-payload", [],
        "Whether payloads of RESTORE and full syncs are checked in depth.";
}
