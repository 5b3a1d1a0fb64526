/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libcurl, behind this file alone. The job's side is at the bottom. */
#include "transfer/fetch.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/fd.h"
#include "base/mem.h"
#include "transfer/url.h"

#define TEXT_MAX (8u << 20)
#define HEADER_MAX 2048u
#define TRIES 5
#define CONNECT_SECONDS 30L
#define STALL_SECONDS 60L
#define COPY_SIZE (256u * 1024)

/* -- the worker's side -- */

struct session {
    const struct fetch *fetch;
    struct channel *up;
    CURL *curl;
    long status;
    uint64_t at, total;
    bool too_large, write_failed, moved_on;
    int write_error;
    char *etag, *type;
    struct strings challenges;
    char text[CURL_ERROR_SIZE];
};

static void session_done(struct session *session)
{
    free(session->etag);
    free(session->type);
    strings_done(&session->challenges);
}

/* The answer to a request for the rest may be all of it, when the file changed. */
static bool take_status(struct session *session)
{
    if (session->status)
        return true;
    (void) curl_easy_getinfo(session->curl, CURLINFO_RESPONSE_CODE, &session->status);
    if (session->status == 200 && session->at > 0) {
        session->at = 0;
        return ftruncate(session->fetch->output_fd, 0) == 0;
    }
    return true;
}

static size_t take_body(char *bytes, size_t one, size_t n, void *data)
{
    struct session *session = data;
    size_t size = one * n, done = 0;
    curl_off_t length = -1;

    if (!take_status(session))
        return 0;
    if (session->status != 200 && session->status != 206)
        return size;            /* a page that says what went wrong */
    (void) curl_easy_getinfo(session->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (!session->moved_on) {
        session->total = length > 0 ? session->at + (uint64_t) length : 0;
        if (session->etag)      /* now, and not at the end: whoever takes up a broken transfer needs it */
            channel_fact(session->up, "etag=%s", session->etag);
        session->moved_on = true;
    }
    if (session->fetch->max_size && session->at + size > session->fetch->max_size) {
        session->too_large = true;
        return 0;
    }
    while (done < size) {
        ssize_t r = pwrite(session->fetch->output_fd, bytes + done, size - done, (off_t) (session->at + done));

        if (r < 0 && errno != EINTR) {
            session->write_failed = true;
            session->write_error = errno;
            return 0;
        }
        done += r > 0 ? (size_t) r : 0;
    }
    session->at += size;
    if (session->fetch->show_progress)
        channel_progress(session->up, session->at, session->total);
    return size;
}

static char *header_value(const char *line, size_t size, const char *name)
{
    size_t n = strlen(name);

    if (size <= n || size > HEADER_MAX || strncasecmp(line, name, n) != 0 || line[n] != ':')
        return NULL;

    char *value = mem_copy_bytes(line + n + 1, size - n - 1), *trimmed = mem_copy_string(string_trim(value));
    free(value);
    return trimmed;
}

static size_t take_header(char *line, size_t one, size_t n, void *data)
{
    struct session *session = data;
    size_t size = one * n;
    char *value;

    if (size >= 5 && strncmp(line, "HTTP/", 5) == 0) {    /* of a redirect's target: what came before does not count */
        session->status = 0;
        session_done(session);
        session->etag = session->type = NULL;
    } else if ((value = header_value(line, size, "etag"))) {
        free(session->etag);
        session->etag = value;
    } else if ((value = header_value(line, size, "content-type"))) {
        free(session->type);
        session->type = value;
    } else if (session->challenges.count < 8 && (value = header_value(line, size, "www-authenticate")))
        strings_take(&session->challenges, value);
    return size;
}

static long stall_seconds(void)
{
    const char *wish = getenv("REDD_TRANSFER_TIMEOUT");
    uint32_t seconds;

    return wish && parse_u32(wish, &seconds) == 0 && seconds > 0 && seconds < 86400 ? (long) seconds : STALL_SECONDS;
}

static void set_options(struct session *session)
{
    CURL *curl = session->curl;
    bool secure = string_starts(session->fetch->url, "https://");
    long stall = stall_seconds();

    (void) curl_easy_setopt(curl, CURLOPT_URL, session->fetch->url);
    (void) curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void) curl_easy_setopt(curl, CURLOPT_USERAGENT, "redd/" REDD_VERSION);
    (void) curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    (void) curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
#if LIBCURL_VERSION_NUM >= 0x075500
    (void) curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void) curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
