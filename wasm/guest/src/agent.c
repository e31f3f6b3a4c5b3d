// SPDX-License-Identifier: MIT
// The guest's end of the control channel on ttyS1, and lab-get, which asks it
// to send a file out. Protocol: ../README.md, "Control channel".
//
// One process, one loop, requests answered in the order they come. What comes
// from the line is not trusted to be well formed: lines are bounded, every
// field is checked, and whatever is wrong gets an `err` line.
//
// Started as `lab-agent` it serves; started as `lab-get FILE` it hands the file
// name to the running agent over a socket and waits for the file to be out.
// The agent alone writes to the line, so an answer is never torn apart.
//
// Left out: running commands (that is what the console is for), directories,
// more than one transfer at a time.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/random.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 4096,         // longest line understood, without its newline
    ID_MAX = 32,                   // longest request id
    PUT_MAX = 64 * 1024 * 1024,    // largest file taken: the guest has 128 MiB
    PUT_STEP = 1024,               // progress is told at least this often
    BASE64_COLUMNS = 76,           // characters per line sent
    SEED_MAX = 512,                // bytes of seed taken at once
};

static const char socket_path[] = "/run/lab-agent.sock";
static const char control_tty[] = "/dev/ttyS1";
static const char console_tty[] = "/dev/ttyS0";

static int line_fd = -1;

// --- writing to the line -----------------------------------------------------

static void send_bytes(const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t put = write(line_fd, bytes, len);
        if (put < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN) return;
            struct pollfd fd = {.fd = line_fd, .events = POLLOUT};
            poll(&fd, 1, -1);
            continue;
        }
        bytes += put;
        len -= (size_t)put;
    }
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
    char text[LINE_MAX_BYTES + ID_MAX + 16];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text - 1, format, args);
    va_end(args);
    if (len < 0) return;
    if ((size_t)len > sizeof text - 2) len = sizeof text - 2;
    for (int i = 0; i < len; i++) // an answer is one line, whatever it quotes
        if ((unsigned char)text[i] < ' ') text[i] = '?';
    text[len++] = '\n';
    send_bytes(text, (size_t)len);
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Sends `len` bytes of `fd` as base64 lines. Exactly that many: the other side
// was told the number, so a file that shrank meanwhile is filled up with zeros.
static void send_base64(int fd, uint64_t len) {
    enum { PER_LINE = BASE64_COLUMNS / 4 * 3 };
    unsigned char in[PER_LINE * 64];
    char out[(BASE64_COLUMNS + 1) * 64];
    bool ended = false;
    while (len > 0) {
        size_t want = len < sizeof in ? (size_t)len : sizeof in, have = 0;
        while (have < want && !ended) {
            ssize_t got = read(fd, in + have, want - have);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) ended = true;
            else have += (size_t)got;
        }
        memset(in + have, 0, want - have);
        char *to = out;
        for (size_t at = 0; at < want; at += 3) {
            size_t left = want - at;
            uint32_t bits = (uint32_t)in[at] << 16;
            if (left > 1) bits |= (uint32_t)in[at + 1] << 8;
            if (left > 2) bits |= in[at + 2];
            *to++ = base64_digits[bits >> 18];
            *to++ = base64_digits[bits >> 12 & 63];
            *to++ = left > 1 ? base64_digits[bits >> 6 & 63] : '=';
            *to++ = left > 2 ? base64_digits[bits & 63] : '=';
            if ((at + 3) % PER_LINE == 0 || left <= 3) *to++ = '\n';
        }
        send_bytes(out, (size_t)(to - out));
        len -= want;
    }
}

// --- reading fields ----------------------------------------------------------

