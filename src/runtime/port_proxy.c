/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Relays: a connection is two sockets with a pipe for each direction, a UDP client one socket towards the machine. */
#include "runtime/port_proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

enum {
    PIPE_BYTES = 1 << 18,
    ROUNDS = 8,                 /* pipes full moved at once, before others have their turn */
    DATAGRAMS = 32,
    DATAGRAM_MAX = 65535,
    ACCEPTS = 16,
    QUIET_MS = 60000,           /* a UDP client that says nothing is gone */
    CONNECT_MS = 20000,
    RETRY_MS = 1000,            /* until the host may have descriptors or memory again */
};

struct direction {
    int from, to;               /* sockets of the relay's */
    int pipe[2];
    size_t held;                /* bytes in the pipe */
    bool has_ended;             /* nothing more comes */
    bool is_over;               /* and all of it was passed on, with the news of the end */
};

struct relay {
    struct relay *next;
    struct proxy *proxy;
    bool udp, is_connected;
    int64_t used_ms;
    struct event_source sources[2];     /* client's side, machine's side; of UDP only the second */
    struct direction ways[2];
    /* UDP */
    const struct proxy_port *port;
    struct sockaddr_storage client;
    socklen_t client_size;
    struct in6_pktinfo asked;   /* the address of the host's that the client asked, and is answered from; zero: any */
};

enum { CLIENT, MACHINE };

static void relay_close(struct relay *relay)
{
    struct proxy *proxy = relay->proxy;
    struct relay **place = &proxy->first;

    while (*place != relay)
        place = &(*place)->next;
    *place = relay->next;
    proxy->n_relays--;
    /* who had to wait for room has it now */
    for (struct proxy_port *port = proxy->ports; port; port = port->next)
        port->source.events = POLLIN;
    for (size_t i = 0; i < COUNT_OF(relay->sources); i++) {
        events_remove(proxy->events, &relay->sources[i]);
        fd_closep(&relay->sources[i].fd);
        fd_closep(&relay->ways[i].pipe[0]);
        fd_closep(&relay->ways[i].pipe[1]);
    }
    free(relay);
}

static struct relay *relay_new(struct proxy *proxy, bool udp)
{
    struct relay *relay = mem_alloc(sizeof *relay);

    relay->proxy = proxy;
    relay->udp = udp;
    for (size_t i = 0; i < COUNT_OF(relay->sources); i++) {
        relay->sources[i].fd = -1;
        relay->ways[i].pipe[0] = relay->ways[i].pipe[1] = -1;
    }
    relay->next = proxy->first;
    proxy->first = relay;
    proxy->n_relays++;
    return relay;
}

/* The machine's address for a client that came by one family; a machine may have the other one only. */
static socklen_t target(const struct proxy *proxy, bool ipv6, uint16_t port, struct sockaddr_storage *ret)
{
    const struct ip_prefix *guest = (ipv6 && proxy->guest6.family) || !proxy->guest4.family ? &proxy->guest6
                                                                                           : &proxy->guest4;

    memset(ret, 0, sizeof *ret);
    if (guest->family == AF_INET6) {
        struct sockaddr_in6 *address = (void *) ret;

        address->sin6_family = AF_INET6;
        address->sin6_port = htons(port);
        memcpy(&address->sin6_addr, guest->byte, sizeof address->sin6_addr);
        return sizeof *address;
    }
    if (guest->family == AF_INET) {
        struct sockaddr_in *address = (void *) ret;

        address->sin_family = AF_INET;
        address->sin_port = htons(port);
        memcpy(&address->sin_addr, guest->byte, sizeof address->sin_addr);
        return sizeof *address;
    }
    return 0;
}

static bool is_ipv6(const struct sockaddr_storage *address)
{
    const struct sockaddr_in6 *client = (const void *) address;

    return address->ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&client->sin6_addr);
}

/* Nobody is accepted while all relays are in use: who comes waits in the kernel's queue. */
static bool has_room(struct proxy *proxy)
{
    return proxy->n_relays < PROXY_RELAYS_MAX;
}

/* -- connections -- */

