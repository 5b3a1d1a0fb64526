/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream of bytes over TCP, and how fast it is.
 *
 *     stream sink PORT             takes what comes, from one client after the other, and tells each how much it was
 *     stream send ADDRESS PORT MS  sends for that long, then prints bytes a second, as the sink has counted them
 *
 * The sender's clock runs from the connection until the sink has told its number: what lies in buffers on the way does
 * not count as sent.
 */
#include "measure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 1 << 18, NS_PER_MS = 1000000 };
#define NS_PER_S 1000000000.0

static unsigned char buffer[CHUNK];

static void sink(unsigned port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port)};
    int listener = socket(AF_INET6, SOCK_STREAM, 0);

    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) < 0 ||
        bind(listener, (struct sockaddr *) &address, sizeof(address)) < 0 || listen(listener, 8) < 0)
        measure_die("listen");
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        uint64_t total = 0;
        ssize_t n;

        if (fd < 0)
            measure_die("accept");
        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
            total += (uint64_t) n;
        if (write(fd, &total, sizeof(total)) != (ssize_t) sizeof(total))
            (void) fprintf(stderr, "a client did not wait\n");
        (void) close(fd);
    }
}

static int connect_to(const char *text, unsigned port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port)};
    int is_v4 = inet_pton(AF_INET, text, &v4.sin_addr) == 1, fd;

    errno = EINVAL;
    if (!is_v4 && inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
        measure_die(text);
    fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, is_v4 ? (struct sockaddr *) &v4 : (struct sockaddr *) &v6,
                          is_v4 ? sizeof(v4) : sizeof(v6)) < 0)
        measure_die("connect");
    return fd;
}

static void send_for(const char *address, unsigned port, unsigned ms)
{
    int fd = connect_to(address, port);
    int64_t started_ns = measure_now_ns();
    uint64_t counted;

    while (measure_now_ns() - started_ns < (int64_t) ms * NS_PER_MS)
        if (write(fd, buffer, sizeof(buffer)) < 0)
            measure_die("send");
    if (shutdown(fd, SHUT_WR) < 0 || recv(fd, &counted, sizeof(counted), MSG_WAITALL) != (ssize_t) sizeof(counted))
        measure_die("hear how much has come");
    (void) printf("%.0f\n", (double) counted * NS_PER_S / (double) (measure_now_ns() - started_ns));
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "sink") == 0)
        sink((unsigned) atoi(argv[2]));
    if (argc != 5 || strcmp(argv[1], "send") != 0)
        return EXIT_FAILURE;
    send_for(argv[2], (unsigned) atoi(argv[3]), (unsigned) atoi(argv[4]));
    return EXIT_SUCCESS;
}
