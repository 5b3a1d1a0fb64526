/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plain unpacker, floor of an import: a tar archive from a file into the working directory, by the calls that takes
 * and no others. It trusts the archive, knows no attributes, and does not look where a name leads.
 *
 *     untar FILE
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BLOCK 512u

struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100], magic[8], user[32],
        group[32], major[8], minor[8], prefix[155];
};

/* Directories get their times when all is in them. */
struct late {
    char *name;
    struct timespec mtime;
};

static struct late *late;
static size_t n_late;

static _Noreturn void die(const char *what)
{
    (void) fprintf(stderr, "untar: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t number(const char *text, size_t size)
{
    uint64_t value = 0;

    if ((unsigned char) *text & 0x80) {
        for (size_t i = 1; i < size; i++)
            value = value << 8 | (unsigned char) text[i];
        return value;
    }
    for (size_t i = 0; i < size && text[i]; i++)
        if (text[i] >= '0' && text[i] <= '7')
            value = value * 8 + (uint64_t) (text[i] - '0');
    return value;
}

struct extra {
    char name[4096], link[4096];     /* empty: the header has it */
    bool has_mtime;
    struct timespec mtime;
};

static void read_pax(const char *text, size_t size, struct extra *extra)
{
    for (const char *end = text + size; text < end;) {
        char *rest;
        size_t length = strtoul(text, &rest, 10);
        const char *key = rest + 1, *equals = memchr(key, '=', (size_t) (text + length - key));
        size_t n = (size_t) (text + length - equals - 2);

        if (strncmp(key, "path=", 5) == 0 && n < sizeof extra->name)
            (void) snprintf(extra->name, sizeof extra->name, "%.*s", (int) n, equals + 1);
        else if (strncmp(key, "linkpath=", 9) == 0 && n < sizeof extra->link)
            (void) snprintf(extra->link, sizeof extra->link, "%.*s", (int) n, equals + 1);
        else if (strncmp(key, "mtime=", 6) == 0) {
            char digits[10] = "000000000", *point;

            extra->has_mtime = true;
            extra->mtime.tv_sec = strtoll(equals + 1, &point, 10);
            if (*point == '.')
                for (size_t i = 0; i < 9 && point[i + 1] >= '0' && point[i + 1] <= '9'; i++)
                    digits[i] = point[i + 1];
            extra->mtime.tv_nsec = strtol(digits, NULL, 10);
        }
        text += length;
    }
}

static void make_file(const char *name, const char *bytes, size_t size, uid_t uid, gid_t gid, mode_t mode,
                      struct timespec mtime)
{
    const struct timespec times[2] = {mtime, mtime};
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        die(name);
    for (size_t at = 0; at < size;) {
        ssize_t n = write(fd, bytes + at, size - at);

        if (n < 0)
            die(name);
        at += (size_t) n;
    }
    if (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0 || futimens(fd, times) < 0 || close(fd) < 0)
        die(name);
}

static void make(const struct header *header, const struct extra *extra, const char *bytes, size_t size)
{
    const char *name = *extra->name ? extra->name : header->name, *target = *extra->link ? extra->link : header->link;
    uid_t uid = (uid_t) number(header->uid, 8);
    gid_t gid = (gid_t) number(header->gid, 8);
    mode_t mode = (mode_t) number(header->mode, 8) & 07777;
    struct timespec mtime = extra->has_mtime ? extra->mtime : (struct timespec){(time_t) number(header->mtime, 12), 0};
    const struct timespec times[2] = {mtime, mtime};
    dev_t device = makedev((unsigned) number(header->major, 8), (unsigned) number(header->minor, 8));

    switch (header->type) {
    case '5':
        if ((mkdir(name, 0700) < 0 && errno != EEXIST) || lchown(name, uid, gid) < 0 || chmod(name, mode) < 0)
            die(name);
        late = realloc(late, (n_late + 1) * sizeof *late);
        late[n_late++] = (struct late){strdup(name), mtime};
        return;
    case '1':
        if (link(target, name) < 0)
            die(name);
        return;
    case '2':
        if (symlink(target, name) < 0 || lchown(name, uid, gid) < 0 ||
            utimensat(AT_FDCWD, name, times, AT_SYMLINK_NOFOLLOW) < 0)
            die(name);
        return;
    case '3':
    case '4':
    case '6':
        if (mknod(name, (header->type == '3' ? S_IFCHR : header->type == '4' ? S_IFBLK : S_IFIFO) | 0600, device) < 0 ||
            lchown(name, uid, gid) < 0 || chmod(name, mode) < 0)
            die(name);
        return;
    default:
        make_file(name, bytes, size, uid, gid, mode, mtime);
    }
}

int main(int argc, char **argv)
{
    int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    static struct extra extra;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        die("cannot open the archive");
    (void) umask(0);
    const char *file = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (file == MAP_FAILED)
        die("cannot map the archive");
    for (size_t at = 0; at + BLOCK <= (size_t) st.st_size && file[at];) {
        const struct header *header = (const void *) (file + at);
        const char *bytes = file + at + BLOCK;
        size_t size = number(header->size, 12);

        at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
        if (header->type == 'x')
            read_pax(bytes, size, &extra);
        else if (header->type == 'L')
            (void) snprintf(extra.name, sizeof extra.name, "%.*s", (int) size, bytes);
        else if (header->type == 'K')
            (void) snprintf(extra.link, sizeof extra.link, "%.*s", (int) size, bytes);
        else if (header->type != 'g') {
            make(header, &extra, bytes, size);
            extra.name[0] = extra.link[0] = '\0';
            extra.has_mtime = false;
        }
    }
    while (n_late > 0) {
        const struct late *one = &late[--n_late];
        const struct timespec times[2] = {one->mtime, one->mtime};

        if (utimensat(AT_FDCWD, one->name, times, AT_SYMLINK_NOFOLLOW) < 0)
            die(one->name);
    }
    return 0;
}
