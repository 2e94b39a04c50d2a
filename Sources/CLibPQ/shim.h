// What Swift cannot see of libpq and of the kernel: character macros, and eventfd(2), which Glibc's
// module leaves out. Inline functions and constants only; no logic.
#ifndef PORTOLAN_LIBPQ_SHIM_H
#define PORTOLAN_LIBPQ_SHIM_H

#include <libpq-fe.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum portolan_diag_field {
    PORTOLAN_DIAG_SEVERITY = PG_DIAG_SEVERITY_NONLOCALIZED,
    PORTOLAN_DIAG_SQLSTATE = PG_DIAG_SQLSTATE,
    PORTOLAN_DIAG_MESSAGE = PG_DIAG_MESSAGE_PRIMARY,
    PORTOLAN_DIAG_DETAIL = PG_DIAG_MESSAGE_DETAIL,
    PORTOLAN_DIAG_HINT = PG_DIAG_MESSAGE_HINT,
    PORTOLAN_DIAG_CONTEXT = PG_DIAG_CONTEXT,
    PORTOLAN_DIAG_POSITION = PG_DIAG_STATEMENT_POSITION,
    PORTOLAN_DIAG_SCHEMA = PG_DIAG_SCHEMA_NAME,
    PORTOLAN_DIAG_TABLE = PG_DIAG_TABLE_NAME,
    PORTOLAN_DIAG_COLUMN = PG_DIAG_COLUMN_NAME,
    PORTOLAN_DIAG_CONSTRAINT = PG_DIAG_CONSTRAINT_NAME,
    PORTOLAN_DIAG_FUNCTION = PG_DIAG_SOURCE_FUNCTION
};

static inline const char *portolan_result_field(const PGresult *result, enum portolan_diag_field field) {
    return PQresultErrorField(result, (int)field);
}

static inline int portolan_eventfd_open(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static inline void portolan_eventfd_signal(int descriptor) {
    uint64_t one = 1;
    ssize_t written = write(descriptor, &one, sizeof one);
    (void)written;
}

static inline void portolan_eventfd_drain(int descriptor) {
    uint64_t count;
    ssize_t consumed = read(descriptor, &count, sizeof count);
    (void)consumed;
}

#endif