static int base64_value(int c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Decodes one line in place; the number of bytes, or -1 if it is not base64.
static ssize_t decode_base64(char *text, size_t len) {
    if (len % 4 != 0) return -1;
    unsigned char *out = (unsigned char *)text;
    size_t have = 0;
    for (size_t at = 0; at < len; at += 4) {
        bool last = at + 4 == len;
        size_t pad = last && text[at + 3] == '=' ? (text[at + 2] == '=' ? 2 : 1) : 0;
        uint32_t bits = 0;
        for (size_t i = 0; i < 4; i++) {
            int value = i >= 4 - pad ? 0 : base64_value((unsigned char)text[at + i]);
            if (value < 0) return -1;
            bits = bits << 6 | (uint32_t)value;
        }
        out[have++] = bits >> 16 & 255;
        if (pad < 2) out[have++] = bits >> 8 & 255;
        if (pad < 1) out[have++] = bits & 255;
    }
    return (ssize_t)have;
}

// The next blank-separated word of *rest, or NULL.
static char *next_word(char **rest) {
    char *word = *rest + strspn(*rest, " ");
    if (!*word) return NULL;
    char *end = word + strcspn(word, " ");
    *rest = *end ? end + 1 : end;
    *end = 0;
    return word;
}

static bool to_number(const char *word, int base, unsigned long max, unsigned long *value) {
    if (!word || !*word || strlen(word) > 10) return false;
    for (const char *c = word; *c; c++)
        if (*c < '0' || *c >= '0' + base) return false;
    errno = 0;
    *value = strtoul(word, NULL, base);
    return errno == 0 && *value <= max;
}

static bool write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return false;
    size_t len = strlen(text);
    bool done = write(fd, text, len) == (ssize_t)len;
    if (close(fd) < 0) done = false;
    return done;
}

// --- verbs -------------------------------------------------------------------

static void do_hostname(const char *id, char *rest) {
    const char *host = next_word(&rest);
    if (!host || next_word(&rest)) return say("%s err usage: hostname NAME", id);
    size_t len = strlen(host);
    if (len > 63 || host[0] == '-' || host[0] == '.' ||
        strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") != len)
        return say("%s err not a host name", id);
    if (sethostname(host, len) < 0) return say("%s err hostname: %s", id, strerror(errno));
    char text[256];
    snprintf(text, sizeof text, "%s\n", host);
    write_text("/etc/hostname", text);
    snprintf(text, sizeof text, "127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\t%s\n", host);
    write_text("/etc/hosts", text);
    say("%s ok", id);
}

static int hex_value(int c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void do_seed(const char *id, char *rest) {
    const char *hex = next_word(&rest);
    size_t digits = hex ? strlen(hex) : 0;
    if (!digits || digits % 2 || digits / 2 > SEED_MAX || next_word(&rest)) return say("%s err usage: seed HEX", id);
    struct {
        struct rand_pool_info info;
        unsigned char bytes[SEED_MAX];
    } pool;
    unsigned char *to = (unsigned char *)pool.info.buf;
    for (size_t i = 0; i < digits; i += 2) {
        int high = hex_value(hex[i]), low = hex_value(hex[i + 1]);
        if (high < 0 || low < 0) return say("%s err not hexadecimal", id);
        *to++ = (unsigned char)(high << 4 | low);
    }
    pool.info.buf_size = (int)(digits / 2);
    pool.info.entropy_count = pool.info.buf_size * 8;
    int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
    if (fd < 0) return say("%s err /dev/urandom: %s", id, strerror(errno));
    bool done = ioctl(fd, RNDADDENTROPY, &pool) == 0 && ioctl(fd, RNDRESEEDCRNG) == 0;
    int why = errno;
    close(fd);
    if (done) say("%s ok", id);
    else say("%s err seed: %s", id, strerror(why));
}

// Waits for a network interface, by name, and raises it. The carrier watcher
// does so too; doing it here as well means that an `ok` can be relied on.
static bool raise_eth0(char mac[18]) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    bool done = false;
    for (int i = 0; i < 100 && !done; i++) {
        struct ifreq req;
        memset(&req, 0, sizeof req);
        strcpy(req.ifr_name, "eth0");
        if (ioctl(fd, SIOCGIFFLAGS, &req) == 0) {
            req.ifr_flags |= IFF_UP;
            if (ioctl(fd, SIOCSIFFLAGS, &req) < 0) break;
            memset(&req, 0, sizeof req);
            strcpy(req.ifr_name, "eth0");
            if (ioctl(fd, SIOCGIFHWADDR, &req) < 0) break;
            const unsigned char *a = (const unsigned char *)req.ifr_hwaddr.sa_data;
            snprintf(mac, 18, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);
            done = true;
        } else {
            usleep(10000);
        }
    }
    close(fd);
    return done;
}

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

// Whether a PCI device says that it is a network card, or carries an interface
// (itself, or as virtio does on a device of its own): v86's virtio card gives
// itself another class.
static bool is_network_card(const char *slot) {
    char path[512], text[16] = "";
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/class", slot);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, text, sizeof text - 1) < 0) text[0] = 0;
        close(fd);
    }
    if (memcmp(text, "0x02", 4) == 0) return true;
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/net", slot);
    if (access(path, F_OK) == 0) return true;
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s", slot);
    DIR *dir = opendir(path);
    bool found = false;
    for (struct dirent *entry; dir && !found && (entry = readdir(dir));) {
        if (strncmp(entry->d_name, "virtio", 6) != 0 || strlen(entry->d_name) > 16) continue;
        snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/%.16s/net", slot, entry->d_name);
        found = access(path, F_OK) == 0;
    }
    if (dir) closedir(dir);
    return found;
}

