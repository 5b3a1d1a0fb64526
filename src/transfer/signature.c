/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding keys, asking gpgv, checking Ed25519. The formats of minisign and signify: minisign.c. */
#include "transfer/signature.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strings.h"
#include "transfer/digest.h"
#include "transfer/sandbox.h"

#define STATUS_MAX (256u * 1024)
#define KEY_MAX 4096u
/* What a signature covers must be mapped whole, where the scheme has no hash in front. */
#define MAPPED_MAX (1ull << 32)

static const char *const key_folders[] = {"/etc/redd/keys", "/usr/lib/redd/keys"};

static void add_files(struct strings *list, const char *folder, const char *suffix)
{
    DIR *dir = opendir(folder);
    const struct dirent *item;

    while (dir && (item = readdir(dir)))
        if (item->d_name[0] != '.' && string_ends(item->d_name, suffix))
            strings_take(list, path_join(folder, item->d_name));
    if (dir)
        (void) closedir(dir);
}

static void find_keyrings(struct strings *ret)
{
    const char *only = getenv("SYSTEMD_OPENPGP_KEYRING");
    static const char own[] = "/etc/systemd/import-pubring.pgp", old[] = "/etc/systemd/import-pubring.gpg";
    static const char vendor[] = "/usr/lib/systemd/import-pubring.pgp";
    static const char vendor_old[] = "/usr/lib/systemd/import-pubring.gpg";

    if (only) {
        strings_add(ret, only);
        return;
    }
    if (access(own, R_OK) == 0)
        strings_add(ret, own);
    else if (access(old, R_OK) == 0)
        strings_add(ret, old);
    if (access(vendor, R_OK) == 0)
        strings_add(ret, vendor);
    else if (access(vendor_old, R_OK) == 0)
        strings_add(ret, vendor_old);
    for (size_t i = 0; i < COUNT_OF(key_folders); i++) {
        add_files(ret, key_folders[i], ".gpg");
        add_files(ret, key_folders[i], ".pgp");
    }
}

/* -- gpgv -- */

static int make_text_fd(const char *bytes, size_t size)
{
    auto_close int fd = memfd_create("redd-signature", 0);

    if (fd < 0 || fd_write_full(fd, bytes, size) < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return -1;
    return take_fd(&fd);
}

/* Descriptors of gpgv: 3 status, 4 signature (or the whole clear-signed text), 5 data, 6 output. */
enum { STATUS_FD = 3, SIGNATURE_FD = 4, DATA_FD = 5, OUTPUT_FD = 6, N_FDS };

/* In the child: the descriptors in their places, and nobody instead of root. Never returns. */
static void exec_gpgv(char **argv, const int *from, pid_t parent)
{
    auto_error struct error *ignored = NULL;
    int high[N_FDS];
    sigset_t none;

    for (int i = STATUS_FD; i < N_FDS; i++)
        high[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD, N_FDS);
    for (int i = STATUS_FD; i < N_FDS; i++) {
        if (high[i] >= 0 && dup2(high[i], i) < 0)
            _exit(126);
        if (high[i] >= 0)
            (void) close(high[i]);
    }
    int null_fd = open("/dev/null", O_RDWR);
    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0 ||
        dup2(null_fd, STDERR_FILENO) < 0)
        _exit(126);
    if (sandbox_become_nobody(&ignored) < 0)
        _exit(126);
    /* a killed job takes it along; after the change of user, which undoes this */
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(126);
    (void) sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
    (void) execvp(argv[0], argv);
    _exit(127);
}

/* Until it has ended, or the transfer is cancelled: the data may be large. */
static int wait_for_end(const struct job *job, pid_t pid, struct error **err)
{
    auto_close int pid_fd = sys_pidfd_open(pid, 0);
    struct pollfd wait[] = {{.fd = pid_fd, .events = POLLIN}, {.fd = job->stop_fd, .events = POLLIN}};

    if (pid_fd < 0)
        return fail(err, errno, "cannot wait for gpgv");
    while (!wait[0].revents && !wait[1].revents)
        if (poll(wait, 2, -1) < 0 && errno != EINTR)
            return fail(err, errno, "cannot wait for gpgv");
    return wait[1].revents ? fail(err, ECANCELED, "the transfer was cancelled") : 0;
}

