/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The supervisor's end of the control socket. Whoever may connect may also be slow, so each connection is a source of
 * the event loop with a deadline, and there is a limit to how many are open.
 */
#include "runtime/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "inside/console.h"
#include "runtime/limits.h"
#include "runtime/onlookers.h"
#include "runtime/run_state.h"

enum { CONNECTIONS_MAX = 64, PATIENCE_MS = 10000, SERVICES_MAX = 8, STATUS_MAX = 512 };

struct control {
    struct run *run;
    struct event_source source;         /* of the listening socket */
    struct control_connection *first;
    size_t n_connections;
    const struct control_service *services[SERVICES_MAX];
    size_t n_services;
    struct control_boot boot;
    struct onlookers onlookers;
    bool is_ready, wants_end;
    unsigned n_boots;
    char status[STATUS_MAX];
};

struct control_connection {
    struct control_connection *next;
    struct control *control;
    struct event_source source;
    bool awaits_ready;
};

/* -- the words -- */

typedef int serve_fn(struct control *control, const struct control_message *request, struct control_message *answer,
                     struct error **err);

static int serve_ping(struct control *control, const struct control_message *request, struct control_message *answer,
                      struct error **err)
{
    (void) control, (void) request, (void) err;
    control_add(answer, "PID", "%d", (int) getpid());
    return 0;
}

static int serve_status(struct control *control, const struct control_message *request,
                        struct control_message *answer, struct error **err)
{
    static const char *const modes[] = {
        [CONSOLE_DEFAULT] = "default", [CONSOLE_INTERACTIVE] = "interactive", [CONSOLE_READ_ONLY] = "read-only",
        [CONSOLE_PASSIVE] = "passive", [CONSOLE_PIPE] = "pipe",               [CONSOLE_AUTOPIPE] = "autopipe",
    };

    (void) request, (void) err;
    control_add(answer, "LEADER", "%d", (int) control->run->pid);
    control_add(answer, "READY", "%s", control->is_ready ? "yes" : "no");
    control_add(answer, "STATUS", "%s", control->status);
    control_add(answer, "CONSOLE", "%s", modes[control->run->console_mode]);
    control_add(answer, "ONLOOKERS", "%zu", control->onlookers.count);
    control_add(answer, "BOOTS", "%u", control->n_boots);
    control_add(answer, "KILL_SIGNAL", "%d", control->run->spec->kill_signal);
    return 0;
}

static int serve_stop(struct control *control, const struct control_message *request, struct control_message *answer,
                      struct error **err)
{
    static const char *const names[] = {
        [CONTROL_STOP_ASK] = "ask", [CONTROL_STOP_NOW] = "now", [CONTROL_STOP_NOTE] = "note",
        [CONTROL_STOP_AGAIN] = "again"};
    const char *how = control_get(request, "HOW");

    (void) answer;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (string_equal(how, names[i])) {
            control->wants_end |= i != CONTROL_STOP_AGAIN;
            if (control->boot.stop)
                control->boot.stop(control->boot.data, (enum control_stop) i);
            return 0;
        }
    return fail_plain(err, EINVAL, "HOW= of a stop is 'ask', 'now', 'note' or 'again'");
}

static int read_size(const struct control_message *request, uint32_t *ret_columns, uint32_t *ret_rows)
{
    const char *size = control_get(request, "SIZE");
    CLEANUP(strings_done) struct strings parts = {0};

    if (size)
        strings_split(&parts, size, "x");
    if (parts.count != 2 || parse_u32(parts.item[0], ret_columns) < 0 || parse_u32(parts.item[1], ret_rows) < 0)
        return -EINVAL;
    return *ret_columns <= 0xffff && *ret_rows <= 0xffff ? 0 : -EINVAL;
}

static int serve_resize(struct control *control, const struct control_message *request,
                        struct control_message *answer, struct error **err)
{
    uint32_t columns, rows;