static void do_rebind(const char *id, char *rest) {
    enum { CARDS_MAX = 8 };
    struct {
        char slot[32];
        char driver[PATH_MAX];
    } cards[CARDS_MAX];
    size_t count = 0;
    char path[PATH_MAX + 64];

    if (next_word(&rest)) return say("%s err usage: rebind", id);
    DIR *dir = opendir("/sys/bus/pci/devices");
    if (!dir) return say("%s err no PCI bus", id);
    for (struct dirent *entry; count < CARDS_MAX && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.' || strlen(entry->d_name) >= sizeof cards[0].slot) continue;
        if (!is_network_card(entry->d_name)) continue;
        snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver", entry->d_name);
        if (!realpath(path, cards[count].driver)) continue; // no driver holds it
        strcpy(cards[count].slot, entry->d_name);
        count++;
    }
    closedir(dir);
    if (count == 0) return say("%s err no network card is bound", id);

    // All go before the first returns, and they return in the order of their
    // slots: so each gets the name it had.
    qsort(cards, count, sizeof cards[0], by_name);
    const char *failed = NULL;
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/unbind", cards[i].driver);
        if (!write_text(path, cards[i].slot)) failed = "unbind";
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/bind", cards[i].driver);
        if (!write_text(path, cards[i].slot)) failed = "bind";
    }
    char mac[18];
    if (failed) say("%s err %s: %s", id, failed, strerror(errno));
    else if (!raise_eth0(mac)) say("%s err eth0 did not come back", id);
    else say("%s ok eth0 %s", id, mac);
}