static int run_gpgv(const struct job *job, const int *fds, const struct strings *argv, int *ret_status,
                    struct error **err)
{
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        return fail(err, errno, "cannot start gpgv");
    if (pid == 0)
        exec_gpgv(argv->item, fds, parent);

    int r = wait_for_end(job, pid, err);
    if (r < 0)
        (void) kill(pid, SIGKILL);
    while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
        continue;
    if (r < 0)
        return r;
    if (WIFEXITED(*ret_status) && WEXITSTATUS(*ret_status) == 127) {
        fail_plain(err, ENOENT, "gpgv is not installed, which checks OpenPGP signatures");
        fail_id(*err, "R5114");
        fail_hint(*err, "install the package 'gpgv' or 'gnupg'; --verify=checksum goes without signatures");
        return -ENOENT;
    }
    return 0;
}

/* The word number INDEX behind "[GNUPG:] KEYWORD", of the first such line. Gives; NULL: there is none. */
static char *status_word(const char *status, const char *keyword, size_t index)
{
    auto_free char *start = mem_format("[GNUPG:] %s", keyword);

    for (const char *line = status; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        CLEANUP(strings_done) struct strings words = {0};
        const char *rest = string_after(line, start);

        if (!rest || (*rest != ' ' && *rest != '\n' && *rest))
            continue;
        auto_free char *text = mem_copy_bytes(rest, strcspn(rest, "\n"));
        strings_split(&words, text, " ");
        return mem_copy_string(index < words.count ? words.item[index] : "");
    }
    return NULL;
}

static int unknown_key(const char *status, const char *name, struct error **err)
{
    /* ERRSIG: key id, algorithms, class, time, reason, fingerprint where the signature holds it */
    auto_free char *fingerprint = status_word(status, "ERRSIG", 6), *id = status_word(status, "ERRSIG", 0);
    const char *key = fingerprint && *fingerprint && *fingerprint != '-' ? fingerprint : id ? id : "?";

    fail_plain(err, EKEYREJECTED, "the signature of '%s' is by a key that is not trusted: %s", name, key);
    fail_id(*err, "R5111");
    fail_hint(*err, "if that is the publisher's key, get it from there and say --key=FILE; or: gpg --export %s "
                    ">/etc/redd/keys/NAME.gpg",
              key);
    return -EKEYREJECTED;
}

static int judge_gpgv(const char *status, int exit_status, const char *name, char **ret_key, struct error **err)
{
    auto_free char *good = status_word(status, "GOODSIG", 0), *valid = status_word(status, "VALIDSIG", 0);
    auto_free char *primary = status_word(status, "VALIDSIG", 9), *bad = status_word(status, "BADSIG", 0);
    auto_free char *expired = status_word(status, "EXPKEYSIG", 0), *revoked = status_word(status, "REVKEYSIG", 0);
    auto_free char *old = status_word(status, "EXPSIG", 0), *unknown = status_word(status, "ERRSIG", 0);

    if (bad) {
        fail_plain(err, EBADMSG, "the signature of '%s' does not fit: the file is not what was signed", name);
        fail_id(*err, "R5110");
        fail_hint(*err, "somebody changed it, or the mirror has half of an update; do not use it");
        return -EBADMSG;
    }
    if (expired || revoked || old) {
        fail_plain(err, EKEYEXPIRED, "the signature of '%s' is by a key that is %s", name,
                   revoked ? "revoked" : "expired");
        fail_id(*err, "R5113");
        fail_hint(*err, "the publisher may have a newer key");
        return -EKEYEXPIRED;
    }
    if (good && valid && WIFEXITED(exit_status) && WEXITSTATUS(exit_status) == 0) {
        *ret_key = mem_format("pgp:%s", primary && *primary ? primary : valid);
        return 0;
    }
    if (unknown)
        return unknown_key(status, name, err);
    fail_plain(err, EBADMSG, "the signature of '%s' is no signature", name);
    fail_id(*err, "R5112");
    return -EBADMSG;
}

