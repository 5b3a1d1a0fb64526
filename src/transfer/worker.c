/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fork, sandbox, work; and on the other side, listening until the end. */
#include "transfer/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

/* The worker's side. Never returns. */
static void work(const struct worker *worker, int fd, pid_t parent)
{
    struct channel up = {.fd = fd, .progress_fd = -1};
    auto_error struct error *err = NULL;
    sigset_t none;

    (void) sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
    (void) signal(SIGTERM, SIG_DFL);
    (void) signal(SIGPIPE, SIG_IGN);
    /* a killed job takes its worker along; it may have died before this call */
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    if (sandbox_enter(worker->sandbox, worker->root_fd, worker->userns_fd, &err) < 0 ||
        worker->work(worker->data, &up, &err) < 0) {
        channel_error(&up, err);
        _exit(1);
    }
    channel_progress_end(&up);
    channel_send(&up, MESSAGE_DONE, "", 0);
    _exit(0);
}

/* 1: that was the last message. */
static int take_message(const struct worker *worker, const struct message *message, struct channel *down,
                        struct strings *facts, struct error **err)
{
    switch (message->type) {
    case MESSAGE_FACT:
        environment_set(facts, message->data);
        if (worker->on_fact)
            worker->on_fact(worker->fact_data, message->data);
        return 0;
    case MESSAGE_ERROR:
        return error_unpack(err, message->data, message->size);
    case MESSAGE_DONE:
        return 1;
    case MESSAGE_LINE:
    case MESSAGE_PROGRESS:
        if (down)
            channel_send(down, message->type, message->data, message->size);
        return 0;
    }
    return fail(err, EBADMSG, "the worker said something unknown");
}

static int listen_to(const struct worker *worker, int fd, struct channel *down, struct strings *facts,
                     struct error **err)
{
    struct message *message = mem_alloc(sizeof *message);
    int r = 0;

    while (r == 0) {
        struct pollfd wait[] = {{.fd = fd, .events = POLLIN}, {.fd = worker->stop_fd, .events = POLLIN}};

        if (poll(wait, 2, -1) < 0 && errno != EINTR)
            r = fail(err, errno, "cannot wait for the worker");
        else if (wait[1].revents)
            r = fail(err, ECANCELED, "the transfer was cancelled");
        else if (wait[0].revents) {
            r = channel_receive(fd, message);
            if (r == 0)
                break;
            r = r < 0 ? fail(err, -r, "cannot listen to the worker") : take_message(worker, message, down, facts, err);
        }
    }
    free(message);
    return r;
}

static int judge(const struct worker *worker, int heard, int status, struct error **err)
{
    if (heard < 0)
        return heard;
    if (heard == 1 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFSIGNALED(status))
        fail_plain(err, EIO, "the process that was %s died of signal %d (%s)", worker->what, WTERMSIG(status),
                   strsignal(WTERMSIG(status)));
    else
        fail_plain(err, EIO, "the process that was %s ended with status %d and no word", worker->what,
                   WEXITSTATUS(status));
    fail_id(*err, "R5002");
    return -EIO;
}

int worker_run(const struct worker *worker, struct channel *down, struct strings *ret_facts, struct error **err)
{
    int ends[2], status = 0;
    pid_t parent = getpid();

    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(err, errno, "cannot make a pipe");

    pid_t pid = fork();
    if (pid == 0) {
        (void) close(ends[0]);
        work(worker, ends[1], parent);
    }

    auto_close int fd = ends[0];
    (void) close(ends[1]);
    if (pid < 0)
        return fail(err, errno, "cannot start a process for %s", worker->what);

    int heard = listen_to(worker, fd, down, ret_facts, err);
    if (heard < 0)
        (void) kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return judge(worker, heard, status, err);
}