/* Moves what there is in one direction; false when the connection is broken. */
static bool move(struct direction *way)
{
    for (int round = 0; round < ROUNDS; round++) {
        ssize_t in = 0, out = 0;

        if (!way->has_ended && way->held < PIPE_BYTES) {
            in = splice(way->from, NULL, way->pipe[1], NULL, PIPE_BYTES - way->held,
                        SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
            if (in < 0 && errno != EAGAIN)
                return false;
            way->has_ended = in == 0;
            way->held += in > 0 ? (size_t) in : 0;
        }
        if (way->held > 0) {
            out = splice(way->pipe[0], NULL, way->to, NULL, way->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
            if (out < 0 && errno != EAGAIN)
                return false;
            way->held -= out > 0 ? (size_t) out : 0;
        }
        if (in <= 0 && out <= 0)
            break;
    }
    if (way->has_ended && way->held == 0 && !way->is_over) {
        way->is_over = true;
        (void) shutdown(way->to, SHUT_WR);
    }
    return true;
}

/* What each side is waited for: more to read where there is room, room where something waits. A pipe may be full of
 * small pieces before it is full of bytes: then room is made first. */
static void choose_events(struct relay *relay)
{
    const struct direction *in = &relay->ways[CLIENT], *out = &relay->ways[MACHINE];

    relay->sources[CLIENT].events =
        (short) ((!in->has_ended && in->held == 0 ? POLLIN : 0) | (out->held > 0 ? POLLOUT : 0));
    relay->sources[MACHINE].events =
        (short) ((!out->has_ended && out->held == 0 ? POLLIN : 0) | (in->held > 0 ? POLLOUT : 0));
}

static bool finish_connecting(struct relay *relay)
{
    int code = 0;
    socklen_t size = sizeof code;

    if (getsockopt(relay->sources[MACHINE].fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0 || code != 0)
        return false;
    relay->is_connected = true;
    relay->sources[MACHINE].deadline_ms = 0;
    return true;
}

/* The client learns that nobody listens as it would have from the machine: its connection is reset. */
static void relay_refuse(struct relay *relay)
{
    const struct linger none = {.l_onoff = 1};

    (void) setsockopt(relay->sources[CLIENT].fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    relay_close(relay);
}

static void connection_ready(struct event_source *source, short revents, int64_t now_ms)
{
    struct relay *relay = source->data;
    bool is_machine = source == &relay->sources[MACHINE];

    (void) now_ms;
    if (!relay->is_connected) {
        if (!is_machine && !(revents & (POLLERR | POLLHUP)))
            return;
        if (!is_machine || revents == 0 || !finish_connecting(relay)) {
            relay_refuse(relay);
            return;
        }
    }
    if (!move(&relay->ways[CLIENT]) || !move(&relay->ways[MACHINE])) {
        relay_refuse(relay);
        return;
    }
    if (relay->ways[CLIENT].is_over && relay->ways[MACHINE].is_over) {
        relay_close(relay);
        return;
    }
    /* A side that is gone altogether says so for ever. */
    if ((revents & POLLERR) || ((revents & POLLHUP) && relay->ways[is_machine ? MACHINE : CLIENT].has_ended)) {
        relay_refuse(relay);
        return;
    }
    choose_events(relay);
}

static void watch_side(struct relay *relay, int side, int fd, short events)
{
    relay->sources[side] = (struct event_source){.fd = fd, .events = events, .ready = connection_ready, .data = relay};
    events_add(relay->proxy->events, &relay->sources[side]);
}

static void relay_connection(struct proxy *proxy, const struct proxy_port *port, int client_fd, bool ipv6,
                             int64_t now_ms)
{
    struct sockaddr_storage address;
    socklen_t size = target(proxy, ipv6, port->port, &address);
    auto_close int owned_fd = client_fd;
    auto_close int fd =
        size == 0 ? -1 : socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);

    if (fd < 0)
        return;

    bool is_refused = connect(fd, (const struct sockaddr *) &address, size) < 0 && errno != EINPROGRESS;
    struct relay *relay = relay_new(proxy, false);
    bool has_pipes = true;

    for (size_t i = 0; i < COUNT_OF(relay->ways); i++) {
        has_pipes = has_pipes && pipe2(relay->ways[i].pipe, O_CLOEXEC | O_NONBLOCK) == 0;
        if (has_pipes)
            (void) fcntl(relay->ways[i].pipe[0], F_SETPIPE_SZ, PIPE_BYTES);
    }
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    (void) setsockopt(owned_fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    relay->ways[CLIENT].from = relay->ways[MACHINE].to = owned_fd;
    relay->ways[CLIENT].to = relay->ways[MACHINE].from = fd;
    watch_side(relay, CLIENT, take_fd(&owned_fd), 0);
    watch_side(relay, MACHINE, take_fd(&fd), POLLOUT);
    relay->sources[MACHINE].deadline_ms = now_ms + CONNECT_MS;
    if (is_refused || !has_pipes)
        relay_refuse(relay);
}

static void accept_clients(struct event_source *source, short revents, int64_t now_ms)
{
    const struct proxy_port *port = source->data;
    struct proxy *proxy = port->proxy;

    (void) revents;
    for (int i = 0; i < ACCEPTS && has_room(proxy); i++) {
        struct sockaddr_storage client = {0};
        socklen_t size = sizeof client;
        int fd = accept4(source->fd, (struct sockaddr *) &client, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
            source->events = 0;
            source->deadline_ms = now_ms + RETRY_MS;
            return;
        }
        if (fd < 0)
            break;
        relay_connection(proxy, port, fd, is_ipv6(&client), now_ms);
    }
    source->events = has_room(proxy) ? POLLIN : 0;
}

/* -- datagrams -- */

union own_address {
    struct cmsghdr header;
    unsigned char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* Reads one, and which address of the host's it came to. A socket of IPv4 alone does not say; it has one address. */
static ssize_t receive_datagram(int fd, void *data, size_t size, struct sockaddr_storage *ret_client,
                                socklen_t *ret_client_size, struct in6_pktinfo *ret_asked)
{
    union own_address control;
    struct iovec vector = {.iov_base = data, .iov_len = size};
    struct msghdr message = {
        .msg_name = ret_client,
        .msg_namelen = sizeof *ret_client,
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);

    if (n < 0)
        return n;
    *ret_client_size = message.msg_namelen;
    *ret_asked = (struct in6_pktinfo){0};
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
            memcpy(ret_asked, CMSG_DATA(c), sizeof *ret_asked);
    /* the way back is the routes' to choose, but for addresses that mean something on one link only */
    if (!IN6_IS_ADDR_LINKLOCAL(&ret_asked->ipi6_addr))
        ret_asked->ipi6_ifindex = 0;
    return n;
}

static void answer_datagram(const struct relay *relay, void *data, size_t size)
{
    union own_address control = {0};
    struct iovec vector = {.iov_base = data, .iov_len = size};
    const struct msghdr message = {
        .msg_name = (void *) &relay->client,
        .msg_namelen = relay->client_size,
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = IN6_IS_ADDR_UNSPECIFIED(&relay->asked.ipi6_addr) ? NULL : &control,
        .msg_controllen = IN6_IS_ADDR_UNSPECIFIED(&relay->asked.ipi6_addr) ? 0 : sizeof control,
    };

    control.header.cmsg_level = IPPROTO_IPV6;
    control.header.cmsg_type = IPV6_PKTINFO;
    control.header.cmsg_len = CMSG_LEN(sizeof relay->asked);
    memcpy(CMSG_DATA(&control.header), &relay->asked, sizeof relay->asked);
    (void) sendmsg(relay->port->source.fd, &message, MSG_DONTWAIT);
}

static void answer_ready(struct event_source *source, short revents, int64_t now_ms)
{
    struct relay *relay = source->data;
    unsigned char buffer[DATAGRAM_MAX];

    if (revents == 0 && now_ms - relay->used_ms >= QUIET_MS) {
        relay_close(relay);
        return;
    }
    for (int i = 0; i < DATAGRAMS; i++) {
        ssize_t n = recv(source->fd, buffer, sizeof buffer, MSG_DONTWAIT);

        /* an error is the machine's word that nobody listens; the next datagram may find somebody */
        if (n < 0)
            break;
        answer_datagram(relay, buffer, (size_t) n);
        relay->used_ms = now_ms;
    }
    source->deadline_ms = relay->used_ms + QUIET_MS;
}

static struct relay *find_client(struct proxy *proxy, const struct proxy_port *port,
                                 const struct sockaddr_storage *client, socklen_t size)
{
    for (struct relay *relay = proxy->first; relay; relay = relay->next)
        if (relay->udp && relay->port == port && relay->client_size == size &&
            memcmp(&relay->client, client, size) == 0)
            return relay;
    return NULL;
}

/* In place of the one that was quiet longest, where there is no room. */
static void make_room(struct proxy *proxy)
{
    struct relay *oldest = NULL;

    if (has_room(proxy))
        return;
    for (struct relay *relay = proxy->first; relay; relay = relay->next)
        if (relay->udp && (!oldest || relay->used_ms < oldest->used_ms))
            oldest = relay;
    if (oldest)
        relay_close(oldest);
}

static struct relay *add_client(struct proxy *proxy, const struct proxy_port *port,
                                const struct sockaddr_storage *client, socklen_t size, int64_t now_ms)
{
    struct sockaddr_storage address;
    socklen_t address_size = target(proxy, is_ipv6(client), port->port, &address);
    auto_close int fd =
        address_size == 0 ? -1 : socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);

    if (fd < 0 || connect(fd, (const struct sockaddr *) &address, address_size) < 0)
        return NULL;
    make_room(proxy);
    if (!has_room(proxy))
        return NULL;

    struct relay *relay = relay_new(proxy, true);
    relay->port = port;
    memcpy(&relay->client, client, size);
    relay->client_size = size;
    relay->sources[MACHINE] = (struct event_source){
        .fd = take_fd(&fd), .events = POLLIN, .deadline_ms = now_ms + QUIET_MS, .ready = answer_ready, .data = relay};
    events_add(proxy->events, &relay->sources[MACHINE]);
    return relay;
}

static void pass_datagrams(struct event_source *source, short revents, int64_t now_ms)
{
    const struct proxy_port *port = source->data;
    unsigned char buffer[DATAGRAM_MAX];

    (void) revents;
    for (int i = 0; i < DATAGRAMS; i++) {
        struct sockaddr_storage client = {0};
        struct in6_pktinfo asked;
        socklen_t size;
        ssize_t n = receive_datagram(source->fd, buffer, sizeof buffer, &client, &size, &asked);

        if (n < 0)
            break;
        struct relay *relay = find_client(port->proxy, port, &client, size);
        if (!relay)
            relay = add_client(port->proxy, port, &client, size, now_ms);
        if (!relay)
            continue;
        relay->asked = asked;
        relay->used_ms = now_ms;
        (void) send(relay->sources[MACHINE].fd, buffer, (size_t) n, MSG_DONTWAIT);
    }
}

/* -- ports -- */

void proxy_watch(struct proxy *proxy, struct proxy_port *port, int fd, bool udp, uint16_t guest_port)
{
    *port = (struct proxy_port){
        .source = {.fd = fd, .events = POLLIN, .ready = udp ? pass_datagrams : accept_clients, .data = port},
        .proxy = proxy,
        .udp = udp,
        .port = guest_port,
    };
    if (udp)
        (void) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &(int){1}, sizeof(int));
    port->next = proxy->ports;
    proxy->ports = port;
    events_add(proxy->events, &port->source);
}

void proxy_unwatch(struct proxy_port *port)
{
    struct relay *next;

    if (!port->proxy)
        return;
    for (struct proxy_port **place = &port->proxy->ports; *place; place = &(*place)->next)
        if (*place == port) {
            *place = port->next;
            break;
        }
    events_remove(port->proxy->events, &port->source);
    for (struct relay *relay = port->proxy->first; relay; relay = next) {
        next = relay->next;
        if (relay->udp && relay->port == port)
            relay_close(relay);
    }
    port->proxy = NULL;
}

void proxy_done(struct proxy *proxy)
{
    while (proxy->first)
        relay_close(proxy->first);
}
