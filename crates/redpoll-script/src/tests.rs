//! Scripts against a host that only knows how to answer what it is given.

use crate::{Failure, Host, Refusal, Sandbox, Verdict};
use redpoll_resp::{Args, Proto, Reply};
use std::time::{Duration, Instant};

/// Answers `ECHO x` with x as it is, byte for byte, and everything else with an error.
struct Echo {
    reply: Vec<u8>,
    value: Vec<u8>,
    proto: Proto,
    until: Option<Instant>,
    restart: bool,
}

impl Echo {
    fn new() -> Self {
        Echo {
            reply: Vec::new(),
            value: Vec::new(),
            proto: Proto::Resp2,
            until: None,
            restart: false,
        }
    }
}

impl Host for Echo {
    fn call(&mut self, args: Args<'_>) -> Result<&[u8], Refusal> {
        if self.restart {
            return Err(Refusal::Restart);
        }
        match args.get(0) {
            Some(b"echo") if args.len() == 2 => self.reply = args.at(1).to_vec(),
            Some(b"words") => {
                let words: Vec<&[u8]> = args.iter_from(1).collect();
                self.reply = [b"+", &words.join(&b'|')[..], b"\r\n"].concat();
            }
            _ => return Err(Refusal::Error("ERR no such command".to_owned())),
        }
        Ok(&self.reply)
    }

    fn may_call(&mut self, args: Args<'_>) -> Option<bool> {
        (args.get(0) == Some(b"echo")).then_some(true)
    }

    fn log(&mut self, _: u8, _: &[u8]) {}

    fn set_proto(&mut self, proto: Proto) {
        self.proto = proto;
    }

    fn set_replication(&mut self, _: u8) {}

    fn answer(&mut self) -> (Proto, Reply<'_>) {
        self.value.clear();
        (self.proto, Reply::new(&mut self.value, Proto::Resp3))
    }

    fn look(&mut self) -> Verdict {
        match self.until {
            Some(until) if until < Instant::now() => Verdict::Kill,
            _ => Verdict::Continue,
        }
    }
}

/// What a client gets from a script, in RESP3, without line ends.
fn run_with(sandbox: &mut Sandbox, host: &mut Echo, script: &str) -> String {
    let compiled = match sandbox.compile(script.as_bytes(), 0) {
        Ok(compiled) => compiled,
        Err(why) => return why,
    };
    let keys = [&b"key"[..], b"other"];
    match sandbox.run(host, &compiled, keys.into_iter(), [&b"arg"[..]].into_iter()) {
        Ok(Some(error)) => format!("-{}", error.message),
        Ok(None) => String::from_utf8_lossy(&host.value).trim_end().replace("\r\n", " "),
        Err(Failure::Restart) => "restart".to_owned(),
        Err(Failure::Error { message, place, .. }) => match place {
            Some((source, line)) => format!("{message} at {source}:{line}"),
            None => message,
        },
    }
}

/// Runs a script with a stack as a worker has it.
fn run(script: &str) -> String {
    let run = || {
        let mut sandbox = Sandbox::new(64 << 20).expect("a state can be made");
        run_with(&mut sandbox, &mut Echo::new(), script)
    };
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(16 << 20);
        let thread = builder.spawn_scoped(scope, run).expect("a thread can be started");
        thread.join().expect("no script panics")
    })
}

#[track_caller]
fn check(script: &str, expected: &str) {
    assert_eq!(run(script), expected, "{script}");
}

#[test]
fn values_become_replies() {
    check("return 1", ":1");
    check("return 3.99", ":3");
    check("return -3.99", ":-3");
    check("return 'x'", "$1 x");
    check("return true", ":1");
    check("return false", "_");
    check("return nil", "_");
    check("return", "_");
    check("return {1, 'a', {2}, nil, 3}", "*3 :1 $1 a *1 :2");
    check("return {}", "*0");
    check("return {ok = 'fine'}", "+fine");
    check("return {ok = 'a\\r\\nb'}", "+a  b");
    check("return {err = 'MY error'}", "-MY error");
    check("return {1, {err = 'MY error'}}", "*2 :1 -MY error");
    check("return {double = 3.5}", ",3.5");
    check("return {big_number = '123'}", "(123");
    check("return {verbatim_string = {format = 'txt', string = 'hi'}}", "=6 txt:hi");
    check("return {map = {a = 1}}", "%1 $1 a :1");
    check("return {set = {a = true}}", "~1 $1 a");
    check("redis.setresp(3) return {true, false}", "*2 #t #f");
    check(
        "local t = {} t[1] = t return t",
        &format!("{}-ERR reached lua stack limit", "*1 ".repeat(200)),
    );
    check("return {KEYS[1], KEYS[2], ARGV[1], #KEYS, #ARGV}", "*5 $3 key $5 other $3 arg :2 :1");
}

