/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Building requests, sending them, reading the answers. Nothing here knows what a link is. */
#include "net/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/rtnetlink.h>

#include "base/clone.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "net/netns.h"

/* Flags and attributes of acknowledgements that carry words (Linux 4.12). */
#ifndef NLM_F_CAPPED
#define NLM_F_CAPPED 0x100
#define NLM_F_ACK_TLVS 0x200
#endif
#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* As much as a machine with the most forwards there can be needs, and some more. */
#define BATCH_LIMIT ((size_t) 1 << 20)

/* -- building -- */

void netlink_batch_init(struct netlink_batch *batch)
{
    /* not the data: most of it is never touched */
    batch->used = batch->message = 0;
    batch->count = 0;
    batch->is_full = batch->is_silent = batch->is_growing = false;
    batch->data = batch->own;
    batch->size = sizeof batch->own;
}

void netlink_batch_init_growing(struct netlink_batch *batch)
{
    netlink_batch_init(batch);
    batch->is_growing = true;
}

void netlink_batch_done(struct netlink_batch *batch)
{
    if (batch->data != batch->own)
        free(batch->data);
    batch->data = batch->own;
}

static bool grow(struct netlink_batch *batch, size_t wanted)
{
    size_t size = 2 * batch->size > wanted ? 2 * batch->size : wanted;

    if (!batch->is_growing || size > BATCH_LIMIT)
        return false;
    if (batch->data == batch->own)
        batch->data = memcpy(mem_alloc(size), batch->own, batch->used);
    else
        batch->data = mem_resize(batch->data, size);
    batch->size = size;
    return true;
}

/* Room for SIZE bytes, filled up with zeros to the alignment of netlink; NULL when there is none. */
static void *append(struct netlink_batch *batch, size_t size)
{
    size_t padded = NLMSG_ALIGN(size);

    if (batch->is_full || (padded > batch->size - batch->used && !grow(batch, batch->used + padded))) {
        batch->is_full = true;
        return NULL;
    }

    unsigned char *at = batch->data + batch->used;
    memset(at, 0, padded);
    batch->used += padded;
    return at;
}

static struct nlmsghdr *current(struct netlink_batch *batch)
{
    return (struct nlmsghdr *) (void *) (batch->data + batch->message);
}

void netlink_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *header, size_t size)
{
    size_t start = batch->used;
    struct nlmsghdr *message = append(batch, NLMSG_HDRLEN + size);

    if (!message)
        return;
    batch->message = start;
    batch->count++;
    message->nlmsg_type = type;
    bool wants_answer = !batch->is_silent && (flags & NLM_F_DUMP) != NLM_F_DUMP;
    message->nlmsg_flags = (uint16_t) (NLM_F_REQUEST | flags | (wants_answer ? NLM_F_ACK : 0));
    message->nlmsg_len = (uint32_t) (batch->used - start);
    memcpy((char *) message + NLMSG_HDRLEN, header, size);
}

void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size)
{
    struct nlattr *attribute = append(batch, NLA_HDRLEN + size);

    if (!attribute)
        return;
    attribute->nla_type = type;
    attribute->nla_len = (uint16_t) (NLA_HDRLEN + size);
    if (size > 0)
        memcpy((char *) attribute + NLA_HDRLEN, data, size);
    current(batch)->nlmsg_len = (uint32_t) (batch->used - batch->message);
}

void netlink_put_string(struct netlink_batch *batch, uint16_t type, const char *text)
{
    netlink_put(batch, type, text, strlen(text) + 1);
}

void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value)
{
    netlink_put(batch, type, &value, sizeof value);
}

size_t netlink_nest(struct netlink_batch *batch, uint16_t type)
{
    size_t nest = batch->used;

    netlink_put(batch, type, NULL, 0);
    return nest;
}

void netlink_nest_end(struct netlink_batch *batch, size_t nest)
{
    struct nlattr *attribute = (struct nlattr *) (void *) (batch->data + nest);

    if (!batch->is_full)
        attribute->nla_len = (uint16_t) (batch->used - nest);
}

/* -- the socket -- */

static int open_socket(int protocol, struct netlink *ret)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

    if (fd < 0)
        return -errno;
    /* words with errors, and no copy of the request; where the kernel cannot, it is not needed either */
    (void) setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &(int){1}, sizeof(int));
    (void) setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &(int){1}, sizeof(int));
    *ret = (struct netlink){.fd = fd, .sequence = 1};
    return 0;
}

int netlink_open(struct netlink *ret, struct error **err)
{
    int r = open_socket(NETLINK_ROUTE, ret);

    return r < 0 ? fail(err, -r, "cannot open a socket to the kernel's network configuration") : 0;
}

