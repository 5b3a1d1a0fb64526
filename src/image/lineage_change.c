/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freezing machines and making new ones of what is frozen. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/hard_links.h"
#include "image/image_mount.h"
#include "image/layers.h"
#include "image/lineage.h"
#include "image/overlay.h"
#include "image/remove_tree.h"
#include "image/upper.h"

/* What somebody reads who looks into the folder of a machine that does not run. */
static char *format_readme(const char *machine, const struct lineage *lineage)
{
    auto_free char *lowers = mem_copy_string("");

    for (size_t i = lineage->layers.count; i > 0; i--) {
        char *longer = mem_format("%s:$L/%s", lowers, lineage->layers.item[i - 1]);

        free(lowers);
        lowers = longer;
    }
    return mem_format(
        "This is a machine that redd keeps in layers (it was '%s' when this was written). It is NOT a whole tree:\n"
        "what it shares with other machines is in %s/layers,\n"
        "what is its own is in upper/. Do not start, pack or change it from here.\n"
        "\n"
        "    redd mount NAME       shows the whole tree in a folder, for other programs\n"
        "    redd flatten NAME     makes it a plain tree again\n"
        "    redd remove NAME      removes it, and the layers that nobody else uses\n"
        "\n"
        "Without redd, as root, in this folder, with the machine stopped (a layer is the folder 'tree' in it, or\n"
        "'stub/upper'):\n"
        "\n"
        "    L=/tmp/layers; mkdir -p $L; for l in redd-layers/*; do i=${l##*/}; d=%s/layers/$i\n"
        "    [ -d $d/tree ] && ln -s $d/tree $L/$i || ln -s $d/stub/upper $L/$i; done\n"
        "    mount -t overlay -o ro,redirect_dir=on,metacopy=on,lowerdir=$PWD/upper%s overlay /mnt\n",
        machine, lineage->pool, lineage->pool, lowers);
}