#[test]
fn replies_become_values() {
    let of = |reply: &str, then: &str, expected: &str| {
        check(&format!("local v = redis.call('echo', '{reply}') {then}"), expected);
    };
    of("$1\\r\\nx\\r\\n", "return v", "$1 x");
    of(":7\\r\\n", "return v + 1", ":8");
    of("$-1\\r\\n", "return v == false", ":1");
    of("*-1\\r\\n", "return v == false", ":1");
    of("+fine\\r\\n", "return v.ok", "$4 fine");
    of("*2\\r\\n:1\\r\\n*1\\r\\n:2\\r\\n", "return v[2][1]", ":2");
    of("_\\r\\n", "return v == nil", ":1");
    of("#t\\r\\n", "return v == true", ":1");
    of(",1.5\\r\\n", "return tostring(v.double)", "$3 1.5");
    of("(123\\r\\n", "return v.big_number", "$3 123");
    of("=6\\r\\ntxt:hi\\r\\n", "return v.verbatim_string.string", "$2 hi");
    of("%1\\r\\n$1\\r\\na\\r\\n:1\\r\\n", "return v.map.a", ":1");
    of("~1\\r\\n$1\\r\\na\\r\\n", "return v.set.a", ":1");
    of("|1\\r\\n+a\\r\\n:1\\r\\n:2\\r\\n", "return v", ":2");
    check("return redis.call('echo', '-MY error\\r\\n')", "MY error at @user_script:1");
    check("return redis.pcall('echo', '-MY error\\r\\n').err", "$8 MY error");
    check("return redis.call('words', 1, 1.5, 'x', 1e20)", "+1|1.5|x|1e+20");
}

#[test]
fn any_number_of_values_comes_back() {
    let calls = [
        "pcall(unpack, t)",
        "xpcall(function() return unpack(t) end, error)",
        "coroutine.resume(coroutine.create(function() return unpack(t) end))",
    ];
    for call in calls {
        let script = format!(
            "local t = {{}} for n = 1, 300 do t[n] = n \
             if #{{{call}}} ~= n + 1 then return n end end"
        );
        check(&script, "_");
    }
}

#[test]
fn errors_tell_their_place() {
    check("return redis.call('no')", "ERR no such command at @user_script:1");
    check("\nredis.call('no')", "ERR no such command at @user_script:2");
    check("error('x')", "ERR user_script:1: x at @user_script:1");
    check("error({err = 'MY x'})", "MY x at @user_script:1");
    check("error()", "ERR nil at @user_script:1");
    check("return pcall(redis.call, 'no')", "_");
    check("return {select(2, pcall(redis.call, 'no'))}", "*1 $19 ERR no such command");
    check("local ok, e = pcall(error, 'x') return e", "$1 x");
    check(
        "local c = coroutine.create(function() redis.call('no') end) \
         local ok, e = coroutine.resume(c) return {tostring(ok), e.err}",
        "*2 $5 false $19 ERR no such command",
    );
    check(
        "return redis.call()",
        "ERR Please specify at least one argument for this redis lib call at @user_script:1",
    );
    check(
        "return redis.call({})",
        "ERR Lua redis lib command arguments must be strings or integers at @user_script:1",
    );
    check("return redis.error_reply('x')", "-ERR x");
    check("return redis.error_reply('-MY x')", "-MY x");
    check("return redis.status_reply('x')", "+x");
    check("return redis.sha1hex('')", "$40 da39a3ee5e6b4b0d3255bfef95601890afd80709");
    check("redis.log(1)", "ERR redis.log() requires two arguments or more. at @user_script:1");
    check("redis.log(10, 'x')", "ERR Invalid debug level. at @user_script:1");
    check("redis.setresp(4)", "ERR RESP version must be 2 or 3. at @user_script:1");
    check("return redis.acl_check_cmd('echo')", ":1");
    check(
        "return redis.acl_check_cmd('x')",
        "ERR Invalid command passed to redis.acl_check_cmd() at @user_script:1",
    );
    assert!(run("return x y").contains("user_script:1: '<eof>' expected near 'y'"));
}