int netlink_open_netfilter(struct netlink *ret, struct error **err)
{
    int r = open_socket(NETLINK_NETFILTER, ret);

    return r < 0 ? fail(err, -r, "cannot open a socket to the kernel's packet filter") : 0;
}

int netlink_open_in(int netns_fd, struct netlink *ret, struct error **err)
{
    auto_close int own_fd = -1;

    if (netns_enter(netns_fd, &own_fd, err) < 0)
        return -error_code(*err);

    int r = netlink_open(ret, err);
    if (netns_leave(&own_fd, err) == 0)
        return r;
    if (r == 0)
        netlink_close(ret);
    return -error_code(*err);
}

void netlink_close(struct netlink *netlink)
{
    fd_closep(&netlink->fd);
}

/* -- answers -- */

/* The kernel's words behind an error. They stand behind the copy of the request, or of its header alone. */
static void read_remark(const struct nlmsghdr *message, struct netlink_remark *remark)
{
    const struct nlmsgerr *failure = NLMSG_DATA(message);
    size_t at = NLMSG_HDRLEN + sizeof *failure;

    if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
        return;
    if (!(message->nlmsg_flags & NLM_F_CAPPED) && failure->msg.nlmsg_len > NLMSG_HDRLEN)
        at += NLMSG_ALIGN((size_t) failure->msg.nlmsg_len - NLMSG_HDRLEN);

    while (at + NLA_HDRLEN <= message->nlmsg_len) {
        const struct nlattr *attribute = (const void *) ((const char *) message + at);
        size_t size = attribute->nla_len;

        if (size < NLA_HDRLEN || size > message->nlmsg_len - at)
            return;
        if ((attribute->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG) {
            size_t n = size - NLA_HDRLEN;

            n = n < sizeof remark->text ? n : sizeof remark->text - 1;
            memcpy(remark->text, (const char *) attribute + NLA_HDRLEN, n);
            remark->text[n] = '\0';
        }
        at += NLA_ALIGN(size);
    }
}

/* An acknowledgement, a failure, or the end of a dump. */
static int finish_request(struct netlink_progress *progress, const struct nlmsghdr *message)
{
    int result = 0;

    if (message->nlmsg_type == NLMSG_ERROR && message->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
        return -EBADMSG;
    if (message->nlmsg_len >= NLMSG_LENGTH(sizeof result))
        memcpy(&result, NLMSG_DATA(message), sizeof result);
    progress->finished++;
    if (result < 0 && progress->result == 0) {
        progress->result = result;
        progress->remark->request = message->nlmsg_seq - progress->first_sequence;
        if (message->nlmsg_type == NLMSG_ERROR)
            read_remark(message, progress->remark);
    }
    return 0;
}

int netlink_read_answers(struct netlink_progress *progress, const void *datagram, size_t size)
{
    const char *at = datagram;

    while (size >= sizeof(struct nlmsghdr)) {
        const struct nlmsghdr *message = (const void *) at;
        size_t length = message->nlmsg_len;

        if (length < sizeof *message || length > size)
            return -EBADMSG;
        if (message->nlmsg_flags & NLM_F_DUMP_INTR)
            progress->was_interrupted = true;
        if (message->nlmsg_seq - progress->first_sequence >= progress->expected) {
            ;       /* to a request of before */
        } else if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
            int r = finish_request(progress, message);

            if (r < 0)
                return r;
        } else if (message->nlmsg_type >= NLMSG_MIN_TYPE && progress->reply) {
            progress->reply(message, progress->data);
        }
        length = NLMSG_ALIGN(length);
        if (length >= size)
            break;
        at += length;
        size -= length;
    }
    return 0;
}

/* -- requests -- */

static ssize_t send_data(int fd, const struct netlink_batch *batch)
{
    static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

    return sendto(fd, batch->data, batch->used, 0, (const struct sockaddr *) &kernel, sizeof kernel);
}

static void number_requests(struct netlink *netlink, struct netlink_batch *batch)
{
    for (size_t at = 0; at < batch->used;) {
        struct nlmsghdr *message = (struct nlmsghdr *) (void *) (batch->data + at);

        message->nlmsg_seq = netlink->sequence++;
        at += NLMSG_ALIGN(message->nlmsg_len);
    }
}

static int send_batch(struct netlink *netlink, struct netlink_batch *batch)
{
    if (batch->is_full)
        return -EMSGSIZE;
    number_requests(netlink, batch);
    for (;;) {
        if (send_data(netlink->fd, batch) >= 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

int netlink_send_aside(struct netlink *netlink, struct netlink_batch *batch, pid_t *ret_pid)
{
    if (batch->is_full)
        return -EMSGSIZE;
    clone_forget_ended();
    number_requests(netlink, batch);

    pid_t pid = clone_silently();
    if (pid == 0) {
        /* locks are held by descriptors: they must not outlive the caller in here */
        if (netlink->fd > 0)
            (void) sys_close_range(0, (unsigned) netlink->fd - 1, 0);
        (void) sys_close_range((unsigned) netlink->fd + 1, ~0u, 0);
        (void) send_data(netlink->fd, batch);
        _exit(0);
    }
    *ret_pid = pid > 0 ? pid : 0;
    return pid > 0 || send_data(netlink->fd, batch) >= 0 ? 0 : -errno;
}

/* -- what the kernel says -- */

/* Reads one datagram into PROGRESS. FLAGS are those of recvmsg(2). */
static int receive(int fd, int flags, struct netlink_progress *progress)
{
    /* what the kernel makes a part of a dump fit into */
    _Alignas(8) char answer[8192];
    struct sockaddr_nl from;
    struct iovec part = {.iov_base = answer, .iov_len = sizeof answer};
    struct msghdr header = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1};
    ssize_t n = recvmsg(fd, &header, flags);

    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    if (header.msg_flags & MSG_TRUNC)
        return -EMSGSIZE;
    /* a privileged process may write to this socket as well; only the kernel is believed */
    return from.nl_pid == 0 ? netlink_read_answers(progress, answer, (size_t) n) : 0;
}

static int read_all_answers(struct netlink *netlink, struct netlink_progress *progress)
{
    int r = 0;

    progress->remark->text[0] = '\0';
    while (r == 0 && progress->finished < progress->expected)
        r = receive(netlink->fd, 0, progress);
    if (r == 0)
        r = progress->result;
    return r == 0 && progress->was_interrupted ? -EAGAIN : r;
}

int netlink_talk(struct netlink *netlink, struct netlink_batch *batch, netlink_reply_fn *reply, void *data,
                 struct netlink_remark *ret_remark)
{
    struct netlink_progress progress = {
        .first_sequence = netlink->sequence,
        .expected = batch->count,
        .remark = ret_remark,
        .reply = reply,
        .data = data,
    };

    ret_remark->text[0] = '\0';
    ret_remark->request = 0;
    int r = send_batch(netlink, batch);
    return r < 0 ? r : read_all_answers(netlink, &progress);
}

int netlink_commit(struct netlink *netlink, struct netlink_batch *batch, struct netlink_remark *ret_remark)
{
    struct netlink_progress progress = {
        .first_sequence = netlink->sequence, .expected = UINT_MAX, .remark = ret_remark};

    ret_remark->text[0] = '\0';
    int r = send_batch(netlink, batch);
    /* the kernel works while we send: what it has to say is there by now, and nothing means that all is well */
    while (r == 0)
        r = receive(netlink->fd, MSG_DONTWAIT, &progress);
    return r == -EAGAIN ? progress.result : r;
}

void netlink_commit_meanwhile(struct netlink *netlink, struct netlink_batch *batch, struct errand *errand)
{
    if (batch->is_full)
        return;
    number_requests(netlink, batch);
    errand_send(errand, netlink->fd, batch->data, batch->used);
}

int netlink_read_result(struct netlink *netlink, struct netlink_remark *ret_remark)
{
    struct netlink_progress progress = {
        .first_sequence = netlink->sequence - 1, .expected = 1, .remark = ret_remark};

    return read_all_answers(netlink, &progress);
}

int netlink_listen(struct netlink *netlink, uint32_t groups, struct error **err)
{
    const struct sockaddr_nl own = {.nl_family = AF_NETLINK, .nl_groups = groups};

    /* bound, since without an address of its own a socket hears nothing, whatever groups it is in */
    if (bind(netlink->fd, (const struct sockaddr *) &own, sizeof own) < 0)
        return fail(err, errno, "cannot listen for changes of the network");
    return 0;
}

int netlink_hear(struct netlink *monitor, netlink_reply_fn *reply, void *data)
{
    struct netlink_remark remark;
    /* what is heard answers nothing: its number is 0, or that of somebody else's request */
    struct netlink_progress progress = {.expected = UINT_MAX, .remark = &remark, .reply = reply, .data = data};

    int r = receive(monitor->fd, MSG_DONTWAIT, &progress);
    return r == -EAGAIN ? 0 : r;
}
