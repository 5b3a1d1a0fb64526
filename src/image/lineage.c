/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Machines in layers, as readers see them. What changes them is in lineage_change.c. */
#include "image/lineage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/hard_links.h"
#include "image/layers.h"
#include "image/overlay.h"
#include "image/remove_tree.h"
#include "image/upper.h"

#define FIRST_LINE "# redd lineage 1"
#define TEXT_LIMIT 65536u

void lineage_done(struct lineage *lineage)
{
    strings_done(&lineage->layers);
    free(TAKE(lineage->pool));
}

void lineage_tree_done(struct lineage_tree *tree)
{
    for (size_t i = 0; i < tree->n_lowers; i++)
        fd_closep(&tree->lower_fds[i]);
    free(tree->lower_fds);
    if (tree->n_lowers > 0)
        fd_closep(&tree->folder_fd);
    *tree = (struct lineage_tree){.folder_fd = -1};
}

bool lineage_is_likely(int fd)
{
    return faccessat(fd, LINEAGE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* -- text -- */

char *lineage_format(const struct lineage *lineage)
{
    char *text = mem_format(FIRST_LINE "\npool=%s\ncreated=%" PRIu64 "\n", lineage->pool, lineage->created_us);

    for (size_t i = 0; i < lineage->layers.count; i++) {
        char *longer = mem_format("%slayer=%s\n", text, lineage->layers.item[i]);

        free(text);
        text = longer;
    }
    return text;
}

static int parse_line(const char *line, struct lineage *lineage)
{
    const char *value;

    if ((value = string_after(line, "pool=")) && path_is_absolute(value) && !lineage->pool)
        lineage->pool = mem_copy_string(value);
    else if ((value = string_after(line, "layer=")) && strlen(value) == POOL_ID_SIZE - 1 &&
             strspn(value, "0123456789abcdef") == POOL_ID_SIZE - 1 && !strings_contain(&lineage->layers, value))
        strings_add(&lineage->layers, value);
    else if ((value = string_after(line, "created=")))
        return parse_u64(value, &lineage->created_us);
    else if (line[0] != '#')
        return -EINVAL;
    return 0;
}

int lineage_parse(const char *text, struct lineage *ret, struct error **err)
{
    CLEANUP(strings_done) struct strings lines = {0};
    CLEANUP(lineage_done) struct lineage lineage = {0};

    strings_split(&lines, text, "\n");
    if (lines.count == 0 || !string_starts(lines.item[0], "# redd lineage "))
        return fail_plain(err, EINVAL, "it does not begin with '" FIRST_LINE "'");
    if (strcmp(lines.item[0], FIRST_LINE) != 0)
        return fail_plain(err, EPROTONOSUPPORT, "it was written by a newer redd");
    for (size_t i = 1; i < lines.count; i++)
        if (parse_line(lines.item[i], &lineage) < 0)
            return fail_plain(err, EINVAL, "line %zu makes no sense", i + 1);
    if (!lineage.pool || lineage.layers.count == 0)
        return fail_plain(err, EINVAL, "it is cut short");
    *ret = lineage;
    lineage = (struct lineage){0};
    return 0;
}

int lineage_read(int fd, const char *path, struct lineage *ret, struct error **err)
{
    auto_close int file_fd = openat(fd, LINEAGE_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    auto_free char *large = NULL;
    char small[2048], *text = small;        /* lists of a thousand machines have no page to spare for each */
    struct stat st;

    if (file_fd < 0 || fstat(file_fd, &st) < 0)
        return fail(err, errno, "cannot open %s/" LINEAGE_FILE, path);
    if (!S_ISREG(st.st_mode) || st.st_size > (off_t) TEXT_LIMIT)
        return fail_plain(err, EINVAL, "%s/" LINEAGE_FILE " is none of redd's", path);
    size_t room = sizeof small - 1;
    if ((size_t) st.st_size > room) {
        room = (size_t) st.st_size;
        text = large = mem_alloc(room + 1);
    }
    ssize_t n = fd_read_full(file_fd, text, room);
    if (n < 0)
        return fail(err, (int) -n, "cannot read %s/" LINEAGE_FILE, path);
    text[n] = '\0';
    if (lineage_parse(text, ret, err) < 0) {
        int r = fail_in(err, "cannot understand %s/" LINEAGE_FILE, path);
        fail_id(*err, "R3003");
        return r;
    }
    return 0;
}

/* -- opening -- */

/* The pool beside the folder, else (the folder was moved) the one it was made with. */
static int find_pool(const char *path, const struct lineage *lineage, struct pool *ret, struct error **err)
{
    auto_free char *parent = path_parent(path);
    auto_free char *recorded = path_parent(lineage->pool);
    auto_close int fd = -1;

    if (pool_look(parent, ret, err) < 0)
        return -error_code(*err);
    if (ret->fd >= 0 && layer_open(ret, lineage->layers.item[0], &fd) == 0)
        return 0;
    pool_done(ret);
    return pool_look(recorded, ret, err);
}

static bool is_linked(const struct pool *pool, int fd, const struct lineage *lineage)
{
    auto_close int links_fd = openat(fd, LINEAGE_LINKS, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    for (size_t i = 0; i < lineage->layers.count; i++)
        if (links_fd < 0 || pool->fd < 0 || !layer_is_linked(pool, lineage->layers.item[i], links_fd))
            return false;
    return true;
}

static int not_linked(int fd, const char *path, struct error **err)
{
    /* a whole tree that has such a file is a tree */
    if (faccessat(fd, "usr", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    int r =
        fail_plain(err, ESTALE, "%s is a copy of a machine that redd keeps in layers, or its layers are gone", path);
    fail_hint(*err,
              "if whoever copied it is to be trusted, 'redd repair %s' makes it usable again; "
              "'redd clone' is the way to copy one",
              path_last(path));
    fail_id(*err, "R3004");
    return r;
}

static int open_layers(const struct pool *pool, int fd, const char *path, const struct lineage *lineage,
                       struct lineage_tree *tree, struct error **err)
{
    size_t n = lineage->layers.count;

    tree->lower_fds = mem_alloc((n + 1) * sizeof(int));
    for (; tree->n_lowers < n; tree->n_lowers++) {
        const char *id = lineage->layers.item[tree->n_lowers];
        int r = layer_open(pool, id, &tree->lower_fds[tree->n_lowers]);

        if (r < 0) {
            fail(err, -r, "cannot open the layer %s of %s", id, path);
            if (r == -ENOENT)
                fail_hint(*err, "'redd verify' says which layers are missing; one that was moved away can be put back");
            fail_id(*err, "R3005");
            return r;
        }
    }
    tree->lower_fds[n] = openat(fd, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (tree->lower_fds[n] < 0)
        return fail(err, errno, "cannot open %s/upper", path);
    tree->n_lowers++;
    return 0;
}

int lineage_open(int fd, const char *path, struct lineage_tree *ret, struct error **err)
{
    CLEANUP(lineage_done) struct lineage lineage = {0};
    CLEANUP(pool_done) struct pool pool = POOL_NONE;
    CLEANUP(lineage_tree_done) struct lineage_tree tree = {.folder_fd = -1};
    auto_error struct error *no_text = NULL;

    *ret = (struct lineage_tree){.folder_fd = -1};
    if (!lineage_is_likely(fd))
        return 0;
    if (lineage_read(fd, path, &lineage, &no_text) < 0) {
        if (faccessat(fd, "usr", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return 0;
        *err = TAKE(no_text);
        return -error_code(*err);
    }
    if (find_pool(path, &lineage, &pool, err) < 0)
        return -error_code(*err);
    if (!is_linked(&pool, fd, &lineage))
        return not_linked(fd, path, err);
    if (open_layers(&pool, fd, path, &lineage, &tree, err) < 0)
        return -error_code(*err);
    tree.folder_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (tree.folder_fd < 0)
        return fail(err, errno, "cannot keep %s open", path);
    *ret = tree;
    tree = (struct lineage_tree){.folder_fd = -1};
    return 1;
}

/* -- mounting -- */

/* The upper layer belongs to whom the tree belongs to, and so must what the kernel works with: on a mapped mount nobody
 * else exists. Differs from what it was made with once the owners of the tree were changed. */
static void follow_owner(const struct lineage_tree *tree)
{
    struct stat upper, folder;

    if (fstat(tree->lower_fds[tree->n_lowers - 1], &upper) < 0 || fstat(tree->folder_fd, &folder) < 0 ||
        (upper.st_uid == folder.st_uid && upper.st_gid == folder.st_gid))
        return;
    (void) fchownat(tree->folder_fd, "work", upper.st_uid, upper.st_gid, AT_SYMLINK_NOFOLLOW);
    (void) fchownat(tree->folder_fd, "", upper.st_uid, upper.st_gid, AT_EMPTY_PATH);
}

/* The kernel knows layers by their inode numbers. When those have changed (the disk was copied), what it noted about
 * hard links means nothing any more; without the notes it works as for a fresh upper layer. */
static int forget_index(const struct lineage_tree *tree)
{
    auto_close int upper_fd = openat(tree->folder_fd, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    auto_close int work_fd = openat(tree->folder_fd, "work", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (upper_fd < 0 || work_fd < 0)
        return -errno;
    int r = remove_tree(work_fd, "index");
    return r < 0 ? r : upper_forget_notes(upper_fd);
}

void lineage_use_layers(const struct lineage_tree *tree, struct overlay *overlay)
{
    overlay->lower_fds = tree->lower_fds;
    overlay->n_lowers = tree->n_lowers;
    overlay->redirect_dir = "on";
    overlay->metadata_only = true;
}

static int mount_read_only(const struct lineage_tree *tree, int userns_fd, int *ret_mount_fd, struct error **err)
{
    struct overlay overlay = {.top_fd = -1, .userns_fd = userns_fd};
    auto_error struct error *in_use = NULL;

    /* whoever runs it has the upper layer; then what is seen is what was, which will do for a look */
    (void) hard_links_complete(tree, &in_use);
    lineage_use_layers(tree, &overlay);
    return overlay_mount(&overlay, ret_mount_fd, err);
}

static int mount_writable(const struct lineage_tree *tree, int userns_fd, int *ret_mount_fd, struct error **err)
{
    auto_error struct error *refused = NULL;
    struct overlay overlay = {.userns_fd = userns_fd};

    lineage_use_layers(tree, &overlay);
    overlay.n_lowers--;
    overlay.top_fd = tree->folder_fd;
    overlay.upper = "upper";
    overlay.work = "work";
    overlay.index = true;
    follow_owner(tree);
    int r = overlay_mount(&overlay, ret_mount_fd, &refused);
    if (r == -ESTALE && forget_index(tree) == 0)
        return overlay_mount(&overlay, ret_mount_fd, err);
    if (r < 0) {
        *err = TAKE(refused);
        if (r == -EBUSY)
            fail_hint(*err, "it is mounted already: 'redd unmount' it, or stop the machine");
    }
    return r;
}

int lineage_mount(const struct lineage_tree *tree, int userns_fd, bool read_only, int *ret_mount_fd, struct error **err)
{
    return read_only ? mount_read_only(tree, userns_fd, ret_mount_fd, err)
                     : mount_writable(tree, userns_fd, ret_mount_fd, err);
}

/* -- searching -- */

/* What the folder FILE in DIR_FD names, if it is one of ours. */
static void add_named(int dir_fd, const char *file, struct strings *ret)
{
    auto_close int fd = openat(dir_fd, file, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    CLEANUP(lineage_done) struct lineage lineage = {0};
    auto_error struct error *ignored = NULL;

    if (fd < 0 || !lineage_is_likely(fd) || lineage_read(fd, file, &lineage, &ignored) < 0)
        return;
    for (size_t i = 0; i < lineage.layers.count; i++)
        if (!strings_contain(ret, lineage.layers.item[i]))
            strings_add(ret, lineage.layers.item[i]);
}

typedef void folder_fn(int dir_fd, const char *file, struct strings *ret);

/* Takes FD. */
static int for_each(int fd, folder_fn *call, struct strings *ret)
{
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir)
        return -errno;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && entry->d_type != DT_REG)
            call(dirfd(dir), entry->d_name, ret);
    (void) closedir(dir);
    return 0;
}

static void add_snapshots(int dir_fd, const char *file, struct strings *ret)
{
    (void) for_each(openat(dir_fd, file, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), add_named, ret);
}

int lineages_named(const struct pool *pool, struct strings *ret, struct error **err)
{
    int fd = openat(pool->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = for_each(fd, add_named, ret);

    if (r < 0)
        return fail(err, -r, "cannot read the directory %s", pool->folder);
    r = for_each(pool_open_folder(pool, "snapshots", false), add_snapshots, ret);
    return r < 0 && r != -ENOENT ? fail(err, -r, "cannot read %s/" POOL_NAME "/snapshots", pool->folder) : 0;
}