static int make_links(const struct pool *pool, int fd, const struct strings *layers, struct error **err)
{
    if (mkdirat(fd, LINEAGE_LINKS, 0700) < 0)
        return fail(err, errno, "cannot make " LINEAGE_LINKS);
    auto_close int links_fd = openat(fd, LINEAGE_LINKS, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (links_fd < 0)
        return fail(err, errno, "cannot open " LINEAGE_LINKS);
    for (size_t i = 0; i < layers->count; i++) {
        int r = layer_link(pool, layers->item[i], links_fd);

        if (r < 0) {
            fail(err, -r, "cannot become a user of the layer %s", layers->item[i]);
            if (r == -EMLINK)
                fail_hint(*err, "it has as many as the file system allows; 'redd flatten' makes machines independent");
            fail_id(*err, "R3006");
            return r;
        }
    }
    return 0;
}

int lineage_make(const struct pool *pool, int dir_fd, const char *file, const char *machine,
                 const struct lineage *from, int like_fd, struct error **err)
{
    auto_free char *pool_path = path_join(pool->folder, POOL_NAME);
    const struct lineage lineage = {.layers = from->layers, .pool = pool_path, .created_us = from->created_us};
    auto_free char *text = lineage_format(&lineage), *readme = format_readme(machine, &lineage);
    auto_close int fd = -1;

    if (mkdirat(dir_fd, file, 0700) < 0 ||
        (fd = openat(dir_fd, file, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
        return fail(err, errno, "cannot make the folder of machine '%s'", machine);
    if (make_links(pool, fd, &from->layers, err) < 0 || pool_write_file(fd, "README-redd", readme, err) < 0 ||
        pool_write_file(fd, LINEAGE_FILE, text, err) < 0 || upper_make(fd, like_fd, NULL, err) < 0)
        return fail_in(err, "cannot make the folder of machine '%s'", machine);
    return 0;
}

/* 1, 0, or a negative errno */
static int is_empty(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    int entries = 0;

    if (!dir)
        return -errno;
    for (struct dirent *entry; entries < 3 && (entry = readdir(dir));)
        entries++;
    (void) closedir(dir);
    return entries < 3;
}

bool lineage_is_full(int fd, const char *path)
{
    CLEANUP(lineage_done) struct lineage lineage = {0};
    auto_error struct error *ignored = NULL;

    return lineage_is_likely(fd) && lineage_read(fd, path, &lineage, &ignored) == 0 &&
           lineage.layers.count >= overlay_layers_max() && is_empty(fd, "upper") == 0;
}

/* The machine's folder and what is to take its place change names. From the next moment on the layer exists, and the
 * machine is one of those that use it. */
static int exchange(const struct pool *pool, const char *name, int fd, int layer_fd, enum layer_form form,
                    struct error **err)
{
    struct stat now, then;

    if (fstatat(pool->folder_fd, name, &now, AT_SYMLINK_NOFOLLOW) < 0 || fstat(fd, &then) < 0 ||
        now.st_ino != then.st_ino || now.st_dev != then.st_dev)
        return fail_plain(err, EBUSY, "%s/%s was replaced meanwhile", pool->folder, name);
    if (syscall(SYS_renameat2, pool->folder_fd, name, layer_fd, layer_form_name(form), RENAME_EXCHANGE) == 0) {
        /* on disk before anything is built on it */
        (void) fsync(layer_fd);
        return 0;
    }
    int r = fail(err, errno, "cannot put a layer in the place of %s/%s", pool->folder, name);
    if (r == -EBUSY)
        fail_hint(*err, "something is mounted there");
    fail_id(*err, "R3007");
    return r;
}

/* What the kernel worked with is of no use in a layer. */
static void tidy_stub(int layer_fd)
{
    auto_close int stub_fd = openat(layer_fd, "stub", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (stub_fd >= 0)
        (void) remove_tree(stub_fd, "work");
}

/* LINEAGE: the layers so far, none for a plain tree; gets the new one. */
static int freeze(struct pool *pool, const char *name, int fd, enum layer_form form, struct lineage *lineage,
                  struct error **err)
{
    auto_close int like_fd =
        openat(fd, form == LAYER_TREE ? "." : "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    auto_close int layer_fd = -1;
    char id[POOL_ID_SIZE];

    if (like_fd < 0)
        return fail(err, errno, "cannot open the tree of '%s'", name);
    if (layer_begin(pool, name, id, &layer_fd, err) < 0)
        return -error_code(*err);
    strings_add(&lineage->layers, id);
    /* a folder that is marked read-only cannot be renamed */
    bool flagged = flag_is_set(fd);
    if (flagged)
        clear_flags(fd, ".");
    if (lineage_make(pool, layer_fd, layer_form_name(form), name, lineage, like_fd, err) < 0 ||
        exchange(pool, name, fd, layer_fd, form, err) < 0) {
        layer_abandon(pool, id);
        return -error_code(*err);
    }
    if (form == LAYER_STUB)
        tidy_stub(layer_fd);
    if (flagged)
        flag_set(pool->folder_fd, name);
    return 0;
}

/* Nobody may have the tree mounted: what is written there would go into the layer. The image's lock keeps machines
 * away, not mounts of the administrator's. */
static int check_unused(const struct lineage_tree *tree, int fd, const char *path, bool layered, bool empty,
                        struct error **err)
{
    auto_close int mount_fd = -1;

    if (layered) {
        if (lineage_mount(tree, -1, false, &mount_fd, err) < 0)
            return -error_code(*err);
        fd_closep(&mount_fd);
        return empty ? 0 : hard_links_complete(tree, err);
    }
    auto_free char *place = image_mounted_at(fd);
    if (!place)
        return 0;
    int r = fail_plain(err, EBUSY, "%s is mounted on %s as well", path, place);
    fail_hint(*err, "unmount that first: what is written there would change the layer that %s becomes", path);
    fail_id(*err, "R3008");
    return r;
}

int lineage_freeze(struct pool *pool, const char *name, int fd, struct lineage *ret, int *ret_like_fd,
                   struct error **err)
{
    auto_free char *path = path_join(pool->folder, name);
    CLEANUP(lineage_tree_done) struct lineage_tree tree = {.folder_fd = -1};
    CLEANUP(lineage_done) struct lineage lineage = {0};
    auto_close int like_fd = -1;

    int layered = lineage_open(fd, path, &tree, err);
    if (layered < 0 || (layered && lineage_read(fd, path, &lineage, err) < 0))
        return -error_code(*err);
    int empty = layered ? is_empty(fd, "upper") : 0;
    if (empty < 0)
        return fail(err, -empty, "cannot read %s/upper", path);
    if (check_unused(&tree, fd, path, layered, empty, err) < 0)
        return -error_code(*err);
    if (!layered)
        lineage.created_us = sys_birth_time_us(fd);
    if (!empty && freeze(pool, name, fd, layered ? LAYER_STUB : LAYER_TREE, &lineage, err) < 0)
        return -error_code(*err);

    /* whichever folder it is in now */
    like_fd = openat(fd, layered ? "upper" : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (like_fd < 0)
        return fail(err, errno, "cannot open the tree of '%s'", name);
    *ret = lineage;
    lineage = (struct lineage){0};
    *ret_like_fd = take_fd(&like_fd);
    return 0;
}
