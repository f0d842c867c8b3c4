// Asks a server over HTTP/1.1 and measures how long each answer takes.
//
//   openloop PORT CONNECTIONS RATE WARM-UP SECONDS REQUESTS
//
// RATE requests a second are due at equal distances, and each is timed from when it was due, whether or not a connection
// was free then: a server that stands still is charged for all who had to wait. With RATE 0 each connection asks again as
// soon as it has its answer, and is timed from then. REQUESTS is a file of requests, each behind its length (four bytes,
// little-endian), sent in turn. Counts only what is answered after WARM-UP seconds, when it prints
// `begin`; prints `end` when the last answer has come, and one object of JSON. One thread; no TLS; answers need a length.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { headBytes = 16384, subBuckets = 128, buckets = 40 * subBuckets };

typedef struct {
    int descriptor, isBusy, isOpening, status, headLength, hasHead, closes;
    const char *unsent;
    size_t unsentBytes;
    int64_t due, bodyLeft;
    char head[headBytes];
} Connection;

typedef struct {
    const char *bytes;
    uint32_t length;
} Request;

static Connection *connections;
static int connectionCount, port, poller;
static Request *requests;
static size_t requestCount, nextRequest;
static int *idle, idleCount;
static uint64_t histogram[buckets], statuses[1000], answered, broken, unsentCount, latencyCount;
static int64_t slowest;
static double latencySum;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

// Buckets whose width is at most 1/64 of their value.
static int bucketOf(uint64_t value) {
    if (value < subBuckets) return (int)value;
    int shift = 63 - __builtin_clzll(value) - 6;
    int bucket = (shift + 1) * (subBuckets / 2) + (int)(value >> shift);
    return bucket < buckets ? bucket : buckets - 1;
}

static double valueOf(int bucket) {
    if (bucket < subBuckets) return bucket;
    int shift = bucket / (subBuckets / 2) - 2;
    uint64_t top = (uint64_t)bucket - (uint64_t)(shift + 1) * (subBuckets / 2);
    return ((double)top + 0.5) * (double)(1ULL << shift);
}

static void record(int64_t nanoseconds) {
    if (nanoseconds > slowest) slowest = nanoseconds;
    histogram[bucketOf((uint64_t)nanoseconds / 100)]++;
    latencySum += (double)nanoseconds;
    latencyCount++;
}

static double percentile(double share) {
    uint64_t wanted = (uint64_t)((double)latencyCount * share), seen = 0;
    for (int i = 0; i < buckets; i++)
        if ((seen += histogram[i]) > wanted) return valueOf(i) / 10;
    return (double)slowest / 1000;
}

static void watch(Connection *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(poller, operation, c->descriptor, &event) < 0) die("epoll_ctl");
}