#[test]
fn nothing_can_be_left_behind() {
    let text = "Attempt to modify a readonly table";
    for script in [
        "x = 1",
        "_G.x = 1",
        "redis = 1",
        "redis.call = 1",
        "string.rep = 1",
        "cjson.encode = 1",
        "rawset(_G, 'x', 1)",
        "rawset(redis, 'x', 1)",
        "setmetatable(_G, {})",
        "setmetatable(string, {})",
        "getmetatable(_G).__index = 1",
        "getmetatable('').__index = 1",
        "getmetatable(redis).x = 1",
    ] {
        let got = run(script);
        assert!(got.contains(text), "{script}: {got}");
    }
    let missing = |name: &str| {
        let text = format!("Script attempted to access nonexistent global variable '{name}'");
        let got = run(&format!("return {name}"));
        assert_eq!(got, format!("ERR user_script:1: {text} at @user_script:1"));
    };
    for name in ["print", "dofile", "loadfile", "require", "module", "debug", "io", "package", "x"]
    {
        missing(name);
    }
    check("return type(os.clock())", "$6 number");
    check("return os.execute", "_");
    check("return rawget(redis, 'LOG_WARNING')", ":3");
    check("local n = 0 for k in pairs(redis) do n = n + 1 end return n > 10", ":1");
    check("return loadstring('return 7')()", ":7");
    check("return loadstring(string.dump(function() end))", "_");
    check("return load(function() return nil end) ~= nil", ":1");
    assert!(run("return loadstring('x = 1')()").contains(text));
}

#[test]
fn what_is_too_much_is_an_error() {
    let memory = run("local s = 'a' while true do s = s .. s end");
    assert!(
        memory.contains("not enough memory") || memory.contains("script-memory-limit"),
        "{memory}"
    );
    let memory = run("return string.rep('x', 1e9)");
    assert!(memory.contains("script-memory-limit"), "{memory}");
    let memory = run("local t = {} while true do t[#t + 1] = {} end");
    assert!(memory.contains("script-memory-limit"), "{memory}");
    assert!(run("local function f() return 1 + f() end return f()").contains("stack overflow"));
    assert!(run("return ('x'):rep(10):find(('a?'):rep(100000))").contains("pattern too complex"));
    assert!(run("return unpack({}, 1, 1e8)").contains("too many results"));
    let mut sandbox = Sandbox::new(0).expect("a state can be made");
    for script in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "local c = coroutine.wrap(function() while true do end end) while true do pcall(c) end",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        "while true do xpcall(function() while true do end end, function(e) return e end) end",
    ] {
        let mut host = Echo::new();
        host.until = Some(Instant::now() + Duration::from_millis(20));
        let got = run_with(&mut sandbox, &mut host, script);
        assert!(
            got.starts_with("ERR Script killed by user with SCRIPT KILL..."),
            "{script}: {got}"
        );
    }
    assert_eq!(run_with(&mut sandbox, &mut Echo::new(), "return 1"), ":1");
}

#[test]
fn a_restart_cannot_be_caught() {
    let mut sandbox = Sandbox::new(0).expect("a state can be made");
    for script in [
        "redis.call('x')",
        "pcall(redis.call, 'x') return 1",
        "redis.pcall('x') return 1",
        "while true do pcall(redis.call, 'x') end",
        "local c = coroutine.create(function() redis.call('x') end) coroutine.resume(c) return 1",
        "xpcall(function() redis.call('x') end, function() return 1 end) return 1",
    ] {
        let mut host = Echo::new();
        host.restart = true;
        assert_eq!(run_with(&mut sandbox, &mut host, script), "restart", "{script}");
    }
}

#[test]
fn chance_is_the_same_everywhere() {
    check(
        "math.randomseed(7) local a = math.random(1000) math.randomseed(7) return a == \
         math.random(1000)",
        ":1",
    );
    check("math.randomseed(0) return tostring(math.random())", "$16 0.17082803611217");
    check(
        "return math.random(5, 4)",
        "ERR user_script:1: bad argument #2 to 'random' (interval is empty) at @user_script:1",
    );
}

