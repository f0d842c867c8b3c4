// What Swift cannot say about hiredis: the signatures and struct layouts that differ between 0.14
// (Debian 12) and 1.x, and reply constructors that refuse what hiredis itself would accept.
#ifndef PORTCULLIS_CHIREDIS_SHIM_H
#define PORTCULLIS_CHIREDIS_SHIM_H

#include <hiredis/hiredis.h>
#include <stddef.h>
#include <string.h>

// What one reply may claim. hiredis allocates an array by its claimed count and buffers a bulk of any
// claimed length, so a claim is judged before memory follows it.
enum {
    PORTCULLIS_REDIS_MAXIMUM_DEPTH = 8,
    PORTCULLIS_REDIS_MAXIMUM_LINE_BYTES = 64 * 1024,
    PORTCULLIS_REDIS_MAXIMUM_BULK_BYTES = 1024 * 1024,
    PORTCULLIS_REDIS_MAXIMUM_REPLY_ELEMENTS = 1024 * 1024,
    PORTCULLIS_REDIS_MAXIMUM_REPLY_BYTES = 16 * 1024 * 1024
};

// The reader's privdata: hiredis' own constructors, and what the reply being read may still claim.
struct portcullis_redis_guard {
    const redisReplyObjectFunctions *defaults;
    size_t elements;
    size_t bytes;
};

enum portcullis_redis_progress {
    PORTCULLIS_REDIS_REPLY,
    PORTCULLIS_REDIS_INCOMPLETE,
    PORTCULLIS_REDIS_VIOLATION
};

// 1.0 made the fixed task stack a growing one.
static inline const redisReadTask *portcullis_redis_current_task(const redisReader *reader) {
    if (reader->ridx < 0) return NULL;
#if HIREDIS_MAJOR >= 1
    return reader->task[reader->ridx];
#else
    return &reader->rstack[reader->ridx];
#endif
}

static inline void portcullis_redis_reset(struct portcullis_redis_guard *guard) {
    guard->elements = PORTCULLIS_REDIS_MAXIMUM_REPLY_ELEMENTS;
    guard->bytes = PORTCULLIS_REDIS_MAXIMUM_REPLY_BYTES;
}

// The constructors below return NULL to refuse; hiredis then stops with an error and frees the rest.

static inline void *portcullis_redis_create_string(const redisReadTask *task, char *text, size_t length) {
    struct portcullis_redis_guard *guard = (struct portcullis_redis_guard *)task->privdata;
    if (length > guard->bytes) return NULL;
    if (task->type == REDIS_REPLY_STRING) {
        // hiredis skips the two bytes after a bulk without looking; they lie in its buffer by now.
        if (length > PORTCULLIS_REDIS_MAXIMUM_BULK_BYTES) return NULL;
        if (text[length] != '\r' || text[length + 1] != '\n') return NULL;
    } else if (task->type == REDIS_REPLY_STATUS || task->type == REDIS_REPLY_ERROR) {
        if (length > PORTCULLIS_REDIS_MAXIMUM_LINE_BYTES) return NULL;
        // Also refuses RESP3's bulk error, whose length line is followed by the text, when it holds a line end.
        if (memchr(text, '\r', length) != NULL || memchr(text, '\n', length) != NULL) return NULL;
    } else {
        return NULL;  // RESP3 verbatim string or big number
    }
    guard->bytes -= length;
    return guard->defaults->createString(task, text, length);
}

