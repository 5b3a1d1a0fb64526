/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/pager.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strings.h"

static const char *asked(void)
{
    const char *pager = getenv("SYSTEMD_PAGER");

    return pager ? pager : getenv("PAGER");
}

static void become_pager(const char *words)
{
    CLEANUP(strings_done) struct strings call = {0};

    /* quit when one page was enough, show colours, leave the screen as it is */
    (void) setenv("LESS", "FRSXMK", 0);
    if (words && strings_split_words(&call, words) == 0 && call.count > 0)
        (void) execvp(call.item[0], call.item);
    else {
        (void) execlp("less", "less", (char *) NULL);
        (void) execlp("more", "more", (char *) NULL);
    }
    (void) execlp("cat", "cat", (char *) NULL);
    _exit(127);
}

pid_t pager_open(void)
{
    const char *words = asked();
    int pipe_fds[2];

    if (!isatty(STDOUT_FILENO) || (words && (!*words || strcmp(words, "cat") == 0)) || pipe(pipe_fds) < 0)
        return 0;

    pid_t pager = fork();
    if (pager == 0) {
        (void) dup2(pipe_fds[0], STDIN_FILENO);
        (void) close(pipe_fds[0]);
        (void) close(pipe_fds[1]);
        become_pager(words);
    }
    (void) close(pipe_fds[0]);
    if (pager > 0) {
        (void) dup2(pipe_fds[1], STDOUT_FILENO);
        /* who leaves the pager early has seen enough */
        (void) signal(SIGPIPE, SIG_IGN);
        (void) signal(SIGINT, SIG_IGN);
    }
    (void) close(pipe_fds[1]);
    return pager > 0 ? pager : 0;
}

void pager_close(pid_t pager)
{
    if (pager == 0)
        return;
    (void) fflush(stdout);
    (void) freopen("/dev/null", "w", stdout);
    while (waitpid(pager, NULL, 0) < 0 && errno == EINTR)
        ;
}
