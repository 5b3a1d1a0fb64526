/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop, the table of its own commands, and the starting of programs. It runs inside, as confined as all there. */
#include "cli/small_shell.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/strings.h"
#include "inside/program.h"

enum { NOT_FOUND = 127, NOT_EXECUTABLE = 126, BUFFER_SIZE = 64 << 10 };

struct shell {
    int status;
    bool ends;
};

static int complain(const char *what)
{
    (void) fprintf(stderr, "%s: %s\n", what, strerror(errno));
    return EXIT_FAILURE;
}

/* -- commands of its own -- */

static int command_cd(struct shell *shell, const struct strings *words)
{
    const char *home = getenv("HOME"), *folder = words->count > 1 ? words->item[1] : home ? home : "/";

    (void) shell;
    return chdir(folder) < 0 ? complain(folder) : 0;
}

static int command_pwd(struct shell *shell, const struct strings *words)
{
    auto_free char *folder = getcwd(NULL, 0);

    (void) shell, (void) words;
    if (!folder)
        return complain("pwd");
    (void) puts(folder);
    return 0;
}

static int list_entry(int dir_fd, const char *name)
{
    static const char kinds[] = "?pc?d?b?-?l?s???";
    char target[512];
    struct stat st;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return complain(name);
    ssize_t n = S_ISLNK(st.st_mode) ? readlinkat(dir_fd, name, target, sizeof target) : 0;
    (void) printf("%c%04o %6u %6u %10lld %s%s%.*s\n", kinds[(st.st_mode & S_IFMT) >> 12], st.st_mode & 07777,
                  (unsigned) st.st_uid, (unsigned) st.st_gid, (long long) st.st_size, name, n > 0 ? " -> " : "",
                  n > 0 ? (int) n : 0, target);
    return 0;
}

static int list(const char *path)
{
    auto_close int fd = file_open(path, O_RDONLY | O_DIRECTORY);
    struct dirent **entries;
    int status = 0, n;

    if (fd < 0)
        return errno == ENOTDIR ? list_entry(AT_FDCWD, path) : complain(path);
    n = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
            status |= list_entry(fd, entries[i]->d_name);
        free(entries[i]);
    }
    if (n < 0)
        return complain(path);
    free(entries);
    return status;
}

static int command_ls(struct shell *shell, const struct strings *words)
{
    int status = 0;

    (void) shell;
    for (size_t i = 1; i < words->count; i++)
        status |= list(words->item[i]);
    return words->count > 1 ? status : list(".");
}

static int print_file(const char *path)
{
    auto_close int fd = file_open(path, O_RDONLY);
    auto_free char *buffer = mem_alloc(BUFFER_SIZE);
    ssize_t n = -1;

    (void) fflush(stdout);
    while (fd >= 0 && (n = read(fd, buffer, BUFFER_SIZE)) > 0)
        if (fd_write_full(STDOUT_FILENO, buffer, (size_t) n) < 0)
            return EXIT_FAILURE;
    return n < 0 ? complain(path) : 0;
}

static int command_cat(struct shell *shell, const struct strings *words)
{
    int status = 0;

    (void) shell;
    for (size_t i = 1; i < words->count; i++)
        status |= print_file(words->item[i]);
    return status;
}

static void print_process(const char *pid)
{
    auto_free char *path = mem_format("/proc/%s/cmdline", pid);
    char text[256];
    auto_close int fd = file_open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (n < 0)
        return;
    for (ssize_t i = 0; i < n; i++)
        if ((unsigned char) text[i] < ' ')
            text[i] = ' ';
    (void) printf("%7s %.*s\n", pid, (int) n, text);
}

static int command_ps(struct shell *shell, const struct strings *words)
{
    DIR *dir = opendir("/proc");

    (void) shell, (void) words;
    if (!dir)
        return complain("/proc");
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[strspn(entry->d_name, "0123456789")] == '\0')
            print_process(entry->d_name);
    (void) closedir(dir);
    return 0;
}

static int command_env(struct shell *shell, const struct strings *words)
{
    (void) shell;
    if (words->count == 1)
        for (char **variable = environ; *variable; variable++)
            (void) puts(*variable);
    for (size_t i = 1; i < words->count; i++) {
        char *equals = strchr(words->item[i], '=');

        if (!equals) {
            (void) fprintf(stderr, "env: '%s' is not NAME=VALUE\n", words->item[i]);
            return EXIT_FAILURE;
        }
        *equals = '\0';
        (void) setenv(words->item[i], equals + 1, 1);
    }
    return 0;
}

