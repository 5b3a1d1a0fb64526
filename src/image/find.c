/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Image discovery. The usual case, a directory of the name asked for in /var/lib/machines, takes a handful of calls;
 * lists are made only when they are asked for, or for the hint of a refusal. */
#include "image/find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/btrfs.h"
#include "image/pool.h"
#include "image/version.h"

/* What may stand behind a name in a folder, in the order in which it is looked for. */
static const struct form {
    const char *suffix;
    mode_t type;
    bool versioned;             /* SUFFIX.v is a folder of such */
    enum image_type image_type;
} forms[] = {
    {"", S_IFDIR, false, IMAGE_DIRECTORY},        {"", S_IFBLK, false, IMAGE_BLOCK},
    {".raw", S_IFREG, false, IMAGE_RAW},          {".mstack", S_IFDIR, false, IMAGE_MSTACK},
    {"", S_IFDIR, true, IMAGE_DIRECTORY},         {".raw", S_IFREG, true, IMAGE_RAW},
    {".mstack", S_IFDIR, true, IMAGE_MSTACK},
};

const char *image_type_name(enum image_type type)
{
    static const char *const names[] = {
        [IMAGE_DIRECTORY] = "directory", [IMAGE_SUBVOLUME] = "subvolume", [IMAGE_RAW] = "raw",
        [IMAGE_BLOCK] = "block",         [IMAGE_MSTACK] = "mstack",
    };

    return names[type];
}

void image_done(struct image *image)
{
    free(image->name);
    free(image->path);
    free(image->entry);
    *image = (struct image){0};
}

void images_done(struct images *images)
{
    for (size_t i = 0; i < images->count; i++)
        image_done(&images->item[i]);
    free(images->item);
    *images = (struct images){0};
}

static const struct image_class {
    const char *name;
    const char *leaf;           /* what their folders are called */
    const char *folders[7];     /* of the system, NULL behind the last */
} classes[] = {
    {"machine", "machines",
     {"/etc/machines", "/run/machines", "/var/lib/machines", "/var/lib/container", "/usr/local/lib/machines",
      "/usr/lib/machines"}},
    {"portable", "portables",
     {"/etc/portables", "/run/portables", "/var/lib/portables", "/usr/local/lib/portables", "/usr/lib/portables"}},
    {"sysext", "extensions",
     {"/etc/extensions", "/run/extensions", "/var/lib/extensions", "/usr/local/lib/extensions", "/usr/lib/extensions"}},
    {"confext", "confexts",
     {"/run/confexts", "/var/lib/confexts", "/usr/local/lib/confexts", "/usr/lib/confexts"}},
};

const char *image_class(size_t index)
{
    return index < COUNT_OF(classes) ? classes[index].name : NULL;
}

static void folders_of_class(const struct image_class *class, bool user_scope, struct strings *ret)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME"), *runtime = getenv("XDG_RUNTIME_DIR");

    if (user_scope) {
        if (state && path_is_absolute(state))
            strings_add_format(ret, "%s/%s", state, class->leaf);
        else if (home && path_is_absolute(home))
            strings_add_format(ret, "%s/.local/state/%s", home, class->leaf);
        if (runtime && path_is_absolute(runtime))
            strings_add_format(ret, "%s/%s", runtime, class->leaf);
    }
    for (size_t i = 0; class->folders[i]; i++)
        strings_add(ret, class->folders[i]);
}

void image_folders(bool user_scope, struct strings *ret)
{
    folders_of_class(&classes[0], user_scope, ret);
}

