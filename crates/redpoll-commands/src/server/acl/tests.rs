//! What users may do, from the client's side.

use crate::testing::{TestServer, check, configure, play};

#[test]
fn a_transaction_is_checked_again_when_it_runs() {
    let why = "NOPERM ACLs rules changed between the moment the transaction was accumulated and \
               the EXEC call. This command is no longer allowed for the following reason: no \
               permission to";
    play(&format!(
        "admin: ACL SETUSER bob on nopass +@all ~* = OK
         bob: AUTH bob x = OK
         bob: MULTI = OK
         bob: SET k v = QUEUED
         bob: GET k = QUEUED
         admin: ACL SETUSER bob -set = OK
         bob: EXEC = [{why} execute the command or subcommand nil]
         bob: MULTI = OK
         bob: ACL SETUSER bob resetkeys = QUEUED
         bob: GET k = QUEUED
         bob: EXEC = [OK {why} touch the specified keys]"
    ));
}

#[test]
fn a_refused_command_spoils_its_transaction() {
    check(
        "ACL SETUSER default -get | MULTI | GET k | EXEC",
        "OK | OK | NOPERM User default has no permissions to run the 'get' command | EXECABORT \
         Transaction discarded because of previous errors.",
    );
}

#[test]
fn a_waiting_command_is_checked_again() {
    play(
        "admin: ACL SETUSER bob on nopass +@all ~* = OK
         bob: AUTH bob x = OK
         bob: BLPOP l 0 =
         admin: ACL SETUSER bob resetkeys = OK
         admin: RPUSH l a = 1
         bob: = NOPERM No permissions to access a key
         admin: LLEN l = 1",
    );
}

#[test]
fn databases_are_checked_where_a_command_will_run() {
    let no = "NOPERM No permissions to access a database";
    check(
        "ACL SETUSER bob on nopass +@all allkeys db=1 | AUTH bob x | GET k | DBSIZE | PING | \
         SELECT 2 | SELECT 1 | GET k | MOVE k 0 | SWAPDB 0 1 | COPY k l DB 2 | COPY k l | FLUSHALL \
         | FLUSHDB",
        &format!(
            "OK | OK | {no} | {no} | PONG | {no} | OK | nil | {no} | {no} | {no} | 0 | {no} | OK"
        ),
    );
    check(
        "ACL SETUSER bob on nopass +@all allkeys db=1 | AUTH bob x | MULTI | SELECT 1 | GET k | \
         EXEC",
        "OK | OK | OK | QUEUED | QUEUED | [OK nil]",
    );
}

#[test]
fn sort_reads_other_keys_for_those_who_may_read_all() {
    check(
        "RPUSH l 1 2 | ACL SETUSER bob on nopass +@all ~l | AUTH bob x | SORT l | SORT l BY nosort \
         | SORT l BY w* | SORT l GET # | ACL SETUSER bob %R~* | SORT l BY w* GET #",
        "2 | OK | OK | [1 2] | [1 2] | ERR BY option of SORT denied due to insufficient ACL \
         permissions. | ERR GET option of SORT denied due to insufficient ACL permissions. | OK | \
         [1 2]",
    );
}

#[test]
fn channels_and_patterns() {
    let no = "NOPERM No permissions to access a channel";
    check(
        "ACL SETUSER bob on nopass +@all &a* | AUTH bob x | PUBLISH ab m | PUBLISH b m | \
         PSUBSCRIBE ab* | SUBSCRIBE ab b | UNSUBSCRIBE b | PSUBSCRIBE a*",
        &format!("OK | OK | 0 | {no} | {no} | {no} | [unsubscribe b 0] | [psubscribe a* 1]"),
    );
    let mut server = TestServer::new();
    configure(&server, "acl-pubsub-default", "allchannels");
    let mut session = server.client();
    server.run(&mut session, "ACL SETUSER bob");
    let list = server.run(&mut session, "ACL LIST");
    assert!(list.starts_with("[user bob off sanitize-payload &* -@all "), "{list}");
}

#[test]
fn what_needs_no_login_needs_no_permission() {
    check(
        "ACL SETUSER bob on nopass | AUTH bob x | PING | QUIT",
        "OK | OK | NOPERM User bob has no permissions to run the 'ping' command | OK",
    );
    check("ACL SETUSER bob on nopass | AUTH bob x | RESET | PING", "OK | OK | RESET | PONG");
}

#[test]
fn requirepass_is_the_default_users_password() {
    let mut server = TestServer::new();
    let mut session = server.client();
    server.run(&mut session, "CONFIG SET requirepass hush");
    let list = server.run(&mut session, "ACL GETUSER default");
    assert!(list.starts_with("[flags [on sanitize-payload] passwords [dc8331bc"), "{list}");
    server.run(&mut session, "CONFIG SET requirepass ''");
    let list = server.run(&mut session, "ACL GETUSER default");
    assert!(list.starts_with("[flags [on nopass sanitize-payload] passwords []"), "{list}");
}

#[test]
fn clients_are_found_by_their_user() {
    play(
        "admin: ACL SETUSER bob on nopass +@all = OK
         bob: AUTH bob x = OK
         admin: CLIENT KILL USER nobody = ERR No such user 'nobody'
         admin: CLIENT KILL USER bob = 1
         admin: CLIENT KILL USER default SKIPME yes = 0",
    );
}