static int command_kill(struct shell *shell, const struct strings *words)
{
    uint32_t sig = SIGTERM, pid;
    size_t first = words->count > 1 && words->item[1][0] == '-' ? 2 : 1;

    (void) shell;
    if (first == 2 && parse_u32(words->item[1] + 1, &sig) < 0)
        sig = UINT32_MAX;
    if (words->count <= first || sig > 64) {
        (void) fputs("kill: as in: kill -9 PID\n", stderr);
        return EXIT_FAILURE;
    }
    for (size_t i = first; i < words->count; i++)
        if (parse_u32(words->item[i], &pid) < 0 || kill((pid_t) pid, (int) sig) < 0)
            return complain(words->item[i]);
    return 0;
}

static int command_exit(struct shell *shell, const struct strings *words)
{
    uint32_t status = (uint32_t) shell->status;

    if (words->count > 1 && parse_u32(words->item[1], &status) < 0)
        status = 2;
    shell->ends = true;
    return (int) (status & 0xff);
}

static int command_help(struct shell *shell, const struct strings *words);

static const struct command {
    const char *name;
    int (*run)(struct shell *shell, const struct strings *words);
    const char *help;
} commands[] = {
    {"cat", command_cat, "FILE...: print files"},
    {"cd", command_cd, "[FOLDER]: change to a folder"},
    {"env", command_env, "[NAME=VALUE...]: print the environment, or change it"},
    {"exit", command_exit, "[STATUS]: leave"},
    {"help", command_help, ": this"},
    {"kill", command_kill, "[-SIGNAL] PID...: send a signal"},
    {"ls", command_ls, "[PATH...]: list folders: mode, owner, group, size, name"},
    {"ps", command_ps, ": list processes"},
    {"pwd", command_pwd, ": print the folder"},
};

static int command_help(struct shell *shell, const struct strings *words)
{
    (void) shell, (void) words;
    (void) puts("This machine has no shell, so redd brought this one along. Programs are run by their names; besides:");
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        (void) printf("  %s %s\n", commands[i].name, commands[i].help);
    return 0;
}

/* -- programs -- */

static _Noreturn void become(struct strings *words)
{
    CLEANUP(strings_done) struct strings environment = {0};
    struct error *err = NULL;
    auto_close int root_fd = file_open("/", O_PATH | O_DIRECTORY);

    (void) signal(SIGINT, SIG_DFL);
    (void) signal(SIGQUIT, SIG_DFL);
    for (char **variable = environ; *variable; variable++)
        strings_add(&environment, *variable);
    int r = program_exec(root_fd, words->item, &environment, &err);
    (void) fprintf(stderr, "%s\n", error_text(err));
    _exit(r == -ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

static int run_program(struct strings *words)
{
    int status;

    (void) fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        return complain("fork");
    if (pid == 0)
        become(words);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return complain("wait");
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_line(struct shell *shell, const char *line)
{
    CLEANUP(strings_done) struct strings words = {0};

    if (strings_split_words(&words, line) < 0) {
        (void) fputs("a quote is not closed, or an escape is unknown\n", stderr);
        return 2;
    }
    if (words.count == 0)
        return shell->status;
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(commands[i].name, words.item[0]) == 0)
            return commands[i].run(shell, &words);
    if (strcmp(words.item[0], "exec") == 0 && words.count > 1) {
        free(words.item[0]);
        memmove(words.item, words.item + 1, words.count * sizeof *words.item);
        words.count--;
        become(&words);
    }
    return run_program(&words);
}

int small_shell_run(void)
{
    struct shell shell = {0};
    auto_free char *line = NULL;
    size_t room = 0;
    bool asks = isatty(STDIN_FILENO);

    /* for the program in the foreground */
    (void) signal(SIGINT, SIG_IGN);
    (void) signal(SIGQUIT, SIG_IGN);
    if (asks)
        (void) puts("This machine has no shell. This is redd's own small one: 'help' says what it knows.");
    while (!shell.ends) {
        if (asks)
            (void) printf("redd:%s# ", getenv("USER") ? getenv("USER") : "");
        (void) fflush(stdout);

        ssize_t n = getline(&line, &room, stdin);
        if (n < 0)
            break;
        if (n > 0 && line[n - 1] == '\n')
            line[n - 1] = '\0';
        shell.status = run_line(&shell, line);
        (void) fflush(stdout);
    }
    return shell.status;
}
