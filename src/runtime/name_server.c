/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hearing questions, answering those about machines. What others have to be asked is in name_forward.c. */
#include "runtime/name_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/filter.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/names.h"
#include "runtime/name_question.h"

/* Some questions are taken at once, then for a while none: a flood costs a part of one processor, no more. */
enum { QUESTIONS_AT_ONCE = 32, PAUSE_MS = 10, RECEIVE_BUFFER = 64 << 10, LOOPBACK_INDEX = 1 };

/* -- answers -- */

bool name_is_member(const struct name_server *server, const struct ip_prefix *address)
{
    return ip_prefix_contains(&server->host4, address) || ip_prefix_contains(&server->host6, address);
}

static struct ip_prefix prefix_of(const struct names_address *address)
{
    size_t size = names_address_size(address->family);
    struct ip_prefix prefix = {.family = (uint8_t) address->family, .length = (uint8_t) (8 * size)};

    memcpy(prefix.byte, address->byte, size);
    return prefix;
}

/* Leaves the addresses that are of this zone: machines elsewhere cannot be reached by it. */
static bool keep_members(const struct name_server *server, struct names_entry *entry)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < entry->count; i++) {
        struct ip_prefix prefix = prefix_of(&entry->address[i]);

        if (name_is_member(server, &prefix))
            entry->address[kept++] = entry->address[i];
    }
    entry->count = kept;
    return kept > 0;
}

/* Who has an address of ours nobody else can tell, so there is always an answer. */
static size_t answer_reverse(const uint8_t *message, const struct dns_query *query,
                             const struct names_address *address, uint8_t *out)
{
    struct names_entry entry;

    if (names_find_address(NAMES_FOLDER, address->family, address->byte, &entry) < 0)
        return dns_answer_status(message, query, DNS_NO_SUCH_NAME, out);
    return dns_answer_name(message, query, entry.name, out);
}

size_t name_answer(struct name_server *server, const uint8_t *message, const struct dns_query *query, uint8_t *out)
{
    struct names_address address;
    struct names_entry entry;

    if (!query->name[0] || !dns_query_is_internet(query))
        return 0;
    if (dns_reverse_parse(query->name, &address)) {
        struct ip_prefix prefix = prefix_of(&address);

        return name_is_member(server, &prefix) ? answer_reverse(message, query, &address, out) : 0;
    }
    if (names_find(NAMES_FOLDER, query->name, &entry) < 0 || !keep_members(server, &entry))
        return 0;
    return dns_answer_addresses(message, query, &entry, out);
}

void name_send(struct name_server *server, const struct name_asker *asker, const uint8_t *answer, size_t size)
{
    uint8_t frame[NAME_QUESTION_SIZE + UDP_FRAME_HEADERS];

    /* who does not hear asks again */
    if (!asker->on_cable)
        (void) sendto(asker->fd, answer, size, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *) &asker->address,
                      asker->address_size);
    else if (size <= NAME_QUESTION_SIZE && server->cable.fd >= 0)
        (void) !write(server->cable.fd, frame,
                      udp_frame_answer(&asker->frame, server->router_mac, answer, size, frame));
}

/* A server that is this one would have us ask ourselves for ever. */
const struct upstream *name_upstream(const struct name_server *server, unsigned n)
{
    for (unsigned i = 0; i < server->upstreams.count; i++) {
        const struct upstream *upstream = &server->upstreams.item[i];
        const struct sockaddr_in *v4 = (const void *) &upstream->address;
        const struct sockaddr_in6 *v6 = (const void *) &upstream->address;
        bool is_us = upstream->address.ss_family == AF_INET
                         ? server->host4.family && memcmp(&v4->sin_addr, server->host4.byte, 4) == 0
                         : server->host6.family && memcmp(&v6->sin6_addr, server->host6.byte, 16) == 0;

        if (!is_us && n-- == 0)
            return upstream;
    }
    return NULL;
}

static void handle_question(struct name_server *server, const struct name_asker *asker, const uint8_t *message,
                            size_t size)
{
    uint8_t answer[DNS_PLAIN_SIZE];
    struct dns_query query;

    if (dns_query_parse(message, size, &query) < 0)
        return;
    size_t n = name_answer(server, message, &query, answer);
    if (n > 0)
        name_send(server, asker, answer, n);
    else
        name_forward(server, asker, message, size, &query);
}

/* -- hearing -- */

static void pause_source(struct event_source *source, int64_t now_ms)
{
    source->events = 0;
    source->deadline_ms = now_ms + PAUSE_MS;
}

static void cable_ready(struct event_source *source, short revents, int64_t now_ms)
{
    struct name_server *server = source->data;
    uint8_t data[NAME_QUESTION_SIZE + UDP_FRAME_HEADERS];
    struct name_asker asker = {.on_cable = true, .fd = -1};

    (void) revents;
    source->events = POLLIN;
    for (int i = 0; i < QUESTIONS_AT_ONCE; i++) {
        ssize_t n = recv(source->fd, data, sizeof data, MSG_TRUNC);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0 && errno == ENETDOWN)
            continue;           /* the cable is down for the moment */
        if (n < 0)
            break;
        if ((size_t) n > sizeof data || udp_frame_parse(data, (size_t) n, &asker.frame) < 0)
            continue;
        handle_question(server, &asker, asker.frame.data, asker.frame.size);
    }
    pause_source(source, now_ms);
}

