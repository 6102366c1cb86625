/* libredpoll by itself, without hiredis, and with an event loop by hand. Arguments: a port (not
 * used) and the Unix socket. */

#include <redpoll.h>

#include "check.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_to(const char *path) {
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

static void expect(redpoll_channel *ch, const char *text) {
    char buffer[1000];
    size_t len = strlen(text), got = 0;
    while (got < len) {
        ssize_t count = redpoll_read(ch, buffer + got, len - got);
        CHECK(count > 0);
        got += (size_t)count;
    }
    CHECK(memcmp(buffer, text, len) == 0);
}

static void waiting_for_replies(const char *path) {
    int fd = connect_to(path);
    redpoll_channel *ch = redpoll_new(fd);
    char buffer[10];
    int i;
    CHECK(ch != NULL && redpoll_fd(ch) == fd);
    CHECK(redpoll_open(ch, 0, 5000) == REDPOLL_SHM);
    for (i = 0; i < 10000; i++) {
        CHECK(redpoll_write(ch, "PING\r\n", 6) == 6);
        expect(ch, "+PONG\r\n");
    }
    CHECK(redpoll_set_timeouts(ch, 50, 50) == 0);
    CHECK(redpoll_read(ch, buffer, sizeof(buffer)) == -1 && errno == EAGAIN);
    CHECK(strlen(redpoll_error(ch)) > 0);
    CHECK(redpoll_wait(ch, REDPOLL_BYTES, 10) == 0);
    CHECK(redpoll_set_timeouts(ch, -1, -1) == 0);
    CHECK(redpoll_write(ch, "QUIT\r\n", 6) == 6);
    expect(ch, "+OK\r\n");
    CHECK(redpoll_read(ch, buffer, sizeof(buffer)) == 0);
    CHECK(redpoll_write(ch, "PING\r\n", 6) == -1 && errno == EPIPE);
    errno = 42;
    redpoll_free(ch);
    CHECK(errno == 42 && close(fd) == 0);
}

static void by_hand(const char *path) {
    struct pollfd p;
    int fd = connect_to(path), answer, i;
    redpoll_channel *ch = redpoll_new(fd);
    char buffer[100];
    p.fd = fd;
    p.events = POLLIN;
    CHECK(redpoll_ask(ch, 8192) == 0);
    while ((answer = redpoll_answer(ch)) == REDPOLL_PENDING) CHECK(poll(&p, 1, 5000) == 1);
    CHECK(answer == REDPOLL_SHM);
    CHECK(redpoll_set_nonblocking(ch, 1) == 0);
    for (i = 0; i < 2000; i++) {
        ssize_t count;
        CHECK(redpoll_write(ch, "PING\r\n", 6) == 6);
        while ((count = redpoll_read(ch, buffer, sizeof(buffer))) < 0) {
            CHECK(errno == EAGAIN);
            if (!redpoll_arm(ch, REDPOLL_BYTES)) continue;
            CHECK(poll(&p, 1, 5000) == 1);
            CHECK(redpoll_woken(ch) == 1);
        }
        CHECK(count == 7 && memcmp(buffer, "+PONG\r\n", 7) == 0);
    }
    redpoll_free(ch);
    CHECK(close(fd) == 0);
}

int main(int argc, char **argv) {
    CHECK(argc == 3 && strlen(redpoll_version()) > 0);
    waiting_for_replies(argv[2]);
    by_hand(argv[2]);
    puts("libredpoll by itself: ok");
    return 0;
}
