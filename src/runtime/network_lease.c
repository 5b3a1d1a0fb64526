/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where systemd-networkd looks after the host's end of a cable, the container's IPv4 address is networkd's to give, and
 * it gives one to those who ask. So the supervisor asks, from inside, for containers that have nobody who would; the
 * address is set as on a managed cable, behind what any client sets.
 *
 * What a client inside asks before networkd listens there would get lost, and most wait for seconds until they ask
 * again; it is said once more as soon as networkd has answered us. And when a client inside is given an address of its
 * own, that is the container's: forwards follow it, and ours is given back.
 *
 * The container may be hostile, and root inside can have frames come in by any interface of its own. So answers are
 * heard on the host's side, where only the host sends to the container, or its bridge, whose rules let no machine send
 * leases (net/rules_table.c). From inside we only speak. Floods are read in small parts, and once there is a lease, not
 * at all.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/address.h"
#include "net/dhcp_client.h"
#include "net/link.h"
#include "net/netns.h"
#include "net/packet_socket.h"
#include "net/udp_frame.h"
#include "runtime/network_state.h"
#include "runtime/ports.h"
#include "runtime/run_state.h"

enum {
    SOON_MS = 20,
    SOON_TRIES = 50, /* networkd needs some 50 ms for a new link */
    LATER_MS = 500,
    LATER_TRIES = 120,
    RENEW_MS = 60 * 1000, /* … once more, while it is not answered */
    BURST = 16, /* frames in one go */
    PAUSE_MS = 100,
    FRAME_SIZE = 1514,
    BUFFER_BYTES = 32 * 1024,
};

enum lease_state {
    LEASE_ASKING,
    LEASE_CHOSEN, /* there was an offer */
    LEASE_HELD, /* the container has our address */
    LEASE_THEIRS, /* it has its own */
};

struct lease {
    struct event_source source;
    struct run *run;
    struct netlink inside;
    int question_fd; /* a packet socket inside, to send by */
    int link_index; /* in the container */
    enum lease_state state;
    uint8_t transaction[4];
    unsigned tries;
    struct dhcp_offer offer;
    int64_t act_ms; /* when to ask again; 0: never */
    bool is_paused;

    /* The last question of a client inside that nobody has answered yet. */
    uint8_t *pending;
    size_t pending_size;
    uint8_t pending_transaction[4];
};

