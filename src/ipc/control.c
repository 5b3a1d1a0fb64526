/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The packets of the control socket and its two ends. A supervisor reads what anybody who may open the socket sends,
 * so a packet is bounded, checked, and its descriptors are closed when nobody took them.
 */
#include "ipc/control.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"

#define GREETING "redd-control "
#define TIMEOUT_MS_DEFAULT 30000
#define WORD_MAX 32

/* How many may wait to be answered. */
#define BACKLOG 32

void control_message_done(struct control_message *message)
{
    for (size_t i = 0; i < message->n_fds; i++)
        fd_closep(&message->fds[i]);
    free(message->word);
    strings_done(&message->fields);
    error_freep(&message->error);
    *message = (struct control_message){0};
}

void control_add(struct control_message *message, const char *name, const char *fmt, ...)
{
    char value[CONTROL_SIZE_MAX];
    va_list arguments;

    va_start(arguments, fmt);
    (void) vsnprintf(value, sizeof value, fmt, arguments);
    va_end(arguments);
    for (char *p = value; *p; p++)
        if ((unsigned char) *p < ' ')
            *p = ' ';
    strings_add_format(&message->fields, "%s=%s", name, value);
}

const char *control_get(const struct control_message *message, const char *name)
{
    return environment_get(&message->fields, name);
}

void control_add_fd(struct control_message *message, int fd)
{
    message->fds[message->n_fds++] = fd;
}

/* -- the text -- */

int control_format(const struct control_message *message, char *buffer)
{
    const char *word = message->error ? "error" : message->word;
    size_t used = (size_t) snprintf(buffer, CONTROL_SIZE_MAX, GREETING "%d %s\n", CONTROL_VERSION, word);

    if (message->error)
        return (int) (used + error_pack(message->error, buffer + used, CONTROL_SIZE_MAX - used));
    for (size_t i = 0; i < message->fields.count; i++) {
        size_t length = strlen(message->fields.item[i]);

        if (used + length + 1 > CONTROL_SIZE_MAX)
            return -EMSGSIZE;
        memcpy(buffer + used, message->fields.item[i], length);
        buffer[used + length] = '\n';
        used += length + 1;
    }
    return (int) used;
}

static bool is_word(const char *text, size_t length)
{
    if (length == 0 || length >= WORD_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!(text[i] >= 'a' && text[i] <= 'z') && text[i] != '-')
            return false;
    return true;
}

/* The first line. Sets *ret_used to its length. */
static int parse_greeting(const char *packet, size_t size, char **ret_word, size_t *ret_used, struct error **err)
{
    const char *end = memchr(packet, '\n', size);
    char line[sizeof GREETING + 12 + WORD_MAX];
    uint32_t version;

    if (!end || (size_t) (end - packet) >= sizeof line || memchr(packet, '\0', (size_t) (end - packet)))
        return fail_plain(err, EBADMSG, "what came over the control socket is no message");
    memcpy(line, packet, (size_t) (end - packet));
    line[end - packet] = '\0';

    char *number = string_starts(line, GREETING) ? line + strlen(GREETING) : NULL;
    char *word = number ? strchr(number, ' ') : NULL;
    if (!word)
        return fail_plain(err, EBADMSG, "what came over the control socket is no message");
    *word++ = '\0';
    if (parse_u32(number, &version) < 0 || !is_word(word, strlen(word)))
        return fail_plain(err, EBADMSG, "what came over the control socket is no message");
    if (version > CONTROL_VERSION) {
        fail_plain(err, EPROTONOSUPPORT, "the other side of the control socket is a newer redd, of version %u",
                   version);
        fail_hint(*err, "restart the machine, or use the redd that started it");
        return -EPROTONOSUPPORT;
    }
    *ret_word = mem_copy_string(word);
    *ret_used = (size_t) (end - packet) + 1;
    return 0;
}

static int parse_fields(const char *text, size_t size, struct strings *ret, struct error **err)
{
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        const char *sign = end ? memchr(text, '=', (size_t) (end - text)) : NULL;

        if (!sign || !environment_name_is_valid(text, (size_t) (sign - text)) ||
            memchr(text, '\0', (size_t) (end - text)))
            return fail_plain(err, EBADMSG, "what came over the control socket has a line that is no field");
        strings_take(ret, mem_copy_bytes(text, (size_t) (end - text)));
        size -= (size_t) (end - text) + 1;
        text = end + 1;
    }
    return 0;
}

int control_parse(const char *packet, size_t size, struct control_message *ret, struct error **err)
{
    CLEANUP(control_message_done) struct control_message message = {0};
    size_t used = 0;

    if (parse_greeting(packet, size, &message.word, &used, err) < 0)
        return -error_code(*err);
    if (strcmp(message.word, "error") == 0)
        (void) error_unpack(&message.error, packet + used, size - used);
    else if (parse_fields(packet + used, size - used, &message.fields, err) < 0)
        return -error_code(*err);
    *ret = message;
    message = (struct control_message){0};
    return 0;
}

/* -- over a socket -- */

