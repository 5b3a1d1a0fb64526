/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting the ranges of a tree's owners, and moving them into one (shift.h). */
#include "image/repair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/image_act.h"
#include "image/layers.h"
#include "image/lineage.h"
#include "image/owner.h"
#include "image/shift.h"
#include "image/walk.h"

void repair_done(struct repair *repair)
{
    free(repair->range);
    *repair = (struct repair){0};
}

static void count_id(struct repair *repair, uint32_t id)
{
    uint32_t base = id & ~(ID_RANGE_SIZE - 1);

    for (size_t i = 0; i < repair->n_ranges; i++)
        if (repair->range[i].base == base) {
            repair->range[i].files++;
            return;
        }
    MEM_GROW(repair->range, repair->n_ranges);
    repair->range[repair->n_ranges++] = (struct id_range_count){.base = base, .files = 1};
}

static void count_owner(struct repair *repair, const struct stat *st)
{
    count_id(repair, st->st_uid);
    if ((st->st_gid & ~(ID_RANGE_SIZE - 1)) != (st->st_uid & ~(ID_RANGE_SIZE - 1)))
        count_id(repair, st->st_gid);
    repair->files++;
}

static int count_file(void *context, int dir_fd, const char *name, unsigned char type)
{
    struct stat st;

    (void) type;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        count_owner(context, &st);
    return 0;
}

static int count_directory(void *context, int dir_fd, const char *name, int fd)
{
    struct stat st;

    (void) dir_fd, (void) name;
    if (fstat(fd, &st) == 0)
        count_owner(context, &st);
    return 0;
}

static int compare_ranges(const void *a, const void *b)
{
    const struct id_range_count *x = a, *y = b;

    return x->files != y->files ? (x->files > y->files ? -1 : 1) : x->base < y->base ? -1 : x->base > y->base;
}

static int count_tree(int tree_fd, struct repair *repair, struct error **err)
{
    static const struct walk_calls calls = {.file = count_file, .enter = count_directory};
    auto_close int real = openat(tree_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = real < 0 ? -errno : count_directory(repair, -1, NULL, real);

    if (r == 0)
        r = walk_tree(real, &calls, repair, NULL);
    if (r < 0)
        return fail(err, -r, "cannot look through the tree");
    qsort(repair->range, repair->n_ranges, sizeof *repair->range, compare_ranges);
    repair->base = repair->range[0].base;
    for (size_t i = 1; i < repair->n_ranges; i++)
        repair->to_change += repair->range[i].files;
    return 0;
}

static int check_type(const struct image *image, struct error **err)
{
    if (image->type == IMAGE_DIRECTORY || image->type == IMAGE_SUBVOLUME)
        return 0;
    fail_plain(err, EOPNOTSUPP, "'%s' is a disk image, whose owners are not looked at", image->name);
    fail_hint(*err, "mount it, and use --private-users=0 --private-users-ownership=chown with the mount point");
    fail_id(*err, "R3043");
    return -EOPNOTSUPP;
}

int image_repair_plan(const struct image *image, struct repair *ret, struct error **err)
{
    CLEANUP(repair_done) struct repair repair = {0};
    auto_error struct error *failure = NULL;
    auto_close int tree_fd = -1;

    if (check_type(image, err) < 0)
        return -error_code(*err);
    int r = image_tree_open(image, &tree_fd, &failure);
    if (r == -ESTALE)
        repair.unlinked = true;
    else if (r < 0) {
        *err = TAKE(failure);
        return r;
    } else if (count_tree(tree_fd, &repair, err) < 0)
        return -error_code(*err);
    *ret = repair;
    repair = (struct repair){0};
    return 0;
}

/* -- mending -- */

/* Whoever calls this vouches for the copy: that its layers are those it names. */
static int link_layers(struct image_act *act, const struct image *image, struct error **err)
{
    CLEANUP(lineage_done) struct lineage lineage = {0};
    auto_close int links_fd = -1;

    if (lineage_read(act->fd, image->path, &lineage, err) < 0)
        return -error_code(*err);
    if (mkdirat(act->fd, LINEAGE_LINKS, 0700) < 0 && errno != EEXIST)
        return fail(err, errno, "cannot make " LINEAGE_LINKS);
    links_fd = openat(act->fd, LINEAGE_LINKS, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (links_fd < 0)
        return fail(err, errno, "cannot open " LINEAGE_LINKS);
    for (size_t i = 0; i < lineage.layers.count; i++) {
        const char *id = lineage.layers.item[i];

        if (layer_is_linked(&act->pool, id, links_fd))
            continue;
        (void) unlinkat(links_fd, id, 0);
        int r = layer_link(&act->pool, id, links_fd);
        if (r < 0) {
            fail(err, -r, "cannot link the layer %s", id);
            if (r == -ENOENT)
                fail_hint(*err, "%s has no such layer; what the machine wrote itself is in %s/upper", act->pool.folder,
                          image->path);
            fail_id(*err, "R3044");
            return r;
        }
    }
    return 0;
}

static int shift_owners(struct image_act *act, const struct image *image, const struct repair *plan, int stop_fd,
                        uint64_t *ret_changed, struct error **err)
{
    CLEANUP(lineage_tree_done) struct lineage_tree tree = {.folder_fd = -1};
    auto_close int mount_fd = -1;

    int r = image->type == IMAGE_DIRECTORY ? lineage_open(act->fd, image->path, &tree, err) : 0;
    if (r < 0 || (r == 1 && lineage_mount(&tree, -1, false, &mount_fd, err) < 0))
        return -error_code(*err);
    pool_unlock(&act->pool);
    return tree_shift_completely(r == 1 ? mount_fd : act->fd, image->path, plan->base, stop_fd, ret_changed, err);
}

int image_repair(const struct image *image, const struct repair *plan, int stop_fd, uint64_t *ret_changed,
                 struct error **err)
{
    CLEANUP(image_act_done) struct image_act act = IMAGE_ACT_NONE;

    *ret_changed = 0;
    if (check_type(image, err) < 0 || image_check_changeable(image, err) < 0 ||
        image_act_begin(&act, image, NULL, ACT_ALONE, err) < 0)
        return -error_code(*err);
    if (plan->unlinked)
        return link_layers(&act, image, err);
    return plan->to_change > 0 ? shift_owners(&act, image, plan, stop_fd, ret_changed, err) : 0;
}