/* What is heard: what the host sends to clients; WITH_QUESTIONS, what the container sends to servers. */
static int set_filter(int fd, bool with_questions)
{
    /* clang-format off */
    struct sock_filter code[] = {
        /*  0 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        /*  1 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 11),
        /*  2 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 9),
        /*  3 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 9),
        /*  4 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_HLEN + 6),      /* parts of datagrams have no port */
        /*  5 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 7, 0),
        /*  6 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, ETH_HLEN),
        /*  7 */ BPF_STMT(BPF_LD | BPF_H | BPF_IND, ETH_HLEN + 2),
        /*  8 */ BPF_STMT(BPF_MISC | BPF_TAX, 0),
        /*  9 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t) (SKF_AD_OFF + SKF_AD_PKTTYPE)),
        /* 10 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 3),
        /* 11 */ BPF_STMT(BPF_MISC | BPF_TXA, 0),
        /* 12 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DHCP_CLIENT_PORT, 3, 0),
        /* 13 */ BPF_STMT(BPF_RET | BPF_K, 0),
        /* 14 */ BPF_STMT(BPF_MISC | BPF_TXA, 0),
        /* 15 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, with_questions ? DHCP_SERVER_PORT : UINT32_MAX, 0, 1),
        /* 16 */ BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        /* 17 */ BPF_STMT(BPF_RET | BPF_K, 0),
    };
    /* clang-format on */
    const struct sock_fprog program = {.len = COUNT_OF(code), .filter = code};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

/* -- saying -- */

static void say(const struct lease *lease, enum dhcp_type type)
{
    static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const struct run *run = lease->run;
    uint8_t data[DHCP_QUESTION_SIZE], out[DHCP_QUESTION_SIZE + UDP_FRAME_HEADERS];
    struct dhcp_question question = {.type = type, .client = run->address_plan.guest_mac, .host_name = run->machine};
    /* from a port to a port, as the answer to somebody who sent it the other way */
    struct udp_frame to = {
        .source = {.family = AF_INET, .length = 32, .byte = {255, 255, 255, 255}},
        .target = {.family = AF_INET, .length = 32},
        .source_port = DHCP_SERVER_PORT,
        .target_port = DHCP_CLIENT_PORT,
    };

    memcpy(question.transaction, lease->transaction, 4);
    memcpy(to.source_mac.byte, everybody, sizeof everybody);
    if (type != DHCP_DISCOVER)
        question.address = ip_prefix_address(&lease->offer.address);
    if (lease->state == LEASE_CHOSEN || type == DHCP_RELEASE)
        question.server = lease->offer.server;
    if (lease->state >= LEASE_HELD)
        to.target = ip_prefix_address(&lease->offer.address);

    size_t size = dhcp_question_make(&question, data);
    size = udp_frame_answer(&to, run->address_plan.guest_mac, data, size, out);
    /* what gets lost is said again */
    (void) send(lease->question_fd, out, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void ask(struct lease *lease, int64_t now_ms)
{
    if (lease->state == LEASE_CHOSEN && lease->tries >= SOON_TRIES)
        lease->state = LEASE_ASKING; /* whoever offered it is gone */
    say(lease, lease->state == LEASE_ASKING ? DHCP_DISCOVER : DHCP_REQUEST);
    lease->tries++;
    if (lease->state == LEASE_HELD)
        lease->act_ms = now_ms + RENEW_MS;
    else if (lease->tries < SOON_TRIES)
        lease->act_ms = now_ms + SOON_MS;
    else if (lease->tries < SOON_TRIES + LATER_TRIES)
        lease->act_ms = now_ms + LATER_MS;
    else {
        lease->act_ms = 0;
        log_warning("systemd-networkd gives '%s' no IPv4 address, though its files say so of '%s'", lease->run->machine,
                    lease->run->address_plan.router);
    }
}

/* -- questions of a client inside -- */

static void forget_pending(struct lease *lease)
{
    free(TAKE(lease->pending));
    lease->pending_size = 0;
}

static void keep_question(struct lease *lease, const uint8_t *frame, size_t size, const struct udp_frame *udp)
{
    struct dhcp_request request;

    if (size > FRAME_SIZE || dhcp_request_parse(udp->data, udp->size, &request) < 0 ||
        (request.type != DHCP_DISCOVER && request.type != DHCP_REQUEST) ||
        !mac_equal(request.client, lease->run->address_plan.guest_mac) ||
        memcmp(request.transaction, lease->transaction, 4) == 0)        /* our own */
        return;
    if (!lease->pending)
        lease->pending = mem_alloc(FRAME_SIZE);
    memcpy(lease->pending, frame, size);
    memcpy(lease->pending_transaction, request.transaction, 4);
    lease->pending_size = size;
    /* whoever left the sum to the card has not written it; 0 says that there is none */
    memset(lease->pending + (udp->data - 2 - frame), 0, 2);
}

static void repeat_question(struct lease *lease)
{
    if (lease->pending)
        (void) send(lease->question_fd, lease->pending, lease->pending_size, MSG_DONTWAIT | MSG_NOSIGNAL);
    forget_pending(lease);
}

/* -- setting -- */

struct look {
    int index;
    unsigned count;
    struct ip_prefix wanted;
    bool has_wanted;
};

static void look_at_address(const struct nlmsghdr *message, void *data)
{
    const struct ifaddrmsg *header = NLMSG_DATA(message);
    struct look *look = data;

    if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof *header) ||
        header->ifa_family != AF_INET || (int) header->ifa_index != look->index || header->ifa_scope >= RT_SCOPE_LINK)
        return;
    look->count++;
    int left = (int) IFA_PAYLOAD(message);
    for (const struct rtattr *a = IFA_RTA(header); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == IFA_LOCAL && RTA_PAYLOAD(a) == 4 && memcmp(RTA_DATA(a), look->wanted.byte, 4) == 0)
            look->has_wanted = true;
}

/* What the container's end has of IPv4. */
static struct look look_inside(struct lease *lease)
{
    const struct ifaddrmsg all = {.ifa_family = AF_INET};
    struct look look = {.index = lease->link_index, .wanted = lease->offer.address};
    struct netlink_remark remark;
    struct netlink_batch batch;

    netlink_batch_init(&batch);
    netlink_begin(&batch, RTM_GETADDR, NLM_F_DUMP, &all, sizeof all);
    /* a list that changed meanwhile is good enough */
    (void) netlink_talk(&lease->inside, &batch, look_at_address, &look, &remark);
    return look;
}

static void set_inside(struct lease *lease)
{
    struct netlink_batch batch;
    struct netlink_remark remark;

    netlink_batch_init(&batch);
    address_put(&batch, lease->link_index, &lease->offer.address, GUEST_METRIC);
    if (lease->offer.router.family)
        address_put_route(&batch, lease->link_index, NULL, &lease->offer.router, GUEST_METRIC);

    int r = netlink_talk(&lease->inside, &batch, NULL, NULL, &remark);
    if (r < 0 && r != -EEXIST)
        log_debug("cannot set the lease of '%s': %s", lease->run->machine, strerror(-r));
}

/* The rest of the machine learns of OFFER. */
static void tell(struct lease *lease, const struct dhcp_offer *offer)
{
    struct run *run = lease->run;
    struct address_plan *plan = &run->address_plan;
    auto_error struct error *err = NULL;
    bool is_same = ip_address_equal(&plan->guest4, &offer->address);

    plan->guest4 = offer->address;
    plan->host4 = offer->server;
    plan->host4.length = offer->address.length;
    plan->gateway4 = offer->router;
    if (is_same)
        return;
    if (rules_follow(run, &err) < 0)
        log_warning("cannot let the packet filter know of the address of '%s': %s", run->machine, error_text(err));
    ports_follow(run);
}

/* -- hearing -- */

static int64_t renewal_ms(const struct dhcp_offer *offer, int64_t now_ms)
{
    return offer->renewal_s == UINT32_MAX ? 0 : now_ms + (int64_t) offer->renewal_s * 1000;
}

static void take_lease(struct lease *lease, const struct dhcp_offer *offer, int64_t now_ms)
{
    bool is_renewal = lease->state == LEASE_HELD;

    lease->offer = *offer;
    lease->state = LEASE_HELD;
    lease->tries = 0;
    lease->act_ms = renewal_ms(offer, now_ms);
    (void) set_filter(lease->source.fd, false);
    repeat_question(lease);
    if (is_renewal)
        return;
    if (look_inside(lease).count == 0)
        set_inside(lease);
    tell(lease, offer);
}

static void take_answer(struct lease *lease, const struct dhcp_offer *offer, int64_t now_ms)
{
    if (offer->type == DHCP_OFFER && lease->state == LEASE_ASKING) {
        lease->offer = *offer;
        lease->state = LEASE_CHOSEN;
        lease->tries = 0;
        repeat_question(lease);
        ask(lease, now_ms);
    } else if (offer->type == DHCP_ACK && lease->state != LEASE_THEIRS)
        take_lease(lease, offer, now_ms);
    else if (offer->type == DHCP_NAK && lease->state != LEASE_THEIRS) {
        lease->state = LEASE_ASKING;
        lease->act_ms = now_ms + SOON_MS;
    }
}

/* A client inside was given an address. */
static void take_theirs(struct lease *lease, const struct dhcp_offer *offer)
{
    if (lease->state == LEASE_HELD && !ip_address_equal(&lease->offer.address, &offer->address))
        say(lease, DHCP_RELEASE);
    (void) set_filter(lease->source.fd, false);
    forget_pending(lease);
    lease->state = LEASE_THEIRS;
    lease->act_ms = 0;
    tell(lease, offer);
}

static void hear(struct lease *lease, const uint8_t *frame, size_t size, bool is_outgoing, int64_t now_ms)
{
    struct udp_frame udp;
    struct dhcp_offer offer;

    if (udp_frame_parse(frame, size, &udp) < 0 || udp.source.family != AF_INET)
        return;
    if (!is_outgoing && udp.target_port == DHCP_SERVER_PORT && lease->state < LEASE_HELD)
        keep_question(lease, frame, size, &udp);
    if (!is_outgoing || udp.target_port != DHCP_CLIENT_PORT || dhcp_offer_parse(udp.data, udp.size, &offer) < 0 ||
        !mac_equal(offer.client, lease->run->address_plan.guest_mac))
        return;
    if (lease->pending && memcmp(offer.transaction, lease->pending_transaction, 4) == 0)
        forget_pending(lease);
    if (memcmp(offer.transaction, lease->transaction, 4) == 0)
        take_answer(lease, &offer, now_ms);
    else if (offer.type == DHCP_ACK)
        take_theirs(lease, &offer);
}

static void read_frames(struct lease *lease, int64_t now_ms)
{
    uint8_t frame[2048];

    for (int i = 0; i < BURST; i++) {
        struct sockaddr_ll from = {0};
        socklen_t from_size = sizeof from;
        ssize_t n = recvfrom(lease->source.fd, frame, sizeof frame, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *) &from,
                             &from_size);

        if (n < 0 && errno != EINTR)
            return;
        if (n > 0 && (size_t) n <= sizeof frame)
            hear(lease, frame, (size_t) n, from.sll_pkttype == PACKET_OUTGOING, now_ms);
    }
    lease->is_paused = true;
}

