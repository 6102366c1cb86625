//! Scripts of the kinds that queues, locks and limiters send: keys made from prefixes and
//! identifiers that were never declared, JSON and MessagePack on the way, errors as codes.

use super::eval;
use crate::testing::TestServer;

#[test]
fn a_lock_is_released_by_its_owner_only() {
    let mut server = TestServer::new();
    let mut session = server.client();
    let release = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', \
                   KEYS[1]) else return 0 end";
    server.run(&mut session, "SET lock me NX PX 1000");
    assert_eq!(eval(&mut server, &mut session, release, "1 lock you"), "0");
    assert_eq!(eval(&mut server, &mut session, release, "1 lock me"), "1");
    assert_eq!(eval(&mut server, &mut session, release, "1 lock me"), "0");
    let extend = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', \
                  KEYS[1], ARGV[2]) end return 0";
    server.run(&mut session, "SET lock me PX 1000");
    assert_eq!(eval(&mut server, &mut session, extend, "1 lock me 5000"), "1");
    assert_eq!(server.run(&mut session, "PTTL lock"), "5000");
}

/// A job queue that builds the keys of its jobs from a prefix and a counter.
#[test]
fn jobs_with_keys_made_up_as_they_go() {
    let mut server = TestServer::new();
    let mut session = server.client();
    let add = "local id = redis.call('incr', KEYS[3])
        local key = ARGV[1] .. id
        redis.call('hmset', key, 'data', cjson.encode({n = id}), 'opts', ARGV[2])
        local opts = cmsgpack.unpack(cmsgpack.pack({delay = tonumber(ARGV[2])}))
        if opts.delay > 0 then
            redis.call('zadd', KEYS[2], opts.delay * 4096 + id, id)
        else
            redis.call('lpush', KEYS[1], id)
        end
        return tostring(id)";
    for (delay, id) in [("0", "1"), ("5", "2"), ("0", "3")] {
        let rest = format!("3 q:wait q:delayed q:id q: {delay}");
        assert_eq!(eval(&mut server, &mut session, add, &rest), id);
    }
    let take = "local id = redis.call('rpoplpush', KEYS[1], KEYS[2])
        if id then
            local key = ARGV[1] .. id
            if redis.call('exists', key) == 0 then return -1 end
            redis.call('hset', key, 'processedOn', ARGV[2])
            redis.call('set', key .. ':lock', ARGV[3], 'PX', 30000)
            return {redis.call('hgetall', key), id}
        end
        return {false, false}";
    let rest = "2 q:wait q:active q: 7 token";
    let job = "[[data {\"n\":1} opts 0 processedOn 7] 1]";
    assert_eq!(eval(&mut server, &mut session, take, rest), job);
    assert_eq!(server.run(&mut session, "GET q:1:lock"), "token");
    let finish = "if redis.call('get', KEYS[1] .. ':lock') ~= ARGV[1] then return -6 end
        redis.call('lrem', KEYS[2], -1, ARGV[2])
        redis.call('del', KEYS[1], KEYS[1] .. ':lock')
        return redis.call('llen', KEYS[2])";
    assert_eq!(eval(&mut server, &mut session, finish, "2 q:1 q:active other 1"), "-6");
    assert_eq!(eval(&mut server, &mut session, finish, "2 q:1 q:active token 1"), "0");
    assert_eq!(server.run(&mut session, "EXISTS q:1 q:1:lock"), "0");
}

/// Due jobs move from a sorted set to the queues that they name themselves.
#[test]
fn due_jobs_move_to_their_queues() {
    let mut server = TestServer::new();
    let mut session = server.client();
    for (score, queue) in [(1, "low"), (2, "high"), (9, "low")] {
        let job = format!("{{\\\"queue\\\":\\\"{queue}\\\",\\\"at\\\":{score}}}");
        server.run(&mut session, &format!("ZADD schedule {score} \"{job}\""));
    }
    let enqueue = "local jobs = redis.call('zrangebyscore', KEYS[1], '-inf', ARGV[1])
        for _, job in ipairs(jobs) do
            redis.call('zrem', KEYS[1], job)
            local queue = cjson.decode(job).queue
            redis.call('sadd', 'queues', queue)
            redis.call('lpush', 'queue:' .. queue, job)
        end
        return #jobs";
    assert_eq!(eval(&mut server, &mut session, enqueue, "1 schedule 5"), "2");
    assert_eq!(server.run(&mut session, "LLEN queue:low"), "1");
    assert_eq!(server.run(&mut session, "LLEN queue:high"), "1");
    assert_eq!(server.run(&mut session, "ZCARD schedule"), "1");
}

#[test]
fn a_limiter_counts_within_a_window() {
    let mut server = TestServer::new();
    let mut session = server.client();
    let limit = "local now = redis.call('time')
        local micros = now[1] * 1000000 + now[2]
        redis.call('zremrangebyscore', KEYS[1], 0, micros - ARGV[2] * 1000)
        if redis.call('zcard', KEYS[1]) < tonumber(ARGV[1]) then
            redis.call('zadd', KEYS[1], micros, micros .. '-' .. math.random())
            redis.call('pexpire', KEYS[1], ARGV[2])
            return 1
        end
        return 0";
    let ask =
        |server: &mut TestServer, session: &mut _| eval(server, session, limit, "1 limit 2 1000");
    for expected in ["1", "1", "0"] {
        assert_eq!(ask(&mut server, &mut session), expected);
    }
    server.now += 1500;
    assert_eq!(ask(&mut server, &mut session), "1");
}
