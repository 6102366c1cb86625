// ioredis against a started server: what a Node program does with it.
//
// Run by `cargo xtask ci node`, which fetches the library below `target/` and starts the server.
// By hand: node client.js PORT [UNIX_SOCKET]. Every check is an assertion; the first that fails
// ends the run with a trace and exit code 1.

'use strict';

const assert = require('node:assert/strict');
const Redis = require('ioredis');

const PATIENCE_MS = 60_000;

async function strings(r) {
  assert.equal(await r.set('k', 'v', 'EX', 100), 'OK');
  assert.equal(await r.get('k'), 'v');
  assert.equal(await r.set('k', 'w', 'NX'), null);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  await r.set('binary', bytes);
  assert.deepEqual(await r.getBuffer('binary'), bytes);
  assert.equal(await r.incrby('n', 41), 41);
  assert.deepEqual(await r.mget('k', 'none', 'n'), ['v', null, '41']);
  await assert.rejects(r.incr('k'), /not an integer/);
}

async function collections(r) {
  assert.equal(await r.rpush('l', 'a', 'b', 'c'), 3);
  assert.deepEqual(await r.lrange('l', 0, -1), ['a', 'b', 'c']);
  assert.equal(await r.hset('h', { one: 1, two: 2 }), 2);
  assert.deepEqual(await r.hgetall('h'), { one: '1', two: '2' });
  assert.equal(await r.sadd('s', 'x', 'y'), 2);
  assert.deepEqual((await r.smembers('s')).sort(), ['x', 'y']);
  assert.equal(await r.zadd('z', 1, 'a', 2.5, 'b'), 2);
  assert.deepEqual(await r.zrange('z', 0, -1, 'WITHSCORES'), ['a', '1', 'b', '2.5']);
  await assert.rejects(r.get('l'), /WRONGTYPE/);
}

async function streams(r) {
  const id = await r.xadd('x', '*', 'field', 'value');
  assert.deepEqual(await r.xrange('x', '-', '+'), [[id, ['field', 'value']]]);
  assert.equal(await r.xgroup('CREATE', 'x', 'g', '0'), 'OK');
  const read = await r.xreadgroup('GROUP', 'g', 'c', 'COUNT', 10, 'STREAMS', 'x', '>');
  assert.deepEqual(read, [['x', [[id, ['field', 'value']]]]]);
  assert.equal(await r.xack('x', 'g', id), 1);
}

// Taking jobs with scripts, as queues on Redis do: keys are made up inside the script.
async function scripts(r) {
  r.defineCommand('take', {
    numberOfKeys: 1,
    lua: `local id = redis.call('RPOPLPUSH', KEYS[1], KEYS[1] .. ':active')
          if not id then return nil end
          redis.call('HSET', KEYS[1] .. ':' .. id, 'started', ARGV[1])
          return {id, redis.call('HGETALL', KEYS[1] .. ':' .. id)}`,
  });
  assert.equal(await r.take('jobs', 5), null);
  await r.lpush('jobs', 'job1');
  assert.deepEqual(await r.take('jobs', 5), ['job1', ['started', '5']]);
  assert.deepEqual(await r.lrange('jobs:active', 0, -1), ['job1']);
  await assert.rejects(r.eval('return redis.call("nonsense")', 0), /Unknown Redis command/);
}

async function transactions(r) {
  const replies = await r.multi().set('t', 1).incr('t').get('t').exec();
  assert.deepEqual(replies, [[null, 'OK'], [null, 2], [null, '2']]);
  const pipeline = r.pipeline();
  for (let number = 0; number < 10_000; number++) pipeline.set(`key:${number}`, number);
  assert.ok((await pipeline.exec()).every(([error, reply]) => error === null && reply === 'OK'));
  const found = new Set();
  for await (const keys of r.scanStream({ match: 'key:*', count: 500 })) {
    keys.forEach((key) => found.add(key));
  }
  assert.equal(found.size, 10_000);
}

async function messages(r) {
  const listener = r.duplicate();
  const heard = new Promise((resolve) => {
    listener.on('message', (channel, message) => resolve([channel, message]));
  });
  assert.equal(await listener.subscribe('news'), 1);
  assert.equal(await r.publish('news', 'hello'), 1);
  assert.deepEqual(await heard, ['news', 'hello']);
  listener.disconnect();
}

async function blocking(r) {
  const waiter = r.duplicate();
  const taken = waiter.blpop('queue', 60);
  await r.rpush('queue', 'work');
  assert.deepEqual(await taken, ['queue', 'work']);
  waiter.disconnect();
}

async function run(options) {
  const r = new Redis({ ...options, maxRetriesPerRequest: 1 });
  try {
    await r.flushall();
    for (const part of [
      strings, collections, streams, scripts, transactions, messages, blocking,
    ]) {
      await part(r);
    }
    await r.flushall();
  } finally {
    r.disconnect();
  }
}

async function main() {
  const [port, ...sockets] = process.argv.slice(2);
  const ways = [{ port: Number(port) }, ...sockets.map((path) => ({ path }))];
  for (const way of ways) await run(way);
  console.log(`ioredis ${require('ioredis/package.json').version}: fine`);
}

setTimeout(() => {
  console.error('the checks take too long');
  process.exit(1);
}, PATIENCE_MS).unref();

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
