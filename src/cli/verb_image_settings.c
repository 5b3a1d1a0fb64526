/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cat, edit: the settings file of a machine. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/verb.h"
#include "config/machine_name.h"
#include "image/find.h"
#include "image/settings_files.h"

#define TRUSTED_FOLDER "/etc/systemd/nspawn"
#define FILE_LIMIT ((size_t) 1 << 20)

/* WORD is a machine, or its file: "web", "web.nspawn". Gives. */
static char *machine_of(const char *word)
{
    size_t length = strlen(word) - (string_ends(word, ".nspawn") ? strlen(".nspawn") : 0);

    return mem_copy_bytes(word, length);
}

static int check_name(const char *name, struct error **err)
{
    if (strchr(name, '/') || !*name) {
        fail_plain(err, EINVAL, "Invalid machine name '%s'.", name);
        fail_hint(*err, "it is the name of a machine, or the absolute path of a file");
        fail_id(*err, "R3024");
        return -EINVAL;
    }
    return image_check_name(name, err);
}

/* The file that counts for the machine NAME, or NULL. */
static char *find_file(const char *name, bool user_scope)
{
    CLEANUP(image_done) struct image image = {0};
    auto_error struct error *no_image = NULL;
    auto_free char *beside = NULL;

    if (image_get(name, user_scope, &image, &no_image) == 0)
        beside = path_parent(image.entry);
    return settings_file_find(beside, name);
}

static int print_file(const char *path, struct error **err)
{
    auto_free char *text = NULL;
    size_t size;

    if (file_read_at(AT_FDCWD, path, FILE_LIMIT, &text, &size, err) < 0)
        return -error_code(*err);
    (void) printf("# %s\n", path);
    (void) fwrite(text, 1, size, stdout);
    return 0;
}

int verb_cat(const struct verb_call *call, int *ret_status, struct error **err)
{
    (void) ret_status;
    for (int i = 0; i < call->argc; i++) {
        auto_free char *name = machine_of(call->argv[i]);
        auto_free char *path = NULL;

        if (path_is_absolute(call->argv[i]))
            path = mem_copy_string(call->argv[i]);
        else if (check_name(name, err) < 0)
            return -error_code(*err);
        else
            path = find_file(name, call->options->user_scope);
        if (!path) {
            fail_plain(err, ENOENT, "No settings file found for machine '%s'.", name);
            fail_hint(*err, "'redd edit %s' makes one; it is looked for in " TRUSTED_FOLDER ", /run/systemd/nspawn, "
                            "and beside the image", name);
            fail_id(*err, "R3025");
            return -ENOENT;
        }
        if (i > 0)
            (void) putchar('\n');
        if (print_file(path, err) < 0)
            return -error_code(*err);
    }
    return 0;
}

/* What is edited is a copy beside the file, put into its place when the editor has ended well: *ret_fresh. FROM: what
 * it starts with; NULL: nothing. */
static int prepare_copy(const char *path, const char *from, char **ret_fresh, struct error **err)
{
    auto_free char *parent = path_parent(path), *text = mem_copy_string("");
    auto_free char *fresh = mem_format("%s/.#%s%d", parent, path_last(path), (int) getpid());
    size_t size = 0;

    int r = dir_make_all(parent, 0755);
    if (r < 0)
        return fail(err, -r, "cannot make the directory %s", parent);
    if (from) {
        free(TAKE(text));
        if (file_read_at(AT_FDCWD, from, FILE_LIMIT, &text, &size, err) < 0)
            return -error_code(*err);
    }
    auto_close int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(err, errno, "cannot create %s", fresh);
    r = fd_write_full(fd, text, size);
    if (r < 0) {
        (void) unlink(fresh);
        return fail(err, -r, "cannot write %s", fresh);
    }
    *ret_fresh = TAKE(fresh);
    return 0;
}

/* The editor may be a command line, as in EDITOR="vim -n". */
static void exec_editor(const char *command, const char *path)
{
    CLEANUP(strings_done) struct strings words = {0};

    if (strings_split_words(&words, command) < 0 || words.count == 0)
        return;
    strings_add(&words, path);
    (void) execvp(words.item[0], words.item);
}

static void become_editor(const char *path)
{
    static const char *const variables[] = {"SYSTEMD_EDITOR", "EDITOR", "VISUAL"};
    static const char *const editors[] = {"editor", "nano", "vim", "vi"};

    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        const char *command = getenv(variables[i]);

        if (command && *command) {
            exec_editor(command, path);
            _exit(127);
        }
    }
    for (size_t i = 0; i < COUNT_OF(editors); i++)
        exec_editor(editors[i], path);
    _exit(127);
}

static int run_editor(const char *path, struct error **err)
{
    int status;
    pid_t pid = fork();

    if (pid < 0)
        return fail(err, errno, "cannot start an editor");
    if (pid == 0)
        become_editor(path);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return fail(err, errno, "cannot wait for the editor");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    int r = WIFEXITED(status) && WEXITSTATUS(status) == 127
                ? fail_plain(err, ENOENT, "no editor could be started")
                : fail_plain(err, ECANCELED, "the editor did not end well; nothing was changed");
    fail_hint(*err, "$SYSTEMD_EDITOR, $EDITOR or $VISUAL names the editor");
    fail_id(*err, "R3026");
    return r;
}

static int edit_file(const char *path, const char *from, struct error **err)
{
    auto_free char *fresh = NULL;
    struct stat st;

    if (prepare_copy(path, from, &fresh, err) < 0)
        return -error_code(*err);
    int r = run_editor(fresh, err);
    /* a file that was not there and has nothing in it stays away */
    if (r == 0 && !from && stat(fresh, &st) == 0 && st.st_size == 0) {
        (void) unlink(fresh);
        return 0;
    }
    if (r == 0 && rename(fresh, path) < 0)
        r = fail(err, errno, "cannot put %s in its place", path);
    if (r < 0)
        (void) unlink(fresh);
    return r;
}

int verb_edit(const struct verb_call *call, int *ret_status, struct error **err)
{
    (void) ret_status;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        fail_plain(err, ENOTTY, "Cannot edit machine settings if not on a tty.");
        fail_hint(*err, "'redd cat' prints them; a file in " TRUSTED_FOLDER " can be written by any program");
        fail_id(*err, "R3027");
        return -ENOTTY;
    }
    for (int i = 0; i < call->argc; i++) {
        auto_free char *name = machine_of(call->argv[i]), *from = NULL, *path = NULL;

        if (path_is_absolute(call->argv[i]))
            path = mem_copy_string(call->argv[i]);
        else if (check_name(name, err) < 0)
            return -error_code(*err);
        /* others' files are not changed: what they say goes on from where administrators say it */
        if (!path) {
            path = settings_file_path(TRUSTED_FOLDER, name);
            from = find_file(name, call->options->user_scope);
        } else if (access(path, F_OK) == 0)
            from = mem_copy_string(path);
        if (edit_file(path, from, err) < 0)
            return -error_code(*err);
    }
    return 0;
}
