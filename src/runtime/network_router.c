/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's end of a container's cable as its router and DHCP server, in the supervisor's own loop (event.h): one
 * container, one lease, which was decided when its addresses were set.
 *
 * The container may be hostile. What it sends is bounded twice: by the frames that are read in one go, and by the
 * answers in a second; while it is over that, nothing is read at all, and the kernel drops what does not fit a small
 * buffer. So a flood costs a few wake-ups a second, and the container its own answers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/dhcp.h"
#include "net/forwarding.h"
#include "net/router_message.h"
#include "net/router_socket.h"
#include "net/udp_frame.h"
#include "net/zone.h"
#include "runtime/run_state.h"

enum {
    BURST = 16,                     /* frames in one go, and answers that may be saved up */
    ANSWER_MS = 250,                /* … one more after this time */
    PAUSE_MS = 1000,
    ADVERTISE_MS = 540 * 1000,      /* twice in the lifetime of what is advertised, and once more */
    LEASE_S = 12 * 3600,
};

struct router {
    struct event_source source;
    struct run *run;
    unsigned answers;               /* that may be given now */
    int64_t counted_ms;             /* when these were counted */
    int64_t advertise_ms;           /* when the next advertisement to everybody is due */
    bool is_paused;
};

static void send_frame(const struct router *router, const void *frame, size_t size)
{
    /* a cable whose other end is gone or full loses it, as any cable does */
    (void) send(router->source.fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* -- DHCP -- */

static void answer_dhcp(struct router *router, const struct udp_frame *frame)
{
    const struct address_plan *plan = &router->run->address_plan;
    struct dhcp_request request;
    struct dhcp_answer answer;
    uint8_t out[DHCP_REPLY_SIZE + UDP_FRAME_HEADERS];

    if (!plan->is_managed || !plan->guest4.family || dhcp_request_parse(frame->data, frame->size, &request) < 0 ||
        !mac_equal(request.client, plan->guest_mac))
        return;

    struct dhcp_lease lease = {
        .address = plan->guest4,
        .server = ip_prefix_address(&plan->host4),
        .router = plan->gateway4,
        .host_name = router->run->spec->hostname,
        .mtu = plan->mtu,
        .duration_s = LEASE_S,
    };
    for (unsigned i = 0; i < plan->n_dns; i++)
        if (plan->dns[i].family == AF_INET && lease.n_dns < DHCP_DNS_MAX)
            lease.dns[lease.n_dns++] = plan->dns[i];
    dhcp_answer_make(&request, &lease, &answer);
    if (answer.size == 0)
        return;

    struct udp_frame to = {
        .source_mac = request.client,
        .source = answer.target,
        .target = lease.server,
        .source_port = DHCP_CLIENT_PORT,
        .target_port = DHCP_SERVER_PORT,
    };
    if (answer.to_everybody) {
        memset(to.source_mac.byte, 0xff, sizeof to.source_mac.byte);
        memset(to.source.byte, 0xff, 4);
    }
    send_frame(router, out, udp_frame_answer(&to, plan->router_mac, answer.data, answer.size, out));
}

/* -- router advertisements -- */

static void advertise(struct router *router, const struct router_solicitation *to)
{
    const struct address_plan *plan = &router->run->address_plan;
    uint8_t out[ROUTER_FRAME_SIZE];

    if (!plan->router_local6.family)
        return;

    struct router_advertisement what = {
        .router_mac = plan->router_mac,
        .router = plan->router_local6,
        .is_default = ip_address_equal(&plan->gateway6, &plan->router_local6),
        .mtu = plan->mtu,
    };
    /* what was given statically shall be all there is */
    if (!plan->is_static6)
        what.network = ip_prefix_network(&plan->host6);
    for (unsigned i = 0; i < plan->n_dns && what.n_dns < ROUTER_DNS_MAX; i++)
        if (plan->dns[i].family == AF_INET6)
            what.dns[what.n_dns++] = plan->dns[i];
    send_frame(router, out, router_advertisement_make(&what, to, out));
}

static void advertise_to_all(struct router *router, int64_t now_ms)
{
    auto_error struct error *err = NULL;
    CLEANUP(zone_lock_done) struct zone_lock lock = {.fd = -1};
    CLEANUP(netlink_close) struct netlink netlink = {.fd = -1};
    struct run *run = router->run;

    router->advertise_ms = now_ms + ADVERTISE_MS;
    advertise(router, NULL);
    /* the host may have got another way out since */
    if (zone_lock_take(&lock, &err) < 0 || netlink_open(&netlink, &err) < 0 ||
        forwarding_hold(&netlink, run->machine, run->address_plan.host6.family != 0, &err) < 0)
        log_debug("%s", error_text(err));
}

/* -- the source -- */

static void answer(struct router *router, const uint8_t *data, size_t size)
{
    struct router_solicitation solicitation;
    struct udp_frame frame;

    if (router_solicitation_parse(data, size, &solicitation) == 0)
        advertise(router, &solicitation);
    else if (udp_frame_parse(data, size, &frame) == 0 && frame.target_port == DHCP_SERVER_PORT &&
             frame.source.family == AF_INET)
        answer_dhcp(router, &frame);
}

static void count_answers(struct router *router, int64_t now_ms)
{
    int64_t more = (now_ms - router->counted_ms) / ANSWER_MS;

    if (more <= 0)
        return;
    router->counted_ms += more * ANSWER_MS;
    router->answers = more >= BURST - router->answers ? BURST : router->answers + (unsigned) more;
}

static void read_frames(struct router *router)
{
    uint8_t frame[2048];

    while (router->answers > 0) {
        ssize_t n = recv(router->source.fd, frame, sizeof frame, MSG_DONTWAIT | MSG_TRUNC);

        if (n < 0 && errno != EINTR)
            return;
        /* what is longer than a frame is no question of a client's; it counts all the same */
        router->answers--;
        if (n > 0 && (size_t) n <= sizeof frame)
            answer(router, frame, (size_t) n);
    }
}

/* What came while nobody looked is old, and its senders ask again. At most what the buffer holds is thrown away. */
static void forget_frames(struct router *router)
{
    uint8_t byte;

    for (int i = 0; i < 256 && (recv(router->source.fd, &byte, 1, MSG_DONTWAIT) >= 0 || errno == EINTR); i++)
        ;
}

static void router_ready(struct event_source *source, short revents, int64_t now_ms)
{
    struct router *router = source->data;

    int failure;

    /* an interface that is gone is told of until somebody has looked */
    if (revents & POLLERR)
        (void) getsockopt(source->fd, SOL_SOCKET, SO_ERROR, &failure, &(socklen_t){sizeof failure});
    if (router->is_paused && now_ms >= router->counted_ms + PAUSE_MS) {
        forget_frames(router);
        router->is_paused = false;
    }
    count_answers(router, now_ms);
    if (!router->is_paused)
        read_frames(router);
    if (router->answers == 0 && !router->is_paused) {
        router->is_paused = true;
        router->counted_ms = now_ms;
    }
    if (now_ms >= router->advertise_ms)
        advertise_to_all(router, now_ms);
    source->events = router->is_paused ? 0 : POLLIN;
    source->deadline_ms = router->is_paused ? router->counted_ms + PAUSE_MS : router->advertise_ms;
}

int step_router_start(struct run *run, struct error **err)
{
    const struct address_plan *plan = &run->address_plan;
    int64_t now_ms = clock_ms();
    int fd;

    if (!plan->is_managed && !plan->host6.family)
        return 0;
    if (router_socket_open(plan->link_index, &fd, err) < 0)
        return -error_code(*err);

    struct router *router = run->router = mem_alloc(sizeof *router);
    *router = (struct router){
        .source = {.fd = fd, .events = POLLIN, .deadline_ms = now_ms + ADVERTISE_MS, .ready = router_ready,
                   .data = router},
        .run = run,
        .answers = BURST,
        .counted_ms = now_ms,
        .advertise_ms = now_ms + ADVERTISE_MS,
    };
    events_add(&run->events, &router->source);
    return 0;
}

void step_router_stop(struct run *run)
{
    if (!run->router)
        return;
    events_remove(&run->events, &run->router->source);
    fd_closep(&run->router->source.fd);
    free(TAKE(run->router));
}
