/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A clone that is never put into place. */
#include "image/image_moment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/find.h"
#include "image/image_act.h"

struct image_moment {
    struct image_act act;
    int tree_fd;
};

static int open_tree(struct image_moment *moment, const struct image *image, struct error **err)
{
    auto_free char *path = mem_format("%s/" POOL_NAME "/tmp/%s/image", moment->act.pool.folder, moment->act.work.id);
    const struct image copy = {.name = image->name, .path = path, .entry = path, .type = IMAGE_DIRECTORY};
    auto_close int mount_fd = -1;

    if (image_tree_open(&copy, &mount_fd, err) < 0)
        return -error_code(*err);
    moment->tree_fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return moment->tree_fd < 0 ? fail(err, errno, "cannot open %s", path) : 0;
}

int image_moment_take(const struct image *image, int stop_fd, struct image_moment **ret, int *ret_fd,
                      struct error **err)
{
    struct image_moment *moment = mem_alloc(sizeof *moment);
    enum clone_kind kind;

    *moment = (struct image_moment){.act = IMAGE_ACT_NONE, .tree_fd = -1};
    moment->act.frozen = true;
    if (image_act_begin(&moment->act, image, NULL, ACT_NO_LOCK, err) < 0 ||
        image_copy(&moment->act, image, image->name, stop_fd, &kind, err) < 0 || open_tree(moment, image, err) < 0) {
        image_moment_free(moment);
        return -error_code(*err);
    }
    pool_unlock(&moment->act.pool);
    *ret = moment;
    *ret_fd = moment->tree_fd;
    return 0;
}

void image_moment_free(struct image_moment *moment)
{
    if (!moment)
        return;
    fd_closep(&moment->tree_fd);
    image_act_done(&moment->act);
    free(moment);
}