/* DATA_FD_ -1: the signature file is a clear-signed text, which goes to OUT_FD. */
static int check_pgp(const struct job *job, const struct signature *signature, int data_fd, int out_fd,
                     const char *name, char **ret_key, struct error **err)
{
    CLEANUP(strings_done) struct strings argv = {0}, keyrings = {0};
    auto_close int status_fd = make_text_fd("", 0), signature_fd = make_text_fd(signature->bytes, signature->size);
    const int fds[N_FDS] = {
        [STATUS_FD] = status_fd, [SIGNATURE_FD] = signature_fd, [DATA_FD] = data_fd, [OUTPUT_FD] = out_fd};
    auto_free char *status = NULL;
    int exit_status = 0;

    if (status_fd < 0 || signature_fd < 0)
        return fail(err, errno, "cannot make a file in memory");
    find_keyrings(&keyrings);
    strings_add(&argv, "gpgv");
    strings_add(&argv, "--enable-special-filenames");
    strings_add(&argv, "--status-fd=3");
    strings_add(&argv, "--homedir=/nonexistent");
    for (size_t i = 0; i < keyrings.count; i++)
        strings_add_format(&argv, "--keyring=%s", keyrings.item[i]);
    if (keyrings.count == 0)
        strings_add(&argv, "--keyring=/dev/null");
    if (out_fd >= 0)
        strings_add(&argv, "--output=-&6");
    strings_add(&argv, "--");
    strings_add(&argv, "-&4");
    if (data_fd >= 0)
        strings_add(&argv, "-&5");
    if (data_fd >= 0 && lseek(data_fd, 0, SEEK_SET) < 0)
        return fail(err, errno, "cannot read '%s' anew", name);
    if (run_gpgv(job, fds, &argv, &exit_status, err) < 0)
        return -error_code(*err);

    off_t size = lseek(status_fd, 0, SEEK_END);
    if (size < 0 || size > (off_t) STATUS_MAX)
        return fail(err, EBADMSG, "gpgv says too much");
    status = mem_alloc((size_t) size + 1);
    if (pread(status_fd, status, (size_t) size, 0) != size)
        return fail(err, EIO, "cannot read what gpgv says");
    return judge_gpgv(status, exit_status, name, ret_key, err);
}

bool signature_is_clear(const char *text, size_t size)
{
    static const char start[] = "-----BEGIN PGP SIGNED MESSAGE-----";

    return size > sizeof start && memcmp(text, start, sizeof start - 1) == 0;
}

int signature_check_clear(const struct job *job, const char *text, size_t size, const char *name, char **ret_text,
                          size_t *ret_size, char **ret_key, struct error **err)
{
    const struct signature signature = {.bytes = text, .size = size, .name = name};
    auto_close int out_fd = make_text_fd("", 0);

    if (out_fd < 0)
        return fail(err, errno, "cannot make a file in memory");
    if (check_pgp(job, &signature, -1, out_fd, name, ret_key, err) < 0)
        return -error_code(*err);

    off_t out = lseek(out_fd, 0, SEEK_END);
    auto_free char *signed_text = mem_alloc((size_t) out + 1);
    if (pread(out_fd, signed_text, (size_t) out, 0) != out)
        return fail(err, EIO, "cannot read what was signed");
    *ret_text = TAKE(signed_text);
    *ret_size = (size_t) out;
    return 0;
}

/* -- minisign and signify -- */

static bool verify_ed25519(const uint8_t key[32], const uint8_t signature[64], const void *bytes, size_t size)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = pkey && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
                EVP_DigestVerify(context, signature, 64, bytes, size) == 1;

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    return good;
}

