/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Version strings and versioned folders. */
#include "image/version.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "image/architecture.h"

/* What is left of a version string. */
struct rest {
    const char *at, *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The character in hand; NUL at the end. */
static char head(const struct rest *rest)
{
    return rest->at < rest->end ? *rest->at : '\0';
}

static void skip_separators(struct rest *rest)
{
    while (rest->at < rest->end && !is_digit(*rest->at) && !is_letter(*rest->at) && !strchr("-.~^", *rest->at))
        rest->at++;
}

static struct rest take_run(struct rest *rest, bool (*belongs)(char c))
{
    struct rest run = {.at = rest->at};

    while (rest->at < rest->end && belongs(*rest->at))
        rest->at++;
    run.end = rest->at;
    return run;
}

static int compare_sizes(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

/* Numbers of any length: without leading zeros the longer one is greater. */
static int compare_numbers(struct rest a, struct rest b)
{
    while (a.at < a.end && *a.at == '0')
        a.at++;
    while (b.at < b.end && *b.at == '0')
        b.at++;
    size_t size = (size_t) (a.end - a.at);
    int r = compare_sizes(size, (size_t) (b.end - b.at));
    return r != 0 ? r : memcmp(a.at, b.at, size);
}

static int compare_words(struct rest a, struct rest b)
{
    size_t a_size = (size_t) (a.end - a.at), b_size = (size_t) (b.end - b.at);
    int r = memcmp(a.at, b.at, a_size < b_size ? a_size : b_size);

    return r != 0 ? r : compare_sizes(a_size, b_size);
}

/* MARK in one of the two sorts that one before; in both it is stepped over. */
static int compare_mark(struct rest *a, struct rest *b, char mark)
{
    bool in_a = head(a) == mark, in_b = head(b) == mark;

    if (in_a && in_b) {
        a->at++;
        b->at++;
    }
    return (int) in_b - (int) in_a;
}

int version_compare(const char *a_text, size_t a_size, const char *b_text, size_t b_size)
{
    struct rest a = {a_text, a_text + a_size}, b = {b_text, b_text + b_size};

    for (;;) {
        skip_separators(&a);
        skip_separators(&b);
        /* before the end of the string is: 1~rc1 comes before 1 */
        int r = compare_mark(&a, &b, '~');
        if (r != 0)
            return r;
        if (!head(&a) || !head(&b))
            return (int) (head(&a) != '\0') - (int) (head(&b) != '\0');

        for (const char *mark = "-^."; *mark && r == 0; mark++)
            r = compare_mark(&a, &b, *mark);
        if (r == 0 && (is_digit(head(&a)) || is_digit(head(&b)))) {
            /* a missing number is smaller than any: letters sort before digits */
            r = (int) is_digit(head(&a)) - (int) is_digit(head(&b));
            if (r == 0)
                r = compare_numbers(take_run(&a, is_digit), take_run(&b, is_digit));
        } else if (r == 0)
            r = compare_words(take_run(&a, is_letter), take_run(&b, is_letter));
        if (r != 0)
            return r;
    }
}

/* A file name taken apart. */
struct candidate {
    const char *version;
    size_t version_size;
    bool exhausted;             /* tries were counted, and none is left */
    uint64_t left;              /* UINT64_MAX: not counted */
};

/* "+LEFT" or "+LEFT-DONE" at the end; cut off *size. */
static void parse_tries(const char *text, size_t *size, struct candidate *ret)
{
    size_t at = *size;
    uint64_t left = 0;

    ret->left = UINT64_MAX;
    while (at > 0 && (is_digit(text[at - 1]) || text[at - 1] == '-'))
        at--;
    if (at == 0 || text[at - 1] != '+' || !is_digit(text[at]))
        return;

    size_t digit = at;
    for (; digit < *size && is_digit(text[digit]); digit++)
        left = left > UINT64_MAX / 10 - 1 ? left : left * 10 + (uint64_t) (text[digit] - '0');
    if (digit < *size) {
        if (digit + 1 == *size)
            return;
        for (size_t done = digit + 1; done < *size; done++)
            if (!is_digit(text[done]))
                return;
    }
    *size = at - 1;
    ret->left = left;
    ret->exhausted = left == 0;
}

/* NAME without its PREFIX and SUFFIX. False: not one of this folder, or not for this machine. */
static bool candidate_parse(const char *name, const char *prefix, const char *suffix, struct candidate *ret)
{
    size_t prefix_size = strlen(prefix), suffix_size = strlen(suffix), size = strlen(name);

    if (size <= prefix_size + suffix_size || memcmp(name, prefix, prefix_size) != 0 || !string_ends(name, suffix))
        return false;

    *ret = (struct candidate){.version = name + prefix_size};
    size -= prefix_size + suffix_size;
    parse_tries(ret->version, &size, ret);
    for (size_t i = size; i > 0; i--)
        if (ret->version[i - 1] == '_') {
            const char *last = ret->version + i;

            if (!architecture_is_known(last, size - i))
                break;
            if (!architecture_is_supported(last, size - i))
                return false;
            size = i - 1;
            break;
        }
    ret->version_size = size;
    return size > 0;
}

static bool is_better(const struct candidate *a, const char *a_name, const struct candidate *b, const char *b_name)
{
    if (a->exhausted != b->exhausted)
        return b->exhausted;

    int r = version_compare(a->version, a->version_size, b->version, b->version_size);
    if (r == 0)
        r = (a->left > b->left) - (a->left < b->left);
    return r != 0 ? r > 0 : strcmp(a_name, b_name) > 0;
}

static char *pick_in(int dir_fd, mode_t type, const char *prefix, const char *suffix)
{
    auto_free char *best_name = NULL;
    struct candidate best = {0}, candidate;
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        fd_closep(&fd);
        return NULL;
    }

    for (struct dirent *entry; (entry = readdir(dir));) {
        struct stat st;

        if (!candidate_parse(entry->d_name, prefix, suffix, &candidate) || fstatat(dir_fd, entry->d_name, &st, 0) < 0 ||
            (st.st_mode & S_IFMT) != type || (best_name && !is_better(&candidate, entry->d_name, &best, best_name)))
            continue;
        free(best_name);
        best_name = mem_copy_string(entry->d_name);
        best = candidate;
        best.version = best_name + (candidate.version - entry->d_name);
    }
    (void) closedir(dir);
    return TAKE(best_name);
}

/* Taking PATH apart: the folder, and what its entries start and end with. False: no versioned path. */
static bool split_path(const char *path, const char *suffix, char **ret_folder, char **ret_prefix, char **ret_suffix)
{
    auto_free char *parent = path_parent(path);
    const char *name = path_last(path), *hole = strstr(name, "___");

    if (hole && string_ends(parent, ".v")) {
        *ret_prefix = mem_format("%.*s_", (int) (hole - name), name);
        *ret_suffix = mem_copy_string(hole + 3);
        *ret_folder = TAKE(parent);
        return true;
    }
    if (!string_ends(name, ".v"))
        return false;

    size_t size = strlen(name) - strlen(".v");
    auto_free char *stem = mem_copy_bytes(name, size);
    if (!string_ends(stem, suffix) || size == strlen(suffix))
        return false;
    *ret_prefix = mem_format("%.*s_", (int) (size - strlen(suffix)), stem);
    *ret_suffix = mem_copy_string(suffix);
    *ret_folder = mem_copy_string(path);
    return true;
}

int version_pick(const char *path, mode_t type, const char *suffix, char **ret, struct error **err)
{
    auto_free char *folder = NULL, *prefix = NULL, *ending = NULL;

    if (!split_path(path, suffix, &folder, &prefix, &ending))
        return 0;

    auto_close int dir_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0
                                                   : fail(err, errno, "cannot open the versioned folder %s", folder);

    auto_free char *name = pick_in(dir_fd, type, prefix, ending);
    if (!name) {
        fail_plain(err, ENOENT, "No matching entries in versioned directory '%s' found.", path);
        fail_hint(*err,
                  "names there must read %sVERSION%s, and an architecture in them must be one of this machine (%s)",
                  prefix, ending, architecture_native());
        fail_id(*err, "R2007");
        return -ENOENT;
    }
    *ret = path_join(folder, name);
    return 1;
}