static void do_winsize(const char *id, char *rest) {
    unsigned long rows, columns;
    const char *first = next_word(&rest), *second = next_word(&rest);
    if (!to_number(first, 10, 1000, &rows) || !to_number(second, 10, 1000, &columns) || next_word(&rest))
        return say("%s err usage: winsize ROWS COLS", id);
    int fd = open(console_tty, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return say("%s err %s: %s", id, console_tty, strerror(errno));
    // The kernel itself sends SIGWINCH to the console's foreground processes.
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    bool done = ioctl(fd, TIOCSWINSZ, &size) == 0;
    close(fd);
    if (done) say("%s ok", id);
    else say("%s err winsize: %s", id, strerror(errno));
}

static void do_renew(const char *id, char *rest) {
    char text[16];
    if (next_word(&rest)) return say("%s err usage: renew", id);
    int fd = open("/run/carrierd.pid", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    if (got <= 0) return say("%s err the carrier watcher does not run", id);
    text[got] = 0;
    long pid = strtol(text, NULL, 10);
    if (pid <= 1 || kill((pid_t)pid, SIGUSR1) < 0) return say("%s err the carrier watcher does not run", id);
    say("%s ok", id);
}

static int open_regular(const char *path, uint64_t *len, const char **why) {
    // NONBLOCK: a FIFO or a tty must not hold the agent up.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        *why = strerror(errno);
        if (fd >= 0) close(fd);
        return -1;
    }
    if (!S_ISREG(st.st_mode)) {
        *why = "not a regular file";
        close(fd);
        return -1;
    }
    *len = (uint64_t)st.st_size;
    return fd;
}

static void do_get(const char *id, char *rest) {
    const char *path = next_word(&rest), *why;
    uint64_t len;
    if (!path || path[0] != '/' || next_word(&rest)) return say("%s err usage: get PATH", id);
    int fd = open_regular(path, &len, &why);
    if (fd < 0) return say("%s err %s: %s", id, path, why);
    say("%s ok %llu", id, (unsigned long long)len);
    send_base64(fd, len);
    send_bytes(".\n", 2);
    close(fd);
}

// --- put: a request that goes on over many lines -------------------------------

static struct {
    bool active;        // lines without a blank are data (every request has a blank)
    int fd;             // the file being filled, or -1: data is dropped
    char id[ID_MAX + 1];
    char path[PATH_MAX];
    char temporary[PATH_MAX + 16];
    unsigned long mode, len, have, told;
} put = {.fd = -1};

// An error is answered at once; data that is still on its way is then dropped
// until the next line that looks like a request.
static void put_fail(const char *why) {
    if (put.fd < 0) return;
    say("%s err %s: %s", put.id, put.path, why);
    close(put.fd);
    unlink(put.temporary);
    put.fd = -1;
}

static void put_finish(void) {
    put.active = false;
    bool done = fchmod(put.fd, (mode_t)put.mode) == 0;
    if (close(put.fd) < 0) done = false;
    put.fd = -1;
    if (done && rename(put.temporary, put.path) == 0) return say("%s ok", put.id);
    say("%s err %s: %s", put.id, put.path, strerror(errno));
    unlink(put.temporary);
}

static void put_line(char *text, size_t len) {
    if (put.fd < 0) return;
    ssize_t got = decode_base64(text, len);
    if (got < 0) return put_fail("not base64");
    if ((unsigned long)got > put.len - put.have) return put_fail("more than announced");
    for (ssize_t at = 0; at < got;) {
        ssize_t done = write(put.fd, text + at, (size_t)(got - at));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return put_fail(done < 0 ? strerror(errno) : "nothing written");
        at += done;
    }
    put.have += (unsigned long)got;
    if (put.have == put.len) return put_finish();
    if (put.have - put.told >= PUT_STEP) {
        put.told = put.have;
        say("!put %s %lu", put.id, put.have);
    }
}

static void do_put(const char *id, char *rest) {
    char *path = next_word(&rest), *mode = next_word(&rest), *len = next_word(&rest);
    put.active = true;
    put.have = put.told = 0;
    if (!path || path[0] != '/' || strlen(path) >= PATH_MAX || !to_number(mode, 8, 07777, &put.mode) ||
        !to_number(len, 10, PUT_MAX, &put.len) || next_word(&rest))
        return say("%s err usage: put PATH MODE LEN", id);
    strcpy(put.id, id);
    strcpy(put.path, path);
    // Beside the target, so that the rename stays inside one file system.
    snprintf(put.temporary, sizeof put.temporary, "%s.lab-put", path);
    put.fd = open(put.temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (put.fd < 0) return say("%s err %s: %s", id, path, strerror(errno));
    if (put.len == 0) return put_finish();
    say("!put %s 0", id);
}

// --- requests ------------------------------------------------------------------

static const struct {
    const char *name;
    void (*run)(const char *id, char *rest);
} verbs[] = {
    {"hostname", do_hostname}, {"seed", do_seed}, {"rebind", do_rebind}, {"winsize", do_winsize},
    {"renew", do_renew},       {"get", do_get},   {"put", do_put},
};

static bool is_id(const char *id) {
    size_t len = strlen(id);
    return len >= 1 && len <= ID_MAX &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == len;
}

static void request(char *line) {
    const char *id = next_word(&line);
    if (!id) return; // an empty line asks nothing
    if (!is_id(id)) return say("- err not a request id");
    const char *verb = next_word(&line);
    if (!verb) return say("%s err no verb", id);
    if (strcmp(verb, "ping") == 0) return say("%s ok", id);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verb, verbs[i].name) == 0) return verbs[i].run(id, line);
    say("%s err unknown verb", id);
}

static void take_line(char *line, size_t len, bool cut) {
    if (len && line[len - 1] == '\r') len--;
    line[len] = 0;
    if (memchr(line, 0, len)) cut = true; // NUL: not text
    if (put.active) {
        if (!strchr(line, ' ')) return cut ? put_fail("line too long or not text") : put_line(line, len);
        put_fail("broken off by another request");
        put.active = false;
    }
    if (!cut) return request(line);
    char *rest = line;
    const char *id = next_word(&rest);
    say("%s err line too long or not text", id && is_id(id) ? id : "-");
}

