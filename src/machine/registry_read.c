/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking into the registry without changing it: what runs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "machine/registry_lock.h"

int registry_names(const struct registry *registry, struct strings *ret, struct error **err)
{
    DIR *dir = opendir(registry->folder);

    if (!dir)
        return errno == ENOENT ? 0 : fail(err, errno, "cannot list %s", registry->folder);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            strings_add(ret, entry->d_name);
    (void) closedir(dir);
    strings_sort(ret);
    return 0;
}

static int cannot_look(const struct registry *registry, const char *name, int cause, struct error **err)
{
    fail(err, cause, "cannot look at machine '%s'", name);
    if (cause == EACCES)
        fail_hint(*err, "only root may look into %s: use sudo", registry->folder);
    fail_id(*err, "R4027");
    return -error_code(*err);
}

/* Reads the state of NAME if it lives: 1; 0 when it does not, or is not that far. A state that cannot be understood is
 * that of a machine all the same: it has a name then and nothing else. There may be a thousand of them: each call
 * counts. */
static int read_living(const struct registry *registry, int folder_fd, const char *name, struct machine_state *ret,
                       bool *ret_is_dead, struct error **err)
{
    auto_free char *lock = path_join(name, "lock");
    auto_free char *state = path_join(name, "state");
    auto_free char *long_text = NULL;
    char text[4096];

    auto_close int fd = openat(folder_fd, lock, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : cannot_look(registry, name, errno, err);
    enum lock_holder holder = lock_look(fd, NULL);
    *ret_is_dead = holder == HELD_BY_NOBODY;
    if (holder != HELD_BY_MACHINE)
        return 0;

    int r = file_read_once(folder_fd, state, text, sizeof text);
    if (r == -EFBIG)
        r = file_read_quiet(folder_fd, state, STATE_LIMIT, &long_text);
    const char *whole = long_text ? long_text : text;
    if (r == -ENOENT || (r == 0 && !*whole))    /* not there yet, or about to be written */
        return 0;
    if (r < 0)
        return fail(err, -r, "cannot read %s/%s", registry->folder, state);

    auto_error struct error *unreadable = NULL;
    if (machine_state_parse(whole, ret, &unreadable) < 0)
        log_debug("%s/%s: %s", registry->folder, state, error_text(unreadable));
    if (!ret->name)
        ret->name = mem_copy_string(name);
    return 1;
}

void machine_states_done(struct machine_states *states)
{
    for (size_t i = 0; i < states->count; i++)
        machine_state_done(&states->item[i]);
    free(states->item);
    *states = (struct machine_states){0};
}

int registry_list(const struct registry *registry, struct machine_states *ret, struct error **err)
{
    CLEANUP(machine_states_done) struct machine_states states = {0};
    CLEANUP(strings_done) struct strings names = {0};

    if (registry_names(registry, &names, err) < 0)
        return -error_code(*err);
    auto_close int folder_fd = names.count > 0 ? file_open(registry->folder, O_PATH | O_DIRECTORY) : -1;
    for (size_t i = 0; i < names.count; i++) {
        struct machine_state state = {0};
        bool is_dead = false;

        int r = read_living(registry, folder_fd, names.item[i], &state, &is_dead, err);
        if (r < 0)
            return r;
        states.has_dead |= is_dead;
        if (r == 0)
            continue;
        MEM_GROW(states.item, states.count);
        states.item[states.count++] = state;
    }
    *ret = states;
    states = (struct machine_states){0};
    return 0;
}

int registry_survey(const struct registry *registry, struct machine_states *ret, struct error **err)
{
    auto_error struct error *leftover = NULL;

    if (registry_list(registry, ret, err) < 0)
        return -error_code(*err);
    if (ret->has_dead && geteuid() == 0 && registry_recover_all(registry, &leftover) < 0)
        log_debug("%s", error_text(leftover));
    return 0;
}

int registry_get(const struct registry *registry, const char *name, struct machine_state *ret, struct error **err)
{
    bool is_a_name = *name && *name != '.' && !strchr(name, '/'), ignored;
    int r = 0;

    /* a name is one component; whatever is not one names no machine */
    auto_close int folder_fd = is_a_name ? file_open(registry->folder, O_PATH | O_DIRECTORY) : -1;
    if (is_a_name && folder_fd < 0 && errno != ENOENT)
        r = cannot_look(registry, name, errno, err);
    else if (folder_fd >= 0)
        r = read_living(registry, folder_fd, name, ret, &ignored, err);

    if (r != 0)
        return r < 0 ? r : 0;
    fail_plain(err, ENXIO, "No machine '%s' known", name);
    fail_id(*err, "R4043");
    fail_hint(*err, "'redd start %s' starts it, if there is an image of that name; 'redd list' shows those that run",
              name);
    return -ENXIO;
}