static void lease_ready(struct event_source *source, short revents, int64_t now_ms)
{
    struct lease *lease = source->data;
    int failure;

    /* an interface that is gone is told of until somebody has looked */
    if (revents & POLLERR)
        (void) getsockopt(source->fd, SOL_SOCKET, SO_ERROR, &failure, &(socklen_t){sizeof failure});
    lease->is_paused = false;
    if (revents & POLLIN)
        read_frames(lease, now_ms);
    if (lease->act_ms != 0 && now_ms >= lease->act_ms) {
        /* what the container has thrown away it need not keep */
        if (lease->state == LEASE_HELD && !look_inside(lease).has_wanted)
            lease->act_ms = 0;
        else
            ask(lease, now_ms);
    }
    source->events = lease->is_paused ? 0 : POLLIN;
    source->deadline_ms = lease->act_ms;
    if (lease->is_paused && (lease->act_ms == 0 || lease->act_ms > now_ms + PAUSE_MS))
        source->deadline_ms = now_ms + PAUSE_MS;
}

/* -- the step -- */

/* Hears nothing yet. */
static int open_deaf(int link_index, int *ret_fd, struct error **err)
{
    struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog program = {.len = COUNT_OF(nothing), .filter = nothing};

    return packet_socket_open(link_index, &program, ret_fd, err);
}

