/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees in layers (image/lineage.h): what a run does otherwise with them than with plain ones. They are looked at by
 * way of a read-only mount; what the container gets is a mount of its own, with the owners it is to see. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/path.h"
#include "image/shift.h"
#include "runtime/run_state.h"
#include "runtime/tree.h"

int layer_tree_find(struct tree *tree, struct error **err)
{
    int fd, r = lineage_open(tree->fd, tree->path, &tree->layers, err);

    if (r <= 0)
        return r;
    if (lineage_mount(&tree->layers, -1, true, &fd, err) < 0)
        return -error_code(*err);
    fd_closep(&tree->fd);
    tree->fd = fd;
    return 0;
}

int layer_tree_mount(const struct run *run, int userns_fd, struct error **err)
{
    bool read_only = run->tree->read_only || run->spec->volatile_mode != VOLATILE_NO;
    int fd;

    return lineage_mount(&run->tree->layers, userns_fd, read_only, &fd, err) < 0 ? -error_code(*err) : fd;
}

int layer_tree_mount_part(const struct run *run, const char *path, int userns_fd, struct error **err)
{
    auto_close int whole_fd = layer_tree_mount(run, userns_fd, err);
    if (whole_fd < 0)
        return whole_fd;

    auto_close int part_fd = path_open_in(whole_fd, path, O_PATH | O_DIRECTORY, 0);
    int fd = part_fd < 0 ? part_fd
                         : sys_open_tree(part_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return fd < 0 ? fail(err, part_fd < 0 ? -part_fd : errno, "cannot open %s in the tree", path) : fd;
}

int layer_tree_shift(const struct run *run, uint64_t *ret_changed, struct error **err)
{
    auto_close int fd = -1;

    if (lineage_mount(&run->tree->layers, -1, false, &fd, err) < 0)
        return -error_code(*err);
    return tree_shift(fd, run->tree->path, run->uid_base, run->signal_fd, ret_changed, err);
}
