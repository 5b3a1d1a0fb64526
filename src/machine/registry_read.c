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

/* Reads the state of NAME if it lives: 1; 0 when it does not, or is not that far. A state that cannot be understood is
 * that of a machine all the same: it has a name then and nothing else. */
static int read_living(const struct registry *registry, const char *name, struct machine_state *ret, bool *ret_is_dead,
                       struct error **err)
{
    auto_free char *folder = path_join(registry->folder, name);
    auto_free char *lock = path_join(folder, "lock");
    auto_free char *state = path_join(folder, "state");
    auto_free char *text = NULL;

    auto_close int fd = open(lock, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0) {
        fail(err, errno, "cannot look at machine '%s'", name);
        if (error_code(*err) == EACCES)
            fail_hint(*err, "only root may look into %s: use sudo", registry->folder);
        fail_id(*err, "R4027");
        return -error_code(*err);
    }
    enum lock_holder holder = lock_look(fd, NULL);
    *ret_is_dead = holder == HELD_BY_NOBODY;
    if (holder != HELD_BY_MACHINE)
        return 0;

    int r = file_read_quiet(AT_FDCWD, state, STATE_LIMIT, &text);
    if (r == -ENOENT || (r == 0 && !*text))     /* not there yet, or about to be written */
        return 0;
    if (r < 0)
        return fail(err, -r, "cannot read %s", state);

    auto_error struct error *unreadable = NULL;
    if (machine_state_parse(text, ret, &unreadable) < 0)
        log_debug("%s: %s", state, error_text(unreadable));
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
    for (size_t i = 0; i < names.count; i++) {
        struct machine_state state = {0};
        bool is_dead = false;

        int r = read_living(registry, names.item[i], &state, &is_dead, err);
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
    bool ignored;

    /* a name is one component; whatever is not one names no machine */
    int r = *name && *name != '.' && !strchr(name, '/') ? read_living(registry, name, ret, &ignored, err) : 0;

    if (r != 0)
        return r < 0 ? r : 0;
    fail_plain(err, ENXIO, "No machine '%s' known", name);
    fail_id(*err, "R4043");
    fail_hint(*err, "'redd start %s' starts it, if there is an image of that name; 'redd list' shows those that run",
              name);
    return -ENXIO;
}
