/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/autostart.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "config/machine_name.h"

#define UNIT_PREFIX "systemd-nspawn@"
#define UNIT_SUFFIX ".service"
#define TARGET "machines.target"
#define ORDER_FILE "50-redd-order.conf"

/* Where units come from besides ROOT itself; the last one is what is named where none is there. */
static const char *const unit_folders[] = {
    "/run/systemd/system", "/usr/local/lib/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"};

static char *find_unit(const char *root, const char *file)
{
    auto_free char *own = path_join(root, file);

    if (access(own, F_OK) == 0)
        return TAKE(own);
    /* /lib is mostly a link to /usr/lib, whose name is the one to show */
    for (size_t i = COUNT_OF(unit_folders); i-- > 0;) {
        auto_free char *path = path_join(unit_folders[i], file);

        if (access(path, F_OK) == 0)
            return TAKE(path);
    }
    return path_join(unit_folders[COUNT_OF(unit_folders) - 1], file);
}

static char *link_of(const char *root, const char *name)
{
    return mem_format("%s/" TARGET ".wants/" UNIT_PREFIX "%s" UNIT_SUFFIX, root, name);
}

static int make_link(const char *path, const char *target, struct autostart_changes *changes, struct error **err)
{
    auto_free char *folder = path_parent(path);
    int r = dir_make_all(folder, 0755);

    if (r < 0)
        return fail(err, -r, "cannot make %s", folder);
    if (symlink(target, path) < 0)
        return errno == EEXIST ? 0 : fail(err, errno, "cannot make %s", path);
    strings_add_format(&changes->lines, "Created symlink '%s' → '%s'.", path, target);
    return 0;
}

int autostart_enable(const char *root, const char *name, bool with_target, struct autostart_changes *changes,
                     struct error **err)
{
    auto_free char *unit = find_unit(root, "systemd-nspawn@.service"), *link = link_of(root, name);

    if (make_link(link, unit, changes, err) < 0)
        return -error_code(*err);
    if (!with_target)
        return 0;

    auto_free char *target = find_unit(root, TARGET);
    auto_free char *target_link = mem_format("%s/multi-user.target.wants/" TARGET, root);
    return make_link(target_link, target, changes, err);
}

int autostart_disable(const char *root, const char *name, struct autostart_changes *changes, struct error **err)
{
    const struct order_node free_of_needs = {.name = (char *) name};
    auto_free char *link = link_of(root, name);

    if (autostart_write_order(root, &free_of_needs, changes, err) < 0)
        return -error_code(*err);
    if (unlink(link) < 0)
        return errno == ENOENT ? 0 : fail(err, errno, "cannot remove %s", link);
    strings_add_format(&changes->lines, "Removed '%s'.", link);
    return 0;
}

static void add_units(struct strings *lines, const char *key, const struct strings *names)
{
    for (size_t i = 0; i < names->count; i++)
        strings_add_format(lines, "%s=" UNIT_PREFIX "%s" UNIT_SUFFIX "\n", key, names->item[i]);
}

static int remove_order(const char *path, const char *folder, struct autostart_changes *changes, struct error **err)
{
    if (unlink(path) < 0)
        return errno == ENOENT ? 0 : fail(err, errno, "cannot remove %s", path);
    (void) rmdir(folder);       /* others may have drop-ins there */
    strings_add_format(&changes->lines, "Removed '%s'.", path);
    return 0;
}

int autostart_write_order(const char *root, const struct order_node *node, struct autostart_changes *changes,
                          struct error **err)
{
    auto_free char *folder = mem_format("%s/" UNIT_PREFIX "%s" UNIT_SUFFIX ".d", root, node->name);
    auto_free char *path = path_join(folder, ORDER_FILE), *before = NULL;
    CLEANUP(strings_done) struct strings lines = {0};

    if (node->after.count == 0 && node->requires.count == 0)
        return remove_order(path, folder, changes, err);
    strings_add(&lines,
                "# From [Machine] After= and Requires= of the machine's settings; 'redd enable' writes it anew.\n"
                "[Unit]\n");
    add_units(&lines, "Requires", &node->requires);
    add_units(&lines, "After", &node->requires);
    add_units(&lines, "After", &node->after);

    auto_free char *text = strings_join(&lines, "");
    if (file_read_quiet(AT_FDCWD, path, 64 << 10, &before) == 0 && strcmp(before, text) == 0)
        return 0;
    int r = dir_make_all(folder, 0755);
    if (r < 0)
        return fail(err, -r, "cannot make %s", folder);
    if (file_replace_at(AT_FDCWD, path, text, strlen(text), 0644, err) < 0)
        return -error_code(*err);
    strings_add_format(&changes->lines, "Created '%s'.", path);
    return 0;
}

int autostart_list(const char *root, struct strings *ret, struct error **err)
{
    auto_free char *folder = path_join(root, TARGET ".wants");
    DIR *dir = opendir(folder);

    if (!dir)
        return errno == ENOENT ? 0 : fail(err, errno, "cannot list %s", folder);
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *name = string_after(entry->d_name, UNIT_PREFIX);

        if (!name || !string_ends(name, UNIT_SUFFIX))
            continue;
        auto_free char *machine = mem_copy_bytes(name, strlen(name) - strlen(UNIT_SUFFIX));
        if (machine_name_is_valid(machine))
            strings_take(ret, TAKE(machine));
    }
    (void) closedir(dir);
    strings_sort(ret);
    return 0;
}