    (void) answer;
    if (read_size(request, &columns, &rows) < 0)
        return fail_plain(err, EINVAL, "SIZE= is COLUMNSxROWS");
    if (control->boot.console)
        console_set_size(control->boot.console, columns, rows);
    return 0;
}

static int serve_attach(struct control *control, const struct control_message *request,
                        struct control_message *answer, struct error **err)
{
    uint32_t columns, rows;
    int fd;

    if (control->run->console_mode == CONSOLE_PIPE) {
        fail_plain(err, ENOTTY, "the machine has no console: its payload speaks over pipes");
        fail_id(*err, "R4010");
        fail_hint(*err, "'redd shell' opens a terminal in it");
        return -ENOTTY;
    }
    if (onlookers_add(&control->onlookers, !string_equal(control_get(request, "TYPE"), "no"), &fd, err) < 0)
        return -error_code(*err);
    control_add_fd(answer, fd);
    if (read_size(request, &columns, &rows) == 0 && control->boot.console)
        console_set_size(control->boot.console, columns, rows);
    return 0;
}

static int serve_detach(struct control *control, const struct control_message *request,
                        struct control_message *answer, struct error **err)
{
    (void) request, (void) answer, (void) err;
    onlookers_done(&control->onlookers);
    return 0;
}

static int serve_limit(struct control *control, const struct control_message *request, struct control_message *answer,
                       struct error **err)
{
    (void) answer;
    for (size_t i = 0; i < request->fields.count; i++) {
        const char *assignment = string_after(request->fields.item[i], "LIMIT=");

        if (assignment && limits_set(control->run, assignment, err) < 0)
            return -error_code(*err);
    }
    return 0;
}

static const struct {
    const char *word;
    serve_fn *serve;
} words[] = {
    {"ping", serve_ping}, {"status", serve_status}, {"stop", serve_stop},
    {"attach", serve_attach}, {"detach", serve_detach}, {"resize", serve_resize}, {"limit", serve_limit},
};

static int serve(struct control *control, const struct control_message *request, struct control_message *answer,
                 struct error **err)
{
    answer->word = mem_copy_string("ok");
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(request->word, words[i].word) == 0)
            return words[i].serve(control, request, answer, err);
    for (size_t i = 0; i < control->n_services; i++)
        if (strcmp(request->word, control->services[i]->word) == 0)
            return control->services[i]->serve(control->services[i]->data, request, answer, err);
    fail_plain(err, EOPNOTSUPP, "the supervisor does not know what '%s' is", request->word);
    fail_id(*err, "R4011");
    fail_hint(*err, "it was started by another version of redd: restart the machine");
    return -EOPNOTSUPP;
}

/* -- connections -- */

static void connection_close(struct control_connection *connection)
{
    struct control *control = connection->control;
    struct control_connection **place = &control->first;

    while (*place != connection)
        place = &(*place)->next;
    *place = connection->next;
    control->n_connections--;
    events_remove(&control->run->events, &connection->source);
    (void) close(connection->source.fd);
    free(connection);
}

/* A peer that is gone, or does not read the one packet it asked for, has lost it. */
static void connection_answer(struct control_connection *connection, struct control_message *answer)
{
    auto_error struct error *ignored = NULL;

    (void) control_send(connection->source.fd, answer, &ignored);
    connection_close(connection);
}

static void answer_ready(struct control_connection *connection, bool is_ready)
{
    CLEANUP(control_message_done) struct control_message answer = {.word = mem_copy_string("ok")};

    if (!is_ready) {
        (void) fail_plain(&answer.error, ECANCELED, "the machine ended before it was ready");
        fail_id(answer.error, "R4012");
        fail_hint(answer.error, "'redd logs' shows what it said");
    }
    connection_answer(connection, &answer);
}

