// SPDX-License-Identifier: MIT
// Keeps eth0 configured while cables are pulled and cards are swapped.
//
// busybox' udhcpc does not look at the link: it would keep an address from a
// network that is gone, and sit out its retry pause on one that has just come.
// This listens to the kernel's link messages (rtnetlink) and
//   * raises the loopback interface once and eth0 whenever it appears
//     (after a rebind the card is a new interface under the old name),
//   * starts udhcpc when eth0 has carrier,
//   * stops it and flushes the IPv4 address when carrier or interface go.
// Exactly one udhcpc can exist: it is this program's child and is waited for.
//
// SIGUSR1 forgets the lease and asks for a new one. While /run/no-dhcp exists
// (or with tapline.dhcp=off on the kernel command line) links are still raised
// but addresses are left alone, for whoever configures them by hand.
//
// Left out: any interface but eth0, IPv6 (the kernel's own autoconfiguration
// follows the link), wireless, priorities between several leases.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char name[] = "eth0";

static int netlink;      // link messages, and the requests for dumps
static int ioctls;       // any datagram socket, for interface flags
static int wake[2];      // signal handlers write here: one byte per signal
static pid_t client;     // udhcpc, or 0
static int client_index; // the interface index it was started for
static int index_seen;   // eth0's index as last heard of, or 0
static bool carrier;     // eth0 is up and has a link
static bool dhcp_off;    // by kernel command line

static void on_signal(int sig) {
    int saved = errno;
    char byte = sig == SIGUSR1 ? 'r' : 'c';
    if (write(wake[1], &byte, 1) < 0) { /* full: a wake-up is pending anyway */
    }
    errno = saved;
}

static void raise_link(const char *dev) {
    struct ifreq req;
    memset(&req, 0, sizeof req);
    strcpy(req.ifr_name, dev);
    if (ioctl(ioctls, SIOCGIFFLAGS, &req) < 0 || (req.ifr_flags & IFF_UP)) return;
    req.ifr_flags |= IFF_UP;
    (void)ioctl(ioctls, SIOCSIFFLAGS, &req);
}

// Removes every IPv4 address of eth0; its routes go with them.
static void flush_addresses(void) {
    for (int i = 0; i < 16; i++) {
        struct ifreq req;
        memset(&req, 0, sizeof req);
        strcpy(req.ifr_name, name);
        req.ifr_addr.sa_family = AF_INET;
        if (ioctl(ioctls, SIOCGIFADDR, &req) < 0) return;
        // Setting 0.0.0.0 deletes the first address the kernel finds.
        memset(req.ifr_addr.sa_data, 0, sizeof req.ifr_addr.sa_data);
        if (ioctl(ioctls, SIOCSIFADDR, &req) < 0) return;
    }
}

// The whole group: a lease script still at work would put the address back
// after it was flushed.
static void stop_client(void) {
    if (!client) return;
    kill(-client, SIGTERM);
    for (int i = 0; i < 50; i++) {
        if (waitpid(client, NULL, WNOHANG) != 0) {
            client = 0;
            return;
        }
        usleep(10000);
    }
    kill(-client, SIGKILL);
    waitpid(client, NULL, 0);
    client = 0;
}

static void start_client(void) {
    char host[65] = "", option[80];
    gethostname(host, sizeof host - 1);
    snprintf(option, sizeof option, "hostname:%s", host);
    client = fork();
    if (client > 0) {
        setpgid(client, client); // here and in the child: whoever runs first
        client_index = index_seen;
        return;
    }
    if (client < 0) {
        client = 0; // no process to be had: the next event retries
        return;
    }
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM); // a second carrierd must not find a stray
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0), dup2(null, 1), dup2(null, 2);
    // Three discovers a second apart, a second's pause, and again, for ever.
    execl("/sbin/udhcpc", "udhcpc", "-f", "-i", name, "-t", "3", "-T", "1", "-A", "1", "-x", option, (char *)NULL);
    _exit(127);
}

