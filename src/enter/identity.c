/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accounts, as entering needs them. The files they come from are a machine's, so nothing in them is trusted. */
#include "enter/identity.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"
#include "enter/guest.h"
#include "inside/getent.h"
#include "inside/program.h"
#include "inside/user.h"

#define SHELL_DEFAULT "/bin/sh"

int identity_find(int root_fd, const char *name, struct user *ret, struct error **err)
{
    if (user_resolve(root_fd, name, ret, err) < 0)
        return -error_code(*err);
    if (user_is_root(name))
        user_read_root(root_fd, ret);
    return 0;
}

int identity_ask(const struct guest *guest, const char *name, int (*confine)(void *data), void *data, struct user *ret,
                 struct error **err)
{
    const struct getent_guard guard = {.confine = confine, .data = data};

    return user_resolve_by_getent(guest->root_fd, name, guest->is_host ? NULL : &guard, ret, err);
}

static const char *shell_of(const struct user *user)
{
    return user->shell && path_is_absolute(user->shell) ? user->shell : SHELL_DEFAULT;
}

void identity_environment(const struct user *user, const struct strings *added, struct strings *ret)
{
    strings_add(ret, "PATH=" PROGRAM_PATH_DEFAULT);
    strings_add_format(ret, "HOME=%s", user->home);
    strings_add_format(ret, "USER=%s", user->name);
    strings_add_format(ret, "LOGNAME=%s", user->name);
    strings_add_format(ret, "SHELL=%s", shell_of(user));
    for (size_t i = 0; added && i < added->count; i++)
        environment_set(ret, added->item[i]);
}

int identity_exec_shell(const struct user *user, const struct strings *environment, struct error **err)
{
    const char *const shells[] = {shell_of(user), SHELL_DEFAULT};
    int code = ENOENT;

    for (size_t i = 0; i < COUNT_OF(shells); i++) {
        auto_free char *name = mem_format("-%s", path_last(shells[i]));
        char *argv[] = {name, NULL};

        (void) execve(shells[i], argv, environment->item);
        if (errno != ENOENT && errno != ENOTDIR)
            code = errno;
    }

    int r = fail(err, code, "cannot run %s", shells[0]);
    fail_id(*err, "R4205");
    fail_hint(*err, "name a program that the machine has behind the machine's name");
    return r;
}

int identity_become(const struct user *user, struct error **err)
{
    if (sys_setgroups(user->n_groups, user->groups) < 0 || sys_setresgid(user->gid) < 0 ||
        sys_setresuid(user->uid) < 0)
        return fail(err, errno, "cannot become user '%s'", user->name);
    return 0;
}
