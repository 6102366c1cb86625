/* hiredis 1.x through shared memory, asynchronous: with libevent, or with libev (-DWITH_LIBEV).
 * Arguments: a port (not used) and the Unix socket. Kills the server in the end. */

#define REDPOLL_HIREDIS_IMPLEMENTATION
#include <redpoll_hiredis.h>

#include "check.h"
#include <sys/types.h>

#ifdef WITH_LIBEV
#include <adapters/libev.h>
static void attach(redisAsyncContext *ac) { CHECK(redisLibevAttach(EV_DEFAULT, ac) == REDIS_OK); }
static void run(void) { ev_run(EV_DEFAULT, 0); }
static void stop(void) { ev_break(EV_DEFAULT, EVBREAK_ALL); }
#else
#include <adapters/libevent.h>
static struct event_base *base;
static void attach(redisAsyncContext *ac) {
    if (base == NULL) base = event_base_new();
    CHECK(redisLibeventAttach(ac, base) == REDIS_OK);
}
static void run(void) { event_base_dispatch(base); }
static void stop(void) { event_base_loopbreak(base); }
#endif

static const char *path;
static int connected, disconnected;

static void on_connect(const redisAsyncContext *ac, int status) {
    (void)ac;
    CHECK(status == REDIS_OK);
    connected++;
}

static void on_disconnect(const redisAsyncContext *ac, int status) {
    (void)ac;
    (void)status;
    disconnected++;
    stop();
}

static redisAsyncContext *open_with(const redpollOptions *o) {
    redisAsyncContext *ac = redpollAsyncConnectShmWithOptions(path, o);
    CHECK(ac != NULL && ac->err == 0);
    CHECK(strcmp(redpollTransport(&ac->c), "pending") == 0);
    attach(ac);
    redisAsyncSetConnectCallback(ac, on_connect);
    redisAsyncSetDisconnectCallback(ac, on_disconnect);
    return ac;
}

/* --- many commands, each issued in the callback of another --- */

static int counted;

static void on_count(redisAsyncContext *ac, void *r, void *privdata) {
    redisReply *reply = r;
    (void)privdata;
    CHECK(reply != NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer == counted + 1);
    CHECK(strcmp(redpollTransport(&ac->c), "shm") == 0);
    counted++;
    if (counted == 20000) {
        redisAsyncDisconnect(ac);
    } else if (counted > 10000) {
        redisAsyncCommand(ac, on_count, NULL, "INCR async");
    }
}

static void counting(void) {
    redisAsyncContext *ac = open_with(NULL);
    int i;
    redisAsyncCommand(ac, NULL, NULL, "DEL async");
    for (i = 0; i < 10001; i++) redisAsyncCommand(ac, on_count, NULL, "INCR async");
    run();
    CHECK(counted == 20000 && connected == 1 && disconnected == 1);
}

/* --- values that fit into no ring --- */

static char *value;
static const size_t value_len = 100 << 20;
static int echoes;

static void on_echo(redisAsyncContext *ac, void *r, void *privdata) {
    redisReply *reply = r;
    size_t len = (size_t)privdata;
    CHECK(reply != NULL && reply->len == len && memcmp(reply->str, value, len) == 0);
    if (++echoes == 301) redisAsyncDisconnect(ac);
}

static void large_values(void) {
    redpollOptions small = {0};
    redisAsyncContext *ac;
    size_t i;
    small.ring_size = 256 << 10;
    value = malloc(value_len);
    for (i = 0; i < value_len; i++) value[i] = (char)(i >> 5);
    ac = open_with(&small);
    redisAsyncCommand(ac, on_echo, (void *)value_len, "ECHO %b", value, value_len);
    for (i = 0; i < 300; i++) {
        redisAsyncCommand(ac, on_echo, (void *)(size_t)100000, "ECHO %b", value, (size_t)100000);
    }
    run();
    CHECK(echoes == 301);
    free(value);
}

/* --- messages, and a blocking command that another client ends --- */

static redisAsyncContext *publisher, *waiter;
static int messages, popped;

static void on_pop(redisAsyncContext *ac, void *r, void *privdata) {
    redisReply *reply = r;
    (void)privdata;
    CHECK(reply != NULL && reply->elements == 2);
    popped = 1;
    redisAsyncDisconnect(ac);
}

