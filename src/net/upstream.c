/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading resolv.conf(5), as the C library does, and a look whether somebody is there. */
#include "net/upstream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"

enum { DNS_SERVICE = 53, FILE_SIZE_MAX = 64 << 10 };

bool upstream_next(const char **at, char ret[UPSTREAM_WORD_SIZE])
{
    while (**at) {
        const char *line = *at, *rest = string_after(line, "nameserver");

        *at += strcspn(line, "\n");
        *at += **at == '\n';
        if (!rest || (*rest != ' ' && *rest != '\t'))
            continue;
        rest += strspn(rest, " \t");
        size_t length = strcspn(rest, " \t\r\n");
        if (length >= UPSTREAM_WORD_SIZE)
            length = 0;
        memcpy(ret, rest, length);
        ret[length] = '\0';
        return true;
    }
    return false;
}

/* False for what is no address. Link-local ones have the name of their interface behind a '%'. */
static bool parse(const char *word, struct upstream *ret)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(DNS_SERVICE)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(DNS_SERVICE)};
    char address[UPSTREAM_WORD_SIZE];
    size_t length = strcspn(word, "%");

    (void) snprintf(address, sizeof address, "%.*s", (int) length, word);
    *ret = (struct upstream){0};
    if (inet_pton(AF_INET, word, &v4.sin_addr) == 1) {
        memcpy(&ret->address, &v4, sizeof v4);
        ret->size = sizeof v4;
    } else if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1) {
        v6.sin6_scope_id = word[length] ? if_nametoindex(word + length + 1) : 0;
        memcpy(&ret->address, &v6, sizeof v6);
        ret->size = sizeof v6;
    }
    return ret->size > 0;
}

static bool is_loopback(const struct upstream *upstream)
{
    const struct sockaddr_in *v4 = (const void *) &upstream->address;
    const struct sockaddr_in6 *v6 = (const void *) &upstream->address;

    return upstream->address.ss_family == AF_INET ? ntohl(v4->sin_addr.s_addr) >> 24 == 127
                                                  : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

bool upstream_is_loopback(const char *word)
{
    struct upstream upstream;

    return parse(word, &upstream) && is_loopback(&upstream);
}

/* Somebody has this address and port: then nobody else can have them. Where we may not find out (EACCES) nothing is
 * proved, and it counts as answered. */
static bool port_is_taken(const struct upstream *upstream)
{
    auto_close int fd = socket(upstream->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno != EAFNOSUPPORT;
    return bind(fd, (const struct sockaddr *) &upstream->address, upstream->size) < 0 && errno != EADDRNOTAVAIL;
}

bool upstream_answers(const char *word)
{
    struct upstream upstream;

    return parse(word, &upstream) && (!is_loopback(&upstream) || port_is_taken(&upstream));
}

bool upstream_text_answers(const char *text)
{
    char word[UPSTREAM_WORD_SIZE];
    bool any = false;

    while (upstream_next(&text, word)) {
        if (upstream_answers(word))
            return true;
        any = true;
    }
    return !any && upstream_answers("127.0.0.1");
}

bool upstream_text_is_reachable(const char *text)
{
    char word[UPSTREAM_WORD_SIZE];
    struct upstream upstream;

    while (upstream_next(&text, word))
        if (parse(word, &upstream) && !is_loopback(&upstream))
            return true;
    return false;
}

static void add_servers(struct upstreams *upstreams, const char *text)
{
    char word[UPSTREAM_WORD_SIZE];

    while (upstreams->count < UPSTREAMS_MAX && upstream_next(&text, word))
        if (upstream_answers(word) && parse(word, &upstreams->item[upstreams->count]))
            upstreams->count++;
}

/* What the host itself uses; where that is a server that does not run, what that one would ask. */
void upstreams_refresh(struct upstreams *upstreams)
{
    static const char *const paths[] = {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"};
    struct stat now = {0};

    (void) stat(paths[0], &now);
    if (upstreams->count > 0 && now.st_ino == upstreams->seen.st_ino && now.st_dev == upstreams->seen.st_dev &&
        now.st_mtim.tv_sec == upstreams->seen.st_mtim.tv_sec && now.st_mtim.tv_nsec == upstreams->seen.st_mtim.tv_nsec)
        return;

    upstreams->count = 0;
    upstreams->seen = now;
    for (size_t i = 0; i < COUNT_OF(paths) && upstreams->count == 0; i++) {
        auto_free char *text = NULL;

        if (file_read_quiet(AT_FDCWD, paths[i], FILE_SIZE_MAX, &text) == 0)
            add_servers(upstreams, text);
    }
    if (upstreams->count == 0)
        add_servers(upstreams, "nameserver 127.0.0.1\n");
}
