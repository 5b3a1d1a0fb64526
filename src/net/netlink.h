/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netlink: talking to the kernel about network links (NETLINK_ROUTE) and packet filters (NETLINK_NETFILTER), raw.
 *
 * A batch is a buffer on the caller's stack in which requests are built one behind the other; netlink_talk() sends it
 * with one system call and reads until each request is answered. The kernel does the requests in order and does not
 * stop at one that fails: only what is harmless after a failure may stand behind it.
 * What the requests are about is the business of link.c and nft.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/netlink.h>

#include "base/errand.h"
#include "base/error.h"

#define NETLINK_BATCH_SIZE 1024

struct netlink_batch {
    size_t used;
    size_t message;             /* where the request being built begins */
    unsigned count;
    bool is_full;               /* something did not fit: the batch cannot be sent */
    bool is_silent;             /* its requests ask for no answer */
    bool is_growing;
    size_t size;
    unsigned char *data;        /* its own, or on the heap for one that has grown: so batches are not copied */
    _Alignas(8) unsigned char own[NETLINK_BATCH_SIZE];
};

struct netlink {
    int fd;
    uint32_t sequence;
};

/* What the kernel said besides the error number; "" for nothing. And which request failed first, counted from 0. */
struct netlink_remark {
    char text[128];
    unsigned request;
};

typedef void netlink_reply_fn(const struct nlmsghdr *message, void *data);

void netlink_batch_init(struct netlink_batch *batch);

/* One that takes as much as it is given, and is to be done with netlink_batch_done(). */
void netlink_batch_init_growing(struct netlink_batch *batch);
void netlink_batch_done(struct netlink_batch *batch);

/* Begins a request. FLAGS besides NLM_F_REQUEST; an answer to each but dumps is asked for. HEADER is the fixed part
 * that belongs to TYPE. */
void netlink_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *header, size_t size);

/* Adds an attribute to the request begun last. */
void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t size);
void netlink_put_string(struct netlink_batch *batch, uint16_t type, const char *text);
void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value);

/* Attributes put between these two are inside an attribute of TYPE. */
size_t netlink_nest(struct netlink_batch *batch, uint16_t type);
void netlink_nest_end(struct netlink_batch *batch, size_t nest);

/* A socket in the network namespace of the process. */
int netlink_open(struct netlink *ret, struct error **err);

/* A socket in the namespace NETNS_FD, where the process is for as long as that takes. */
int netlink_open_in(int netns_fd, struct netlink *ret, struct error **err);

/* One for the packet filter. */
int netlink_open_netfilter(struct netlink *ret, struct error **err);

/* Accepts one that was never opened, when its fd is -1. */
void netlink_close(struct netlink *netlink);

/* Sends BATCH and reads all answers; REPLY (may be NULL) gets each message that is neither an error nor an
 * acknowledgement. 0, or the negative errno of the first request that failed, with the kernel's own words in
 * *ret_remark. -EAGAIN: the list asked for changed while it was read; to be asked for again. */
int netlink_talk(struct netlink *netlink, struct netlink_batch *batch, netlink_reply_fn *reply, void *data,
                 struct netlink_remark *ret_remark);

/* Sends BATCH, whose requests are silent and which the kernel does as a whole or not at all. 0, or the negative errno
 * of the first request that failed. */
int netlink_commit(struct netlink *netlink, struct netlink_batch *batch, struct netlink_remark *ret_remark);

/* The same while the caller goes on; all that is given stays until errand_await(). How it ended is not told. */
void netlink_commit_meanwhile(struct netlink *netlink, struct netlink_batch *batch, struct errand *errand);

/* Sends BATCH, one request, from a process made for it, for requests that the kernel keeps its caller waiting for long
 * after they are done. The answer comes to the socket like any other (netlink_read_result()); nobody has to wait for
 * it, and the process ends by itself. Where none can be made (*ret_pid 0), the request is sent from here. */
int netlink_send_aside(struct netlink *netlink, struct netlink_batch *batch, pid_t *ret_pid);

/* Reads one answer to the request sent last: 0, or its negative errno. */
int netlink_read_result(struct netlink *netlink, struct netlink_remark *ret_remark);

/* Makes one that was just opened a monitor, which hears of changes in its namespace: RTMGRP_LINK, … */
int netlink_listen(struct netlink *netlink, uint32_t groups, struct error **err);

/* Reads what a monitor has heard; to be called when poll(2) says that there is something. -ENOBUFS: something was
 * missed. */
int netlink_hear(struct netlink *monitor, netlink_reply_fn *reply, void *data);

/* -- for the tests: one datagram of answers -- */

struct netlink_progress {
    uint32_t first_sequence;
    unsigned expected, finished;        /* requests */
    bool was_interrupted;
    int result;                         /* negative errno of the first failure */
    struct netlink_remark *remark;
    netlink_reply_fn *reply;
    void *data;
};

/* -EBADMSG for what cannot be an answer of the kernel. */
int netlink_read_answers(struct netlink_progress *progress, const void *datagram, size_t size);