static void datagrams_ready(struct event_source *source, short revents, int64_t now_ms)
{
    struct name_server *server = source->data;
    uint8_t message[NAME_QUESTION_SIZE];

    (void) revents;
    source->events = POLLIN;
    for (int i = 0; i < QUESTIONS_AT_ONCE; i++) {
        struct name_asker asker = {.fd = source->fd, .address_size = sizeof asker.address};
        ssize_t n = recvfrom(source->fd, message, sizeof message, MSG_DONTWAIT, (struct sockaddr *) &asker.address,
                             &asker.address_size);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n > 0)
            handle_question(server, &asker, message, (size_t) n);
    }
    pause_source(source, now_ms);
}

/* -- sockets -- */

/* Of datagrams only the host's own come here, by its loopback: the guests' are heard on their cables. Without the
 * socket, though, the kernel would tell them that nobody listens. */
static int hear_the_host_alone(int fd)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t) (SKF_AD_OFF + SKF_AD_IFINDEX)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LOOPBACK_INDEX, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const struct sock_fprog program = {.len = COUNT_OF(code), .filter = code};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

/* Returns the socket or a negative errno. */
static int open_socket(const struct ip_prefix *address, int type)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(DNS_PORT)};
    bool is_v6 = address->family == AF_INET6;
    auto_close int fd = socket(address->family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    memcpy(&v4.sin_addr, address->byte, 4);
    memcpy(&v6.sin6_addr, address->byte, 16);

    const struct sockaddr *name = is_v6 ? (const void *) &v6 : (const void *) &v4;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int)) < 0 ||
        (type == SOCK_DGRAM && hear_the_host_alone(fd) < 0) ||
        /* the address may come after us */
        setsockopt(fd, is_v6 ? SOL_IPV6 : SOL_IP, is_v6 ? IPV6_FREEBIND : IP_FREEBIND, &(int){1}, sizeof(int)) < 0 ||
        bind(fd, name, is_v6 ? sizeof v6 : sizeof v4) < 0 ||
        (type == SOCK_STREAM && listen(fd, NAME_STREAMS_MAX) < 0))
        return -errno;
    return take_fd(&fd);
}

/* Where another server has the port, as one for all addresses of the host may, that one answers by TCP. */
static void listen_at(struct name_server *server, int i, const struct ip_prefix *address)
{
    int datagram_fd = address->family ? open_socket(address, SOCK_DGRAM) : -1;
    int stream_fd = address->family ? open_socket(address, SOCK_STREAM) : -1;

    server->datagrams[i] =
        (struct event_source){.fd = datagram_fd, .events = POLLIN, .ready = datagrams_ready, .data = server};
    server->listeners[i] =
        (struct event_source){.fd = stream_fd, .events = POLLIN, .ready = name_streams_accept, .data = server};
    if (datagram_fd >= 0)
        events_add(server->events, &server->datagrams[i]);
    if (stream_fd >= 0)
        events_add(server->events, &server->listeners[i]);
    if (address->family && (datagram_fd < 0 || stream_fd < 0)) {
        char text[IP_PREFIX_TEXT_SIZE];

        log_debug("port 53 of %s belongs to another server: %s", ip_address_format(address, text),
                  strerror(datagram_fd < 0 ? -datagram_fd : -stream_fd));
    }
}

int name_server_start(const struct name_server_setup *setup, struct events *events, struct name_server **ret,
                      struct error **err)
{
    int fd;

    if (udp_frame_open(setup->link_index, &setup->host4, &setup->host6, DNS_PORT, &fd, err) < 0)
        return -error_code(*err);
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){RECEIVE_BUFFER}, sizeof(int));

    struct name_server *server = mem_alloc(sizeof *server);
    *server = (struct name_server){
        .events = events,
        .host4 = setup->host4,
        .host6 = setup->host6,
        .router_mac = setup->router_mac,
        .cable = {.fd = fd, .events = POLLIN, .ready = cable_ready, .data = server},
    };
    events_add(events, &server->cable);
    listen_at(server, 0, &server->host4);
    listen_at(server, 1, &server->host6);
    *ret = server;
    return 0;
}

static void close_source(struct name_server *server, struct event_source *source)
{
    events_remove(server->events, source);
    fd_closep(&source->fd);
}

struct name_server *name_server_stop(struct name_server *server)
{
    if (!server)
        return NULL;
    name_forwards_stop(server);
    name_streams_stop(server);
    close_source(server, &server->cable);
    for (int i = 0; i < 2; i++) {
        close_source(server, &server->datagrams[i]);
        close_source(server, &server->listeners[i]);
    }
    free(server);
    return NULL;
}
