/* hiredis 1.x through shared memory, blocking: what works over a socket works, and what goes wrong
 * is told. Arguments: a port (not used) and the Unix socket. Kills the server in the end. */

#define REDPOLL_HIREDIS_IMPLEMENTATION
#include <redpoll_hiredis.h>

#include "check.h"
#include <pthread.h>
#include <sys/wait.h>

static const char *path;

static redisContext *connect_shm(void) {
    redisContext *c = redpollConnectShm(path);
    CHECK(c != NULL && c->err == 0);
    CHECK(strcmp(redpollTransport(c), "shm") == 0);
    CHECK(strcmp(redpollRefusal(c), "") == 0);
    return c;
}

static redisReply *ask(redisContext *c, const char *format, ...) {
    va_list arguments;
    redisReply *reply;
    va_start(arguments, format);
    reply = (redisReply *)redisvCommand(c, format, arguments);
    va_end(arguments);
    if (reply == NULL) fprintf(stderr, "%s: %s\n", format, c->errstr);
    CHECK(reply != NULL);
    return reply;
}

static void expect_status(redisReply *reply, const char *text) {
    if (reply->type == REDIS_REPLY_ERROR) fprintf(stderr, "error: %s\n", reply->str);
    CHECK(reply->type == REDIS_REPLY_STATUS || reply->type == REDIS_REPLY_STRING);
    CHECK(strcmp(reply->str, text) == 0);
    freeReplyObject(reply);
}

static void commands_and_pipelines(void) {
    redisContext *c = connect_shm();
    redisReply *reply;
    int i, round;
    expect_status(ask(c, "SET %s %s", "k", "v"), "OK");
    expect_status(ask(c, "GET k"), "v");
    reply = ask(c, "CLIENT INFO");
    CHECK(strstr(reply->str, "transport=shm") != NULL);
    freeReplyObject(reply);
    reply = ask(c, "NOSUCH");
    CHECK(reply->type == REDIS_REPLY_ERROR);
    freeReplyObject(reply);
    freeReplyObject(ask(c, "DEL n"));
    for (round = 0; round < 3; round++) {
        for (i = 0; i < 20000; i++) redisAppendCommand(c, "INCR n");
        for (i = 0; i < 20000; i++) {
            CHECK(redisGetReply(c, (void **)&reply) == REDIS_OK);
            CHECK(reply->type == REDIS_REPLY_INTEGER && reply->integer == round * 20000 + i + 1);
            freeReplyObject(reply);
        }
    }
    redisFree(c);
}

static void large_values(void) {
    redpollOptions small = {0};
    size_t len = 100 << 20, i;
    char *value = malloc(len);
    redisContext *c;
    redisReply *reply;
    small.ring_size = 256 << 10;
    c = redpollConnectShmWithOptions(path, &small);
    CHECK(c->err == 0 && strcmp(redpollTransport(c), "shm") == 0);
    for (i = 0; i < len; i++) value[i] = (char)(i >> 3);
    expect_status(ask(c, "SET big %b", value, len), "OK");
    reply = ask(c, "GET big");
    CHECK(reply->len == len && memcmp(reply->str, value, len) == 0);
    freeReplyObject(reply);
    freeReplyObject(ask(c, "DEL big"));
    /* Far more requests and replies than both rings hold, written before anything is read. */
    for (i = 0; i < 1000; i++) redisAppendCommand(c, "ECHO %b", value, (size_t)20000);
    for (i = 0; i < 1000; i++) {
        CHECK(redisGetReply(c, (void **)&reply) == REDIS_OK);
        CHECK(reply->len == 20000 && memcmp(reply->str, value, 20000) == 0);
        freeReplyObject(reply);
    }
    free(value);
    redisFree(c);
}

static void *push_later(void *list) {
    redisContext *c = redisConnectUnix(path);
    struct timespec moment = {0, 100000000};
    nanosleep(&moment, NULL);
    freeReplyObject(ask(c, "RPUSH %s x", (const char *)list));
    freeReplyObject(ask(c, "PUBLISH channel hello"));
    redisFree(c);
    return NULL;
}

static void on_signal(int number) { (void)number; }

static void waiting(void) {
    redisContext *c = connect_shm(), *subscriber = connect_shm();
    struct timeval limit = {0, 100000}, none = {0, 0};
    struct sigaction action;
    pthread_t other;
    redisReply *reply;
    double begun;
    freeReplyObject(ask(subscriber, "SUBSCRIBE channel"));
    /* Signals neither end nor break a wait. */
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    sigaction(SIGUSR1, &action, NULL);
    CHECK(pthread_create(&other, NULL, push_later, "list") == 0);
    kill(getpid(), SIGUSR1);
    reply = ask(c, "BLPOP list 20");
    CHECK(reply->type == REDIS_REPLY_ARRAY && strcmp(reply->element[1]->str, "x") == 0);
    freeReplyObject(reply);
    CHECK(redisGetReply(subscriber, (void **)&reply) == REDIS_OK);
    CHECK(reply->elements == 3 && strcmp(reply->element[2]->str, "hello") == 0);
    freeReplyObject(reply);
    pthread_join(other, NULL);
    redisFree(subscriber);
    /* A timeout is what it is over a socket. */
    CHECK(redisSetTimeout(c, limit) == REDIS_OK);
    begun = now_s();
    CHECK(redisCommand(c, "BLPOP nothing 0") == NULL);
    CHECK(c->err == REDIS_ERR_IO && errno == EAGAIN);
    CHECK(now_s() - begun >= 0.09);
    redisFree(c);
    c = connect_shm();
    CHECK(redisSetTimeout(c, none) == REDIS_OK);
    reply = ask(c, "BLPOP nothing 0.05");
    CHECK(reply->type == REDIS_REPLY_NIL);
    freeReplyObject(reply);
    redisFree(c);
}

