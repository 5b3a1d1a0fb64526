/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rendering of messages. Ctrl-C makes us leave; the job notices nothing of it. */
#include "cli/transfer_show.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cli/json.h"
#include "transfer/channel.h"

#define LINE_STEP_PERCENT 10
#define BAR_WIDTH 24

struct show {
    const struct request *request;
    bool on_terminal;
    bool bar_is_drawn;
    int64_t part_ms;            /* when the first word of this part came: a transfer fetches, then unpacks */
    uint64_t part_done;         /* what was there by then: one that is taken up has some */
    struct progress last;
    int told_percent;           /* in lines */
    struct json json;
};

static void clear_bar(struct show *show)
{
    if (show->bar_is_drawn)
        (void) fputs("\r\033[K", stderr);
    show->bar_is_drawn = false;
}

static void format_bytes(char *buffer, size_t size, double bytes)
{
    static const char *const units[] = {"B", "K", "M", "G", "T", "P"};
    size_t unit = 0;

    while (bytes >= 1024 && unit + 1 < COUNT_OF(units)) {
        bytes /= 1024;
        unit++;
    }
    (void) snprintf(buffer, size, unit && bytes < 10 ? "%.1f%s" : "%.0f%s", bytes, units[unit]);
}

static void format_seconds(char *buffer, size_t size, double seconds)
{
    unsigned long long n = seconds < 1e9 ? (unsigned long long) (seconds + 0.5) : 1000000000;

    if (n < 100)
        (void) snprintf(buffer, size, "%llus", n);
    else if (n < 6000)
        (void) snprintf(buffer, size, "%llum %llus", n / 60, n % 60);
    else
        (void) snprintf(buffer, size, "%lluh %llum", n / 3600, n / 60 % 60);
}

/* In bytes a second, of this part of the transfer. */
static double speed_of(struct show *show, const struct progress *progress)
{
    int64_t now = clock_ms();

    if (show->part_ms == 0 || progress->done < show->last.done || progress->total != show->last.total) {
        show->part_ms = now;
        show->part_done = progress->done;
    }
    show->last = *progress;
    if (now <= show->part_ms)
        return 0;
    return (double) (progress->done - show->part_done) * 1000 / (double) (now - show->part_ms);
}

static void draw_bar(struct show *show, const struct progress *progress)
{
    double speed = speed_of(show, progress);
    char done[32], rate[32], left[32], bar[BAR_WIDTH + 1];

    format_bytes(done, sizeof done, (double) progress->done);
    format_bytes(rate, sizeof rate, speed);
    if (progress->total == 0)
        (void) fprintf(stderr, "\r\033[K%s %s", show->request->verb->done, done);
    else {
        double share = (double) progress->done / (double) progress->total;
        int n = (int) ((share > 1 ? 1 : share) * BAR_WIDTH);

        for (int i = 0; i < BAR_WIDTH; i++)
            bar[i] = i < n ? '#' : '.';
        bar[BAR_WIDTH] = '\0';
        (void) fprintf(stderr, "\r\033[K%3d%% [%s] %s", (int) (share * 100), bar, done);
    }
    if (speed > 0)
        (void) fprintf(stderr, ", %s/s", rate);
    if (speed > 0 && progress->total > progress->done) {
        format_seconds(left, sizeof left, (double) (progress->total - progress->done) / speed);
        (void) fprintf(stderr, ", %s left", left);
    }
    show->bar_is_drawn = true;
}

static void tell_progress(struct show *show, const struct progress *progress)
{
    int percent = progress->total ? (int) (progress->done * 100.0 / progress->total) : -1;

    if (show->request->quiet)
        return;
    if (show->on_terminal) {
        draw_bar(show, progress);
        return;
    }
    if (percent < show->told_percent)       /* the next part of several */
        show->told_percent = 0;
    if (percent < show->told_percent + LINE_STEP_PERCENT && (percent < 100 || show->told_percent == 100))
        return;
    show->told_percent = percent - percent % LINE_STEP_PERCENT;
    (void) fprintf(stderr, "%s %d%%.\n", show->request->verb->done, percent);
}

static void show_json(struct show *show, const struct message *message, const struct error *error)
{
    const struct progress *progress = (const struct progress *) message->data;
    struct json *json = &show->json;

    if (message->type == MESSAGE_FACT)
        return;
    json_object(json, NULL);
    switch (message->type) {
    case MESSAGE_LINE:
        json_string(json, "type", "message");
        json_string(json, "text", message->data);
        break;
    case MESSAGE_PROGRESS:
        json_string(json, "type", "progress");
        json_unsigned(json, "done", progress->done);
        json_unsigned(json, "total", progress->total);
        break;
    case MESSAGE_ERROR:
        json_string(json, "type", "error");
        json_string(json, "text", error_text(error));
        if (error_id(error))
            json_string(json, "code", error_id(error));
        break;
    case MESSAGE_DONE:
        json_string(json, "type", "result");
        json_string(json, "result", "done");
        break;
    case MESSAGE_FACT:
        break;
    }
    json_end(json);
    json_finish(json);
    (void) fflush(stdout);
}

static bool speaks_json(const struct show *show)
{
    const struct request *request = show->request;
    int last = request->verb->max_words - 1;

    /* standard output is the archive's, unless that has a file */
    return request->json && (!request->verb->to_stdout || (last >= 0 && request_word(request, (size_t) last)));
}

static int show_message(struct show *show, const struct message *message, struct error **err)
{
    if (message->type == MESSAGE_ERROR) {
        clear_bar(show);
        (void) error_unpack(err, message->data, message->size);
    }
    if (speaks_json(show))
        show_json(show, message, *err);
    else if (message->type == MESSAGE_LINE && !show->request->quiet) {
        clear_bar(show);
        (void) fprintf(stderr, "%s\n", message->data);
    } else if (message->type == MESSAGE_PROGRESS)
        tell_progress(show, (const struct progress *) message->data);
    if (message->type == MESSAGE_DONE) {
        clear_bar(show);
        return SHOW_ENDED;
    }
    return *err ? -error_code(*err) : SHOW_LEFT;
}

static int open_interrupts(void)
{
    sigset_t set;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGINT);
    (void) sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static int leave(struct show *show)
{
    clear_bar(show);
    if (!show->request->quiet)
        (void) fputs("The transfer goes on in the background: 'redd list-transfers' shows it, "
                     "'redd cancel-transfer' ends it.\n",
                     stderr);
    return SHOW_LEFT;
}

int show_job(const struct request *request, int fd, struct error **err)
{
    struct show show = {.request = request, .on_terminal = isatty(STDERR_FILENO) == 1};
    auto_free struct message *message = mem_alloc(sizeof *message);
    auto_close int interrupt_fd = open_interrupts();

    if (request->json)
        (void) json_style_parse(request->json, &show.json.style);
    for (;;) {
        struct pollfd wait[] = {{.fd = fd, .events = POLLIN}, {.fd = interrupt_fd, .events = POLLIN}};

        if (poll(wait, 2, -1) < 0)
            continue;
        if (wait[1].revents)
            return leave(&show);

        int r = channel_receive(fd, message);
        if (r < 0)
            return fail(err, -r, "cannot listen to the transfer");
        if (r == 0) {
            clear_bar(&show);
            return SHOW_ENDED;
        }
        r = show_message(&show, message, err);
        if (r != SHOW_LEFT)
            return r;
    }
}
