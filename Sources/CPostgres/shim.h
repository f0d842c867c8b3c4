// libpq for Swift: its header, which Debian keeps in a folder of its own, and the characters that name the fields of
// an error, which Swift cannot import as numbers.
#ifndef PORTCULLIS_CPOSTGRES_SHIM_H
#define PORTCULLIS_CPOSTGRES_SHIM_H

#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#else
#include <libpq-fe.h>
#endif

static inline const char *portcullis_postgres_sqlstate(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

// The message alone: the detail may quote a row.
static inline const char *portcullis_postgres_message(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}

// Whatever the server would have said on the side: libpq prints it otherwise.
static inline void portcullis_postgres_ignore_notices(void *argument, const PGresult *result) {
    (void)argument;
    (void)result;
}

static inline void portcullis_postgres_be_quiet(PGconn *connection) {
    PQsetNoticeReceiver(connection, portcullis_postgres_ignore_notices, NULL);
}

#endif