#else
    (void) curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
    (void) curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, (long) (CURLPROTO_HTTPS | (secure ? 0 : CURLPROTO_HTTP)));
#endif
    (void) curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, stall < CONNECT_SECONDS ? stall : CONNECT_SECONDS);
    (void) curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void) curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stall);
    (void) curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L * 1024);
    (void) curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void) curl_easy_setopt(curl, CURLOPT_WRITEDATA, session);
    (void) curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    (void) curl_easy_setopt(curl, CURLOPT_HEADERDATA, session);
    (void) curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, session->text);
}

static struct curl_slist *make_headers(const struct session *session, const char *resume_etag)
{
    const struct fetch *fetch = session->fetch;
    struct curl_slist *list = NULL;

    for (size_t i = 0; fetch->headers && i < fetch->headers->count; i++)
        list = curl_slist_append(list, fetch->headers->item[i]);
    if (fetch->etag) {
        auto_free char *header = mem_format("If-None-Match: %s", fetch->etag);

        list = curl_slist_append(list, header);
    }
    if (session->at > 0 && resume_etag) {
        auto_free char *header = mem_format("If-Range: %s", resume_etag);

        list = curl_slist_append(list, header);
    }
    return list;
}

static bool may_try_again(CURLcode code)
{
    switch ((int) code) {
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_COULDNT_CONNECT:
        return true;
    default:
        return false;
    }
}

/* One request, for the rest when there is a beginning that is known to be of the same version. */
static CURLcode request_once(struct session *session, const char *resume_etag)
{
    struct curl_slist *headers;
    CURLcode code;

    if (!resume_etag || string_starts(resume_etag, "W/"))
        session->at = 0;        /* a weak mark does not promise the same bytes */
    headers = make_headers(session, resume_etag);
    session->status = 0;
    session->moved_on = false;
    (void) curl_easy_setopt(session->curl, CURLOPT_HTTPHEADER, headers);
    (void) curl_easy_setopt(session->curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t) session->at);
    code = curl_easy_perform(session->curl);
    curl_slist_free_all(headers);
    (void) curl_easy_getinfo(session->curl, CURLINFO_RESPONSE_CODE, &session->status);
    return code;
}

/* A server that has just failed is given time to recover. The channel is a pipe's end for writing: of that poll() says
 * only that nobody reads any more, and then there is nothing to wait for. */
static void wait_before(const struct session *session, int try)
{
    struct pollfd job = {.fd = session->up->fd};

    (void) poll(&job, 1, 100 << (try < 3 ? try : 3));
}

static CURLcode request_all(struct session *session)
{
    auto_free char *etag = mem_copy_string(session->fetch->resume ? session->fetch->resume_etag : NULL);
    CURLcode code = CURLE_OK;
    struct stat st;

    if (session->fetch->resume && fstat(session->fetch->output_fd, &st) == 0)
        session->at = (uint64_t) st.st_size;
    for (int try = 0; try < TRIES; try++) {
        uint64_t before = session->at;

        if (try > 0)
            wait_before(session, try - 1);
        code = request_once(session, etag);
        /* the beginning was all of it already */
        if (session->status == 416 && before > 0) {
            session->status = 206;
            session->at = before;
            return CURLE_OK;
        }
        if (code == CURLE_OK && session->status >= 500 && session->status != 501)
            continue;
        if (!may_try_again(code) || session->write_failed || session->too_large)
            break;
        if (session->etag && session->at > before && code != CURLE_OPERATION_TIMEDOUT) {
            free(etag);
            etag = mem_copy_string(session->etag);
            try = -1;           /* it moves on: that counts as a fresh start */
        }
    }
    return code;
}

