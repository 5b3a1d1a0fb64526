/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * job: one transfer, from its request to its end, in a process that no terminal can stop.
 *
 * Whoever is at the terminal sees what it says (channel.h) and may leave. Others find it in the folder of transfers
 * (client.h): TRANSFERS/ID/ holds `state`, `progress` and `lock`, which the job has locked as long as it lives.
 * SIGTERM cancels it.
 */
#pragma once

#include "base/error.h"
#include "base/strings.h"
#include "transfer/channel.h"
#include "transfer/request.h"
#include "transfer/worker.h"

/* What a transfer asks of its host. */
struct transfer_host {
    /* Holds the machine that runs from the tree or disk ROOT still, and has what it wrote so far written to its disk.
     * -ENXIO: none runs from there. */
    int (*hold_still)(const char *root, void **ret_still, struct error **err);
    void (*let_go)(void *still);
};

struct job {
    const struct transfer_host *host;
    int userns_fd;              /* of trees' owners (rootless.h); -1: this one */
    struct channel down;        /* to the terminal */
    int stop_fd;                /* readable: it was cancelled */
    uint32_t id;                /* 0: others cannot see it */
    bool user_scope;
    char *folder;               /* TRANSFERS/ID */
    int lock_fd;
    int input_fd, output_fd;    /* what "-" stands for */
    const char *local, *remote; /* for the list */
};

/* Enters the transfer in the list, as from REMOTE to LOCAL, and says its number. */
int job_announce(struct job *job, const struct request *request, const char *local, const char *remote,
                 struct error **err);
void job_done(struct job *job);

#define job_line(job, ...) channel_line(&(job)->down, __VA_ARGS__)

/* Runs a worker of this job. */
int job_work(struct job *job, struct worker worker, struct strings *ret_facts, struct error **err);
