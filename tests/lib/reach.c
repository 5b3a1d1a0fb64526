/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reach NAME PORT SECONDS: a client of its own, static, for guests that have nothing else. Asks the servers of
 * /etc/resolv.conf for NAME's addresses, connects to both and reads a line from each; tries again until it got both or
 * the time is up. For each it prints "reached ipv4 10.0.0.1 at MILLISECONDS", since the epoch.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TYPE_A = 1, TYPE_AAAA = 28, STEP_MS = 400, RETRY_MS = 10 };

struct address {
    struct sockaddr_storage storage;
    socklen_t size;
};

static long long now_ms(clockid_t clock)
{
    struct timespec now;

    (void) clock_gettime(clock, &now);
    return (long long) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool parse_address(const char *text, unsigned port, struct address *ret)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port)};
    bool is_v4 = inet_pton(AF_INET, text, &v4.sin_addr) == 1;

    if (!is_v4 && inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
        return false;
    ret->size = is_v4 ? sizeof v4 : sizeof v6;
    memcpy(&ret->storage, is_v4 ? (void *) &v4 : (void *) &v6, ret->size);
    return true;
}

/* A socket connected to ADDRESS within STEP_MS; -1. */
static int connect_to(const struct address *address, int type)
{
    int fd = socket(address->storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), code = 0;
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *) &address->storage, address->size) == 0)
        return fd;
    if (errno == EINPROGRESS && poll(&poll_fd, 1, STEP_MS) == 1 &&
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &(socklen_t){sizeof code}) == 0 && code == 0)
        return fd;
    (void) close(fd);
    return -1;
}

static ssize_t read_in_time(int fd, void *data, size_t size)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    return poll(&poll_fd, 1, STEP_MS) == 1 ? recv(fd, data, size, 0) : -1;
}

static size_t make_question(const char *name, int type, unsigned char *out)
{
    static const unsigned char header[12] = {0x77, 0x77, 1, 0, 0, 1};
    size_t used = sizeof header;

    memcpy(out, header, sizeof header);
    while (*name) {
        size_t length = strcspn(name, ".");

        out[used++] = (unsigned char) length;
        memcpy(out + used, name, length);
        used += length;
        name += length + (name[length] == '.');
    }
    memcpy(out + used, (unsigned char[]){0, 0, (unsigned char) type, 0, 1}, 5);
    return used + 5;
}

/* The first record of TYPE behind the question, whose names are pointers, as those of the test's servers are. */
static bool read_answer(const unsigned char *reply, size_t size, size_t question, int type, unsigned port,
                        struct address *ret)
{
    for (size_t at = question; at + 12 <= size;) {
        size_t length = (size_t) reply[at + 10] << 8 | reply[at + 11];

        if (at + 12 + length > size)
            return false;
        if (reply[at + 3] == type && length == (type == TYPE_A ? 4 : 16)) {
            char text[INET6_ADDRSTRLEN];

            (void) inet_ntop(type == TYPE_A ? AF_INET : AF_INET6, reply + at + 12, text, sizeof text);
            return parse_address(text, port, ret);
        }
        at += 12 + length;
    }
    return false;
}

static bool ask(const char *server, const char *name, int type, unsigned port, struct address *ret)
{
    unsigned char question[512], reply[4096];
    struct address address;

    if (!parse_address(server, 53, &address))
        return false;
    int fd = connect_to(&address, SOCK_DGRAM);
    if (fd < 0)
        return false;
    size_t size = make_question(name, type, question);
    ssize_t n = send(fd, question, size, 0) == (ssize_t) size ? read_in_time(fd, reply, sizeof reply) : -1;
    (void) close(fd);
    return n > 0 && read_answer(reply, (size_t) n, size, type, port, ret);
}

static bool resolve(const char *name, int type, unsigned port, struct address *ret)
{
    FILE *file = fopen("/etc/resolv.conf", "re");
    char line[256], server[128];
    bool found = false;

    if (!file)
        return false;
    while (!found && fgets(line, sizeof line, file))
        found = sscanf(line, "nameserver %127s", server) == 1 && ask(server, name, type, port, ret);
    (void) fclose(file);
    return found;
}

static bool reach(const char *name, int type, unsigned port)
{
    struct address address;
    char line[64], text[INET6_ADDRSTRLEN];

    if (!resolve(name, type, port, &address))
        return false;
    int fd = connect_to(&address, SOCK_STREAM);
    ssize_t n = fd < 0 ? -1 : read_in_time(fd, line, sizeof line);
    if (fd >= 0)
        (void) close(fd);
    if (n <= 0)
        return false;

    const struct sockaddr_in *v4 = (const void *) &address.storage;
    const struct sockaddr_in6 *v6 = (const void *) &address.storage;
    (void) inet_ntop(address.storage.ss_family, type == TYPE_A ? (const void *) &v4->sin_addr : &v6->sin6_addr, text,
                     sizeof text);
    printf("reached %s %s at %lld\n", type == TYPE_A ? "ipv4" : "ipv6", text, now_ms(CLOCK_REALTIME));
    (void) fflush(stdout);
    return true;
}

int main(int argc, char **argv)
{
    bool v4 = false, v6 = false;

    if (argc < 4)
        return 2;
    for (long long end = now_ms(CLOCK_MONOTONIC) + 1000LL * atoi(argv[3]);;) {
        v4 = v4 || reach(argv[1], TYPE_A, (unsigned) atoi(argv[2]));
        v6 = v6 || reach(argv[1], TYPE_AAAA, (unsigned) atoi(argv[2]));
        if ((v4 && v6) || now_ms(CLOCK_MONOTONIC) >= end)
            return v4 && v6 ? EXIT_SUCCESS : EXIT_FAILURE;
        (void) usleep(RETRY_MS * 1000);
    }
}
