/*
 * forwarder - forwards what comes from its stdin, a pipe, to a socket that
 * nobody reads, without copying: splice(2).
 *
 * It means no harm, but while the socket is full it holds the pipe's lock, and
 * whoever writes to the pipe sleeps.  Prints READY before it begins.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	char bytes[4096];
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return 2;
	memset(bytes, 'x', sizeof(bytes));
	while (send(ends[0], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	while (send(ends[0], bytes, 1, MSG_DONTWAIT) > 0)
		;
	printf("READY\n");
	fflush(stdout);
	while (splice(STDIN_FILENO, NULL, ends[0], NULL, 65536, 0) > 0)
		;
	return 0;
}