static void on_message(redisAsyncContext *ac, void *r, void *privdata) {
    redisReply *reply = r;
    (void)privdata;
    if (reply == NULL) return;
    CHECK(reply->elements == 3);
    if (strcmp(reply->element[0]->str, "subscribe") == 0) {
        int i;
        for (i = 0; i < 1000; i++) redisAsyncCommand(publisher, NULL, NULL, "PUBLISH c %d", i);
        redisAsyncCommand(publisher, NULL, NULL, "RPUSH waited x");
    } else if (strcmp(reply->element[0]->str, "message") == 0) {
        CHECK(atoi(reply->element[2]->str) == messages);
        if (++messages == 1000) {
            redisAsyncFree(ac);
            redisAsyncDisconnect(publisher);
        }
    }
}

static void messages_and_waits(void) {
    redisAsyncContext *subscriber = open_with(NULL);
    redpollOptions sleepy = {0};
    sleepy.spin_us = -1;
    publisher = open_with(&sleepy);
    waiter = open_with(&sleepy);
    disconnected = 0;
    redisAsyncCommand(waiter, on_pop, NULL, "BLPOP waited 0");
    redisAsyncCommand(subscriber, on_message, NULL, "SUBSCRIBE c");
    while (disconnected < 3) run();
    CHECK(messages == 1000 && popped == 1);
}

/* --- logins, and a server without shared memory --- */

static const char *wanted_transport;
static int whoami;

static void on_whoami(redisAsyncContext *ac, void *r, void *privdata) {
    redisReply *reply = r;
    if (privdata == NULL) {
        CHECK(reply == NULL);
        CHECK(strstr(ac->errstr, "WRONGPASS") != NULL);
    } else {
        CHECK(reply != NULL && strcmp(reply->str, privdata) == 0);
        CHECK(strcmp(redpollTransport(&ac->c), wanted_transport) == 0);
        redisAsyncDisconnect(ac);
    }
    whoami++;
}

static void ask_once(const redpollOptions *o, const char *user) {
    redisAsyncCommand(open_with(o), on_whoami, (void *)user, "ACL WHOAMI");
    run();
}

static void logins_and_refusals(redisContext *admin) {
    redpollOptions o = {0};
    freeReplyObject(redisCommand(admin, "ACL SETUSER ann on >secret +@all ~* &*"));
    wanted_transport = "shm";
    o.user = "ann";
    o.password = "secret";
    ask_once(&o, "ann");
    o.password = "wrong";
    ask_once(&o, NULL);
    freeReplyObject(redisCommand(admin, "CONFIG SET shm-enabled no"));
    wanted_transport = "unix";
    ask_once(NULL, "default");
    freeReplyObject(redisCommand(admin, "CONFIG SET shm-enabled yes"));
    CHECK(whoami == 3);
}

/* --- the server's death --- */

static int orphans;

static void on_orphan(redisAsyncContext *ac, void *r, void *privdata) {
    (void)ac;
    (void)privdata;
    CHECK(r == NULL);
    orphans++;
}

static void on_pid(redisAsyncContext *ac, void *r, void *privdata) {
    redisReply *reply = r;
    (void)privdata;
    redisAsyncCommand(ac, on_orphan, NULL, "BLPOP nothing 0");
    kill((pid_t)atol(strstr(reply->str, "process_id:") + strlen("process_id:")), SIGKILL);
}

static void a_killed_server(void) {
    redisAsyncContext *ac = open_with(NULL);
    double begun = now_s();
    redisAsyncCommand(ac, on_pid, NULL, "INFO server");
    run();
    CHECK(orphans == 1 && now_s() - begun < 2);
}

int main(int argc, char **argv) {
    redisContext *admin;
    CHECK(argc == 3);
    path = argv[2];
    signal(SIGPIPE, SIG_IGN);
    admin = redisConnectUnix(path);
    CHECK(admin != NULL && admin->err == 0);
    counting();
    large_values();
    messages_and_waits();
    logins_and_refusals(admin);
    redisFree(admin);
    a_killed_server();
    puts("hiredis through shared memory, asynchronous: ok");
    return 0;
}
