/*
 * hiredis 1.x through shared memory.
 *
 *     #define REDPOLL_HIREDIS_IMPLEMENTATION   // in one C file of the program
 *     #include <redpoll_hiredis.h>
 *
 *     redisContext *c = redpollConnectShm("/path/to/socket");
 *
 * and then hiredis as always: redisCommand(), pipelines, redisFree(); in the same way
 * redpollAsyncConnectShm() with redisAsyncCommand() and any event library that hiredis has an
 * adapter for. Where the server refuses shared memory, the same context goes on over the Unix
 * socket; redpollTransport() tells.
 *
 * This is one header, so that it is compiled with the hiredis of the program: the layout of its
 * structures differs from version to version. It uses hiredis's pluggable functions
 * (redisContextFuncs), which hiredis has since 1.0. Link with libredpoll and hiredis.
 */
#ifndef REDPOLL_HIREDIS_H
#define REDPOLL_HIREDIS_H

#if defined(__has_include)
#if __has_include(<hiredis/hiredis.h>)
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#else
#include <async.h>
#include <hiredis.h>
#endif
#else
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#endif

#if !defined(HIREDIS_MAJOR) || HIREDIS_MAJOR < 1
#error "redpoll_hiredis.h needs hiredis 1.0 or newer"
#endif

#include <redpoll.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What may be said about a connection. All zeros (`redpollOptions o = {0}`) is the default. */
typedef struct redpollOptions {
    const char *user;     /* for AUTH; NULL: the default user */
    const char *password; /* for AUTH; NULL: no login */
    /* For connecting, login and the question for shared memory together. NULL: five seconds. An
     * asynchronous context leaves that to its event library's timer, as hiredis does. */
    const struct timeval *connect_timeout;
    const struct timeval *command_timeout; /* as redisSetTimeout(); NULL: none */
    size_t ring_size;                      /* bytes; 0: the server's shm-ring-size */
    /* How long to look for a reply before sleeping, in microseconds. 0: 50 for a blocking context,
     * 10 for an asynchronous one, which holds up its event loop meanwhile. Negative: not at all. */
    int spin_us;
} redpollOptions;

/* A connected context; as of redisConnectUnix(), NULL or one with c->err set if that failed. */
redisContext *redpollConnectShm(const char *path);
redisContext *redpollConnectShmWithOptions(const char *path, const redpollOptions *options);

/* Takes a blocking context of a Unix socket over to shared memory: after redisReconnect(), or where
 * the program has connected and logged in by itself. All replies must have been read. REDIS_OK also
 * where the server refuses; REDIS_ERR if the connection has failed (c->err). */
int redpollUseShm(redisContext *c, const redpollOptions *options);

/* An asynchronous context; as of redisAsyncConnectUnix(). Connecting, login and the question for
 * shared memory happen in the event loop; commands may be issued at once. */
redisAsyncContext *redpollAsyncConnectShm(const char *path);
redisAsyncContext *redpollAsyncConnectShmWithOptions(const char *path,
                                                     const redpollOptions *options);

/* "shm", "unix", or "pending" while an asynchronous context has no answer yet. */
const char *redpollTransport(const redisContext *c);

/* Why the server has refused shared memory; "" if it has not. */
const char *redpollRefusal(const redisContext *c);

#ifdef __cplusplus
}
#endif

#endif

#if defined(REDPOLL_HIREDIS_IMPLEMENTATION) && !defined(REDPOLL_HIREDIS_IMPLEMENTED)
#define REDPOLL_HIREDIS_IMPLEMENTED

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How far an asynchronous context has come. */
enum redpoll__phase {
    REDPOLL__LOGIN,       /* AUTH is to be sent */
    REDPOLL__LOGIN_REPLY, /* its reply is awaited */
    REDPOLL__ASK,         /* the question is to be sent */
    REDPOLL__ANSWER,      /* the answer is awaited */
    REDPOLL__RUNNING      /* through shared memory, or over the socket */
};

/* Turns of one context before it lets others of the event loop come. */
#define REDPOLL__TURNS 64

/* What a context carries (c->privctx). */
typedef struct redpoll__state {
    redpoll_channel *channel;
    enum redpoll__phase phase;
    size_t ring_size;
    int spins;
    int timeout_ms; /* the one that the channel has been given */
    int fed;        /* replies were put into the reader while writing */
    size_t sent;    /* bytes at the front of the output that have gone already */
    char *login;    /* AUTH, as it is sent */
    size_t login_len, login_sent;
    char reply[256]; /* the reply to it */
    size_t reply_len;
    int *gone; /* set when the context is freed during a turn */
} redpoll__state;

