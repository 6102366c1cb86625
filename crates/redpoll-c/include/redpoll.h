/*
 * libredpoll: a connection to Redpoll through shared memory.
 *
 * A program connects to the server's Unix socket as always, logs in if it must, and makes a channel
 * of the socket. redpoll_open() asks the server for shared memory. Granted or refused, requests are
 * written with redpoll_write() and replies read with redpoll_read(), as RESP: the bytes that would
 * go over the socket. For hiredis see redpoll_hiredis.h.
 *
 *     int fd = socket(AF_UNIX, SOCK_STREAM, 0);
 *     connect(fd, ...);
 *     redpoll_channel *ch = redpoll_new(fd);
 *     if (ch == NULL || redpoll_open(ch, 0, 1000) < 0) ...
 *     redpoll_write(ch, "PING\r\n", 6);
 *     n = redpoll_read(ch, buffer, sizeof(buffer));
 *     redpoll_free(ch);
 *     close(fd);
 *
 * Functions that fail return -1 (or NULL), set errno as system calls do, and leave a text for
 * redpoll_error(). A channel is used by one thread at a time, and only in the process that has
 * opened it: after fork() the child may call redpoll_free() and close(), nothing else.
 *
 * Link with: pkg-config --cflags --libs redpoll
 */
#ifndef REDPOLL_H
#define REDPOLL_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How the bytes go: redpoll_open(), redpoll_answer(), redpoll_transport(). */
#define REDPOLL_PENDING 0 /* asked, and not answered yet */
#define REDPOLL_SHM 1     /* through shared memory */
#define REDPOLL_SOCKET 2  /* over the socket; redpoll_refusal() says why */

/* What to wait for. */
#define REDPOLL_BYTES 1 /* replies to read */
#define REDPOLL_ROOM 2  /* room for requests */

typedef struct redpoll_channel redpoll_channel;

/* The version of the library, as "0.1.0". */
const char *redpoll_version(void);

/*
 * A channel over a connected Unix socket, blocking or not. The descriptor stays the caller's, who
 * closes it behind redpoll_free(); meanwhile nothing but the channel reads or writes it.
 */
redpoll_channel *redpoll_new(int fd);

/* Ends a channel. The descriptor stays open, but the server knows it as a connection of shared
 * memory, so that nothing can be done with it but close it. Leaves errno alone; NULL is allowed. */
void redpoll_free(redpoll_channel *channel);

/*
 * Asks for shared memory and waits for the answer. The connection must be logged in, with all
 * replies read, and not in a transaction or subscribed to anything. ring_bytes wishes for rings of
 * this size (0: the server's own, shm-ring-size); timeout_ms bounds the waiting (-1: for ever).
 *
 * REDPOLL_SHM: granted. REDPOLL_SOCKET: refused; reads and writes go over the socket. -1: the
 * connection has failed, or time is up (ETIMEDOUT): close it.
 */
int redpoll_open(redpoll_channel *channel, size_t ring_bytes, int timeout_ms);

/* The same in two steps, for event loops. redpoll_ask() sends the question; once the descriptor is
 * readable, redpoll_answer() takes the answer, without waiting: REDPOLL_PENDING if it is not there
 * yet, else as redpoll_open(). In between nothing can be read or written. */
int redpoll_ask(redpoll_channel *channel, size_t ring_bytes);
int redpoll_answer(redpoll_channel *channel);

/* How the bytes go. */
int redpoll_transport(const redpoll_channel *channel);

/* Why the server has refused; "" if it has not. Lives until redpoll_free(). */
const char *redpoll_refusal(const redpoll_channel *channel);

/* What went wrong in the last call that failed. Lives until the next one that fails. */
const char *redpoll_error(const redpoll_channel *channel);

/* The descriptor. */
int redpoll_fd(const redpoll_channel *channel);

/*
 * Bounds later reads and writes (milliseconds; -1: for ever, which is the default). What takes
 * longer fails with EAGAIN, as of a socket with SO_RCVTIMEO.
 */
int redpoll_set_timeouts(redpoll_channel *channel, int read_ms, int write_ms);

/* Whether reads and writes fail with EAGAIN instead of waiting. Where the bytes go over the socket,
 * this sets or clears its O_NONBLOCK. */
int redpoll_set_nonblocking(redpoll_channel *channel, int nonblocking);

/* How long to look for a reply before sleeping (microseconds; 50 by default). It is given up by
 * itself where the processor is wanted by others, or where it does not pay. */
int redpoll_set_spin(redpoll_channel *channel, int spin_us);

/* Reads what there is, up to len bytes, and waits if there is nothing. 0: the server has closed the
 * connection. Waiting is not interrupted by signals. */
ssize_t redpoll_read(redpoll_channel *channel, void *out, size_t len);

/* Writes what there is room for, at least a byte, and waits if there is none. EPIPE: the server has
 * closed the connection. There is no SIGPIPE. */
ssize_t redpoll_write(redpoll_channel *channel, const void *bytes, size_t len);

/*
 * Writes and reads what can be written and read, and waits if that is nothing; so a pipeline of any
 * length and its replies pass each other on one thread. Returns the bytes that were read, and stores
 * those that were written in *written (unless it is NULL). Both 0: the server has closed.
 */
ssize_t redpoll_exchange(redpoll_channel *channel, const void *bytes, size_t len, size_t *written,
                         void *out, size_t out_len);

/* Whether it (REDPOLL_BYTES or REDPOLL_ROOM) is there now: 1 or 0. */
int redpoll_ready(redpoll_channel *channel, int what);

/* Looks for it for as long as redpoll_set_spin() says, and does not sleep: 1 or 0. */
int redpoll_spin(redpoll_channel *channel, int what);

/* Waits for it: 1; 0 when time is up; -1 with EPIPE when the server has closed. */
int redpoll_wait(redpoll_channel *channel, int what, int timeout_ms);

/*
 * For event loops. redpoll_arm() asks the server to make the descriptor readable once there are
 * bytes, or room. 0: there is already, and nothing was asked for. 1: wait for the descriptor to
 * become readable; then call redpoll_woken() (0: the server has closed; what it wrote before can
 * still be read), read and write until EAGAIN, and arm again. Arm before every wait.
 *
 * Where the bytes go over the socket, redpoll_arm() is always 1, and the descriptor is waited for as
 * any socket: readable for bytes, writable for room.
 */
int redpoll_arm(redpoll_channel *channel, int what);
int redpoll_woken(redpoll_channel *channel);

#ifdef __cplusplus
}
#endif

#endif