#[test]
fn json() {
    check("return cjson.encode({1, 2, {a = 'x/\\n'}})", "$19 [1,2,{\"a\":\"x\\/\\n\"}]");
    check("return cjson.encode({})", "$2 {}");
    check("return cjson.encode(0.1)", "$3 0.1");
    check("return cjson.encode({[1] = 1, [3] = 3})", "$10 [1,null,3]");
    check(
        "return cjson.encode({[1] = 1, [30] = 3})",
        "ERR user_script:1: Cannot serialise table: excessively sparse array at @user_script:1",
    );
    check(
        "return cjson.encode({f = redis.call})",
        "ERR user_script:1: Cannot serialise function: type not supported at @user_script:1",
    );
    check(
        "return cjson.encode(0/0)",
        "ERR user_script:1: Cannot serialise number: must not be NaN or Inf at @user_script:1",
    );
    check(
        "local t = {} t.t = t return cjson.encode(t)",
        "ERR user_script:1: Cannot serialise, excessive nesting (1001) at @user_script:1",
    );
    check("return cjson.decode('[1, 2.5, \"\\\\u00e9\\\\n\", true, null]')[3]", "$3 \u{e9}");
    check("return tostring(cjson.decode('[null]')[1] == cjson.null)", "$4 true");
    check("return cjson.decode('{\"a\": {\"b\": [1, 2]}}').a.b[2]", ":2");
    check(
        "return cjson.decode('{')",
        "ERR user_script:1: Expected object key string but found T_END at character 2 at \
         @user_script:1",
    );
    check(
        "return cjson.decode('[1')",
        "ERR user_script:1: Expected comma or array end but found T_END at character 3 at \
         @user_script:1",
    );
    check(
        "return cjson.decode('nope')",
        "ERR user_script:1: Expected value but found invalid token at character 1 at \
         @user_script:1",
    );
    check(
        "return cjson.decode('[' .. ('['):rep(1000))",
        "ERR user_script:1: Found too many nested data structures (1001) at character 1001 at \
         @user_script:1",
    );
    check("return tostring(cjson.decode('1e3'))", "$4 1000");
    check("return tostring(cjson.decode('0x10'))", "$2 16");
}

#[test]
fn messagepack() {
    let packed = |value: &str, hex: &str| {
        check(
            &format!(
                "return (cmsgpack.pack({value}):gsub('.', function(c) return \
                 ('%02x'):format(c:byte()) end))"
            ),
            &format!("${} {hex}", hex.len()),
        );
    };
    packed("1", "01");
    packed("-1", "ff");
    packed("128", "cc80");
    packed("70000", "ce00011170");
    packed("-200", "d1ff38");
    packed("1.5", "ca3fc00000");
    packed("0.1", "cb3fb999999999999a");
    packed("'ab'", "a26162");
    packed("{1, 2}", "920102");
    packed("{a = true}", "81a161c3");
    packed("nil, false", "c0c2");
    check("return cmsgpack.unpack(cmsgpack.pack({1, {a = 'b'}}))[2].a", "$1 b");
    check("return {cmsgpack.unpack_one(cmsgpack.pack(1, 2), 0)}", "*2 :1 :1");
    check("return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2), 2, 0)}", "*3 :-1 :1 :2");
    check(
        "return cmsgpack.unpack('\\145')",
        "ERR user_script:1: Missing bytes in input. at @user_script:1",
    );
    check(
        "return cmsgpack.unpack('\\193')",
        "ERR user_script:1: Bad data format in input. at @user_script:1",
    );
    check(
        "return cmsgpack.pack()",
        "ERR user_script:1: bad argument #0 to 'pack' (MessagePack pack needs input.) at \
         @user_script:1",
    );
}

#[test]
fn structs_and_bits() {
    check(
        "return {struct.unpack('>I2hBs', struct.pack('>I2hBs', 258, -2, 7, 'hi'))}",
        "*5 :258 :-2 :7 $2 hi :9",
    );
    check("return {struct.unpack('<i4', struct.pack('<i4', -7))}", "*2 :-7 :5");
    check("return struct.size('!4bi4')", ":8");
    check("return {struct.unpack('Bc0', '\\3abc')}", "*2 $3 abc :5");
    check(
        "return struct.unpack('i4', 'x')",
        "ERR user_script:1: bad argument #2 to 'unpack' (data string too short) at @user_script:1",
    );
    check(
        "return struct.pack('i99', 1)",
        "ERR user_script:1: integral size 99 is larger than limit of 32 at @user_script:1",
    );
    check(
        "return struct.pack('j', 1)",
        "ERR user_script:1: bad argument #1 to 'pack' (invalid format option 'j') at \
         @user_script:1",
    );
    check(
        "return {bit.tobit(0xffffffff), bit.bnot(0), bit.band(7, 5), bit.bor(1, 2), bit.bxor(3, \
         1)}",
        "*5 :-1 :-1 :5 :3 :2",
    );
    check(
        "return {bit.lshift(1, 33), bit.rshift(-1, 31), bit.arshift(-8, 1), bit.rol(1, 31), \
         bit.bswap(1)}",
        "*5 :2 :1 :-4 :-2147483648 :16777216",
    );
    check(
        "return {bit.tohex(255), bit.tohex(-1, -4), bit.tohex(1, 2)}",
        "*3 $8 000000ff $4 FFFF $2 01",
    );
}