static void open_connection(Connection *c) {
    c->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->descriptor < 0) die("socket");
    int one = 1;
    setsockopt(c->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(c->descriptor, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) die("connect");
    c->isBusy = c->hasHead = c->headLength = c->closes = 0;
    c->isOpening = 1;
    watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static void reopen(Connection *c) {
    close(c->descriptor);
    if (c->isBusy || c->isOpening) broken++;
    // A server that takes nobody must not make this spin for ever.
    if (broken > 1000000) {
        fprintf(stderr, "the server takes no connections\n");
        exit(1);
    }
    open_connection(c);
}

static void send_rest(Connection *c) {
    while (c->unsentBytes > 0) {
        ssize_t count = send(c->descriptor, c->unsent, c->unsentBytes, MSG_NOSIGNAL);
        if (count < 0) {
            if (errno == EAGAIN) {
                watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
                return;
            }
            reopen(c);
            return;
        }
        c->unsent += count;
        c->unsentBytes -= (size_t)count;
        if (c->unsentBytes == 0) watch(c, EPOLL_CTL_MOD, EPOLLIN);
    }
}

static void ask(Connection *c, int64_t due) {
    Request *request = &requests[nextRequest];
    nextRequest = (nextRequest + 1) % requestCount;
    c->isBusy = 1;
    c->hasHead = c->headLength = 0;
    c->due = due;
    ssize_t count = send(c->descriptor, request->bytes, request->length, MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN) {
        reopen(c);
        return;
    }
    if (count < 0) count = 0;
    c->unsent = request->bytes + count;
    c->unsentBytes = request->length - (size_t)count;
    if (c->unsentBytes > 0) watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

// Reads what is to be known of a head that is whole; false for one that is not understood.
static int read_head(Connection *c, int length) {
    c->head[length - 1] = 0;
    if (strncmp(c->head, "HTTP/1.1 ", 9) != 0) return 0;
    c->status = atoi(c->head + 9);
    if (c->status < 200 || c->status > 999) return 0;
    c->bodyLeft = c->status == 204 || c->status == 304 ? 0 : -1;
    for (char *line = strstr(c->head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, "content-length:", 15) == 0) c->bodyLeft = atoll(line + 17);
        if (strncasecmp(line + 2, "connection: close", 17) == 0) c->closes = 1;
    }
    return c->bodyLeft >= 0;
}

static void finish(Connection *c, int64_t time) {
    c->isBusy = 0;
    answered++;
    statuses[c->status]++;
    record(time - c->due);
    if (c->closes) reopen(c);
    else idle[idleCount++] = (int)(c - connections);
}

static char scratch[1 << 18];

static void receive(Connection *c) {
    for (;;) {
        char *place = c->hasHead ? scratch : c->head + c->headLength;
        size_t room = c->hasHead ? sizeof scratch : (size_t)(headBytes - c->headLength);
        ssize_t count = recv(c->descriptor, place, room, 0);
        if (count < 0 && errno == EAGAIN) return;
        if (count <= 0 || !c->isBusy) {
            reopen(c);
            return;
        }
        if (!c->hasHead) {
            c->headLength += (int)count;
            char *end = memmem(c->head, (size_t)c->headLength, "\r\n\r\n", 4);
            if (end == NULL) {
                if (c->headLength == headBytes) reopen(c);
                continue;
            }
            int length = (int)(end - c->head) + 4;
            count = c->headLength - length;
            if (!read_head(c, length)) {
                reopen(c);
                return;
            }
            c->hasHead = 1;
        }
        c->bodyLeft -= count;
        if (c->bodyLeft <= 0) {
            finish(c, now());
            return;
        }
        if ((size_t)count < room) return;
    }
}

static void read_requests(const char *path) {
    int file = open(path, O_RDONLY);
    struct stat information;
    if (file < 0 || fstat(file, &information) < 0) die(path);
    char *bytes = malloc((size_t)information.st_size);
    for (off_t have = 0; have < information.st_size;) {
        ssize_t count = read(file, bytes + have, (size_t)(information.st_size - have));
        if (count <= 0) die(path);
        have += count;
    }
    close(file);
    for (off_t offset = 0; offset + 4 <= information.st_size;) {
        uint32_t length;
        memcpy(&length, bytes + offset, 4);
        requests = realloc(requests, (requestCount + 1) * sizeof *requests);
        requests[requestCount++] = (Request){bytes + offset + 4, length};
        offset += 4 + length;
    }
    if (requestCount == 0) {
        fprintf(stderr, "%s has no requests\n", path);
        exit(1);
    }
}

static void handle(struct epoll_event *event) {
    Connection *c = event->data.ptr;
    if (event->events & (EPOLLERR | EPOLLHUP) && !(event->events & EPOLLIN)) {
        reopen(c);
        return;
    }
    if (c->isOpening) {
        if (!(event->events & EPOLLOUT)) return;
        c->isOpening = 0;
        watch(c, EPOLL_CTL_MOD, EPOLLIN);
        idle[idleCount++] = (int)(c - connections);
        return;
    }
    if (event->events & EPOLLOUT && c->unsentBytes > 0) send_rest(c);
    if (event->events & EPOLLIN) receive(c);
}

// Waits for events until a time. It does not spin: the backend runs on the same processor.
static void wait_until(int64_t time) {
    static struct epoll_event events[1024];
    int64_t left = time - now();
    struct timespec timeout = {0, 0};
    if (left > 0) timeout = (struct timespec){left / 1000000000, left % 1000000000};
    int count = epoll_pwait2(poller, events, 1024, &timeout, NULL);
    if (count < 0 && errno != EINTR) die("epoll_pwait2");
    for (int i = 0; i < count; i++) handle(&events[i]);
}

// A connection that closed while it was idle is not idle any more until it is open again.
static Connection *take_idle(void) {
    while (idleCount > 0) {
        Connection *c = &connections[idle[--idleCount]];
        if (!c->isOpening && !c->isBusy) return c;
    }
    return NULL;
}

// What was counted while it warmed up.
static void forget(void) {
    memset(histogram, 0, sizeof histogram);
    memset(statuses, 0, sizeof statuses);
    answered = broken = latencyCount = 0;
    latencySum = 0;
    slowest = 0;
    puts("begin");
    fflush(stdout);
}

static void report(double seconds, uint64_t inTime) {
    printf("{\"seconds\": %.3f, \"answers\": %lu, \"in_time\": %lu, \"broken\": %lu, \"unsent\": %lu, \"average_us\": %.1f, ", seconds,
           answered, inTime, broken, unsentCount, latencyCount ? latencySum / (double)latencyCount / 1000 : 0.0);
    printf("\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"most_us\": %.1f, \"statuses\": {", percentile(0.5),
           percentile(0.9), percentile(0.99), percentile(0.999), (double)slowest / 1000);
    const char *comma = "";
    for (int i = 0; i < 1000; i++)
        if (statuses[i]) {
            printf("%s\"%d\": %lu", comma, i, statuses[i]);
            comma = ", ";
        }
    printf("}}\n");
}

int main(int count, char **words) {
    if (count != 7) {
        fprintf(stderr, "use: openloop PORT CONNECTIONS RATE WARM-UP SECONDS REQUESTS\n");
        return 64;
    }
    port = atoi(words[1]);
    connectionCount = atoi(words[2]);
    double rate = atof(words[3]), warmUp = atof(words[4]), seconds = atof(words[5]);
    read_requests(words[6]);
    // Timers are 50 µs late otherwise, which would be charged to the server.
    prctl(PR_SET_TIMERSLACK, 1UL);
    poller = epoll_create1(0);
    connections = calloc((size_t)connectionCount, sizeof *connections);
    // An opened connection may stand twice in it, when it closed while it was idle.
    idle = calloc((size_t)connectionCount * 2 + 1000016, sizeof *idle);
    for (int i = 0; i < connectionCount; i++) {
        open_connection(&connections[i]);
        if (i % 100 == 99) wait_until(now() + 1000000);
    }
    for (int64_t patience = now() + 10000000000LL; idleCount < connectionCount && now() < patience;) wait_until(now() + 1000000);

    int64_t start = now(), begin = start + (int64_t)(warmUp * 1e9), end = begin + (int64_t)(seconds * 1e9);
    int hasBegun = 0;
    double interval = rate > 0 ? 1e9 / rate : 0;
    uint64_t asked = 0;
    Connection *c;
    for (int64_t time = start; time < end; time = now()) {
        if (!hasBegun && time >= begin) {
            forget();
            hasBegun = 1;
            begin = time;
        }
        int64_t due = start + (int64_t)((double)asked * interval);
        while ((rate == 0 || due <= time) && (c = take_idle()) != NULL) {
            ask(c, rate == 0 ? now() : due);
            asked++;
            due = start + (int64_t)((double)asked * interval);
        }
        int64_t next = hasBegun ? end : begin;
        wait_until(rate > 0 && idleCount > 0 && due < next ? due : next);
    }
    // Those under way may still come, and count; those that were due and could not be sent count with the wait they had.
    uint64_t inTime = answered;
    int64_t last = now(), patience = last + 3000000000LL;
    for (int busy = 1; busy && now() < patience;) {
        busy = 0;
        for (int i = 0; i < connectionCount; i++) busy += connections[i].isBusy;
        if (busy) wait_until(now() + 1000000);
    }
    for (int i = 0; i < connectionCount; i++)
        if (connections[i].isBusy) broken++, record(now() - connections[i].due);
    if (rate > 0)
        for (;; asked++) {
            int64_t due = start + (int64_t)((double)asked * interval);
            if (due >= end) break;
            unsentCount++;
            record(now() - due);
        }
    puts("end");
    fflush(stdout);
    report((double)(last - begin) / 1e9, inTime);
    return 0;
}