static void read_line_input(void) {
    static char line[LINE_MAX_BYTES + 1];
    static size_t len;
    static bool cut;
    char bytes[1024];
    ssize_t got = read(line_fd, bytes, sizeof bytes);
    for (ssize_t i = 0; i < got; i++) {
        if (bytes[i] == '\n') {
            take_line(line, len, cut);
            len = 0;
            cut = false;
        } else if (len < LINE_MAX_BYTES) {
            line[len++] = bytes[i];
        } else {
            cut = true;
        }
    }
}

// --- lab-get: the agent's side and the command ---------------------------------

static int listen_local(void) {
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    strcpy(addr.sun_path, socket_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    unlink(socket_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 8) < 0) {
        if (fd >= 0) close(fd);
        return -1;
    }
    return fd;
}

static void serve_local(int listener) {
    char path[PATH_MAX + 1];
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) return;
    struct pollfd fd = {.fd = client, .events = POLLIN};
    ssize_t got = poll(&fd, 1, 1000) == 1 ? recv(client, path, PATH_MAX, MSG_DONTWAIT) : -1;
    if (got > 0) {
        path[got] = 0;
        uint64_t len;
        const char *why = "no control channel";
        int file = line_fd < 0 ? -1 : open_regular(path, &len, &why);
        if (file >= 0) {
            const char *slash = strrchr(path, '/');
            say("!get %s %llu", slash ? slash + 1 : path, (unsigned long long)len);
            send_base64(file, len);
            send_bytes("!end\n", 5);
            close(file);
            why = "";
        }
        send(client, why, strlen(why) + 1, MSG_NOSIGNAL);
    }
    close(client);
}

static int lab_get(int argc, char **argv) {
    if (argc < 2 || argv[1][0] == '-') {
        fputs("usage: lab-get FILE...\nHands files of this machine to the page (or to whoever runs the emulator).\n", stderr);
        return 2;
    }
    int failures = 0;
    for (int i = 1; i < argc; i++) {
        char path[PATH_MAX], answer[256];
        struct sockaddr_un addr = {.sun_family = AF_UNIX};
        strcpy(addr.sun_path, socket_path);
        const char *why = NULL;
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        ssize_t got = 0;
        if (!realpath(argv[i], path)) why = strerror(errno);
        else if (strpbrk(strrchr(path, '/'), " \t\n\r")) why = "the name must not hold blanks";
        else if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0) why = "the agent does not run";
        else if (send(fd, path, strlen(path), MSG_NOSIGNAL) < 0) why = strerror(errno);
        else if ((got = recv(fd, answer, sizeof answer - 1, 0)) <= 0) why = "the agent gave no answer";
        else if (answer[got] = 0, answer[0]) why = answer;
        if (why) {
            fprintf(stderr, "lab-get: %s: %s\n", argv[i], why);
            failures = 1;
        }
        if (fd >= 0) close(fd);
    }
    return failures;
}

// --- the loop ------------------------------------------------------------------

static int open_line(void) {
    int fd = open(control_tty, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct termios raw;
    if (fd < 0) return -1;
    if (tcgetattr(fd, &raw) < 0) { // the port is not there: the driver's EIO
        close(fd);
        return -1;
    }
    cfmakeraw(&raw);
    raw.c_cflag |= CLOCAL | CREAD;
    raw.c_cflag &= ~(tcflag_t)CRTSCTS;
    cfsetspeed(&raw, B115200);
    tcsetattr(fd, TCSANOW, &raw);
    return fd;
}

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[0], '/');
    if (strcmp(slash ? slash + 1 : argv[0], "lab-get") == 0) return lab_get(argc, argv);

    signal(SIGPIPE, SIG_IGN);
    line_fd = open_line();
    int listener = listen_local();
    if (line_fd >= 0) send_bytes("!ready\n", 7);
    for (;;) {
        // Without a port or a socket its slot is -1, which poll passes over.
        struct pollfd fds[] = {{.fd = line_fd, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0) continue;
        if (fds[0].revents) read_line_input();
        if (fds[1].revents) serve_local(listener);
    }
}
