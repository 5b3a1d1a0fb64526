/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * org.freedesktop.import1: transfers of images. Each is a redd-transfer of its own, which enters itself in the list
 * that redd's verbs read too (transfer/client.h); from its lines the daemon learns the number, and what to hand on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/authorize.h"
#include "api/service.h"
#include "api/worker.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "image/image_info.h"
#include "transfer/client.h"

#define TRANSFER_PATH IMPORT1_PATH "/transfer"

enum { FLAG_FORCE = 1, FLAG_READ_ONLY = 2, FLAG_KEEP_DOWNLOAD = 4, FLAGS_ALL = 7 };

/* As EX_NOPERM of sysexits.h, which not every C library has. */
enum { EXIT_NO_PERMISSION = 77 };

/* One that was asked for over the bus. */
struct started {
    struct service *service;
    sd_bus_message *call;       /* until its number is known */
    sd_event_source *lines, *child;
    pid_t pid;
    uint32_t id;                /* 0: not known yet */
    int fd;                     /* what it says */
    char *last;                 /* line; NULL: none */
    char buffer[1024];
    size_t used;
};

static void started_free(struct started *started)
{
    sd_event_source_disable_unref(started->lines);
    sd_event_source_disable_unref(started->child);
    sd_bus_message_unref(started->call);
    fd_closep(&started->fd);
    free(started->last);
    free(started);
}

static void path_of(uint32_t id, char ret[64])
{
    (void) snprintf(ret, 64, TRANSFER_PATH "/_%u", id);
}

/* -- what it says -- */

static void tell_number(struct started *started, const char *number)
{
    char path[64];

    started->id = (uint32_t) strtoul(number, NULL, 10);
    path_of(started->id, path);
    (void) sd_bus_emit_signal(started->service->bus, IMPORT1_PATH, IMPORT1_NAME ".Manager", "TransferNew", "uo",
                              started->id, path);
    (void) sd_bus_reply_method_return(started->call, "uo", started->id, path);
    started->call = sd_bus_message_unref(started->call);
}

/* A line such as "Imported 40%." says how far it is. */
static void tell_progress(const struct started *started, const char *path, const char *line)
{
    const char *word = strrchr(line, ' ');
    char *end;
    unsigned long percent = word ? strtoul(word + 1, &end, 10) : 0;

    if (word && end > word + 1 && strcmp(end, "%.") == 0 && percent <= 100)
        (void) sd_bus_emit_signal(started->service->bus, path, IMPORT1_NAME ".Transfer", "ProgressUpdate", "d",
                                  (double) percent / 100);
}

static void take_line(struct started *started, const char *line)
{
    enum { PRIORITY_INFO = 6 };
    const char *number = string_after(line, "Enqueued transfer job ");
    char path[64];

    free(started->last);
    started->last = mem_copy_string(line);
    if (number && started->call)
        tell_number(started, number);
    else if (started->id != 0) {
        path_of(started->id, path);
        (void) sd_bus_emit_signal(started->service->bus, path, IMPORT1_NAME ".Transfer", "LogMessage", "us",
                                  (uint32_t) PRIORITY_INFO, line);
        tell_progress(started, path, line);
    }
}

static void take_lines(struct started *started)
{
    char *begin = started->buffer, *end = begin + started->used;

    for (char *newline; (newline = memchr(begin, '\n', (size_t) (end - begin))); begin = newline + 1) {
        *newline = '\0';
        if (string_is_printable(begin))
            take_line(started, begin);
    }
    started->used = (size_t) (end - begin);
    memmove(started->buffer, begin, started->used);
    if (started->used == sizeof started->buffer)
        started->used = 0;      /* a line that long is for nobody */
}