// Brings what runs in line with what the link is.
static void settle(void) {
    bool manual = dhcp_off || access("/run/no-dhcp", F_OK) == 0;
    bool want = carrier && index_seen && !manual;
    if (client && (!want || client_index != index_seen)) {
        stop_client();
        if (!manual) flush_addresses();
    }
    if (want && !client) start_client();
}

static void link_message(struct nlmsghdr *msg) {
    struct ifinfomsg *info = NLMSG_DATA(msg);
    int left = (int)(msg->nlmsg_len - NLMSG_LENGTH(sizeof *info));
    const char *dev = NULL;
    for (struct rtattr *at = IFLA_RTA(info); RTA_OK(at, left); at = RTA_NEXT(at, left))
        if (at->rta_type == IFLA_IFNAME) dev = RTA_DATA(at);
    if (info->ifi_family != AF_UNSPEC) return; // a bridge speaking of its port

    bool ours = dev && strcmp(dev, name) == 0;
    if (msg->nlmsg_type == RTM_DELLINK || !ours) {
        // Gone, or renamed: what was eth0 is eth0 no more.
        if (info->ifi_index == index_seen) index_seen = 0, carrier = false;
        return;
    }
    if (info->ifi_index != index_seen) {
        index_seen = info->ifi_index;
        carrier = false;
        raise_link(name);
    }
    // RUNNING follows the operational state: down interfaces do not have it.
    carrier = (info->ifi_flags & IFF_UP) && (info->ifi_flags & IFF_RUNNING);
}

static void ask_for_links(void) {
    struct {
        struct nlmsghdr head;
        struct ifinfomsg info;
    } req;
    memset(&req, 0, sizeof req);
    req.head.nlmsg_len = NLMSG_LENGTH(sizeof req.info);
    req.head.nlmsg_type = RTM_GETLINK;
    req.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    (void)send(netlink, &req, sizeof req, 0);
}

static void read_links(void) {
    static union {
        struct nlmsghdr head;
        char bytes[16384];
    } buf;
    for (;;) {
        ssize_t got = recv(netlink, &buf, sizeof buf, MSG_DONTWAIT);
        if (got < 0 && errno == ENOBUFS) {
            ask_for_links(); // messages were lost: look at everything again
            continue;
        }
        if (got <= 0) return;
        unsigned len = (unsigned)got;
        for (struct nlmsghdr *msg = &buf.head; NLMSG_OK(msg, len); msg = NLMSG_NEXT(msg, len))
            if (msg->nlmsg_type == RTM_NEWLINK || msg->nlmsg_type == RTM_DELLINK) link_message(msg);
    }
}

static bool command_line_says_off(void) {
    char line[2048];
    int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t got = read(fd, line, sizeof line - 1);
    close(fd);
    if (got < 0) return false;
    line[got] = 0;
    return strstr(line, "tapline.dhcp=off") != NULL;
}

int main(void) {
    ioctls = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    if (ioctls < 0 || netlink < 0 || bind(netlink, (struct sockaddr *)&addr, sizeof addr) < 0 ||
        pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0) {
        perror("carrierd");
        sleep(5); // init starts this again: not in a tight loop
        return 1;
    }

    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &act, NULL);
    sigaction(SIGCHLD, &act, NULL);

    int pid = open("/run/carrierd.pid", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (pid >= 0) {
        dprintf(pid, "%d\n", (int)getpid());
        close(pid);
    }

    dhcp_off = command_line_says_off();
    raise_link("lo");
    ask_for_links();

    for (;;) {
        struct pollfd fds[] = {{.fd = netlink, .events = POLLIN}, {.fd = wake[0], .events = POLLIN}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR) return 1;
        char signals[64];
        ssize_t got;
        while ((got = read(wake[0], signals, sizeof signals)) > 0)
            if (memchr(signals, 'r', (size_t)got)) {
                bool ran = client != 0;
                stop_client();
                if (ran) flush_addresses();
            }
        if (client && waitpid(client, NULL, WNOHANG) == client) {
            client = 0;
            usleep(200000); // it should not end by itself: no tight loop
        }
        read_links();
        settle();
    }
}
