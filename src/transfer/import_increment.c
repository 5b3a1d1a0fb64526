/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An increment put together with what it is since: the files are found by the names they had, beside it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "transfer/increment.h"
#include "transfer/raw.h"
#include "transfer/verbs.h"

#define CHAIN_MAX 1000u

struct chain {
    int *fds;                   /* the increment first */
    struct strings names;       /* their paths */
    bool is_disk;
};

static void chain_done(struct chain *chain)
{
    for (size_t i = 0; i < chain->names.count; i++)
        fd_closep(&chain->fds[i]);
    free(chain->fds);
    strings_done(&chain->names);
}

/* Takes FD. */
static void chain_add(struct chain *chain, int fd, const char *path)
{
    MEM_GROW(chain->fds, chain->names.count);
    chain->fds[chain->names.count] = fd;
    strings_add(&chain->names, path);
}

/* The path of the file that the last of the chain is since. Gives. */
static int look(struct job *job, struct chain *chain, char **ret, struct error **err)
{
    CLEANUP(strings_done) struct strings facts = {0};
    const char *path = chain->names.item[chain->names.count - 1];
    struct increment_look look = {.input_fd = chain->fds[chain->names.count - 1]};
    const struct worker worker = {
        .what = "reading an increment", .sandbox = SANDBOX_COMPUTE, .root_fd = -1, .work = increment_look_work,
        .data = &look};

    if (job_work(job, worker, &facts, err) < 0)
        return fail_in(err, "'%s'", path);

    const char *kind = environment_get(&facts, "kind"), *parent = environment_get(&facts, "parent");
    if (!kind || !parent || strchr(parent, '/'))
        return fail(err, EBADMSG, "the worker did not say what '%s' is since", path);
    if (chain->names.count == 1)
        chain->is_disk = strcmp(kind, "disk") == 0;

    auto_free char *folder = strchr(path, '/') ? path_parent(path) : mem_copy_string(".");
    *ret = path_join(folder, parent);
    return 0;
}

static int open_parent(struct chain *chain, const char *path, struct error **err)
{
    int fd = file_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        fail(err, errno, "'%s' is what is new since '%s', which cannot be opened",
             chain->names.item[chain->names.count - 1], path);
        fail_id(*err, "R5186");
        fail_hint(*err, "put it there, or name it by --incremental-since=");
        return -error_code(*err);
    }
    chain_add(chain, fd, path);
    return 0;
}

static int open_chain(struct job *job, const struct request *request, int fd, const char *path, struct chain *chain,
                      struct error **err)
{
    chain_add(chain, fcntl(fd, F_DUPFD_CLOEXEC, 0), path);
    while (increment_is_one(chain->fds[chain->names.count - 1])) {
        auto_free char *parent = NULL;

        if (chain->names.count > CHAIN_MAX) {
            fail_plain(err, ELOOP, "'%s' is since more than %u other increments", path, CHAIN_MAX);
            fail_id(*err, "R5187");
            return -ELOOP;
        }
        if (look(job, chain, &parent, err) < 0 ||
            open_parent(chain, chain->names.count == 1 && request->since ? request->since : parent, err) < 0)
            return -error_code(*err);
    }
    return 0;
}

int increment_restore(struct job *job, const struct request *request, struct place *place, int fd, const char *path,
                      int *ret_tar_fd, struct arrival *ret_disk, struct error **err)
{
    CLEANUP(chain_done) struct chain chain = {0};
    CLEANUP(arrival_done) struct arrival made = ARRIVAL_NONE;

    if (open_chain(job, request, fd, path, &chain, err) < 0 || arrival_make(place, "increment", false, &made, err) < 0)
        return -error_code(*err);

    struct assemble assemble = {.fds = chain.fds, .names = chain.names.item, .count = chain.names.count,
                                .output_fd = made.fd};
    const struct worker worker = {
        .what = "putting the increment together", .sandbox = SANDBOX_COMPUTE, .root_fd = -1, .work = assemble_work,
        .data = &assemble};
    if (job_work(job, worker, NULL, err) < 0)
        return -error_code(*err);
    if (chain.is_disk) {
        *ret_disk = made;
        made = (struct arrival) ARRIVAL_NONE;
        return 0;
    }
    *ret_tar_fd = fcntl(made.fd, F_DUPFD_CLOEXEC, 0);
    return *ret_tar_fd < 0 || lseek(*ret_tar_fd, 0, SEEK_SET) < 0 ? fail(err, errno, "cannot read the archive") : 0;
}