static redpoll__state *redpoll__of(const redisContext *c) { return (redpoll__state *)c->privctx; }

static void redpoll__fail(redisContext *c, int type, const char *text) {
    c->err = type;
    snprintf(c->errstr, sizeof(c->errstr), "%s", text);
}

/* An error of the system, with errno left as it is. */
static void redpoll__fail_errno(redisContext *c) {
    int number = errno;
    redpoll__fail(c, REDIS_ERR_IO, strerror(number));
    errno = number;
}

static void redpoll__free(void *privctx) {
    redpoll__state *s = (redpoll__state *)privctx;
    if (s == NULL) return;
    if (s->gone != NULL) *s->gone = 1;
    redpoll_free(s->channel);
    if (s->login != NULL) {
        memset(s->login, 0, s->login_len);
        redisFreeCommand(s->login);
    }
    free(s);
}

static void redpoll__close(redisContext *c) {
    if (c->fd != REDIS_INVALID_FD) {
        close(c->fd);
        c->fd = REDIS_INVALID_FD;
    }
}

static int redpoll__in_memory(const redpoll__state *s) {
    return s != NULL && redpoll_transport(s->channel) == REDPOLL_SHM;
}

/* What a read or write that has returned `count` means to hiredis: > 0 bytes, 0 "again", < 0. */
static ssize_t redpoll__result(redisContext *c, ssize_t count) {
    if (count >= 0) return count;
    if (errno == EINTR || (errno == EAGAIN && !(c->flags & REDIS_BLOCK))) return 0;
    redpoll__fail_errno(c);
    return -1;
}

/* hiredis keeps the timeout in the context and sets it on the socket, which does not help here. */
static void redpoll__follow_timeout(redisContext *c, redpoll__state *s) {
    const struct timeval *tv = c->command_timeout;
    long ms = -1;
    if (tv != NULL && (c->flags & REDIS_BLOCK) && (tv->tv_sec != 0 || tv->tv_usec != 0)) {
        ms = tv->tv_sec > 2000000 ? 2000000000L : tv->tv_sec * 1000L + (tv->tv_usec + 999) / 1000;
    }
    if (ms == s->timeout_ms) return;
    s->timeout_ms = (int)ms;
    redpoll_set_timeouts(s->channel, (int)ms, (int)ms);
}

static ssize_t redpoll__read(redisContext *c, char *out, size_t len) {
    redpoll__state *s = redpoll__of(c);
    ssize_t count;
    if (redpoll__in_memory(s)) {
        if (s->fed) {
            /* The reader has something that it has not looked at. */
            s->fed = 0;
            return 0;
        }
        redpoll__follow_timeout(c, s);
        count = redpoll_read(s->channel, out, len);
    } else {
        count = recv(c->fd, out, len, 0);
    }
    if (count == 0) {
        redpoll__fail(c, REDIS_ERR_EOF, "Server closed the connection");
        return -1;
    }
    return redpoll__result(c, count);
}

/* Notes that `count` bytes more of the output have gone, and tells hiredis (which moves the rest to
 * the front each time it is told) when that is half of them: a large value would be moved as often
 * as the ring is filled otherwise. */
static ssize_t redpoll__sent(redisContext *c, redpoll__state *s, size_t count) {
    size_t len = sdslen(c->obuf);
    s->sent += count;
    if (s->sent < len - len / 2) return 0;
    count = s->sent;
    s->sent = 0;
    return (ssize_t)count;
}

/* Writes what fits. A blocking context whose ring is full takes replies out of the other one
 * meanwhile, so that a pipeline of any length comes to its end. */
