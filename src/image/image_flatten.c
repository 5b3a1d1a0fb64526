/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From layers back to a plain tree: by copying what an overlay mount of them shows. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/image_act.h"
#include "image/layers.h"
#include "image/lineage.h"
#include "image/remove_tree.h"

/* The copy and the machine's folder change names; the folder goes with the act. */
static int put_in_place(struct image_act *act, const struct image *image, struct error **err)
{
    bool flagged = flag_is_set(act->fd);

    if (flagged)
        clear_flags(act->fd, ".");
    if (syscall(SYS_renameat2, act->work.fd, "image", act->pool.folder_fd, image->name, RENAME_EXCHANGE) < 0) {
        int r = fail(err, errno, "cannot put the plain tree into the place of %s", image->path);

        fail_id(*err, "R3018");
        return r;
    }
    (void) fsync(act->work.fd);
    if (flagged)
        flag_set(act->pool.folder_fd, image->name);
    (void) remove_tree(act->work.fd, "image/" LINEAGE_LINKS);
    return layers_collect(&act->pool, &act->work, err);
}

int image_flatten(const struct image *image, int stop_fd, struct error **err)
{
    CLEANUP(image_act_done) struct image_act act = IMAGE_ACT_NONE;
    CLEANUP(lineage_tree_done) struct lineage_tree tree = {.folder_fd = -1};
    auto_close int mount_fd = -1;

    if (image->type != IMAGE_DIRECTORY)
        return 0;
    if (image_act_begin(&act, image, NULL, ACT_ALONE, err) < 0)
        return -error_code(*err);
    int r = lineage_open(act.fd, image->path, &tree, err);
    if (r <= 0)
        return r;
    if (lineage_mount(&tree, -1, true, &mount_fd, err) < 0 ||
        image_copy_tree(&act, mount_fd, "image", stop_fd, err) < 0)
        return -error_code(*err);
    /* the kernel has the layers in use as long as it is mounted */
    fd_closep(&mount_fd);
    return put_in_place(&act, image, err);
}

int image_shorten(const struct image *image, int stop_fd, struct error **err)
{
    auto_close int fd = image->type == IMAGE_DIRECTORY ? file_open(image->path, O_PATH | O_DIRECTORY) : -1;

    /* a snapshot is never frozen */
    if (fd < 0 || image_is_link(image) || strstr(image->path, "/" POOL_NAME "/") || !lineage_is_full(fd, image->path))
        return 0;
    return image_flatten(image, stop_fd, err) < 0
               ? fail_in(err, "cannot make '%s' a plain tree, which it has too many layers not to be", image->name) : 0;
}