static int on_lines(sd_event_source *source, int fd, uint32_t events, void *data)
{
    struct started *started = data;
    ssize_t n = read(fd, started->buffer + started->used, sizeof started->buffer - started->used);

    (void) events;
    if (n > 0) {
        started->used += (size_t) n;
        take_lines(started);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
    return 0;
}

/* -- its end -- */

static int on_exit_of(sd_event_source *source, const siginfo_t *info, void *data)
{
    struct started *started = data;
    bool done = info->si_code == CLD_EXITED && info->si_status == EXIT_SUCCESS;
    char path[64];

    /* what it said last may still be in the pipe */
    for (ssize_t n; (n = read(started->fd, started->buffer + started->used,
                              sizeof started->buffer - started->used)) > 0;) {
        started->used += (size_t) n;
        take_lines(started);
    }
    (void) source;
    if (started->call) {
        const char *text = started->last ? started->last : "the transfer failed without a word";

        bool denied = info->si_code == CLD_EXITED && info->si_status == EXIT_NO_PERMISSION;

        (void) sd_bus_reply_method_errorf(started->call, denied ? SD_BUS_ERROR_ACCESS_DENIED : SD_BUS_ERROR_FAILED,
                                          "%s", text);
    } else if (started->id != 0) {
        path_of(started->id, path);
        bool canceled = started->last && strstr(started->last, "ancel");
        (void) sd_bus_emit_signal(started->service->bus, IMPORT1_PATH, IMPORT1_NAME ".Manager", "TransferRemoved",
                                  "uos", started->id, path, done ? "done" : canceled ? "canceled" : "failed");
    }
    started_free(started);
    return 0;
}

/* -- its beginning -- */

struct transfer_order {
    const char *verb;           /* of redd-transfer */
    const char *first, *second; /* its words; NULL: none */
    const char *class, *verify, *format;
    uint64_t flags;
    int input_fd, output_fd;    /* -1: none */
};

/* "org.freedesktop.import1.pull" for "pull-tar". */
static void action_of(const char *verb, char ret[64])
{
    (void) snprintf(ret, 64, IMPORT1_NAME ".%.*s", (int) strcspn(verb, "-"), verb);
}

/* Where the transfer is to be: who may not ends here, with the reason as the last word. */
static void check_caller(const struct transfer_order *order, struct authorization *question)
{
    auto_error struct error *err = NULL;
    char action[64];

    action_of(order->verb, action);
    question->action = action;
    question->verb = order->verb;
    if (authorize(question, &err) == 0)
        return;
    log_error("%s", error_text(err));
    _exit(EXIT_NO_PERMISSION);
}

static void become_transfer(const struct transfer_order *order, struct authorization *question, int said_fd)
    __attribute__((noreturn));

static void become_transfer(const struct transfer_order *order, struct authorization *question, int said_fd)
{
    CLEANUP(strings_done) struct strings words = {0};
    auto_free char *program = transfer_program();
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    (void) sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
    strings_add(&words, "redd-transfer");
    strings_add_format(&words, "--class=%s", *order->class ? order->class : "machine");
    if (order->verify)
        strings_add_format(&words, "--verify=%s", order->verify);
    if (order->format && *order->format)
        strings_add_format(&words, "--format=%s", order->format);
    if (order->flags & FLAG_FORCE)
        strings_add(&words, "--force");
    if (order->flags & FLAG_READ_ONLY)
        strings_add(&words, "--read-only");
    if (string_starts(order->verb, "pull-"))
        strings_add_format(&words, "--keep-download=%s", order->flags & FLAG_KEEP_DOWNLOAD ? "yes" : "no");
    strings_add(&words, order->verb);
    strings_add(&words, "--");
    if (order->first)
        strings_add(&words, order->first);
    if (order->second && *order->second)
        strings_add(&words, order->second);
    (void) dup2(order->input_fd >= 0 ? order->input_fd : null_fd, STDIN_FILENO);
    (void) dup2(order->output_fd >= 0 ? order->output_fd : null_fd, STDOUT_FILENO);
    (void) dup2(said_fd, STDERR_FILENO);
    check_caller(order, question);
    (void) execv(program, words.item);
    log_error("cannot start %s: %s", program, strerror(errno));
    _exit(127);
}

static int start_transfer(struct service *service, sd_bus_message *call, const struct transfer_order *order,
                          sd_bus_error *ret)
{
    struct authorization question = {0};
    int said[2], r = authorization_read_caller(&question, call);

    if (order->flags & ~(uint64_t) FLAGS_ALL)
        return sd_bus_error_set(ret, SD_BUS_ERROR_INVALID_ARGS, "Unknown flags");
    if (r < 0 || pipe2(said, O_CLOEXEC) < 0)
        return sd_bus_error_set_errno(ret, r < 0 ? r : -errno);

    struct started *started = mem_alloc(sizeof *started);
    *started = (struct started){.service = service, .call = sd_bus_message_ref(call), .fd = said[0]};
    (void) fcntl(said[0], F_SETFL, O_NONBLOCK);
    started->pid = fork();
    if (started->pid == 0)
        become_transfer(order, &question, said[1]);
    r = started->pid < 0 ? -errno : 0;
    (void) close(said[1]);
    if (r < 0 ||
        (r = sd_event_add_io(service->event, &started->lines, said[0], EPOLLIN, on_lines, started)) < 0 ||
        (r = sd_event_add_child(service->event, &started->child, started->pid, WEXITED, on_exit_of, started)) < 0) {
        started_free(started);
        return sd_bus_error_set_errno(ret, r);
    }
    return 1;
}

/* -- methods -- */

/* The newer calls have a class and bits where the older ones have two switches. */
static int read_import_flags(sd_bus_message *call, bool extended, struct transfer_order *order)
{
    int force, read_only, r;

    if (extended)
        return sd_bus_message_read(call, "st", &order->class, &order->flags);
    r = sd_bus_message_read(call, "bb", &force, &read_only);
    if (r >= 0)
        order->flags = (force ? FLAG_FORCE : 0) | (read_only ? FLAG_READ_ONLY : 0);
    return r;
}

static int import(sd_bus_message *call, void *data, const char *verb, bool extended, sd_bus_error *ret)
{
    struct transfer_order order = {.verb = verb, .first = "-", .class = "machine", .output_fd = -1};
    int fd, r;

    if ((r = sd_bus_message_read(call, "hs", &fd, &order.second)) < 0)
        return r;
    if ((r = read_import_flags(call, extended, &order)) < 0)
        return r;
    order.input_fd = fd;
    return start_transfer(data, call, &order, ret);
}

static int export(sd_bus_message *call, void *data, const char *verb, bool extended, sd_bus_error *ret)
{
    struct transfer_order order = {.verb = verb, .class = "machine", .input_fd = -1};
    int fd, r;

    if ((r = sd_bus_message_read(call, "s", &order.first)) < 0 ||
        (extended && (r = sd_bus_message_read(call, "s", &order.class)) < 0) ||
        (r = sd_bus_message_read(call, "hs", &fd, &order.format)) < 0 ||
        (extended && (r = sd_bus_message_read(call, "t", &order.flags)) < 0))
        return r;
    order.output_fd = fd;
    return start_transfer(data, call, &order, ret);
}

static int pull(sd_bus_message *call, void *data, const char *verb, bool extended, sd_bus_error *ret)
{
    struct transfer_order order = {.verb = verb, .class = "machine", .input_fd = -1, .output_fd = -1};
    int force = 0, r;

    if ((r = sd_bus_message_read(call, "ss", &order.first, &order.second)) < 0 ||
        (extended && (r = sd_bus_message_read(call, "s", &order.class)) < 0) ||
        (r = sd_bus_message_read(call, "s", &order.verify)) < 0)
        return r;
    r = extended ? sd_bus_message_read(call, "t", &order.flags) : sd_bus_message_read(call, "b", &force);
    if (r < 0)
        return r;
    if (!extended)
        order.flags = FLAG_KEEP_DOWNLOAD | (force ? FLAG_FORCE : 0);
    if (!*order.verify)
        order.verify = "signature";
    return start_transfer(data, call, &order, ret);
}

#define METHOD(function, kind, verb, extended) \
    static int function(sd_bus_message *call, void *data, sd_bus_error *ret) \
    { \
        return kind(call, data, verb, extended, ret); \
    }

METHOD(import_tar, import, "import-tar", false)
METHOD(import_raw, import, "import-raw", false)
METHOD(import_tar_ex, import, "import-tar", true)
METHOD(import_raw_ex, import, "import-raw", true)
METHOD(export_tar, export, "export-tar", false)
METHOD(export_raw, export, "export-raw", false)
METHOD(export_tar_ex, export, "export-tar", true)
METHOD(export_raw_ex, export, "export-raw", true)
METHOD(pull_tar, pull, "pull-tar", false)
METHOD(pull_raw, pull, "pull-raw", false)
METHOD(pull_tar_ex, pull, "pull-tar", true)
METHOD(pull_raw_ex, pull, "pull-raw", true)

/* A folder is named by its descriptor's path, since a folder is not read from start to end. */
static int import_folder(sd_bus_message *call, void *data, bool extended, sd_bus_error *ret)
{
    struct transfer_order order = {.verb = "import-fs", .class = "machine", .input_fd = -1, .output_fd = -1};
    auto_free char *link = NULL;
    char path[4096];
    int fd, r;

    if ((r = sd_bus_message_read(call, "hs", &fd, &order.second)) < 0)
        return r;
    if ((r = read_import_flags(call, extended, &order)) < 0)
        return r;
    link = mem_format("/proc/self/fd/%i", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0)
        return sd_bus_error_set_errno(ret, -errno);
    path[n] = '\0';
    order.first = path;
    return start_transfer(data, call, &order, ret);
}

static int import_fs(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return import_folder(call, data, false, ret);
}

static int import_fs_ex(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return import_folder(call, data, true, ret);
}

static int pull_oci(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    struct transfer_order order = {.verb = "pull-oci", .input_fd = -1, .output_fd = -1};
    int r;

    if ((r = sd_bus_message_read(call, "ssst", &order.first, &order.second, &order.class, &order.flags)) < 0)
        return r;
    return start_transfer(data, call, &order, ret);
}

static int append_transfer(sd_bus_message *reply, const struct transfer *transfer, bool with_class)
{
    double progress = transfer->percent < 0 ? 0 : transfer->percent / 100.0;
    char path[64];

    path_of(transfer->id, path);
    const char *remote = transfer->remote ? transfer->remote : "", *local = transfer->local ? transfer->local : "";
    return with_class ? sd_bus_message_append(reply, "(ussssdo)", transfer->id, transfer->type, remote, local,
                                              transfer->class, progress, path)
                      : sd_bus_message_append(reply, "(usssdo)", transfer->id, transfer->type, remote, local, progress,
                                              path);
}

static int list(sd_bus_message *call, const char *class, bool with_class, sd_bus_error *ret)
{
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
    CLEANUP(transfers_done) struct transfers transfers = {0};
    auto_error struct error *err = NULL;
    int r;

    if (transfer_list(false, class, &transfers, &err) < 0)
        return bus_error_of(ret, &err);
    if ((r = sd_bus_message_new_method_return(call, &reply)) < 0 ||
        (r = sd_bus_message_open_container(reply, 'a', with_class ? "(ussssdo)" : "(usssdo)")) < 0)
        return r;
    for (size_t i = 0; i < transfers.count; i++)
        if ((r = append_transfer(reply, &transfers.item[i], with_class)) < 0)
            return r;
    r = sd_bus_message_close_container(reply);
    return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int list_transfers(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    (void) data;
    return list(call, NULL, false, ret);
}

static int list_transfers_ex(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    const char *class;
    uint64_t flags;
    int r = sd_bus_message_read(call, "st", &class, &flags);

    (void) data;
    return r < 0 ? r : list(call, *class ? class : NULL, true, ret);
}

static int run_cancel(const struct service *service, const void *data, struct control_message *answer,
                      struct error **err)
{
    (void) service, (void) answer;
    return transfer_cancel(false, *(const uint32_t *) data, err);
}

static int cancel(struct service *service, sd_bus_message *call, uint32_t id, sd_bus_error *ret)
{
    const struct work work = {.action = IMPORT1_NAME ".cancel", .verb = "cancel", .run = run_cancel, .data = &id};

    return worker_start(service, call, &work, ret);
}

static int cancel_transfer(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    uint32_t id;
    int r = sd_bus_message_read(call, "u", &id);

    return r < 0 ? r : cancel(data, call, id, ret);
}

static int append_image(sd_bus_message *reply, const struct image *image)
{
    struct image_info info;

    image_info_read(image, &info);
    return sd_bus_message_append(reply, "(ssssbtttttt)", "machine", image->name, image_type_name(image->type),
                                 image->path, (int) image->read_only, info.created_us, info.modified_us, info.usage,
                                 info.usage_exclusive, info.limit, info.limit_exclusive);
}

static int list_images(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
    CLEANUP(images_done) struct images images = {0};
    const char *class;
    uint64_t flags;
    int r = sd_bus_message_read(call, "st", &class, &flags);

    (void) data, (void) ret;
    if (r < 0)
        return r;
    if (!*class || strcmp(class, "machine") == 0)
        image_list(false, &images);
    if ((r = sd_bus_message_new_method_return(call, &reply)) < 0 ||
        (r = sd_bus_message_open_container(reply, 'a', "(ssssbtttttt)")) < 0)
        return r;
    for (size_t i = 0; i < images.count; i++)
        if ((r = append_image(reply, &images.item[i])) < 0)
            return r;
    r = sd_bus_message_close_container(reply);
    return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* -- objects: known by the number in their path -- */

static uint32_t id_of(const char *path)
{
    const char *number = string_after(path, TRANSFER_PATH "/_");
    uint32_t id;

    return number && parse_u32(number, &id) == 0 ? id : 0;
}

static int object_cancel(sd_bus_message *call, void *data, sd_bus_error *ret)
{
    return cancel(data, call, id_of(sd_bus_message_get_path(call)), ret);
}

static int transfer_property_get(sd_bus *bus, const char *path, const char *interface, const char *property,
                                 sd_bus_message *reply, void *data, sd_bus_error *ret)
{
    CLEANUP(transfers_done) struct transfers transfers = {0};
    auto_error struct error *err = NULL;
    uint32_t id = id_of(path);

    (void) bus, (void) interface, (void) data;
    if (transfer_list(false, NULL, &transfers, &err) < 0)
        return bus_error_of(ret, &err);
    for (size_t i = 0; i < transfers.count; i++) {
        const struct transfer *transfer = &transfers.item[i];
        const struct {
            const char *name, *value;
        } texts[] = {{"Local", transfer->local}, {"Remote", transfer->remote}, {"Type", transfer->type},
                     {"Verify", transfer->verify ? transfer->verify : "no"}};

        if (transfer->id != id)
            continue;
        if (strcmp(property, "Id") == 0)
            return sd_bus_message_append(reply, "u", id);
        if (strcmp(property, "Progress") == 0)
            return sd_bus_message_append(reply, "d", transfer->percent < 0 ? 0.0 : transfer->percent / 100.0);
        for (size_t k = 0; k < COUNT_OF(texts); k++)
            if (strcmp(property, texts[k].name) == 0)
                return sd_bus_message_append(reply, "s", texts[k].value ? texts[k].value : "");
    }
    return sd_bus_error_setf(ret, IMPORT1_NAME ".NoSuchTransfer", "No transfer by id %u", id);
}

static int find_object(sd_bus *bus, const char *path, const char *interface, void *data, void **ret_found,
                       sd_bus_error *ret)
{
    CLEANUP(transfers_done) struct transfers transfers = {0};
    auto_error struct error *ignored = NULL;
    uint32_t id = id_of(path);

    (void) bus, (void) interface, (void) ret;
    if (id == 0 || transfer_list(false, NULL, &transfers, &ignored) < 0)
        return 0;
    for (size_t i = 0; i < transfers.count; i++)
        if (transfers.item[i].id == id) {
            *ret_found = data;
            return 1;
        }
    return 0;
}

enum { OPEN = SD_BUS_VTABLE_UNPRIVILEGED };

/* clang-format off */
static const sd_bus_vtable manager_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("ImportTar", "hsbb", "uo", import_tar, OPEN),
    SD_BUS_METHOD("ImportRaw", "hsbb", "uo", import_raw, OPEN),
    SD_BUS_METHOD("ImportFileSystem", "hsbb", "uo", import_fs, OPEN),
    SD_BUS_METHOD("ImportTarEx", "hsst", "uo", import_tar_ex, OPEN),
    SD_BUS_METHOD("ImportRawEx", "hsst", "uo", import_raw_ex, OPEN),
    SD_BUS_METHOD("ImportFileSystemEx", "hsst", "uo", import_fs_ex, OPEN),
    SD_BUS_METHOD("ExportTar", "shs", "uo", export_tar, OPEN),
    SD_BUS_METHOD("ExportRaw", "shs", "uo", export_raw, OPEN),
    SD_BUS_METHOD("ExportTarEx", "sshst", "uo", export_tar_ex, OPEN),
    SD_BUS_METHOD("ExportRawEx", "sshst", "uo", export_raw_ex, OPEN),
    SD_BUS_METHOD("PullTar", "sssb", "uo", pull_tar, OPEN),
    SD_BUS_METHOD("PullRaw", "sssb", "uo", pull_raw, OPEN),
    SD_BUS_METHOD("PullTarEx", "sssst", "uo", pull_tar_ex, OPEN),
    SD_BUS_METHOD("PullRawEx", "sssst", "uo", pull_raw_ex, OPEN),
    SD_BUS_METHOD("PullOci", "ssst", "uo", pull_oci, OPEN),
    SD_BUS_METHOD("ListTransfers", "", "a(usssdo)", list_transfers, OPEN),
    SD_BUS_METHOD("ListTransfersEx", "st", "a(ussssdo)", list_transfers_ex, OPEN),
    SD_BUS_METHOD("CancelTransfer", "u", "", cancel_transfer, OPEN),
    SD_BUS_METHOD("ListImages", "st", "a(ssssbtttttt)", list_images, OPEN),
    SD_BUS_SIGNAL("TransferNew", "uo", 0),
    SD_BUS_SIGNAL("TransferRemoved", "uos", 0),
    SD_BUS_VTABLE_END,
};

#define TRANSFER_PROPERTY(name, signature, flags) SD_BUS_PROPERTY(name, signature, transfer_property_get, 0, flags)

static const sd_bus_vtable object_vtable[] = {
    SD_BUS_VTABLE_START(0),
    TRANSFER_PROPERTY("Id", "u", SD_BUS_VTABLE_PROPERTY_CONST),
    TRANSFER_PROPERTY("Local", "s", SD_BUS_VTABLE_PROPERTY_CONST),
    TRANSFER_PROPERTY("Remote", "s", SD_BUS_VTABLE_PROPERTY_CONST),
    TRANSFER_PROPERTY("Type", "s", SD_BUS_VTABLE_PROPERTY_CONST),
    TRANSFER_PROPERTY("Verify", "s", SD_BUS_VTABLE_PROPERTY_CONST),
    TRANSFER_PROPERTY("Progress", "d", 0),
    SD_BUS_METHOD("Cancel", "", "", object_cancel, OPEN),
    SD_BUS_SIGNAL("LogMessage", "us", 0),
    SD_BUS_SIGNAL("ProgressUpdate", "d", 0),
    SD_BUS_VTABLE_END,
};
/* clang-format on */

int import_manager_add(struct service *service, struct error **err)
{
    int r;

    if ((r = sd_bus_add_object_vtable(service->bus, NULL, IMPORT1_PATH, IMPORT1_NAME ".Manager", manager_vtable,
                                      service)) < 0 ||
        (r = sd_bus_add_fallback_vtable(service->bus, NULL, TRANSFER_PATH, IMPORT1_NAME ".Transfer", object_vtable,
                                        find_object, service)) < 0)
        return fail_bus(err, r, "put the transfers on the bus");
    return 0;
}
