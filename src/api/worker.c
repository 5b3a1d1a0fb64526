/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/authorize.h"
#include "base/fd.h"
#include "base/mem.h"

/* A call that waits for its worker. */
struct job {
    sd_bus_message *call;
    int (*reply)(sd_bus_message *reply, const struct control_message *answer);
    sd_event_source *source;
    int fd;
};

static void job_free(struct job *job)
{
    sd_event_source_disable_unref(job->source);
    sd_bus_message_unref(job->call);
    fd_closep(&job->fd);
    free(job);
}

static int send_reply(const struct job *job, const struct control_message *answer)
{
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
    int r = sd_bus_message_new_method_return(job->call, &reply);

    if (r >= 0 && job->reply)
        r = job->reply(reply, answer);
    return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int on_answer(sd_event_source *source, int fd, uint32_t events, void *data)
{
    __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
    CLEANUP(control_message_done) struct control_message answer = {0};
    auto_error struct error *err = NULL;
    struct job *job = data;
    int r = control_receive(fd, &answer, &err);

    (void) source, (void) events;
    if (r < 0 && error_code(err) == ECONNRESET) {
        error_freep(&err);
        r = fail_plain(&err, EIO, "the process that did the work has died");
    }
    if (r == 0 && answer.error) {
        err = TAKE(answer.error);
        r = -error_code(err);
    }
    if (r == 0)
        r = send_reply(job, &answer);
    if (r < 0) {
        if (err)
            (void) bus_error_of(&error, &err);
        (void) sd_bus_reply_method_errno(job->call, r, &error);
    }
    job_free(job);
    return 0;
}

static void be_worker(const struct service *service, const struct work *work, const struct authorization *question,
                      int fd) __attribute__((noreturn));

static void be_worker(const struct service *service, const struct work *work, const struct authorization *question,
                      int fd)
{
    CLEANUP(control_message_done) struct control_message answer = {0};
    auto_error struct error *err = NULL, *ignored = NULL;
    sigset_t none;

    /* as a program that was just started */
    (void) sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
    (void) signal(SIGCHLD, SIG_DFL);
    if ((question->action && authorize(question, &err) < 0) || work->run(service, work->data, &answer, &err) < 0)
        answer.error = TAKE(err);
    answer.word = mem_copy_string(answer.error ? "error" : "ok");
    _exit(control_send(fd, &answer, &ignored) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

int worker_start(struct service *service, sd_bus_message *call, const struct work *work, sd_bus_error *ret)
{
    struct authorization question = {
        .action = work->action, .owner = work->owner, .machine = work->machine, .verb = work->verb,
    };
    int fds[2], r = authorization_read_caller(&question, call);

    if (r < 0)
        return sd_bus_error_set_errno(ret, r);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return sd_bus_error_set_errno(ret, -errno);

    pid_t pid = fork();
    if (pid == 0)
        be_worker(service, work, &question, fds[1]);
    r = -errno;
    (void) close(fds[1]);

    struct job *job = mem_alloc(sizeof *job);
    *job = (struct job){.call = sd_bus_message_ref(call), .reply = work->reply, .fd = fds[0]};
    if (pid > 0)
        r = sd_event_add_io(service->event, &job->source, job->fd, EPOLLIN | EPOLLHUP, on_answer, job);
    if (r < 0) {
        job_free(job);
        return sd_bus_error_set_errno(ret, r);
    }
    return 1;
}
