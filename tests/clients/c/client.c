/* hiredis against a started server: what a C program does with it.
 *
 * Compiled and run by `cargo xtask ci hiredis`. By hand:
 *
 *     cc client.c -o client $(pkg-config --cflags --libs hiredis) && ./client PORT [UNIX_SOCKET]
 *
 * The first check that fails prints its line and ends the run with exit code 1. */

#include "check.h"
#include <hiredis.h>

/* Sends a command and demands a reply. */
static redisReply *ask(redisContext *c, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(c, format, arguments);
    va_end(arguments);
    if (reply == NULL) {
        fprintf(stderr, "%s: %s\n", format, c->errstr);
        exit(1);
    }
    return reply;
}

static int is_text(const redisReply *reply, const char *text) {
    return (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS) &&
           reply->len == strlen(text) && memcmp(reply->str, text, reply->len) == 0;
}

static void strings(redisContext *c) {
    redisReply *reply = ask(c, "SET %s %b", "k", "a\0b", (size_t)3);
    CHECK(is_text(reply, "OK"));
    freeReplyObject(reply);
    reply = ask(c, "GET k");
    CHECK(reply->type == REDIS_REPLY_STRING && reply->len == 3);
    CHECK(memcmp(reply->str, "a\0b", 3) == 0);
    freeReplyObject(reply);
    reply = ask(c, "GET none");
    CHECK(reply->type == REDIS_REPLY_NIL);
    freeReplyObject(reply);
    reply = ask(c, "INCRBY n 41");
    CHECK(reply->type == REDIS_REPLY_INTEGER && reply->integer == 41);
    freeReplyObject(reply);
    reply = ask(c, "INCR k");
    CHECK(reply->type == REDIS_REPLY_ERROR && strstr(reply->str, "not an integer") != NULL);
    freeReplyObject(reply);
}

static void nested_replies(redisContext *c) {
    redisReply *reply = ask(c, "XADD x 1-1 field value");
    CHECK(is_text(reply, "1-1"));
    freeReplyObject(reply);
    reply = ask(c, "XRANGE x - +");
    CHECK(reply->type == REDIS_REPLY_ARRAY && reply->elements == 1);
    CHECK(is_text(reply->element[0]->element[0], "1-1"));
    CHECK(is_text(reply->element[0]->element[1]->element[1], "value"));
    freeReplyObject(reply);
    reply = ask(c, "EVAL %s 1 k one", "return {KEYS[1], ARGV[1], {1, 2}, false}");
    CHECK(reply->type == REDIS_REPLY_ARRAY && reply->elements == 4);
    CHECK(is_text(reply->element[0], "k") && reply->element[2]->elements == 2);
    CHECK(reply->element[3]->type == REDIS_REPLY_NIL);
    freeReplyObject(reply);
}

static void pipeline(redisContext *c) {
    const int count = 20000;
    for (int number = 0; number < count; number++) {
        CHECK(redisAppendCommand(c, "SET key:%d %d", number, number) == REDIS_OK);
        CHECK(redisAppendCommand(c, "GET key:%d", number) == REDIS_OK);
    }
    for (int number = 0; number < count; number++) {
        redisReply *reply = NULL;
        char text[16];
        CHECK(redisGetReply(c, (void **)&reply) == REDIS_OK && is_text(reply, "OK"));
        freeReplyObject(reply);
        CHECK(redisGetReply(c, (void **)&reply) == REDIS_OK);
        snprintf(text, sizeof text, "%d", number);
        CHECK(is_text(reply, text));
        freeReplyObject(reply);
    }
}

static void transaction(redisContext *c) {
    freeReplyObject(ask(c, "MULTI"));
    redisReply *reply = ask(c, "RPUSH l a b");
    CHECK(is_text(reply, "QUEUED"));
    freeReplyObject(reply);
    freeReplyObject(ask(c, "LRANGE l 0 -1"));
    reply = ask(c, "EXEC");
    CHECK(reply->type == REDIS_REPLY_ARRAY && reply->elements == 2);
    CHECK(reply->element[0]->integer == 2 && reply->element[1]->elements == 2);
    freeReplyObject(reply);
}

static void run(redisContext *c) {
    CHECK(c != NULL);
    if (c->err) {
        fprintf(stderr, "%s\n", c->errstr);
        exit(1);
    }
    struct timeval patience = {60, 0};
    CHECK(redisSetTimeout(c, patience) == REDIS_OK);
    freeReplyObject(ask(c, "FLUSHALL"));
    strings(c);
    nested_replies(c);
    pipeline(c);
    transaction(c);
    freeReplyObject(ask(c, "FLUSHALL"));
    redisFree(c);
}

int main(int count, char **arguments) {
    CHECK(count >= 2);
    run(redisConnect("127.0.0.1", atoi(arguments[1])));
    for (int socket = 2; socket < count; socket++) {
        run(redisConnectUnix(arguments[socket]));
    }
    printf("hiredis %d.%d.%d: fine\n", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
    return 0;
}