static ssize_t redpoll__write(redisContext *c) {
    redpoll__state *s = redpoll__of(c);
    const char *at = c->obuf;
    size_t len = sdslen(c->obuf), written = 0;
    char replies[16384];
    ssize_t count;
    if (!redpoll__in_memory(s)) {
        return redpoll__result(c, send(c->fd, c->obuf, len, MSG_NOSIGNAL));
    }
    at += s->sent;
    len -= s->sent;
    if (!(c->flags & REDIS_BLOCK) || redpoll_ready(s->channel, REDPOLL_ROOM) == 1) {
        count = redpoll__result(c, redpoll_write(s->channel, at, len));
        return count > 0 ? redpoll__sent(c, s, (size_t)count) : count;
    }
    redpoll__follow_timeout(c, s);
    count = redpoll_exchange(s->channel, at, len, &written, replies, sizeof(replies));
    if (count == 0 && written == 0) {
        redpoll__fail(c, REDIS_ERR_EOF, "Server closed the connection");
        return -1;
    }
    if (count < 0) return redpoll__result(c, count);
    if (count > 0) {
        s->fed = 1;
        if (redisReaderFeed(c->reader, replies, (size_t)count) != REDIS_OK) {
            redpoll__fail(c, c->reader->err, c->reader->errstr);
            return -1;
        }
    }
    return redpoll__sent(c, s, written);
}

/* --- the event loop's side --- */

static void redpoll__watch(redisAsyncContext *ac, int read, int write) {
    if (read && ac->ev.addRead != NULL) ac->ev.addRead(ac->ev.data);
    if (write && ac->ev.addWrite != NULL) ac->ev.addWrite(ac->ev.data);
    if (!write && ac->ev.delWrite != NULL) ac->ev.delWrite(ac->ev.data);
}

/* Lets hiredis find the error that stands in the context, and end it. */
static void redpoll__disconnect(redisAsyncContext *ac) { redisAsyncRead(ac); }

/* The reply to AUTH: one line. 1: it is there and good; 0: not yet; -1: failed. */
static int redpoll__login_reply(redisAsyncContext *ac, redpoll__state *s) {
    redisContext *c = &ac->c;
    ssize_t count =
        recv(c->fd, s->reply + s->reply_len, sizeof(s->reply) - 1 - s->reply_len, MSG_DONTWAIT);
    if (count == 0) redpoll__fail(c, REDIS_ERR_EOF, "Server closed the connection");
    if (count <= 0) return count == 0 || redpoll__result(c, count) < 0 ? -1 : 0;
    s->reply_len += (size_t)count;
    s->reply[s->reply_len] = '\0';
    if (strstr(s->reply, "\r\n") == NULL) {
        if (s->reply_len < sizeof(s->reply) - 1) return 0;
        redpoll__fail(c, REDIS_ERR_PROTOCOL, "The reply to AUTH is none");
        return -1;
    }
    if (s->reply[0] == '+') return 1;
    *strstr(s->reply, "\r\n") = '\0';
    redpoll__fail(c, REDIS_ERR_OTHER, s->reply + 1);
    return -1;
}

/* Goes as far as it can on the way to the answer. 1: arrived; 0: wait; -1: failed. */
static int redpoll__advance(redisAsyncContext *ac, redpoll__state *s) {
    redisContext *c = &ac->c;
    ssize_t count;
    int done;
    switch (s->phase) {
    case REDPOLL__LOGIN:
        count = redpoll__result(c, send(c->fd, s->login + s->login_sent,
                                        s->login_len - s->login_sent, MSG_NOSIGNAL));
        if (count < 0) return -1;
        s->login_sent += (size_t)count;
        if (s->login_sent < s->login_len) {
            redpoll__watch(ac, 1, 1);
            return 0;
        }
        s->phase = REDPOLL__LOGIN_REPLY;
        /* fall through */
    case REDPOLL__LOGIN_REPLY:
        done = redpoll__login_reply(ac, s);
        if (done <= 0) break;
        s->phase = REDPOLL__ASK;
        /* fall through */
    case REDPOLL__ASK:
        if (redpoll_ask(s->channel, s->ring_size) < 0) {
            redpoll__fail_errno(c);
            return -1;
        }
        s->phase = REDPOLL__ANSWER;
        /* fall through */
    case REDPOLL__ANSWER:
        done = redpoll_answer(s->channel);
        if (done < 0) redpoll__fail_errno(c);
        if (done == REDPOLL_SHM) redpoll_set_nonblocking(s->channel, 1);
        if (done > 0) s->phase = REDPOLL__RUNNING;
        break;
    default:
        return 1;
    }
    if (done == 0) redpoll__watch(ac, 1, 0);
    return done > 0 ? 1 : done;
}

/* One turn: writes what is to be written, reads what there is, and asks to be woken. The context
 * may be gone at each return of redisAsyncRead(), which runs the program's callbacks. */