static int judge(const struct session *session, CURLcode code, struct error **err)
{
    const struct fetch *fetch = session->fetch;

    if (session->too_large) {
        fail_plain(err, EFBIG, "'%s' is larger than it may be", fetch->url);
        fail_id(*err, "R5103");
        return -EFBIG;
    }
    if (session->write_failed) {
        fail(err, session->write_error, "cannot write what is downloaded");
        fail_id(*err, "R5104");
        return -error_code(*err);
    }
    if (code != CURLE_OK) {
        fail_plain(err, EIO, "cannot fetch '%s': %s", fetch->url,
                   *session->text ? session->text : curl_easy_strerror(code));
        fail_id(*err, "R5101");
        if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT)
            fail_hint(*err, "is the host on the network? Proxies are taken from https_proxy and http_proxy");
        if (code == CURLE_PEER_FAILED_VERIFICATION)
            fail_hint(*err, "the server's certificate is not trusted; the host's certificates are in /etc/ssl/certs");
        return -EIO;
    }
    if (fetch->any_status || session->status == 200 || session->status == 206 || session->status == 304)
        return 0;
    fail_plain(err, session->status == 404 ? ENOENT : EIO, "the server answers '%s' with status %ld", fetch->url,
               session->status);
    fail_id(*err, "R5102");
    if (session->status == 404)
        fail_hint(*err, "there is no such file on the server");
    if (session->status == 401 || session->status == 403)
        fail_hint(*err, "the server wants to know who asks, or does not give it to everybody");
    return -error_code(*err);
}

static void tell_facts(const struct session *session)
{
    channel_fact(session->up, "status=%ld", session->status == 206 ? 200 : session->status);
    if (session->etag)
        channel_fact(session->up, "etag=%s", session->etag);
    if (session->type)
        channel_fact(session->up, "type=%s", session->type);
    for (size_t i = 0; i < session->challenges.count; i++)
        channel_fact(session->up, "challenge%zu=%s", i, session->challenges.item[i]);
}

static int fetch_work(void *data, struct channel *up, struct error **err)
{
    CLEANUP(session_done) struct session session = {.fetch = data, .up = up};
    CURLcode code;
    int r;

    session.curl = curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? curl_easy_init() : NULL;
    if (!session.curl)
        return fail(err, ENOMEM, "cannot start the HTTP library");
    set_options(&session);
    code = request_all(&session);
    r = judge(&session, code, err);
    if (r == 0 && (session.status == 200 || session.status == 206))
        r = ftruncate(session.fetch->output_fd, (off_t) session.at) < 0 ? fail(err, errno, "cannot cut the file") : 0;
    if (r == 0)
        tell_facts(&session);
    curl_easy_cleanup(session.curl);
    return r;
}

/* -- local files -- */

struct local_copy {
    const struct fetch *fetch;
    int input_fd;
};

static int copy_work(void *data, struct channel *up, struct error **err)
{
    const struct local_copy *copy = data;
    auto_free char *buffer = mem_alloc(COPY_SIZE);
    struct stat st;
    off_t at = 0;

    if (fstat(copy->input_fd, &st) < 0)
        return fail(err, errno, "cannot look at the file");
    for (;;) {
        ssize_t n = pread(copy->input_fd, buffer, COPY_SIZE, at), done = 0;

        if (n < 0)
            return fail(err, errno, "cannot read '%s'", copy->fetch->url);
        if (n == 0)
            break;
        if (copy->fetch->max_size && (uint64_t) (at + n) > copy->fetch->max_size) {
            fail_plain(err, EFBIG, "'%s' is larger than it may be", copy->fetch->url);
            fail_id(*err, "R5103");
            return -EFBIG;
        }
        while (done < n) {
            ssize_t r = pwrite(copy->fetch->output_fd, buffer + done, (size_t) (n - done), at + done);

            if (r < 0 && errno != EINTR) {
                fail(err, errno, "cannot write what is downloaded");
                fail_id(*err, "R5104");
                return -error_code(*err);
            }
            done += r > 0 ? r : 0;
        }
        at += n;
        if (copy->fetch->show_progress)
            channel_progress(up, (uint64_t) at, (uint64_t) st.st_size);
    }
    /* as good a mark as a server's: another version has another one */
    channel_fact(up, "etag=\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "\"", (uint64_t) st.st_ino, (uint64_t) st.st_size,
                 (uint64_t) st.st_mtim.tv_sec * 1000000000u + (uint64_t) st.st_mtim.tv_nsec);
    channel_fact(up, "status=200");
    return 0;
}