static bool is_flagged_immutable(int fd, bool is_directory)
{
    unsigned flags = 0;
    char path[32];
    /* a folder needs no way through /proc, which is a long one */
    auto_close int real = is_directory ? openat(fd, ".", O_RDONLY | O_CLOEXEC | O_DIRECTORY)
                                       : openat(AT_FDCWD, path_of_fd(path, fd), O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    return real >= 0 && ioctl(real, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_IMMUTABLE_FL);
}

static bool block_is_read_only(int fd)
{
    char path[32];
    int read_only = 0;
    auto_close int real = open(path_of_fd(path, fd), O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    return real >= 0 && ioctl(real, BLKROGET, &read_only) == 0 && read_only;
}

bool image_is_read_only(int fd, const char *path)
{
    struct stat st;

    if (path_is_below(path, "/usr") || fstat(fd, &st) < 0)
        return true;
    if (S_ISBLK(st.st_mode))
        return block_is_read_only(fd);
    if (S_ISREG(st.st_mode) && (st.st_mode & 0222) == 0)
        return true;
    /* for root this fails on a read-only file system only; what another user may write is for the run to find out */
    if (faccessat(fd, "", W_OK, AT_EACCESS | AT_EMPTY_PATH) < 0)
        return true;
    bool is_directory = S_ISDIR(st.st_mode);
    return is_flagged_immutable(fd, is_directory) || (is_directory && btrfs_subvolume_is_read_only(fd));
}

/* The name the kernel has for an open file: all links followed. */
static char *real_path(int fd)
{
    char self[32], path[PATH_MAX];
    ssize_t n = readlink(path_of_fd(self, fd), path, sizeof path);

    return n > 0 && (size_t) n < sizeof path && path[0] == '/' ? mem_copy_bytes(path, (size_t) n) : NULL;
}

/* FORM of NAME in FOLDER_FD. 1: *ret is filled, 0: there is none. */
static int look_for(int folder_fd, const char *folder, const char *name, const struct form *form, struct image *ret)
{
    auto_error struct error *ignored = NULL;
    auto_free char *file = mem_format("%s%s%s", name, form->suffix, form->versioned ? ".v" : "");
    auto_free char *path = path_join(folder, file), *picked = NULL;
    struct stat st;

    if (form->versioned) {
        /* an empty one is as good as none */
        if (faccessat(folder_fd, file, F_OK, 0) < 0 ||
            version_pick(path, form->type, form->suffix, &picked, &ignored) != 1)
            return 0;
        free(path);
        path = TAKE(picked);
        file[0] = '\0';
    }

    auto_close int fd = *file ? openat(folder_fd, file, O_PATH | O_CLOEXEC) : open(path, O_PATH | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || (st.st_mode & S_IFMT) != form->type)
        return 0;

    char *real = real_path(fd);
    *ret = (struct image){
        .name = mem_copy_string(name),
        .path = real ? real : mem_copy_string(path),
        .entry = TAKE(path),
        .type = form->image_type == IMAGE_DIRECTORY && btrfs_is_subvolume(fd) ? IMAGE_SUBVOLUME : form->image_type,
    };
    ret->read_only = image_is_read_only(fd, ret->path);
    return 1;
}

static int look_in(const char *folder, const char *name, struct image *ret)
{
    auto_close int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return 0;

    for (size_t i = 0; i < COUNT_OF(forms); i++)
        if (look_for(fd, folder, name, &forms[i], ret) == 1)
            return 1;
    return 0;
}

static bool name_is_possible(const char *name)
{
    return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           !string_starts(name, ".#") && strcmp(name, "lost+found") != 0 && !string_starts(name, POOL_NAME);
}

static struct image host_image(void)
{
    return (struct image){
        .name = mem_copy_string(".host"), .path = mem_copy_string("/"), .entry = mem_copy_string("/"),
        .type = IMAGE_DIRECTORY, .read_only = true,
    };
}

static char *join_words(const struct strings *list)
{
    char *text = mem_copy_string("");

    for (size_t i = 0; i < list->count; i++) {
        char *longer = mem_format("%s%s%s", text, i == 0 ? "" : i + 1 == list->count ? " and " : ", ", list->item[i]);

        free(text);
        text = longer;
    }
    return text;
}

static void hint_where(const char *name, bool user_scope, const struct strings *folders, struct error **err)
{
    CLEANUP(images_done) struct images all = {0};
    auto_free char *where = join_words(folders);
    auto_free const char **names = NULL;

    image_list(user_scope, &all);
    names = mem_alloc((all.count + 1) * sizeof *names);
    for (size_t i = 0; i < all.count; i++)
        names[i] = all.item[i].name;

    const char *nearest = string_nearest(name, names, all.count);
    if (nearest)
        fail_hint(*err, "did you mean '%s'? It is looked for as a directory or as %s.raw in %s", nearest, name, where);
    else
        fail_hint(*err, "it is looked for as a directory or as %s.raw in %s; a tree elsewhere is named with -D", name,
                  where);
}

static int look_everywhere(const char *name, const struct strings *folders, struct image *ret)
{
    if (strcmp(name, ".host") == 0) {
        *ret = host_image();
        return 1;
    }
    for (size_t i = 0; i < folders->count && name_is_possible(name); i++)
        if (look_in(folders->item[i], name, ret) == 1)
            return 1;
    return 0;
}

int image_find(const char *name, bool user_scope, struct image *ret, struct error **err)
{
    CLEANUP(strings_done) struct strings folders = {0};

    image_folders(user_scope, &folders);
    if (look_everywhere(name, &folders, ret) == 1)
        return 0;
    fail_plain(err, ENOENT, "No image for machine '%s'.", name);
    hint_where(name, user_scope, &folders, err);
    fail_id(*err, "R2000");
    return -ENOENT;
}

int image_get(const char *name, bool user_scope, struct image *ret, struct error **err)
{
    CLEANUP(strings_done) struct strings folders = {0};

    if (image_check_name(name, err) < 0)
        return -error_code(*err);
    image_folders(user_scope, &folders);
    if (look_everywhere(name, &folders, ret) == 1)
        return 0;
    fail_plain(err, ENOENT, "No image '%s' known", name);
    hint_where(name, user_scope, &folders, err);
    fail_id(*err, "R3010");
    return -ENOENT;
}

/* The image name a file name may stand for; NULL when for none. */
static char *name_of_file(const char *file)
{
    static const char *const suffixes[] = {".v", ".raw", ".mstack"};
    auto_free char *name = mem_copy_string(file);

    if (!name_is_possible(file))
        return NULL;
    for (size_t i = 0; i < COUNT_OF(suffixes); i++)
        if (string_ends(name, suffixes[i]))
            name[strlen(name) - strlen(suffixes[i])] = '\0';
    return *name ? TAKE(name) : NULL;
}

static bool is_listed(const struct images *images, const char *name)
{
    for (size_t i = 0; i < images->count; i++)
        if (strcmp(images->item[i].name, name) == 0)
            return true;
    return false;
}

static void list_folder(const char *folder, struct images *ret)
{
    DIR *dir = opendir(folder);

    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        auto_free char *name = name_of_file(entry->d_name);
        struct image image;

        if (!name || is_listed(ret, name) || look_in(folder, name, &image) != 1)
            continue;
        image.read_only |= name[0] == '.';
        MEM_GROW(ret->item, ret->count);
        ret->item[ret->count++] = image;
    }
    (void) closedir(dir);
}

static int compare_images(const void *a, const void *b)
{
    return strcmp(((const struct image *) a)->name, ((const struct image *) b)->name);
}

static void list_class(const struct image_class *class, bool user_scope, struct images *ret)
{
    CLEANUP(strings_done) struct strings folders = {0};

    folders_of_class(class, user_scope, &folders);
    if (class == &classes[0]) {
        MEM_GROW(ret->item, ret->count);
        ret->item[ret->count++] = host_image();
    }
    for (size_t i = 0; i < folders.count; i++)
        list_folder(folders.item[i], ret);
    if (ret->count > 0)
        qsort(ret->item, ret->count, sizeof *ret->item, compare_images);
}

void image_list(bool user_scope, struct images *ret)
{
    list_class(&classes[0], user_scope, ret);
}

void image_list_class(const char *class, bool user_scope, struct images *ret)
{
    for (size_t i = 0; i < COUNT_OF(classes); i++)
        if (strcmp(class, classes[i].name) == 0)
            list_class(&classes[i], user_scope, ret);
}

int image_resolve_directory(const char *path, char **ret, struct error **err)
{
    auto_free char *usr = path_join(path, "usr");
    auto_error struct error *no_match = NULL;

    int r = version_pick(path, S_IFDIR, "", ret, &no_match);
    if (r == 0 || (r == -ENOENT && access(usr, F_OK) == 0)) {
        *ret = mem_copy_string(path);
        return 0;
    }
    if (r < 0)
        *err = TAKE(no_match);
    return r < 0 ? r : 0;
}

int image_resolve_file(const char *path, char **ret, struct error **err)
{
    int r = version_pick(path, S_IFREG, ".raw", ret, err);

    if (r == 0)
        *ret = mem_copy_string(path);
    return r < 0 ? r : 0;
}
