#ifndef PORTOLAN_CHIREDIS_SHIM_H
#define PORTOLAN_CHIREDIS_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

// Accessors only: the layout of hiredis's structs stays on this side, and so do the functions
// and constants Swift cannot import (variadics, fixed-size character arrays, enum flags).

static inline int portolan_redis_err(const redisContext *context) { return context->err; }

static inline const char *portolan_redis_errstr(const redisContext *context) { return context->errstr; }

static inline int portolan_redis_fd(const redisContext *context) { return context->fd; }

// Hands received bytes to the parser. REDIS_OK or REDIS_ERR.
static inline int portolan_redis_feed(redisContext *context, const void *bytes, size_t count) {
    return redisReaderFeed(context->reader, (const char *)bytes, count);
}

// The next complete reply, NULL when more bytes are needed. REDIS_OK or REDIS_ERR.
static inline int portolan_redis_next_reply(redisContext *context, redisReply **reply) {
    void *found = NULL;
    int outcome = redisReaderGetReply(context->reader, &found);
    *reply = (redisReply *)found;
    return outcome;
}

static inline const char *portolan_redis_reader_errstr(const redisContext *context) {
    return context->reader->errstr;
}

// hiredis 0.14 leaves its sockets open across exec.
static inline int portolan_set_cloexec(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC); }

// The pending error of a socket whose connect has ended, or errno when even that cannot be read.
static inline int portolan_socket_error(int fd) {
    int code = 0;
    socklen_t size = sizeof code;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
}

// MSG_NOSIGNAL: a peer that closed yields EPIPE, not the process-wide SIGPIPE that hiredis's
// own write(2) would raise.
static inline ssize_t portolan_send(int fd, const void *bytes, size_t count) {
    return send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static inline ssize_t portolan_receive(int fd, void *bytes, size_t count) {
    return recv(fd, bytes, count, MSG_DONTWAIT);
}

// The calling thread's name as debuggers and top(1) show it; the kernel keeps 15 bytes.
static inline void portolan_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

static inline int portolan_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline void portolan_eventfd_signal(int fd) {
    uint64_t one = 1;
    ssize_t written;
    do {
        written = write(fd, &one, sizeof one);
    } while (written < 0 && errno == EINTR);
}

static inline void portolan_eventfd_clear(int fd) {
    uint64_t count;
    ssize_t got;
    do {
        got = read(fd, &count, sizeof count);
    } while (got < 0 && errno == EINTR);
}

#endif