static bool find_minisign_key(const uint8_t id[8], struct minisign_key *ret)
{
    CLEANUP(strings_done) struct strings files = {0};

    for (size_t i = 0; i < COUNT_OF(key_folders); i++)
        add_files(&files, key_folders[i], ".pub");
    for (size_t i = 0; i < files.count; i++) {
        auto_free char *text = NULL;

        if (file_read_quiet(AT_FDCWD, files.item[i], KEY_MAX, &text) == 0 &&
            minisign_key_parse(text, strlen(text), ret) == 0 && memcmp(ret->id, id, 8) == 0)
            return true;
    }
    return false;
}

static bool verify_whole_file(const struct minisign_key *key, const struct minisign *minisign, int fd)
{
    struct stat st;
    void *bytes;
    bool good;

    if (fstat(fd, &st) < 0 || (uint64_t) st.st_size > MAPPED_MAX)
        return false;
    if (st.st_size == 0)
        return verify_ed25519(key->key, minisign->signature, "", 0);
    bytes = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return false;
    good = verify_ed25519(key->key, minisign->signature, bytes, (size_t) st.st_size);
    (void) munmap(bytes, (size_t) st.st_size);
    return good;
}

static bool verify_global(const struct minisign_key *key, const struct minisign *minisign)
{
    auto_free uint8_t *bytes = mem_alloc(64 + minisign->trusted_size + 1);

    if (!minisign->has_global)
        return true;
    (void) memcpy(bytes, minisign->signature, 64);
    (void) memcpy(bytes + 64, minisign->trusted, minisign->trusted_size);
    return verify_ed25519(key->key, minisign->global, bytes, 64 + minisign->trusted_size);
}

static int check_minisign(struct job *job, const struct signature *signature, int data_fd, const char *name,
                          char **ret_key, struct error **err)
{
    struct minisign minisign;
    struct minisign_key key;
    auto_free char *id = NULL;
    bool good;

    if (minisign_parse(signature->bytes, signature->size, &minisign) < 0) {
        fail_plain(err, EBADMSG, "the signature of '%s' is no signature", name);
        fail_id(*err, "R5112");
        return -EBADMSG;
    }
    id = mem_format("%02X%02X%02X%02X%02X%02X%02X%02X", minisign.id[7], minisign.id[6], minisign.id[5], minisign.id[4],
                    minisign.id[3], minisign.id[2], minisign.id[1], minisign.id[0]);
    if (!find_minisign_key(minisign.id, &key)) {
        fail_plain(err, EKEYREJECTED, "the signature of '%s' is by a key that is not trusted: %s", name, id);
        fail_id(*err, "R5111");
        fail_hint(*err, "if that is the publisher's key, say --key=FILE with its .pub file, or put that into "
                        "/etc/redd/keys");
        return -EKEYREJECTED;
    }
    if (minisign.prehashed) {
        struct digest digest;

        if (digest_of_file(job, data_fd, DIGEST_BLAKE2B, &digest, err) < 0)
            return -error_code(*err);
        good = verify_ed25519(key.key, minisign.signature, digest.bytes, 64);
    } else
        good = verify_whole_file(&key, &minisign, data_fd);
    if (!good || !verify_global(&key, &minisign)) {
        fail_plain(err, EBADMSG, "the signature of '%s' does not fit: the file is not what was signed", name);
        fail_id(*err, "R5110");
        return -EBADMSG;
    }
    *ret_key = mem_format("minisign:%s", id);
    return 0;
}

int signature_check(struct job *job, const struct signature *signature, int data_fd, const char *name, char **ret_key,
                    struct error **err)
{
    static const char comment[] = "untrusted comment:";

    if (signature->size > sizeof comment && memcmp(signature->bytes, comment, sizeof comment - 1) == 0)
        return check_minisign(job, signature, data_fd, name, ret_key, err);
    return check_pgp(job, signature, data_fd, -1, name, ret_key, err);
}
