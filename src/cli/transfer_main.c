/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * redd-transfer: one transfer of an image, in or out. A program of its own, since it carries libraries that no other
 * part of redd should, and opens what comes from outside in processes that gave up what they may do.
 *
 *     this process   shows what the job says, ends with it, or leaves when told to (Ctrl-C)
 *       job          a session of its own: checks, names, locks, renames; in the list of transfers
 *         worker     sandboxed: decodes, unpacks, packs, fetches
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/report.h"
#include "cli/transfer_search.h"
#include "cli/transfer_show.h"
#include "machine/hold_still.h"
#include "transfer/job.h"
#include "transfer/rootless.h"
#include "transfer/verbs.h"

/* clang-format off */
static const struct transfer_verb verbs[] = {
    /* name          type          done        words  stdout  class  */
    {"import",       "import",     "Imported", 1, 2,  false,  true,  verb_import},
    {"import-tar",   "import-tar", "Imported", 1, 2,  false,  true,  verb_import_tar},
    {"import-raw",   "import-raw", "Imported", 1, 2,  false,  true,  verb_import_raw},
    {"import-fs",    "import-fs",  "Imported", 1, 2,  false,  true,  verb_import_fs},
    {"export",       "export",     "Exported", 1, 2,  true,   true,  verb_export},
    {"export-tar",   "export-tar", "Exported", 1, 2,  true,   true,  verb_export_tar},
    {"export-raw",   "export-raw", "Exported", 1, 2,  true,   true,  verb_export_raw},
    {"pull-tar",     "pull-tar",   "Downloaded", 1, 2, false, true,  verb_pull_tar},
    {"pull-oci",     "pull-oci",   "Downloaded", 1, 2, false, true,  verb_pull_oci},
    {"pull",         "pull",       "Downloaded", 1, 2, false, true,  verb_pull},
    {"search",       "search",     "Downloaded", 0, -1, true, false, verb_search},
    {"pull-raw",     "pull-raw",   "Downloaded", 1, 2, false, true,  verb_pull_raw},
};
/* clang-format on */

/* -- machines that run -- */

/* Its processes wait, so nothing is added to what it has written; its disk may lack some of that. */
static void write_out(pid_t leader)
{
    auto_free char *path = mem_format("/proc/%d/root/.", (int) leader);
    auto_close int fd = file_open(path, O_RDONLY | O_DIRECTORY);

    if (fd >= 0)
        (void) syncfs(fd);
}

static int hold_still(const char *root, void **ret_still, struct error **err)
{
    const struct registry registry = {REGISTRY_OF_HOST};
    struct still_machine *machine = mem_alloc(sizeof *machine);

    if (machine_hold_still(&registry, root, machine, err) < 0) {
        free(machine);
        return -error_code(*err);
    }
    if (string_ends(root, ".raw"))
        write_out(machine->leader);
    *ret_still = machine;
    return 0;
}

static void let_go(void *still)
{
    machine_let_go(still);
    free(still);
}

static const struct transfer_host transfer_host = {.hold_still = hold_still, .let_go = let_go};

/* Descriptors 0 to 2 are there, so that no file gets one of their numbers. */
static void open_standard_files(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void) openat(AT_FDCWD, "/dev/null", O_RDWR);
}

static int open_stop_fd(void)
{
    sigset_t set;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGTERM);
    (void) sigprocmask(SIG_SETMASK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The job's process. Never returns. */
static void run_job(const struct request *request, int userns_fd, int fd)
{
    struct job job = {.host = &transfer_host, .userns_fd = userns_fd, .down = {.fd = fd, .progress_fd = -1},
                      .lock_fd = -1, .input_fd = STDIN_FILENO, .output_fd = STDOUT_FILENO};
    auto_error struct error *err = NULL;

    (void) setsid();
    (void) signal(SIGPIPE, SIG_IGN);
    (void) signal(SIGINT, SIG_IGN);
    (void) signal(SIGHUP, SIG_IGN);
    job.stop_fd = open_stop_fd();

    int r = request->verb->run(&job, request, &err);
    job_done(&job);
    if (r < 0) {
        channel_error(&job.down, err);
        _exit(EXIT_FAILURE);
    }
    if (request->verb->needs_class) {
        job_line(&job, "Operation completed successfully.");
        job_line(&job, "Exiting.");
    }
    channel_send(&job.down, MESSAGE_DONE, "", 0);
    _exit(EXIT_SUCCESS);
}

static int start_job(const struct request *request, int userns_fd, pid_t *ret_pid, int *ret_fd,
                     struct error **err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(err, errno, "cannot make a pipe");
    *ret_pid = fork();
    if (*ret_pid == 0) {
        (void) close(ends[0]);
        run_job(request, userns_fd, ends[1]);
    }
    (void) close(ends[1]);
    if (*ret_pid < 0) {
        (void) close(ends[0]);
        return fail(err, errno, "cannot start the transfer");
    }
    *ret_fd = ends[0];
    return 0;
}

/* A plain user's work on trees; who is root, of a user namespace perhaps, has the owners there are. */
static bool needs_owners(const struct request *request)
{
    static const char *const verbs_of_trees[] = {"import",   "import-tar", "pull",      "pull-tar",
                                                 "pull-oci", "export",     "export-tar"};
    bool found = false;

    for (size_t i = 0; i < COUNT_OF(verbs_of_trees); i++)
        found = found || strcmp(request->verb->name, verbs_of_trees[i]) == 0;
    return found && geteuid() != 0;
}

static int run(const struct request *request, struct error **err)
{
    pid_t pid = -1;
    auto_close int userns_fd = -1;
    int fd = -1, status;

    if (needs_owners(request) && rootless_enter(&userns_fd, err) < 0)
        return -error_code(*err);
    if (start_job(request, userns_fd, &pid, &fd, err) < 0)
        return -error_code(*err);

    auto_close int job_fd = fd;
    int r = show_job(request, job_fd, err);
    if (r != SHOW_ENDED)        /* we leave, the job goes on; or it failed and said why */
        return r;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    fail_plain(err, EIO, "the transfer's process died");
    fail_id(*err, "R5003");
    return -EIO;
}

int main(int argc, char **argv)
{
    CLEANUP(request_done) struct request request = {0};
    auto_error struct error *err = NULL;

    (void) argc;
    open_standard_files();
    log_set_level_from_environment();
    /* names in archives are bytes or UTF-8, whatever the caller's locale */
    (void) setlocale(LC_CTYPE, "C.UTF-8");
    (void) umask(022);
    if (request_read(&request, verbs, COUNT_OF(verbs), argv + 1, &err) == 0 && run(&request, &err) == 0)
        return EXIT_SUCCESS;
    if (!request.verb)
        return report("redd-transfer", err);

    auto_free char *name = mem_format("redd %s", request.verb->name);
    return report(request.program ? request.program : name, err);
}