#if HIREDIS_MAJOR >= 1
static inline void *portcullis_redis_create_array(const redisReadTask *task, size_t count) {
#else
static inline void *portcullis_redis_create_array(const redisReadTask *task, int count) {
#endif
    struct portcullis_redis_guard *guard = (struct portcullis_redis_guard *)task->privdata;
    if (task->type != REDIS_REPLY_ARRAY) return NULL;  // RESP3 map, set, push or attribute
    if ((size_t)count > guard->elements) return NULL;
    int depth = 1;
    for (const redisReadTask *parent = task->parent; parent != NULL; parent = parent->parent) depth++;
    if (depth > PORTCULLIS_REDIS_MAXIMUM_DEPTH) return NULL;
    guard->elements -= (size_t)count;
    return guard->defaults->createArray(task, count);
}

static inline void *portcullis_redis_create_integer(const redisReadTask *task, long long value) {
    struct portcullis_redis_guard *guard = (struct portcullis_redis_guard *)task->privdata;
    return guard->defaults->createInteger(task, value);
}

static inline void *portcullis_redis_create_nil(const redisReadTask *task) {
    struct portcullis_redis_guard *guard = (struct portcullis_redis_guard *)task->privdata;
    // RESP3 null, and other types whose length cannot be -1
    if (task->type != REDIS_REPLY_STRING && task->type != REDIS_REPLY_ARRAY) return NULL;
    if (task->parent != NULL) {
        // Nearly all answers of the deny-list are lists of these, so in lists they are one that nobody frees.
        static redisReply missing_bulk = {.type = REDIS_REPLY_NIL, .integer = REDIS_REPLY_STRING};
        static redisReply missing_array = {.type = REDIS_REPLY_NIL, .integer = REDIS_REPLY_ARRAY};
        redisReply *shared = task->type == REDIS_REPLY_ARRAY ? &missing_array : &missing_bulk;
        ((redisReply *)task->parent->obj)->element[task->idx] = shared;
        return shared;
    }
    redisReply *reply = (redisReply *)guard->defaults->createNil(task);
    // A missing bulk and a missing array are different replies; a nil's integer is otherwise unused.
    if (reply != NULL) reply->integer = task->type;
    return reply;
}

// Takes what nobody frees out of a list and the lists in it, which are no deeper than create_array lets them be.
static inline void portcullis_redis_drop_shared(redisReply *reply) {
    if (reply->type != REDIS_REPLY_ARRAY || reply->element == NULL) return;
    for (size_t index = 0; index < (size_t)reply->elements; index++) {
        redisReply *element = reply->element[index];
        if (element == NULL) continue;  // not read yet
        if (element->type == REDIS_REPLY_NIL) {
            reply->element[index] = NULL;
        } else {
            portcullis_redis_drop_shared(element);
        }
    }
}

// Frees a whole reply, or as much as there is of one.
static inline void portcullis_redis_free(void *reply) {
    if (reply == NULL) return;
    portcullis_redis_drop_shared((redisReply *)reply);
    freeReplyObject(reply);
}

#if HIREDIS_MAJOR >= 1
static inline void *portcullis_redis_refuse_double(const redisReadTask *task, double value, char *text, size_t length) {
    (void)task; (void)value; (void)text; (void)length;
    return NULL;
}

static inline void *portcullis_redis_refuse_bool(const redisReadTask *task, int value) {
    (void)task; (void)value;
    return NULL;
}
#endif

// A reader whose replies are bounded RESP2. NULL when out of memory.
static inline redisReader *portcullis_redis_reader_create(struct portcullis_redis_guard *guard) {
    static redisReplyObjectFunctions functions = {
        .createString = portcullis_redis_create_string,
        .createArray = portcullis_redis_create_array,
        .createInteger = portcullis_redis_create_integer,
        .createNil = portcullis_redis_create_nil,
#if HIREDIS_MAJOR >= 1
        .createDouble = portcullis_redis_refuse_double,
        .createBool = portcullis_redis_refuse_bool,
#endif
        .freeObject = portcullis_redis_free,
    };
    redisReader *reader = redisReaderCreate();
    if (reader == NULL) return NULL;
    guard->defaults = reader->fn;
    portcullis_redis_reset(guard);
    reader->fn = &functions;
    reader->privdata = guard;
    return reader;
}

// Judges the bytes hiredis holds back until more arrive: at most a header line, then part of a bulk.
static inline enum portcullis_redis_progress portcullis_redis_judge_held_bytes(const redisReader *reader) {
    const redisReadTask *task = portcullis_redis_current_task(reader);
    if (task == NULL || reader->pos >= reader->len) return PORTCULLIS_REDIS_INCOMPLETE;
    const char *held = reader->buf + reader->pos;
    size_t count = reader->len - reader->pos;
    size_t limit = count <= PORTCULLIS_REDIS_MAXIMUM_LINE_BYTES ? count : PORTCULLIS_REDIS_MAXIMUM_LINE_BYTES + 1;
    size_t end = 0;
    while (end < limit && held[end] != '\r' && held[end] != '\n') end++;
    if (end > PORTCULLIS_REDIS_MAXIMUM_LINE_BYTES) return PORTCULLIS_REDIS_VIOLATION;
    if (end == count) return PORTCULLIS_REDIS_INCOMPLETE;
    if (held[end] == '\n') return PORTCULLIS_REDIS_VIOLATION;
    if (end + 1 == count) return PORTCULLIS_REDIS_INCOMPLETE;
    if (held[end + 1] != '\n' || task->type != REDIS_REPLY_STRING) return PORTCULLIS_REDIS_VIOLATION;
    size_t announced = 0;
    for (size_t index = 0; index < end; index++) {
        announced = announced * 10 + (size_t)(held[index] - '0');
        if (announced > PORTCULLIS_REDIS_MAXIMUM_BULK_BYTES) return PORTCULLIS_REDIS_VIOLATION;
    }
    return PORTCULLIS_REDIS_INCOMPLETE;
}

// The next whole reply among the bytes fed so far, which the caller frees with portcullis_redis_free.
static inline enum portcullis_redis_progress portcullis_redis_reader_next(
    redisReader *reader, struct portcullis_redis_guard *guard, redisReply **reply) {
    void *object = NULL;
    *reply = NULL;
    if (redisReaderGetReply(reader, &object) != REDIS_OK) return PORTCULLIS_REDIS_VIOLATION;
    if (object == NULL) return portcullis_redis_judge_held_bytes(reader);
    portcullis_redis_reset(guard);
    *reply = (redisReply *)object;
    return PORTCULLIS_REDIS_REPLY;
}

// 1.x returns long long where 0.14 returns int. Negative when it fails.
static inline long long portcullis_redis_format(
    char **target, int count, const char **arguments, const size_t *lengths) {
    return redisFormatCommandArgv(target, count, arguments, lengths);
}

#endif
