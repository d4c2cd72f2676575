/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "gdb_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common.h"

/* Once the connection stands, it is read and written like a file: a sandbox need allow no more. */

#define UNIX_PREFIX "unix:"

/* ---------------------------------------------------------------- listening */

static bool parse_port(const char *where, uint64_t *port)
{
	return parse_number(where, port) && *port && *port <= 65535;
}

static bool is_path(const char *where)
{
	return strncmp(where, UNIX_PREFIX, sizeof(UNIX_PREFIX) - 1) == 0;
}

const char *gdb_server_wrong(const char *where)
{
	size_t length = strlen(where);
	uint64_t port;

	if (!is_path(where))
		return parse_port(where, &port) ? NULL : "a port from 1 to 65535, or unix:PATH";
	if (length > sizeof(UNIX_PREFIX) - 1 &&
	    length - (sizeof(UNIX_PREFIX) - 1) < sizeof(((struct sockaddr_un *)0)->sun_path))
		return NULL;
	return "unix: and the path of a socket, of 1 to 107 bytes";
}

static int listen_on_port(const char *where)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	uint64_t port = 0;
	int fd, on = 1;

	parse_port(where, &port);
	address.sin_port = htons((uint16_t)port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0)
		return fd;
	complain("run", "cannot listen for a debugger on port %s: %s", where, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* A socket that nobody listens on any more is in the way of @address, and gone then. */
static bool remove_stale(const struct sockaddr_un *address)
{
	struct stat status;
	int fd;
	bool stale;

	if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
		errno == ECONNREFUSED && unlink(address->sun_path) == 0;
	close(fd);
	errno = EADDRINUSE;
	return stale;
}

static bool bind_path(int fd, const struct sockaddr_un *address)
{
	const struct sockaddr *any = (const struct sockaddr *)address;

	if (bind(fd, any, sizeof(*address)) == 0)
		return true;
	return errno == EADDRINUSE && remove_stale(address) && bind(fd, any, sizeof(*address)) == 0;
}

static int listen_on_path(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	stpncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind_path(fd, &address) && listen(fd, 1) == 0)
		return fd;
	complain("run", "cannot listen for a debugger at %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool caught(const struct gdb_server *server)
{
	return server->caught && *server->caught;
}

/* Waits a second at a time: a signal may come just before. True: there is something to read. */
static bool wait_for(const struct gdb_server *server, int fd)
{
	while (!caught(server)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, 1000) > 0)
			return true;
	}
	return false;
}

static bool accept_one(struct gdb_server *server, int listening, const char *where)
{
	int on = 1;

	if (is_path(where))
		complain("run", "waiting for a debugger: target remote %s",
			 where + sizeof(UNIX_PREFIX) - 1);
	else
		complain("run", "waiting for a debugger: target remote :%s", where);
	if (!wait_for(server, listening))
		return false;
	server->fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	if (server->fd < 0) {
		complain("run", "no debugger: %s", strerror(errno));
		return false;
	}
	/* Of no use to a socket of the other kind. */
	(void)setsockopt(server->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return true;
}

bool gdb_server_open(struct gdb_server *server, const char *where,
		     const volatile sig_atomic_t *caught_signal)
{
	bool path = is_path(where);
	int listening =
		path ? listen_on_path(where + sizeof(UNIX_PREFIX) - 1) : listen_on_port(where);
	bool accepted;

	server->fd = -1;
	server->caught = caught_signal;
	/* A debugger that goes away is no reason to end. */
	signal(SIGPIPE, SIG_IGN);
	if (listening < 0)
		return false;
	accepted = accept_one(server, listening, where);
	close(listening);
	if (path)
		unlink(where + sizeof(UNIX_PREFIX) - 1);
	return accepted;
}

bool gdb_server_attach(struct gdb_server *server, struct udv_machine *machine)
{
	server->gdb = gdb_new(machine);
	if (!server->gdb)
		complain("run", "out of memory");
	return server->gdb;
}

static void drop(struct gdb_server *server)
{
	if (server->fd >= 0)
		close(server->fd);
	server->fd = -1;
}

void gdb_server_close(struct gdb_server *server)
{
	drop(server);
	gdb_free(server->gdb);
	server->gdb = NULL;
}

/* ---------------------------------------------------------------- serving */

/* A debugger that is gone has let go of the machine. */
static void lost(struct gdb_server *server)
{
	drop(server);
	gdb_free(server->gdb);
	server->gdb = NULL;
}

static bool write_all(struct gdb_server *server)
{
	size_t size;
	const void *bytes;

	while ((bytes = gdb_output(server->gdb, &size)), size) {
		ssize_t n = write(server->fd, bytes, size);

		if (n < 0 && errno == EINTR && !caught(server))
			continue;
		if (n <= 0)
			return false;
		gdb_sent(server->gdb, (size_t)n);
	}
	return true;
}

/* What has come. False: the peer is gone. */
static bool read_some(struct gdb_server *server)
{
	uint8_t bytes[4096];
	ssize_t n = read(server->fd, bytes, sizeof(bytes));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	gdb_feed(server->gdb, bytes, (size_t)n);
	return write_all(server);
}

/* True: to serve further; false: the machine's turn, or the end. */
static bool serve(struct gdb_server *server)
{
	switch (gdb_state(server->gdb)) {
	case GDB_STOPPED:
		if (!wait_for(server, server->fd))
			return false;
		break;
	case GDB_RUNNING: {
		struct pollfd p = { .fd = server->fd, .events = POLLIN };

		if (poll(&p, 1, 0) <= 0)
			return false;
		break;
	}
	case GDB_INTERRUPTED:
		gdb_interrupted(server->gdb);
		if (!write_all(server))
			lost(server);
		return server->gdb;
	case GDB_DETACHED:
		lost(server);
		return false;
	case GDB_KILLED:
		return false;
	}
	if (!read_some(server))
		lost(server);
	return server->gdb;
}

bool gdb_server_wait(struct gdb_server *server)
{
	while (server->gdb && serve(server))
		;
	return !caught(server) && !(server->gdb && gdb_state(server->gdb) == GDB_KILLED);
}

bool gdb_server_stopped(struct gdb_server *server, const struct udv_stop_info *info)
{
	if (!server->gdb || !gdb_stopped(server->gdb, info))
		return false;
	if (!write_all(server))
		lost(server);
	return true;
}

void gdb_server_ended(struct gdb_server *server, int status)
{
	if (!server->gdb)
		return;
	gdb_ended(server->gdb, (unsigned)status);
	(void)write_all(server);
}