static int open_inside(struct lease *lease, struct error **err)
{
    const struct run *run = lease->run;
    auto_close int own_fd = -1;

    if (netlink_open_in(run->network->netns_fd, &lease->inside, err) < 0 ||
        netns_enter(run->network->netns_fd, &own_fd, err) < 0)
        return -error_code(*err);
    lease->link_index = link_index(&lease->inside, run->address_plan.guest_link);

    int r = open_deaf(lease->link_index, &lease->question_fd, err);
    return netns_leave(&own_fd, err) < 0 ? -error_code(*err) : r;
}

static int open_outside(struct lease *lease, struct error **err)
{
    if (open_deaf(lease->run->address_plan.link_index, &lease->source.fd, err) < 0)
        return -error_code(*err);
    (void) setsockopt(lease->source.fd, SOL_SOCKET, SO_RCVBUF, &(int){BUFFER_BYTES}, sizeof(int));
    if (packet_socket_hear_outgoing(lease->source.fd, true) < 0 || set_filter(lease->source.fd, true) < 0)
        return fail(err, errno, "cannot listen to the container's cable");
    return 0;
}

int step_lease_start(struct run *run, struct error **err)
{
    if (!run->address_plan.is_leased)
        return 0;

    struct lease *lease = run->lease = mem_alloc(sizeof *lease);
    *lease = (struct lease){
        .source = {.fd = -1, .events = POLLIN, .ready = lease_ready, .data = lease},
        .run = run,
        .inside = {.fd = -1},
        .question_fd = -1,
    };
    if (open_outside(lease, err) < 0 || open_inside(lease, err) < 0)
        return -error_code(*err);
    (void) getrandom(lease->transaction, sizeof lease->transaction, GRND_NONBLOCK);
    ask(lease, clock_ms());
    lease->source.deadline_ms = lease->act_ms;
    events_add(&run->events, &lease->source);
    return 0;
}

void step_lease_stop(struct run *run)
{
    if (!run->lease)
        return;
    events_remove(&run->events, &run->lease->source);
    fd_closep(&run->lease->source.fd);
    fd_closep(&run->lease->question_fd);
    netlink_close(&run->lease->inside);
    forget_pending(run->lease);
    free(TAKE(run->lease));
}
