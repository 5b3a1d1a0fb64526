/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A job's entry in the list of transfers, and its workers. */
#include "transfer/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "transfer/client.h"

static const char *verify_name(const struct request *request)
{
    return request->expected                       ? "checksum"
           : request->verify == VERIFY_NO          ? "no"
           : request->verify == VERIFY_CHECKSUM    ? "checksum"
                                                   : "signature";
}

/* Names and URLs may hold anything but a line's end. */
static char *one_line(const char *text)
{
    char *line = mem_copy_string(text ? text : "");

    for (char *p = line; *p; p++)
        if ((unsigned char) *p < ' ')
            *p = '?';
    return line;
}

static int write_state(struct job *job, const struct request *request, struct error **err)
{
    auto_close int fd = file_open(job->folder, O_RDONLY | O_DIRECTORY);
    auto_free char *local = one_line(job->local), *remote = one_line(job->remote);
    const char *class = request->class ? class_name(request->class) : "";
    auto_free char *text = mem_format("TYPE=%s\nCLASS=%s\nLOCAL=%s\nREMOTE=%s\nVERIFY=%s\n", request->verb->type, class,
                                      local, remote, verify_name(request));

    if (fd < 0)
        return fail(err, errno, "cannot open %s", job->folder);
    job->down.progress_fd = openat(fd, "progress", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    return file_replace_at(fd, "state", text, strlen(text), 0644, err);
}

int job_announce(struct job *job, const struct request *request, const char *local, const char *remote,
                 struct error **err)
{
    int r = transfer_claim(request->user_scope, &job->folder, &job->id, &job->lock_fd);

    job->user_scope = request->user_scope;
    job->local = local;
    job->remote = remote;
    /* a host without a place for the list can transfer all the same */
    if (r < 0) {
        log_debug("the transfer is not in the list: %s", strerror(-r));
        return 0;
    }
    if (write_state(job, request, err) < 0)
        return fail_in(err, "cannot enter the transfer in the list");
    job_line(job, "Enqueued transfer job %u. Press C-c to continue %s in background.", job->id,
             strncmp(request->verb->type, "export", 6) == 0   ? "export"
             : strncmp(request->verb->type, "import", 6) == 0 ? "import"
                                                              : "download");
    return 0;
}

void job_done(struct job *job)
{
    if (job->folder)
        transfer_release(job->user_scope, job->folder);
    free(job->folder);
    job->folder = NULL;
    fd_closep(&job->lock_fd);
    fd_closep(&job->down.progress_fd);
}

int job_work(struct job *job, struct worker worker, struct strings *ret_facts, struct error **err)
{
    CLEANUP(strings_done) struct strings ignored = {0};

    worker.stop_fd = job->stop_fd;
    worker.userns_fd = job->userns_fd;
    return worker_run(&worker, &job->down, ret_facts ? ret_facts : &ignored, err);
}
