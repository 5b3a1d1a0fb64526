/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "enter/guest_session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "config/signal_name.h"
#include "enter/identity.h"
#include "inside/user.h"

/* The status of a unit that PAM has turned away, systemd.exec(5): EXIT_PAM. A program may end with it as well, so
 * nothing is started a second time for it. */
enum { REFUSED_BY_PAM = 224, SAID_MAX = 4096 };

/* Of a session at a terminal, whoever it is for. */
static const char *const properties[] = {
    "StandardInput=tty-force", "StandardOutput=tty", "StandardError=tty", "UtmpMode=user",
    "SendSIGHUP=yes",          "IgnoreSIGPIPE=no",   "KillMode=mixed",
};

void guest_session_done(struct guest_session *session)
{
    strings_done(&session->words);
    fd_closep(&session->said_fd);
    fd_closep(&session->said_peer_fd);
}

static bool is_there(const struct guest *guest, const char *path, mode_t type)
{
    auto_close int fd = path_open_in(guest->root_fd, path, O_PATH, 0);
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

/* The command line of a unit has variables in it: a dollar sign is written twice. */
static void add_plain(struct strings *words, const char *word)
{
    size_t n = strlen(word);
    auto_free char *doubled = mem_alloc(2 * n + 1);
    char *to = doubled;

    for (; *word; word++) {
        *to++ = *word;
        if (*word == '$')
            *to++ = '$';
    }
    strings_add(words, doubled);
}

/* Shells that know -l; the name in argv[0] is the unit's to choose, not ours. */
static bool has_login_option(const char *shell)
{
    static const char *const shells[] = {"ash", "bash", "dash", "fish", "ksh", "mksh", "sh", "tcsh", "zsh"};
    const char *name = path_last(shell);

    for (size_t i = 0; i < COUNT_OF(shells); i++)
        if (strcmp(name, shells[i]) == 0)
            return true;
    return false;
}

static void add_command(const struct entry *asked, const struct user *user, struct strings *words)
{
    const char *shell = user->shell && *user->shell ? user->shell : "/bin/sh";

    strings_add(words, "--");
    for (char **word = asked->argv; word && *word; word++)
        add_plain(words, *word);
    if (asked->argv)
        return;
    add_plain(words, shell);
    if (has_login_option(shell))
        strings_add(words, "-l");
}

static void add_words(const struct entry *asked, const struct user *user, unsigned number, struct strings *words)
{
    static const char *const pam[] = {"/etc/pam.d/login", "/usr/lib/pam.d/login"};

    strings_add(words, "/usr/bin/systemd-run");
    strings_add(words, "--wait");
    strings_add(words, "--collect");
    strings_add(words, "--no-ask-password");
    strings_add_format(words, "--unit=container-shell@%u-%d.service", number, (int) getpid());
    strings_add_format(words, "--description=Session of user %s", user->name);
    for (size_t i = 0; i < COUNT_OF(properties); i++)
        strings_add_format(words, "--property=%s", properties[i]);
    strings_add_format(words, "--property=TTYPath=/dev/pts/%u", number);
    strings_add_format(words, "--property=UtmpIdentifier=pts/%u", number);
    strings_add_format(words, "--property=User=%s", user->name);
    for (size_t i = 0; i < COUNT_OF(pam); i++)
        if (is_there(asked->guest, pam[i], S_IFREG)) {
            strings_add(words, "--property=PAMName=login");
            break;
        }
    if (asked->working_directory)
        strings_add_format(words, "--property=WorkingDirectory=%s", asked->working_directory);
    else
        strings_add(words, "--property=WorkingDirectory=-~");
    for (size_t i = 0; i < asked->environment->count; i++)
        strings_add_format(words, "--setenv=%s", asked->environment->item[i]);
    add_command(asked, user, words);
}

bool guest_session_prepare(const struct entry *asked, int master_fd, struct guest_session *ret)
{
    CLEANUP(user_done) struct user user = {0};
    auto_error struct error *unknown = NULL;
    unsigned number;
    int pair[2];

    if (asked->guest->is_host || !is_there(asked->guest, "/run/systemd/private", S_IFSOCK) ||
        !is_there(asked->guest, "/run/dbus/system_bus_socket", S_IFSOCK) ||     /* it cannot wait without */
        !is_there(asked->guest, "/usr/bin/systemd-run", S_IFREG) || ioctl(master_fd, TIOCGPTN, &number) < 0 ||
        identity_find(asked->guest->root_fd, asked->user, &user, &unknown) < 0 ||
        pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
        return false;
    *ret = (struct guest_session){.guest = asked->guest, .said_fd = pair[0], .said_peer_fd = pair[1]};
    add_words(asked, &user, number, &ret->words);
    return true;
}

int guest_session_start(struct guest_session *session, struct entered *ret, int *ret_status, struct error **err)
{
    const struct strings nothing = {0};
    auto_close int null_fd = file_open("/dev/null", O_RDWR);
    const struct entry entry = {
        .guest = session->guest, .argv = session->words.item, .program_fd = -1, .environment = &nothing,
        .working_directory = "/", .fds = {null_fd, null_fd, session->said_peer_fd}, .ends_with_caller = true,
    };

    return null_fd < 0 ? fail(err, errno, "cannot open /dev/null") : entry_start(&entry, ret, ret_status, err);
}

/* "code=killed/status=TERM", in newer ones "code=killed, status=15/TERM". */
int guest_session_read_end(const char *text, int status)
{
    const char *end = strstr(text, "\nMain processes terminated with: code=");
    int number;

    if (!strstr(text, "Running as unit: "))
        return -1;
    end = end ? strchr(end, '=') + 1 : "";
    if (strncmp(end, "killed", 6) != 0 && strncmp(end, "dumped", 6) != 0)
        return status;
    auto_free char *line = mem_copy_bytes(end, strcspn(end, "\n"));
    const char *name = strrchr(line, '/');
    name = name ? name + 1 : "";
    if (strncmp(name, "status=", 7) == 0)
        name += 7;
    return signal_parse(name, &number) == 0 ? 128 + number : status;
}

bool guest_session_judge(struct guest_session *session, int *status)
{
    char text[SAID_MAX];
    size_t size = 0;
    ssize_t n;

    while (size < sizeof text - 1 && (n = read(session->said_fd, text + size, sizeof text - 1 - size)) > 0)
        size += (size_t) n;
    text[size] = '\0';
    int end = guest_session_read_end(text, *status);
    if (end < 0) {
        log_debug("the machine's systemd made no session: %s", text);
        return false;
    }
    if (end == REFUSED_BY_PAM)
        log_info("The machine's PAM may have refused the session; 'redd exec --tty' enters without asking it.");
    *status = end;
    return true;
}