static void redpoll__turn(redisAsyncContext *ac) {
    redisContext *c = &ac->c;
    redpoll__state *s = redpoll__of(c);
    int gone = 0, closed, turns, room;
    closed = redpoll_woken(s->channel) <= 0;
    s->gone = &gone;
    for (turns = 0; turns < REDPOLL__TURNS; turns++) {
        if (sdslen(c->obuf) > 0 && !closed && redisBufferWrite(c, NULL) != REDIS_OK) {
            redpoll__disconnect(ac);
            break;
        }
        if (s->spins && ac->replies.head != NULL) redpoll_spin(s->channel, REDPOLL_BYTES);
        if (closed || redpoll_ready(s->channel, REDPOLL_BYTES) == 1) {
            redisAsyncRead(ac);
            if (gone) return;
            if (c->err) break; /* ended, and kept by REDIS_OPT_NOAUTOFREE */
            continue;
        }
        room = sdslen(c->obuf) > 0;
        if (room && s->spins && redpoll_spin(s->channel, REDPOLL_ROOM) == 1) continue;
        if (room && redpoll_arm(s->channel, REDPOLL_ROOM) == 0) continue;
        if (redpoll_arm(s->channel, REDPOLL_BYTES) == 0) continue;
        redpoll__watch(ac, 1, 0);
        s->gone = NULL;
        return;
    }
    if (gone) return;
    s->gone = NULL;
    if (c->err) return;
    /* A socket has room always, so this comes back as soon as others have had their turn. */
    redpoll__watch(ac, 1, 1);
}

static void redpoll__event(redisAsyncContext *ac, void (*over_socket)(redisAsyncContext *)) {
    redpoll__state *s = redpoll__of(&ac->c);
    if (s != NULL && s->phase != REDPOLL__RUNNING) {
        int arrived = redpoll__advance(ac, s);
        if (arrived < 0) redpoll__disconnect(ac);
        if (arrived <= 0) return;
        /* What was issued meanwhile can go now. */
        redpoll__watch(ac, 1, 1);
        return;
    }
    if (redpoll__in_memory(s)) {
        redpoll__turn(ac);
    } else {
        over_socket(ac);
    }
}

static void redpoll__async_read(redisAsyncContext *ac) { redpoll__event(ac, redisAsyncRead); }

static void redpoll__async_write(redisAsyncContext *ac) { redpoll__event(ac, redisAsyncWrite); }

static const redisContextFuncs redpoll__funcs = {
#if HIREDIS_MAJOR > 1 || HIREDIS_MINOR >= 1
    redpoll__close,
#endif
    redpoll__free, redpoll__async_read, redpoll__async_write, redpoll__read, redpoll__write,
};

/* --- opening --- */

/* Gives a context its state and our functions. */
static redpoll__state *redpoll__attach(redisContext *c, const redpollOptions *o, int spin_us) {
    redpoll__state *s = (redpoll__state *)calloc(1, sizeof(*s));
    if (s != NULL) s->channel = redpoll_new(c->fd);
    if (s == NULL || s->channel == NULL) {
        free(s);
        redpoll__fail(c, REDIS_ERR_OOM, "Out of memory");
        return NULL;
    }
    s->ring_size = o->ring_size;
    s->timeout_ms = -1;
    if (o->spin_us != 0) spin_us = o->spin_us > 0 ? o->spin_us : 0;
    s->spins = spin_us > 0;
    redpoll_set_spin(s->channel, spin_us);
    c->privctx = s;
    c->funcs = &redpoll__funcs;
    return s;
}

static redpollOptions redpoll__options(const redpollOptions *options) {
    redpollOptions none;
    memset(&none, 0, sizeof(none));
    return options != NULL ? *options : none;
}

/* Milliseconds of what a connection may take to be made. */
static int redpoll__patience(const redpollOptions *o) {
    const struct timeval *tv = o->connect_timeout;
    if (tv == NULL || tv->tv_sec > 2000000) return 5000;
    return (int)(tv->tv_sec * 1000 + (tv->tv_usec + 999) / 1000);
}