static int pushes;

static void on_push(void *privdata, void *reply) {
    (void)privdata;
    pushes++;
    freeReplyObject(reply);
}

static void pushes_of_resp3(void) {
    redisContext *c = connect_shm(), *other = connect_shm();
    freeReplyObject(ask(c, "HELLO 3"));
    redisSetPushCallback(c, on_push);
    freeReplyObject(ask(c, "CLIENT TRACKING ON"));
    freeReplyObject(ask(c, "GET watched"));
    freeReplyObject(ask(other, "SET watched 1"));
    freeReplyObject(ask(c, "PING"));
    CHECK(pushes == 1);
    redisFree(c);
    redisFree(other);
}

static void logins_and_refusals(void) {
    redisContext *admin = connect_shm(), *c;
    redpollOptions o = {0};
    freeReplyObject(ask(admin, "ACL SETUSER ann on >secret +@all ~* &*"));
    o.user = "ann";
    o.password = "wrong";
    c = redpollConnectShmWithOptions(path, &o);
    CHECK(c->err == REDIS_ERR_OTHER && strstr(c->errstr, "WRONGPASS") != NULL);
    redisFree(c);
    o.password = "secret";
    c = redpollConnectShmWithOptions(path, &o);
    CHECK(c->err == 0 && strcmp(redpollTransport(c), "shm") == 0);
    expect_status(ask(c, "ACL WHOAMI"), "ann");
    CHECK(redisReconnect(c) == REDIS_OK);
    CHECK(strcmp(redpollTransport(c), "unix") == 0);
    expect_status(ask(c, "ACL WHOAMI"), "default");
    CHECK(redpollUseShm(c, NULL) == REDIS_OK && strcmp(redpollTransport(c), "shm") == 0);
    expect_status(ask(c, "PING"), "PONG");
    redisFree(c);
    freeReplyObject(ask(admin, "CONFIG SET shm-enabled no"));
    c = redpollConnectShm(path);
    CHECK(c->err == 0 && strcmp(redpollTransport(c), "unix") == 0);
    CHECK(strstr(redpollRefusal(c), "disabled") != NULL);
    expect_status(ask(c, "PING"), "PONG");
    redisFree(c);
    freeReplyObject(ask(admin, "CONFIG SET shm-enabled yes"));
    c = redpollConnectShm("/no/such/socket");
    CHECK(c == NULL || c->err == REDIS_ERR_IO);
    redisFree(c);
    c = redisConnectUnix(path);
    CHECK(redpollUseShm(c, NULL) == REDIS_OK && strcmp(redpollTransport(c), "shm") == 0);
    close(redisFreeKeepFd(c));
    redisFree(admin);
}

static void forking(void) {
    redisContext *c = connect_shm();
    pid_t child;
    int status;
    freeReplyObject(ask(c, "SET forked 1"));
    child = fork();
    if (child == 0) {
        redisContext *own;
        redisFree(c);
        own = connect_shm();
        expect_status(ask(own, "GET forked"), "1");
        redisFree(own);
        exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    expect_status(ask(c, "GET forked"), "1");
    redisFree(c);
}

static void a_killed_server(void) {
    redisContext *c = connect_shm(), *second = connect_shm();
    redisReply *reply = ask(c, "INFO server");
    const char *at = strstr(reply->str, "process_id:");
    pid_t server = (pid_t)atol(at + strlen("process_id:"));
    double begun;
    freeReplyObject(reply);
    redisAppendCommand(c, "BLPOP nothing 0");
    CHECK(redisBufferWrite(c, NULL) == REDIS_OK);
    kill(server, SIGKILL);
    begun = now_s();
    CHECK(redisGetReply(c, (void **)&reply) == REDIS_ERR);
    CHECK(c->err == REDIS_ERR_EOF && now_s() - begun < 1);
    CHECK(redisCommand(second, "PING") == NULL && second->err != 0);
    CHECK(now_s() - begun < 2);
    redisFree(c);
    redisFree(second);
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    path = argv[2];
    commands_and_pipelines();
    large_values();
    waiting();
    pushes_of_resp3();
    logins_and_refusals();
    forking();
    a_killed_server();
    puts("hiredis through shared memory: ok");
    return 0;
}
