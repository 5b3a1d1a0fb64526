/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which program asks for the name, and how it is told that it has its terminal already. */
#include "enter/login.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "enter/session.h"

/* The best first. "-" is the terminal on standard input; NULL in the middle of the words: the terminal type. */
static const struct {
    const char *path;
    const char *words[LOGIN_WORDS_MAX];
    size_t n;
} programs[] = {
    {"/sbin/agetty", {"agetty", "--noreset", "--noclear", "-", NULL}, 5},
    {"/usr/sbin/agetty", {"agetty", "--noreset", "--noclear", "-", NULL}, 5},
    {"/sbin/getty", {"getty", "0", "-", NULL}, 4},
    {"/usr/sbin/getty", {"getty", "0", "-", NULL}, 4},
    {"/bin/login", {"login"}, 1},
    {"/usr/bin/login", {"login"}, 1},
};

static bool is_program(int root_fd, const char *path)
{
    auto_close int fd = path_open_in(root_fd, path, O_PATH, 0);
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111;
}

/* Found by its path, called by its name. */
static int open_program(const struct guest *guest, size_t i, const char *term, struct login_program *ret,
                        struct error **err)
{
    int fd = path_open_in(guest->root_fd, programs[i].path, O_PATH, 0);

    if (fd < 0)
        return fail(err, -fd, "cannot open %s of machine '%s'", programs[i].path, guest_name(guest));
    *ret = (struct login_program){.fd = fd};
    for (size_t k = 0; k < programs[i].n; k++)
        ret->argv[k] = (char *) (programs[i].words[k] ? programs[i].words[k] : term ? term : "vt220");
    return 0;
}

int login_find(const struct guest *guest, const char *term, struct login_program *ret, struct error **err)
{
    for (size_t i = 0; i < COUNT_OF(programs); i++)
        if (is_program(guest->root_fd, programs[i].path))
            return open_program(guest, i, term, ret, err);

    int r = fail_plain(err, ENOENT, "there is no login program in machine '%s'", guest_name(guest));
    fail_id(*err, "R4208");
    fail_hint(*err, "it has neither agetty, getty nor login; 'redd shell %s' needs none of them", guest_name(guest));
    return r;
}

int login_run(const struct guest *guest, const struct strings *environment, bool tells, int *ret_status,
              struct error **err)
{
    struct login_program program;

    if (login_find(guest, environment_get(environment, "TERM"), &program, err) < 0)
        return -error_code(*err);

    auto_close int program_fd = program.fd;
    struct session session = {
        .entry = {.guest = guest, .argv = program.argv, .program_fd = program_fd, .environment = environment,
                  .working_directory = "/"},
        .has_terminal = true,
        .meets_securetty = true,
        .tells = tells,
    };
    return session_run(&session, ret_status, err);
}