static int fetch_local(struct job *job, const struct fetch *fetch, const char *path, struct strings *facts,
                       struct error **err)
{
    auto_close int fd = file_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    struct local_copy copy = {.fetch = fetch, .input_fd = fd};
    struct stat st;

    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
        fail_plain(err, EINVAL, "cannot fetch '%s': it is no file", fetch->url);
        fail_id(*err, "R5105");
        return -EINVAL;
    }
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && fetch->any_status) {
        strings_add(facts, "status=404");
        return 0;
    }
    if (fd < 0) {
        fail(err, errno, "cannot fetch '%s'", fetch->url);
        fail_id(*err, "R5105");
        return -error_code(*err);
    }

    const struct worker worker = {
        .what = "copying", .sandbox = SANDBOX_COMPUTE, .root_fd = -1, .work = copy_work, .data = &copy};
    return job_work(job, worker, facts, err);
}

/* -- the job's side -- */

int fetch_file(struct job *job, const struct fetch *fetch, struct fetched *ret, struct error **err)
{
    CLEANUP(strings_done) struct strings facts = {0};
    auto_free char *path = url_file_path(fetch->url);
    const struct worker worker = {.what = "fetching", .sandbox = SANDBOX_FETCH, .root_fd = -1, .work = fetch_work,
                                  .data = (void *) (uintptr_t) fetch, .on_fact = fetch->on_fact,
                                  .fact_data = fetch->fact_data};
    const char *status;

    if (url_check(fetch->url, err) < 0)
        return -error_code(*err);
    if ((path ? fetch_local(job, fetch, path, &facts, err) : job_work(job, worker, &facts, err)) < 0)
        return -error_code(*err);
    *ret = (struct fetched){
        .etag = mem_copy_string(environment_get(&facts, "etag")),
        .type = mem_copy_string(environment_get(&facts, "type")),
    };
    status = environment_get(&facts, "status");
    ret->status = status ? strtol(status, NULL, 10) : 0;
    for (size_t i = 0; i < 8; i++) {
        auto_free char *name = mem_format("challenge%zu", i);
        const char *challenge = environment_get(&facts, name);

        if (challenge)
            strings_add(&ret->challenges, challenge);
    }
    return 0;
}

void fetched_done(struct fetched *fetched)
{
    free(fetched->etag);
    free(fetched->type);
    strings_done(&fetched->challenges);
}

int fetch_text(struct job *job, const char *url, char **ret, size_t *ret_size, struct error **err)
{
    CLEANUP(fetched_done) struct fetched fetched = {0};
    auto_close int fd = memfd_create("redd-text", MFD_CLOEXEC);
    const struct fetch fetch = {.url = url, .output_fd = fd, .max_size = TEXT_MAX, .any_status = true};
    auto_free char *text = NULL;

    if (fd < 0)
        return fail(err, errno, "cannot make a file in memory");
    if (fetch_file(job, &fetch, &fetched, err) < 0)
        return -error_code(*err);
    *ret = NULL;
    *ret_size = 0;
    if (fetched.status == 404 || fetched.status == 403 || fetched.status == 410)
        return 0;
    if (fetched.status != 200) {
        fail_plain(err, EIO, "the server answers '%s' with status %ld", url, fetched.status);
        fail_id(*err, "R5102");
        return -EIO;
    }

    off_t size = lseek(fd, 0, SEEK_END);
    text = mem_alloc((size_t) size + 1);
    if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_full(fd, text, (size_t) size) != size)
        return fail(err, EIO, "cannot read back what was fetched");
    *ret = TAKE(text);
    *ret_size = (size_t) size;
    return 0;
}
