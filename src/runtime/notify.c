/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sd_notify, upwards and downwards. */
#include "runtime/notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "runtime/control.h"
#include "runtime/ready.h"
#include "runtime/run_state.h"

enum { MESSAGE_MAX = 4096, FDS_MAX = 64 };

void notify_host(const char *text, const int *fds, size_t n_fds)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char control[CMSG_SPACE(FDS_MAX * sizeof(int))] __attribute__((aligned(8))) = {0};
    struct iovec part = {(void *) text, strlen(text)};

    if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof address.sun_path)
        return;
    (void) strcpy(address.sun_path, path);
    if (*path == '@')
        address.sun_path[0] = '\0';

    struct msghdr message = {
        .msg_name = &address, .msg_namelen = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(path)),
        .msg_iov = &part,     .msg_iovlen = 1,
    };
    if (n_fds > 0 && n_fds <= FDS_MAX) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(header), fds, n_fds * sizeof(int));
    }

    auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void) sendmsg(fd, &message, MSG_NOSIGNAL);
}

void notify_started(struct run *run)
{
    char text[128];

    (void) snprintf(text, sizeof text, "STATUS=Container started.\nX_NSPAWN_LEADER_PID=%d", (int) run->pid);
    notify_host(text, NULL, 0);
    if (ready_at_start(run->spec)) {
        control_ready(run);
        notify_host("READY=1\n", NULL, 0);
    }
}

void notify_stopping(void)
{
    notify_host("STOPPING=1\nSTATUS=Terminating...", NULL, 0);
}

void notify_ended(int status)
{
    char text[32];

    (void) snprintf(text, sizeof text, "EXIT_STATUS=%d", status);
    notify_host(text, NULL, 0);
}

/* Whether PID (as we see it) lives in the container: in the leader's pid namespace, or one below counts as outside. */
static bool is_inside(const struct run *run, pid_t pid)
{
    char path[48];
    struct stat leader, sender;

    if (pid == run->pid)
        return true;
    (void) snprintf(path, sizeof path, "/proc/%d/ns/pid", (int) run->pid);
    if (pid <= 0 || stat(path, &leader) < 0)
        return false;
    (void) snprintf(path, sizeof path, "/proc/%d/ns/pid", (int) pid);
    return stat(path, &sender) == 0 && sender.st_ino == leader.st_ino && sender.st_dev == leader.st_dev;
}

/* The lines of a message that hands descriptors over, and no others: a payload does not speak for its manager. */
static void pass_on_fds(const struct strings *lines, const int *fds, size_t n_fds)
{
    static const char *const known[] = {"FDSTORE=1", "FDSTOREREMOVE=1", "FDNAME=", "FDPOLL="};
    char out[MESSAGE_MAX];
    size_t used = 0;

    for (size_t i = 0; i < lines->count; i++)
        for (size_t j = 0; j < COUNT_OF(known); j++)
            if (string_starts(lines->item[i], known[j]) && used < sizeof out)
                used += (size_t) snprintf(out + used, sizeof out - used, "%s%s", used ? "\n" : "", lines->item[i]);
    if (used < sizeof out)
        notify_host(out, fds, n_fds);
}

static void pass_on(struct run *run, const char *text, const int *fds, size_t n_fds)
{
    CLEANUP(strings_done) struct strings lines = {0};
    char out[MESSAGE_MAX + 64];

    strings_split(&lines, text, "\n");
    bool is_ready = run->spec->notify_ready && strings_contain(&lines, "READY=1"), has_status = false;
    for (size_t i = 0; i < lines.count; i++) {
        const char *status = string_after(lines.item[i], "STATUS=");

        if (!status)
            continue;
        has_status = true;
        control_note_status(run, status);
        (void) snprintf(out, sizeof out, "STATUS=Container running: %s", status);
        notify_host(out, NULL, 0);
    }
    if (is_ready) {
        control_ready(run);
        notify_host("READY=1\n", NULL, 0);
        if (!has_status)
            notify_host("STATUS=Container running.", NULL, 0);
    }
    if (strings_contain(&lines, "FDSTORE=1") || strings_contain(&lines, "FDSTOREREMOVE=1"))
        pass_on_fds(&lines, fds, n_fds);
}

void notify_handle(struct run *run)
{
    char text[MESSAGE_MAX + 1];
    char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(FDS_MAX * sizeof(int))] __attribute__((aligned(8)));
    struct iovec part = {text, MESSAGE_MAX};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    const int *fds = NULL;
    size_t n_fds = 0;
    pid_t pid = 0;

    ssize_t n = recvmsg(run->notify_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0)
        return;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
        if (h->cmsg_level != SOL_SOCKET)
            continue;
        if (h->cmsg_type == SCM_CREDENTIALS)
            pid = ((const struct ucred *) CMSG_DATA(h))->pid;
        if (h->cmsg_type == SCM_RIGHTS) {
            fds = (const int *) CMSG_DATA(h);
            n_fds = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        }
    }
    text[n] = '\0';
    if (is_inside(run, pid))
        pass_on(run, text, fds, n_fds);
    for (size_t i = 0; i < n_fds; i++)
        (void) close(fds[i]);
}
