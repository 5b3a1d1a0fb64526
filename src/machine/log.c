/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"

static char *path_of(const char *top, const char *name, const char *file)
{
    return mem_format("%s/%s/%s", top, name, file);
}

char *machine_log_console(const char *top, const char *name)
{
    return path_of(top, name, "console");
}

char *machine_log_old_console(const char *top, const char *name)
{
    return path_of(top, name, "console.1");
}

static int make_folder(const char *top, const char *name, struct error **err)
{
    auto_free char *folder = path_join(top, name);
    int r = dir_make_all(folder, 0700);

    return r < 0 ? fail(err, -r, "cannot make %s", folder) : 0;
}

int machine_log_open(const char *top, const char *name, int *ret_fd, struct error **err)
{
    auto_free char *path = machine_log_console(top, name), *old = machine_log_old_console(top, name);
    struct stat st;

    if (make_folder(top, name, err) < 0)
        return -error_code(*err);
    if (stat(path, &st) == 0 && st.st_size >= MACHINE_LOG_SIZE)
        (void) rename(path, old);

    int fd = openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(err, errno, "cannot open %s", path);
    *ret_fd = fd;
    return 0;
}

/* -- reading -- */

char *machine_log_clean_line(const char *text, size_t length)
{
    char *line = mem_copy_bytes(text, length), *out = line;

    for (const char *p = line; *p; p++) {
        if (*p == '\033') {         /* CSI and OSC sequences, whole */
            if (p[1] == '[') {
                p += 2;
                while (*p && !((unsigned char) *p >= 0x40 && (unsigned char) *p < 0x7f))
                    p++;
            } else if (p[1] == ']') {
                while (*p && *p != '\a' && !(p[0] == '\033' && p[1] == '\\'))
                    p++;
                p += *p == '\033';
            } else if (p[1])
                p++;
            if (!*p)
                break;
            continue;
        }
        if ((unsigned char) *p >= ' ' ? *p != 127 : *p == '\t')
            *out++ = *p;
    }
    *out = '\0';
    return line;
}

/* The end of the file, at most SIZE bytes. */
static int read_end(const char *path, size_t size, char **ret, size_t *ret_size, struct error **err)
{
    auto_close int fd = openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 && errno == ENOENT) {
        *ret = mem_copy_string("");
        *ret_size = 0;
        return 0;
    }
    if (fd < 0 || fstat(fd, &st) < 0)
        return fail(err, errno, "cannot read %s", path);
    if ((uint64_t) st.st_size > size)
        (void) lseek(fd, st.st_size - (off_t) size, SEEK_SET);

    auto_free char *text = mem_alloc(size + 1);
    ssize_t n = fd_read_full(fd, text, size);
    if (n < 0)
        return fail(err, (int) -n, "cannot read %s", path);
    *ret = TAKE(text);
    *ret_size = (size_t) n;
    return 0;
}

int machine_log_tail(const char *top, const char *name, unsigned lines, struct strings *ret, struct error **err)
{
    enum { LINE_USUAL = 256, SIZE_MAX_READ = 1 << 20 };
    auto_free char *path = machine_log_console(top, name);
    size_t size = lines < SIZE_MAX_READ / LINE_USUAL ? (size_t) (lines + 4) * LINE_USUAL : SIZE_MAX_READ;
    auto_free char *text = NULL;
    size_t length = 0;

    if (read_end(path, size, &text, &length, err) < 0)
        return -error_code(*err);

    /* from behind; what stands behind the last line end is a line, too */
    size_t end = length > 0 && text[length - 1] == '\n' ? length - 1 : length, begin = end;
    for (unsigned found = 0; begin > 0; begin--)
        if (text[begin - 1] == '\n' && ++found == lines)
            break;
    while (length > 0 && begin <= end) {
        const char *stop = memchr(text + begin, '\n', end - begin);
        size_t n = stop ? (size_t) (stop - (text + begin)) : end - begin;

        strings_take(ret, machine_log_clean_line(text + begin, n));
        begin += n + 1;
    }
    return 0;
}

/* -- the last run -- */

static const char *const result_names[N_RESULTS] = {
    [RESULT_NOT_STARTED] = "not-started", [RESULT_EXITED] = "exited",     [RESULT_KILLED] = "killed",
    [RESULT_POWERED_OFF] = "powered-off", [RESULT_REBOOTED] = "rebooted",
};

const char *run_result_name(enum run_result result)
{
    return result_names[result];
}

void last_run_done(struct last_run *run)
{
    free(TAKE(run->text));
    free(TAKE(run->hint));
    free(TAKE(run->id));
}

static void add_line(struct strings *lines, const char *key, const char *value)
{
    if (!value || !*value)
        return;
    auto_free char *line = mem_format("%s=%s", key, value);
    for (char *p = line; *p; p++)
        if (*p == '\n')
            *p = ' ';
    strings_take(lines, TAKE(line));
}

int last_run_write(const char *top, const char *name, const struct last_run *run, struct error **err)
{
    CLEANUP(strings_done) struct strings lines = {0};
    auto_free char *path = path_of(top, name, "last");
    auto_free char *text = mem_format("RESULT=%s\nNUMBER=%d\nTIME=%llu\n", result_names[run->result], run->number,
                                      (unsigned long long) run->realtime_us);

    add_line(&lines, "CODE", run->id);
    add_line(&lines, "TEXT", run->text);
    add_line(&lines, "HINT", run->hint);
    for (size_t i = 0; i < lines.count; i++) {
        auto_free char *before = text;

        text = mem_format("%s%s\n", before, lines.item[i]);
    }
    if (make_folder(top, name, err) < 0)
        return -error_code(*err);
    return file_replace_at(AT_FDCWD, path, text, strlen(text), 0600, err);
}

int last_run_parse(const char *text, struct last_run *ret)
{
    CLEANUP(strings_done) struct strings lines = {0};
    const char *result, *number, *time;
    uint64_t realtime;
    int32_t n;

    strings_split(&lines, text, "\n");
    result = environment_get(&lines, "RESULT");
    number = environment_get(&lines, "NUMBER");
    time = environment_get(&lines, "TIME");
    if (!result || !number || !time || parse_i32(number, &n) < 0 || parse_u64(time, &realtime) < 0)
        return -EINVAL;
    for (size_t i = 0; i < N_RESULTS; i++)
        if (strcmp(result_names[i], result) == 0) {
            *ret = (struct last_run){
                .result = (enum run_result) i,
                .number = n,
                .realtime_us = realtime,
                .text = mem_copy_string(environment_get(&lines, "TEXT")),
                .hint = mem_copy_string(environment_get(&lines, "HINT")),
                .id = mem_copy_string(environment_get(&lines, "CODE")),
            };
            return 0;
        }
    return -EINVAL;
}

int last_run_read(const char *top, const char *name, struct last_run *ret, struct error **err)
{
    auto_free char *path = path_of(top, name, "last");
    auto_free char *text = NULL;

    if (file_read_at(AT_FDCWD, path, 64 << 10, &text, NULL, err) < 0)
        return -error_code(*err);
    return last_run_parse(text, ret) < 0 ? fail_plain(err, EINVAL, "%s is damaged", path) : 0;
}

int machine_log_forget(const char *top, const char *name)
{
    auto_free char *folder = path_join(top, name);

    return tree_remove_at(AT_FDCWD, folder);
}