int redpollUseShm(redisContext *c, const redpollOptions *options) {
    redpollOptions o = redpoll__options(options);
    redpoll__state *s;
    if (c->err) return REDIS_ERR;
    if (c->funcs == &redpoll__funcs) {
        if (redpoll__in_memory(redpoll__of(c))) return REDIS_OK;
        redpoll__free(c->privctx);
        c->privctx = NULL;
    } else if (c->privctx != NULL) {
        redpoll__fail(c, REDIS_ERR_OTHER, "The context is one of another transport");
        return REDIS_ERR;
    }
    s = redpoll__attach(c, &o, 50);
    if (s == NULL) return REDIS_ERR;
    s->phase = REDPOLL__RUNNING;
    if (redpoll_open(s->channel, s->ring_size, redpoll__patience(&o)) < 0) {
        redpoll__fail_errno(c);
        return REDIS_ERR;
    }
    return REDIS_OK;
}

static int redpoll__login(redisContext *c, const redpollOptions *o) {
    redisReply *reply;
    int bad;
    if (o->password == NULL) return REDIS_OK;
    reply = (redisReply *)(o->user != NULL ? redisCommand(c, "AUTH %s %s", o->user, o->password)
                                           : redisCommand(c, "AUTH %s", o->password));
    if (reply == NULL) return REDIS_ERR;
    bad = reply->type == REDIS_REPLY_ERROR;
    if (bad) redpoll__fail(c, REDIS_ERR_OTHER, reply->str);
    freeReplyObject(reply);
    return bad ? REDIS_ERR : REDIS_OK;
}

redisContext *redpollConnectShmWithOptions(const char *path, const redpollOptions *options) {
    redpollOptions o = redpoll__options(options);
    struct timeval patience, none = {0, 0};
    redisOptions ro;
    redisContext *c;
    patience.tv_sec = redpoll__patience(&o) / 1000;
    patience.tv_usec = redpoll__patience(&o) % 1000 * 1000;
    memset(&ro, 0, sizeof(ro));
    REDIS_OPTIONS_SET_UNIX(&ro, path);
    ro.connect_timeout = &patience;
    ro.command_timeout = &patience;
    c = redisConnectWithOptions(&ro);
    if (c == NULL || c->err) return c;
    if (redpoll__login(c, &o) != REDIS_OK) return c;
    if (redpollUseShm(c, &o) != REDIS_OK) return c;
    redisSetTimeout(c, o.command_timeout != NULL ? *o.command_timeout : none);
    return c;
}

redisContext *redpollConnectShm(const char *path) {
    return redpollConnectShmWithOptions(path, NULL);
}

redisAsyncContext *redpollAsyncConnectShmWithOptions(const char *path,
                                                     const redpollOptions *options) {
    redpollOptions o = redpoll__options(options);
    redisOptions ro;
    redisAsyncContext *ac;
    redpoll__state *s;
    int len = 0;
    memset(&ro, 0, sizeof(ro));
    REDIS_OPTIONS_SET_UNIX(&ro, path);
    ro.connect_timeout = o.connect_timeout;
    ro.command_timeout = o.command_timeout;
    ac = redisAsyncConnectWithOptions(&ro);
    if (ac == NULL || ac->err) return ac;
    s = redpoll__attach(&ac->c, &o, 10);
    if (s == NULL) {
        ac->err = ac->c.err;
        ac->errstr = ac->c.errstr;
        return ac;
    }
    s->phase = REDPOLL__ASK;
    if (o.password != NULL) {
        len = o.user != NULL ? redisFormatCommand(&s->login, "AUTH %s %s", o.user, o.password)
                             : redisFormatCommand(&s->login, "AUTH %s", o.password);
        s->phase = REDPOLL__LOGIN;
    }
    if (len < 0) {
        s->login = NULL;
        redpoll__fail(&ac->c, REDIS_ERR_OOM, "Out of memory");
        ac->err = ac->c.err;
        ac->errstr = ac->c.errstr;
        return ac;
    }
    s->login_len = (size_t)len;
    return ac;
}

redisAsyncContext *redpollAsyncConnectShm(const char *path) {
    return redpollAsyncConnectShmWithOptions(path, NULL);
}

const char *redpollTransport(const redisContext *c) {
    redpoll__state *s = c->funcs == &redpoll__funcs ? redpoll__of(c) : NULL;
    if (s == NULL) return "unix";
    if (s->phase != REDPOLL__RUNNING) return "pending";
    return redpoll__in_memory(s) ? "shm" : "unix";
}

const char *redpollRefusal(const redisContext *c) {
    redpoll__state *s = c->funcs == &redpoll__funcs ? redpoll__of(c) : NULL;
    return s == NULL ? "" : redpoll_refusal(s->channel);
}

#endif
