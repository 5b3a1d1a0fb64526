/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* First a list of checksums, then its signature; or a signature of the file itself. */
#include "transfer/verify.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "transfer/checksum_list.h"
#include "transfer/fetch.h"
#include "transfer/signature.h"
#include "transfer/url.h"

static const char *const signature_suffixes[] = {".asc", ".gpg", ".sig", ".sign", ".minisig"};

/* Where lists are, in the order they are tried. A name of the folder, or a suffix of the file's. */
static const struct {
    const char *suffix, *name;
} lists[] = {
    {".sha256", NULL},  {NULL, "SHA256SUMS"}, {".sha512", NULL},   {NULL, "SHA512SUMS"},
    {NULL, "CHECKSUM"}, {".CHECKSUM", NULL},  {NULL, "sha256sum.txt"},
};

static int find_list(struct job *job, const char *url, struct verified *ret, char **ret_url, struct error **err)
{
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        auto_free char *at = lists[i].suffix ? url_with_suffix(url, lists[i].suffix) : url_beside(url, lists[i].name);

        if (fetch_text(job, at, &ret->list, &ret->list_size, err) < 0)
            return -error_code(*err);
        if (!ret->list)
            continue;
        ret->alone = lists[i].suffix != NULL;
        ret->list_name = url_file_name(at);
        *ret_url = TAKE(at);
        return 1;
    }
    return 0;
}

static int no_signature(const char *name, struct error **err)
{
    fail_plain(err, ENODATA, "Failed to retrieve the signature of '%s', cannot verify. (Try --verify=no?)", name);
    fail_id(*err, "R5118");
    fail_hint(*err, "--verify=checksum believes the server that sums and file come from");
    return -ENODATA;
}

/* The signature at URL plus one of the suffixes, over what is in DATA_FD. 1: it is good; 0: there is none. */
static int check_beside(struct job *job, const char *url, int data_fd, char **ret_key, struct error **err)
{
    for (size_t i = 0; i < COUNT_OF(signature_suffixes); i++) {
        auto_free char *at = url_with_suffix(url, signature_suffixes[i]), *text = NULL, *name = url_file_name(url);
        size_t size;

        if (fetch_text(job, at, &text, &size, err) < 0)
            return -error_code(*err);
        if (!text)
            continue;

        const struct signature signature = {.bytes = text, .size = size, .name = at};
        return signature_check(job, &signature, data_fd, name, ret_key, err) < 0 ? -error_code(*err) : 1;
    }
    return 0;
}

static int check_list_signature(struct job *job, const char *list_url, struct verified *list, struct error **err)
{
    if (signature_is_clear(list->list, list->list_size)) {
        char *text;
        size_t size;

        if (signature_check_clear(job, list->list, list->list_size, list->list_name, &text, &size, &list->key,
                                  err) < 0)
            return -error_code(*err);
        free(list->list);
        list->list = text;
        list->list_size = size;
        return 0;
    }

    auto_close int fd = memfd_create("redd-list", MFD_CLOEXEC);
    if (fd < 0 || fd_write_full(fd, list->list, list->list_size) < 0)
        return fail(err, errno, "cannot make a file in memory");

    int r = check_beside(job, list_url, fd, &list->key, err);
    return r < 0 ? r : r == 0 ? no_signature(list->list_name, err) : 0;
}

static int compare(struct job *job, const struct digest *wanted, int file_fd, const char *name, struct error **err)
{
    struct digest found;

    if (digest_of_file(job, file_fd, wanted->kind, &found, err) < 0)
        return -error_code(*err);
    if (digest_equal(wanted, &found))
        return 0;
    fail_plain(err, EBADMSG, "the %s checksum of '%s' is wrong", digest_name(wanted->kind), name);
    fail_id(*err, "R5117");
    fail_hint(*err, "the file was damaged or changed on its way; nothing of it is kept");
    return -EBADMSG;
}

static int check_sum(struct job *job, const struct verified *list, int file_fd, const char *name, struct error **err)
{
    struct digest wanted;
    int r = checksum_list_find(list->list, list->list_size, name, list->alone, &wanted);

    if (r == 1)
        return compare(job, &wanted, file_fd, name, err);
    if (r < 0)
        fail_plain(err, EBADMSG, "'%s' has two different checksums for '%s'", list->list_name, name);
    else
        fail_plain(err, ENODATA, "'%s' has no checksum for '%s'", list->list_name, name);
    fail_id(*err, "R5116");
    fail_hint(*err, "the server's list is of other files, or of an older state; --verify=no goes without");
    return -error_code(*err);
}

static int verify_expected(struct job *job, const char *hex, int file_fd, const char *name, struct error **err)
{
    struct digest wanted;

    (void) digest_parse(hex, strlen(hex), &wanted);
    return compare(job, &wanted, file_fd, name, err);
}

static int verify_without_list(struct job *job, const struct request *request, const char *url, int file_fd,
                               struct verified *ret, struct error **err)
{
    int r = request->verify == VERIFY_SIGNATURE ? check_beside(job, url, file_fd, &ret->key, err) : 0;

    if (r != 0)
        return r < 0 ? r : 0;
    fail_plain(err, ENODATA, "Failed to retrieve SHA256 checksum, cannot verify. (Try --verify=no?)");
    fail_id(*err, "R5115");
    fail_hint(*err, "there is neither a list of checksums nor a signature beside the file; --verify=SHA256 takes a sum "
                    "that is known from elsewhere");
    return -ENODATA;
}

int verify_file(struct job *job, const struct request *request, const char *url, int file_fd, struct verified *ret,
                struct error **err)
{
    auto_free char *list_url = NULL, *name = url_file_name(url);
    int r;

    *ret = (struct verified){0};
    if (request->expected)
        return verify_expected(job, request->expected, file_fd, name, err);
    if (request->verify == VERIFY_NO)
        return 0;
    r = find_list(job, url, ret, &list_url, err);
    if (r == 0)
        r = verify_without_list(job, request, url, file_fd, ret, err);
    else if (r > 0) {
        r = 0;
        if (request->verify == VERIFY_SIGNATURE)
            r = check_list_signature(job, list_url, ret, err);
        if (r == 0)
            r = check_sum(job, ret, file_fd, name, err);
    }
    if (r < 0) {
        verified_done(ret);
        return r;
    }
    if (ret->key)
        job_line(job, "Verified '%s': signed by %s.", name, ret->key);
    else
        job_line(job, "Verified the checksum of '%s'.", name);
    return 0;
}

bool verify_sidecar(struct job *job, const struct verified *verified, const char *name, int file_fd)
{
    auto_error struct error *ignored = NULL;
    struct digest wanted;

    return verified->list && checksum_list_find(verified->list, verified->list_size, name, false, &wanted) == 1 &&
           compare(job, &wanted, file_fd, name, &ignored) == 0;
}

void verified_done(struct verified *verified)
{
    free(verified->list);
    free(verified->list_name);
    free(verified->key);
    *verified = (struct verified){0};
}