static void connection_ready(struct event_source *source, short revents, int64_t now_ms)
{
    struct control_connection *connection = source->data;
    CLEANUP(control_message_done) struct control_message request = {0}, answer = {0};
    auto_error struct error *err = NULL;

    (void) now_ms;
    /* nobody speaks twice; who waits may leave */
    if (connection->awaits_ready || !(revents & POLLIN)) {
        connection_close(connection);
        return;
    }
    if (control_receive(source->fd, &request, &err) == 0) {
        if (strcmp(request.word, "await-ready") == 0) {
            connection->awaits_ready = true;
            source->events = 0;         /* a hangup is told in any case */
            source->deadline_ms = 0;
            if (connection->control->is_ready)
                answer_ready(connection, true);
            return;
        }
        (void) serve(connection->control, &request, &answer, &err);
    } else if (error_code(err) == ECONNRESET) {
        connection_close(connection);
        return;
    }
    answer.error = TAKE(err);
    connection_answer(connection, &answer);
}

static void accept_one(struct event_source *source, short revents, int64_t now_ms)
{
    struct control *control = source->data;
    auto_close int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void) revents;
    if (fd < 0 || !control_peer_may(fd) || control->n_connections >= CONNECTIONS_MAX)
        return;

    struct control_connection *connection = mem_alloc(sizeof *connection);
    *connection = (struct control_connection){
        .next = control->first,
        .control = control,
        .source = {.fd = take_fd(&fd), .events = POLLIN, .deadline_ms = now_ms + PATIENCE_MS,
                   .ready = connection_ready, .data = connection},
    };
    control->first = connection;
    control->n_connections++;
    events_add(&control->run->events, &connection->source);
}

/* -- for the rest of the run -- */

static struct control *control_of(struct run *run)
{
    if (!run->control) {
        run->control = mem_alloc(sizeof *run->control);
        *run->control = (struct control){.run = run, .source.fd = -1, .onlookers.events = &run->events};
    }
    return run->control;
}

void control_start(struct run *run)
{
    struct control *control = control_of(run);
    auto_error struct error *err = NULL;
    int fd;

    control->n_boots++;
    control->is_ready = false;
    control->status[0] = '\0';
    if (!run->host->listen || control->source.fd >= 0)
        return;
    if (run->host->listen(run->host->data, &fd, &err) < 0) {
        log_warning("cannot be spoken with: %s", error_text(err));
        return;
    }
    control->source = (struct event_source){.fd = fd, .events = POLLIN, .ready = accept_one, .data = control};
    events_add(&run->events, &control->source);
}

void control_offer(struct run *run, const struct control_service *service)
{
    struct control *control = control_of(run);

    if (control->n_services < SERVICES_MAX)
        control->services[control->n_services++] = service;
}

void control_follow(struct run *run, const struct control_boot *boot)
{
    struct control *control = control_of(run);

    control->boot = *boot;
    onlookers_follow(&control->onlookers, boot->console);
}

static void answer_waiting(struct control *control, bool is_ready)
{
    struct control_connection *next;

    for (struct control_connection *c = control->first; c; c = next) {
        next = c->next;
        if (c->awaits_ready)
            answer_ready(c, is_ready);
    }
}

void control_ready(struct run *run)
{
    if (!run->control)
        return;
    run->control->is_ready = true;
    answer_waiting(run->control, true);
}

void control_note_status(struct run *run, const char *text)
{
    if (run->control)
        (void) snprintf(run->control->status, sizeof run->control->status, "%s", text);
}

bool control_wants_end(const struct run *run)
{
    return run->control && run->control->wants_end;
}

void control_ended(struct run *run)
{
    const struct control_boot none = {0};

    if (!run->control)
        return;
    control_follow(run, &none);
    run->control->is_ready = false;
}

void control_done(struct run *run)
{
    struct control *control = run->control;

    if (!control)
        return;
    answer_waiting(control, false);
    while (control->first)
        connection_close(control->first);
    onlookers_done(&control->onlookers);
    if (control->source.fd >= 0) {
        events_remove(&run->events, &control->source);
        (void) close(control->source.fd);
    }
    free(TAKE(run->control));
}