int control_send(int fd, const struct control_message *message, struct error **err)
{
    char packet[CONTROL_SIZE_MAX];
    int n = control_format(message, packet);

    if (n < 0)
        return fail(err, -n, "cannot send what is longer than %d bytes", CONTROL_SIZE_MAX);

    int r = fd_send_with(fd, packet, (size_t) n, message->fds, message->n_fds);
    return r < 0 ? fail(err, -r, "cannot send over the control socket") : 0;
}

/* One byte more than there may be is asked for, so that a longer packet shows. */
int control_receive(int fd, struct control_message *ret, struct error **err)
{
    char packet[CONTROL_SIZE_MAX + 1];
    int fds[CONTROL_FDS_MAX];
    size_t n_fds = 0;

    ssize_t n = fd_recv_with(fd, packet, sizeof packet, fds, &n_fds);
    if (n < 0)
        return fail(err, (int) -n, "cannot receive from the control socket");

    struct control_message message = {0};
    int r = n == 0 ? fail_plain(err, ECONNRESET, "the other side of the control socket is gone")
            : n > CONTROL_SIZE_MAX
                ? fail_plain(err, EBADMSG, "what came over the control socket is too long")
                : control_parse(packet, (size_t) n, &message, err);
    for (size_t i = 0; i < n_fds; i++)
        if (r == 0)
            control_add_fd(&message, fds[i]);
        else
            (void) close(fds[i]);
    if (r == 0)
        *ret = message;
    return r;
}

/* A path that is too long for an address goes by its folder's descriptor, which the caller closes. */
static int make_address(const char *path, struct sockaddr_un *ret, int *ret_folder_fd, struct error **err)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) < sizeof ret->sun_path) {
        (void) strcpy(ret->sun_path, path);
        return 0;
    }

    auto_free char *folder = path_parent(path);
    *ret_folder_fd = file_open(folder, O_PATH | O_DIRECTORY);
    if (*ret_folder_fd < 0)
        return fail(err, errno, "cannot open %s", folder);
    (void) snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/%s", *ret_folder_fd, path_last(path));
    return 0;
}

int control_listen(const char *path, int *ret_fd, struct error **err)
{
    auto_close int folder_fd = -1;
    auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address;

    if (fd < 0)
        return fail(err, errno, "cannot make a control socket");
    if (make_address(path, &address, &folder_fd, err) < 0)
        return -error_code(*err);

    /* the mode of the socket is set before it has a name */
    if (fchmod(fd, 0600) < 0)
        return fail(err, errno, "cannot protect the control socket");
    int r = bind(fd, (struct sockaddr *) &address, sizeof address);
    if (r < 0 && errno == EADDRINUSE && unlink(path) == 0)
        r = bind(fd, (struct sockaddr *) &address, sizeof address);
    if (r < 0 || listen(fd, BACKLOG) < 0)
        return fail(err, errno, "cannot listen at %s", path);
    *ret_fd = take_fd(&fd);
    return 0;
}

bool control_peer_may(int connection_fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    if (getsockopt(connection_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return false;
    return peer.uid == 0 || peer.uid == geteuid();
}

/* -- asking -- */

static int await(int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd wanted = {.fd = fd, .events = events};
        int64_t left = deadline_ms - clock_ms();
        int r = poll(&wanted, 1, left > 0 ? (int) left : 0);

        if (r > 0)
            return 0;
        if (r == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

static int connect_to(const char *path, int *ret_fd, struct error **err)
{
    auto_close int folder_fd = -1;
    auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct sockaddr_un address;

    if (fd < 0)
        return fail(err, errno, "cannot make a socket");
    if (make_address(path, &address, &folder_fd, err) < 0)
        return -error_code(*err);
    while (connect(fd, (struct sockaddr *) &address, sizeof address) < 0) {
        if (errno == EINTR)
            continue;
        if (errno == ENOENT || errno == ECONNREFUSED)
            return fail_plain(err, ENXIO, "nobody listens at %s", path);
        return fail(err, errno, "cannot connect to %s", path);
    }
    *ret_fd = take_fd(&fd);
    return 0;
}

int control_call(const char *path, const struct control_message *request, unsigned timeout_ms,
                 struct control_message *ret_answer, struct error **err)
{
    CLEANUP(control_message_done) struct control_message answer = {0};
    int64_t deadline_ms = clock_ms() + (timeout_ms ? timeout_ms : TIMEOUT_MS_DEFAULT);
    auto_close int fd = -1;

    if (connect_to(path, &fd, err) < 0 || control_send(fd, request, err) < 0)
        return -error_code(*err);

    int r = await(fd, POLLIN, deadline_ms);
    if (r == -ETIMEDOUT) {
        fail_plain(err, ETIMEDOUT, "the supervisor does not answer");
        fail_id(*err, "R4001");
        fail_hint(*err, "it may be stopped, or wait for a disk: see the state of its process in ps(1)");
        return -ETIMEDOUT;
    }
    if (r < 0)
        return fail(err, -r, "cannot wait for the supervisor's answer");
    if (control_receive(fd, &answer, err) < 0)
        return fail_in(err, "the supervisor gave no answer");
    if (answer.error) {
        *err = TAKE(answer.error);
        return -error_code(*err);
    }
    *ret_answer = answer;
    answer = (struct control_message){0};
    return 0;
}
