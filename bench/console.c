/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Times what comes out of a console.
 *
 *     console [--pipe] [--cgroup=DIR] --megabytes=N -- COMMAND [ARGUMENT...]
 *
 * The command runs on a terminal of its own, or with --pipe on a pipe, and its payload spews (see payload.c). Timed is
 * the way from the line "BEGIN" to the line "END", not the start. Every byte between them is compared with what must
 * come; only carriage returns before a line end, which terminals add, may differ.
 * Prints one line: MB a second, cpu of the whole tree in microseconds, exit status.
 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LINE_LENGTH = 64, /* of the payload's lines, with the line end */
    MAX_RETURNS = 2, /* before a line end: one for each terminal on the way that adds them */
    BUFFER_SIZE = 65536,
    MEGABYTE = 1048576,
};

/* What has come so far. EXPECTED repeats the line, with its returns, and one more for any offset. */
struct stream {
    char head[4096]; /* until BEGIN, then what follows the text */
    size_t head_length;
    char expected[BUFFER_SIZE + LINE_LENGTH + MAX_RETURNS];
    size_t line_length; /* 0: not yet known how lines end here */
    uint64_t done, wanted;
    int64_t begin_ns, end_ns;
    bool is_wrong;
};

static void stream_learn_line_end(struct stream *stream, size_t n_returns, uint64_t megabytes)
{
    size_t length = LINE_LENGTH + n_returns;

    for (size_t i = 0; i < sizeof(stream->expected); i++) {
        size_t column = i % length;

        stream->expected[i] = (char) (column == length - 1        ? '\n'
                                      : column >= LINE_LENGTH - 1 ? '\r'
                                                                  : '0' + (int) column);
    }
    stream->line_length = length;
    stream->wanted = megabytes * (MEGABYTE / LINE_LENGTH) * length;
}

/* Looks for WORD and its line end; returns what follows it in the head, or NULL. */
static char *head_find(struct stream *stream, const char *word, size_t *ret_returns)
{
    char *end = NULL;

    stream->head[stream->head_length] = '\0';
    char *found = strstr(stream->head, word);
    if (found != NULL) {
        *ret_returns = strspn(found + strlen(word), "\r");
        end = found + strlen(word) + *ret_returns;
    }
    return end != NULL && *end == '\n' ? end + 1 : NULL;
}

static void head_add(struct stream *stream, const char *text, size_t length)
{
    size_t room = sizeof(stream->head) - 1 - stream->head_length;

    if (length > room)
        length = room;
    memcpy(stream->head + stream->head_length, text, length);
    stream->head_length += length;
}

static void stream_take(struct stream *stream, const char *text, size_t length, uint64_t megabytes)
{
    size_t n_returns = 0, taken = 0;

    if (stream->line_length == 0) {
        size_t before = stream->head_length;

        head_add(stream, text, length);
        const char *rest = head_find(stream, "BEGIN", &n_returns);
        if (rest == NULL || n_returns > MAX_RETURNS)
            return;
        stream_learn_line_end(stream, n_returns, megabytes);
        stream->begin_ns = measure_now_ns();
        taken = (size_t) (rest - stream->head) - before;
        stream->head_length = 0;
    }

    uint64_t left = stream->wanted - stream->done;
    size_t compared = length - taken < left ? length - taken : (size_t) left;

    if (memcmp(text + taken, stream->expected + stream->done % stream->line_length, compared) != 0)
        stream->is_wrong = true;
    stream->done += compared;
    taken += compared;

    if (stream->done == stream->wanted && stream->end_ns == 0) {
        head_add(stream, text + taken, length - taken);
        if (head_find(stream, "END", &n_returns) != NULL)
            stream->end_ns = measure_now_ns();
    }
}

static void stream_measure(struct stream *stream, struct launch *launch, uint64_t megabytes, bool is_pipe)
{
    static char buffer[BUFFER_SIZE];
    ssize_t length;
    int from_fd;

    if (is_pipe) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
            measure_die("make a pipe");
        from_fd = ends[0];
        launch->out_fd = ends[1];
        launch->in_fd = measure_open("/dev/null", O_RDONLY);
    } else {
        from_fd = measure_open_terminal(&launch->out_fd);
        launch->in_fd = launch->out_fd;
        launch->has_terminal = true;
    }

    int64_t started_ns = measure_now_ns();
    pid_t child = launch_start(launch);
    (void) close(launch->out_fd);
    while ((length = read(from_fd, buffer, sizeof(buffer))) > 0)
        stream_take(stream, buffer, (size_t) length, megabytes);

    struct usage usage = launch_wait(child, started_ns);
    errno = EBADMSG;
    if (stream->line_length == 0)
        measure_die("a stream that does not begin");
    if (stream->is_wrong)
        measure_die("a stream that is not what was written");
    if (stream->end_ns == 0)
        measure_die("a stream that lost its end");
    (void) printf("%.2f %lld %d\n",
                  (double) (megabytes * MEGABYTE) / 1e6 / ((double) (stream->end_ns - stream->begin_ns) / 1e9),
                  (long long) usage.cpu_ns / 1000, usage.status);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"pipe", no_argument, NULL, 'p'},
        {"cgroup", required_argument, NULL, 'g'},
        {"megabytes", required_argument, NULL, 'm'},
        {NULL, 0, NULL, 0},
    };
    static struct stream stream;
    struct launch launch = {.in_fd = -1, .out_fd = -1, .cgroup_fd = -1};
    uint64_t megabytes = 0;
    bool is_pipe = false;
    int option;

    while ((option = getopt_long(argc, argv, "+", known, NULL)) >= 0) {
        if (option == 'p')
            is_pipe = true;
        else if (option == 'g')
            launch.cgroup_fd = measure_open_cgroup(optarg);
        else if (option == 'm')
            megabytes = strtoull(optarg, NULL, 10);
        else
            return EXIT_FAILURE;
    }
    launch.argv = argv + optind;
    errno = EINVAL;
    if (launch.argv[0] == NULL || megabytes == 0)
        measure_die("nothing");

    stream_measure(&stream, &launch, megabytes, is_pipe);
    return EXIT_SUCCESS;
}
