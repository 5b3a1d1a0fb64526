/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the first page of a program. The bytes are the tree owner's: every offset is checked. */
#include "image/program_check.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/architecture.h"
#include "image/mount_entry.h"

/* Loaders name the loader within the first page. */
#define HEAD_SIZE 4096

/* A number of SIZE bytes at AT, in the byte order of the ELF file. */
static uint64_t number(const unsigned char *at, unsigned size, bool big_endian)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value = value << 8 | at[big_endian ? i : size - 1 - i];
    return value;
}

static char *elf_interpreter(const unsigned char *b, size_t size)
{
    bool is_64 = b[EI_CLASS] == ELFCLASS64, big = b[EI_DATA] == ELFDATA2MSB;
    unsigned word = is_64 ? 8 : 4;

    if (size < sizeof(Elf64_Ehdr))
        return NULL;
    uint64_t table = number(b + (is_64 ? 32 : 28), word, big);
    uint64_t step = number(b + (is_64 ? 54 : 42), 2, big), count = number(b + (is_64 ? 56 : 44), 2, big);
    if (step < (is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
        return NULL;
    for (uint64_t i = 0; i < count && table <= size && step <= size - table; i++, table += step) {
        const unsigned char *header = b + table;

        if (number(header, 4, big) != PT_INTERP)
            continue;
        uint64_t offset = number(header + (is_64 ? 8 : 4), word, big);
        uint64_t length = number(header + (is_64 ? 32 : 16), word, big);
        if (offset > size || length > size - offset || length < 2)
            return NULL;
        return mem_copy_bytes(b + offset, strnlen((const char *) b + offset, (size_t) length));
    }
    return NULL;
}

int program_interpreter(const void *bytes, size_t size, char **ret)
{
    const char *text = bytes;

    if (size >= SELFMAG && memcmp(text, ELFMAG, SELFMAG) == 0) {
        *ret = size > EI_DATA ? elf_interpreter(bytes, size) : NULL;
        return 0;
    }
    if (size < 2 || text[0] != '#' || text[1] != '!')
        return -ENOEXEC;

    size_t start = 2;
    while (start < size && (text[start] == ' ' || text[start] == '\t'))
        start++;
    size_t end = start;
    while (end < size && !strchr(" \t\n", text[end]))   /* its NUL counts, so does one in the text */
        end++;
    *ret = end > start ? mem_copy_bytes(text + start, end - start) : NULL;
    return 0;
}

static int refuse_mount(int fd, const char *program, struct error **err)
{
    auto_error struct error *ignored = NULL;
    CLEANUP(mount_entry_done) struct mount_entry entry = {0};

    if (mount_entry_of(fd, &entry, &ignored) == 0)
        fail_plain(err, EACCES, "the file system mounted on %s, where %s lies, has noexec", entry.mount_point, program);
    else
        fail_plain(err, EACCES, "the file system %s lies on is mounted with noexec", program);
    fail_hint(
        *err,
        "allow programs there with 'mount -o remount,exec'; in /etc/fstab 'user' and 'users' mean noexec as well");
    fail_id(*err, "R2013");
    return -EACCES;
}

static int check_access(int fd, const char *program, struct error **err)
{
    struct statvfs fs;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return fail(err, errno, "cannot look at %s in the tree", program);
    if (!S_ISREG(st.st_mode)) {
        fail_plain(err, EACCES, "%s is %s, not a program", program,
                   S_ISDIR(st.st_mode) ? "a directory" : "a special file");
        fail_hint(*err, "the path of a program ends in the name of its file");
        fail_id(*err, "R2010");
        return -EACCES;
    }
    if (!(st.st_mode & 0111)) {
        fail_plain(err, EACCES, "%s is not executable: no mode bit allows it", program);
        fail_hint(*err, "'chmod a+x' on it makes it so, if it is the right file");
        fail_id(*err, "R2014");
        return -EACCES;
    }
    return fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_NOEXEC) ? refuse_mount(fd, program, err) : 0;
}

static int check_interpreter(int root_fd, const char *program, const char *interpreter, bool is_elf, struct error **err)
{
    auto_close int fd = path_open_in(root_fd, interpreter, O_PATH, 0);
    if (fd >= 0)
        return 0;

    fail_plain(err, ENOENT,
               is_elf ? "%s needs the loader %s, which the tree has not"
                      : "the script %s needs the interpreter %s, which the tree has not",
         program, interpreter);
    fail_hint(*err, is_elf ? "the tree lacks the C library the program was built for, or the links /lib, /lib64 to it"
                           : "install the interpreter in the tree, or mend the first line of the script");
    fail_id(*err, "R2012");
    return -ENOENT;
}

static int check_architecture(const char *program, const void *bytes, size_t size, struct error **err)
{
    const char *name = architecture_of_elf(bytes, size);

    if (name && architecture_is_supported(name, strlen(name)))
        return 0;
    fail_plain(err, ENOEXEC, "%s is a program for %s, and this machine is %s", program,
               name ? name : "an unknown architecture", architecture_native());
    fail_hint(
        *err,
        "use a tree for %s; foreign ones run where an emulator is registered in /proc/sys/fs/binfmt_misc (package "
        "qemu-user-static, flag F)",
        architecture_native());
    fail_id(*err, "R2011");
    return -ENOEXEC;
}

int program_check(int root_fd, const char *program, struct error **err)
{
    auto_free char *interpreter = NULL;
    char path[32];
    auto_close int fd = path_open_in(root_fd, program, O_PATH, 0);
    if (fd < 0) {
        fail(err, -fd, "there is no %s in the tree", program);
        fail_id(*err, "R2009");
        return fd;
    }
    if (check_access(fd, program, err) < 0)
        return -error_code(*err);

    auto_free unsigned char *bytes = mem_alloc(HEAD_SIZE);
    auto_close int read_fd = open(path_of_fd(path, fd), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t size = read_fd < 0 ? -errno : fd_read_full(read_fd, bytes, HEAD_SIZE);
    if (size < 0)
        return 0;       /* a program may be executable and not readable */

    bool is_elf = size >= SELFMAG && memcmp(bytes, ELFMAG, SELFMAG) == 0;
    if (program_interpreter(bytes, (size_t) size, &interpreter) < 0) {
        fail_plain(err, ENOEXEC, size == 0 ? "%s is empty" : "%s is neither a program nor a script with '#!'", program);
        fail_hint(*err, size == 0 ? "it may have been cut short when it was copied: put it there anew"
                                  : "a script begins with the line #!/bin/sh, or the path of another interpreter");
        fail_id(*err, "R2015");
        return -ENOEXEC;
    }
    if (is_elf && check_architecture(program, bytes, (size_t) size, err) < 0)
        return -ENOEXEC;
    return interpreter ? check_interpreter(root_fd, program, interpreter, is_elf, err) : 0;
}
